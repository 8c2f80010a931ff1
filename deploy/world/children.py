"""Processes that never outlive us."""

import ctypes
import os
import signal
import subprocess

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class NotStarted(Exception):
    """One sentence for the person who started us."""


def _end_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Children:
    """Started in order, stopped in the opposite order. Start them from the main thread: the kernel ends them with it."""

    def __init__(self):
        self._running = []

    def start(self, name, argv, log, env=None, user=None):
        """Starts a process in a session of its own, so that Ctrl-C reaches us alone. What it says is added to `log`."""
        with open(log, "ab") as output:
            child = subprocess.Popen([str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                     env=None if env is None else {**os.environ, **env}, user=user,
                                     start_new_session=True, preexec_fn=_end_with_parent)
        self._running.append((name, child))
        return child

    def stop(self, child, seconds=15):
        """Ends one process and its children; returns its exit status."""
        self._running = [(name, other) for name, other in self._running if other is not child]
        if child.poll() is None:
            child.terminate()
            try:
                child.wait(seconds)
            except subprocess.TimeoutExpired:
                pass
        _kill_group(child.pid)
        return child.wait()

    def kill(self, child):
        """As a power cut would: no chance to tidy up."""
        self._running = [(name, other) for name, other in self._running if other is not child]
        _kill_group(child.pid)
        return child.wait()

    def ended(self):
        """Names of those that ended by themselves."""
        return [name for name, child in self._running if child.poll() is not None]

    def stop_all(self):
        for _, child in reversed(list(self._running)):
            self.stop(child)


def _kill_group(group):
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass
