"""Processes that never outlive us."""

import ctypes
import os
import signal
import subprocess

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class NotStarted(Exception):
    """One sentence for the person who started us."""


def _ends_with_parent(with_signal):
    return lambda: _libc.prctl(PR_SET_PDEATHSIG, with_signal)


class EndedAtOnce(NotStarted):
    """A server that ended before it answered; most often somebody else took its port meanwhile."""


class Children:
    """Started in order, stopped in the opposite order. Start them from the main thread: the kernel ends them with it."""

    def __init__(self):
        self._running = []

    def start(self, name, argv, log, env=None, user=None, end_with=signal.SIGTERM):
        """Starts a process in a session of its own, so that Ctrl-C reaches us alone. What it says is added to `log`.
        `user` is a pwd entry to run as; `end_with` is the signal that asks it to end."""
        become = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
        with open(log, "ab") as output:
            child = subprocess.Popen([str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                     env=None if env is None else {**os.environ, **env}, start_new_session=True,
                                     preexec_fn=_ends_with_parent(end_with), **become)
        child.end_with = end_with
        self._running.append((name, child))
        return child

    def stop(self, child, seconds=15):
        """Ends one process and its children; returns its exit status."""
        self._running = [(name, other) for name, other in self._running if other is not child]
        if child.poll() is None:
            child.send_signal(child.end_with)
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
