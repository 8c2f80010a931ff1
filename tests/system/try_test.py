"""What deploy/try says where it cannot begin: one clear sentence each, and an exit status of 1."""

import fcntl
import itertools
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

_CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(_CHECKOUT))
from deploy.world import place
from deploy.world.world import World


class Refusals(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="trust-try.")))
        shutil.copytree(_CHECKOUT / "deploy", self.folder / "deploy", ignore=shutil.ignore_patterns("__pycache__"))
        self.stubs = self.folder / "stubs"
        self.stubs.mkdir()
        self._stub("id", "echo 0")

    def _stub(self, name, script):
        path = self.stubs / name
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="ascii")
        path.chmod(0o755)

    def _try(self, *words):
        environment = {**os.environ, "PATH": f"{self.stubs}:{os.environ['PATH']}"}
        return subprocess.run([self.folder / "deploy" / "try", *words], env=environment, capture_output=True, text=True, timeout=60, check=False)

    def _refused(self, done, code, words):
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)
        self.assertRegex(done.stderr, words)

    def test_run_twice_at_once(self):
        (self.folder / ".try").mkdir()
        with open(self.folder / ".try" / "lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._refused(self._try("--once"), 1, "is running in this folder already")

    def test_no_disk(self):
        self._stub("df", "echo Avail; echo 12M")
        self._refused(self._try("--once"), 1, "12 MiB free .* needs 1024 MiB")

    def test_apt_refused(self):
        self._stub("df", "echo Avail; echo 9999M")
        self._stub("dpkg-query", "exit 0")  # nothing is installed
        self._stub("debconf-set-selections", "cat >/dev/null")
        self._stub("systemctl", "exit 0")
        self._stub("apt-get", 'echo "E: The repository is not signed."; exit 100')
        self._refused(self._try("--once"), 1, "nothing was removed.*The repository is not signed")

    def test_no_root_and_no_sudo(self):
        self._stub("id", "echo 1000")
        for name in ("bash", "dirname", "realpath", "sed"):
            (self.stubs / name).symlink_to(shutil.which(name))
        (self.stubs / "env").symlink_to(shutil.which("env"))
        done = subprocess.run([self.folder / "deploy" / "try"], env={"PATH": str(self.stubs)}, capture_output=True, text=True, timeout=60, check=False)
        self._refused(done, 1, "needs root .* no sudo")

    def test_an_option_it_does_not_know(self):
        self._refused(self._try("--onse"), 2, "takes nothing but --once")

    def test_ports_taken(self):
        with mock.patch.object(socket.socket, "bind", side_effect=OSError(98, "Address already in use")):
            with self.assertRaisesRegex(place.NoRoom, r"No free port on 127\.0\.0\.1 .* end what holds them"):
                place.free_port()

    def test_a_port_that_somebody_takes_meanwhile_is_given_up_for_another(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            offered = itertools.chain([taken.getsockname()[1]], iter(place.free_port, None))
            with mock.patch("deploy.world.postfix.free_port", side_effect=offered), World(self.folder / "world") as world:
                self.assertNotIn(taken.getsockname()[1], (world.postfix.plain_port, world.postfix.submission_port))
                self.assertEqual(world.children.ended(), [])


if __name__ == "__main__":
    unittest.main()
