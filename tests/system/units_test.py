"""The shipped systemd units: sound, hardened, and with users who read nothing of each other."""

import os
import re
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.world.stage import BUILD

CHECKOUT = Path(__file__).resolve().parents[2]
NAMES = ("intake", "notifier")
EXPOSED = 1.2  # at the most; a bare unit scores 9.6
HARDENING = re.compile(r"^(Capability|Lock|Memory|NoNew|Private|Proc|Protect|RemoveIPC|Restrict|SystemCall|UMask).*=.*\n", re.MULTILINE)


def run(*words, **more):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=60, check=False, **more)


class Units(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="trust-units.")))
        self.folder.chmod(0o755)

    def unit(self, name):
        return (CHECKOUT / "deploy/systemd" / f"trust-{name}.service").read_text(encoding="ascii")

    def written(self, name, text):
        path = self.folder / f"trust-{name}.service"
        path.write_text(text, encoding="ascii")
        return path

    def exposure(self, name, text):
        said = run("systemd-analyze", "security", "--offline=true", "--no-pager", self.written(name, text))
        self.assertEqual(said.returncode, 0, said.stderr)
        return float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", said.stdout)[1])

    def test_systemd_finds_nothing_wrong_with_them(self):
        for name in NAMES:
            # It looks for the program, which is not installed here.
            text = self.unit(name).replace(f"ExecStart=trust-{name} ", f"ExecStart={BUILD}/trust-{name} ")
            said = run("systemd-analyze", "verify", self.written(name, text))
            self.assertEqual((said.returncode, said.stderr), (0, ""), name)
            wrong = run("systemd-analyze", "verify", self.written(name, text.replace("ProtectHome=yes", "ProtectHome=perhaps")))
            self.assertIn("perhaps", wrong.stderr, "the control: a wrong line is told")

    def test_exposure_is_low(self):
        for name in NAMES:
            self.assertLessEqual(self.exposure(name, self.unit(name)), EXPOSED, name)
            bare = HARDENING.sub("", self.unit(name))
            self.assertGreater(self.exposure(name, bare), 8, "the control: without its hardening")

    def test_an_answer_of_the_relay_is_waited_for_and_no_core_file_is_left(self):
        for name in NAMES:
            settings = dict(line.split("=", 1) for line in self.unit(name).splitlines() if "=" in line and line[0] != "#")
            printed = run(BUILD / f"trust-{name}", "config").stdout
            wait = int(re.search(r'"?stop_wait"?[^0-9]*(\d+)s', printed)[1])
            self.assertGreater(int(settings["TimeoutStopSec"].removesuffix("s")), wait, name)
            self.assertEqual(settings["LimitCORE"], "0")
            self.assertEqual(settings["Restart"], "on-failure")
            self.assertEqual(settings["RestartForceExitStatus"], "SIGHUP")
            self.assertEqual(settings["ExecReload"], "kill -HUP $MAINPID")


class Users(unittest.TestCase):
    """Installed into a folder, with the users and modes that the shipped files say."""

    def setUp(self):
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="trust-users.")))
        self.root.chmod(0o755)
        self.must("cmake", "--install", BUILD, "--prefix", "/usr", env={**os.environ, "DESTDIR": str(self.root)})
        self.must("systemd-sysusers", f"--root={self.root}")
        users = [line.split(":") for line in (self.root / "etc/passwd").read_text(encoding="ascii").splitlines()]
        self.ids = {user[0].removeprefix("trust-"): (user[2], user[3]) for user in users if user[0].startswith("trust-")}
        # A user's files are made when settings are there.
        for name in NAMES:
            (self.root / f"etc/trust-mail/{name}.json").write_text(self.settings(name), encoding="ascii")
        self.must("systemd-tmpfiles", f"--root={self.root}", "--create", "trust-mail.conf")
        for name in NAMES:
            password = self.root / f"etc/trust-mail/{name}-password"
            password.touch(mode=0o600)
            password.write_text("secret\n", encoding="ascii")
            os.chown(password, int(self.ids[name][0]), -1)
            self.must(*self.command(name, "migrate"))

    def settings(self, name):
        state = self.root / f"var/lib/trust-{name}"
        own = {
            "intake": '"address": "security@example.org", "imap": {"url": "imap://s@127.0.0.1:9", "password_file": "intake-password"}',
            "notifier": f'"from": "trust@example.org", "site": {{"base_url": "https://docs.example.org/", "folder": "{self.root}/usr"}}',
        }[name]
        return f"""{{{own}, "staff": [{{"address": "ana@example.org", "name": "Ana"}}],
          "smtp": {{"url": "smtp://s@127.0.0.1:9", "password_file": "{name}-password"}}, "store": {{"url": "sqlite:{state}/{name}.db"}}}}"""

    def must(self, *words, **more):
        done = run(*words, **more)
        self.assertEqual(done.returncode, 0, f"{words}: {done.stdout}{done.stderr}")
        return done

    def as_user(self, name, *words):
        user, group = self.ids[name]
        return ["setpriv", "--reuid", user, "--regid", group, "--clear-groups", *map(str, words)]

    def command(self, name, *words):
        return self.as_user(name, self.root / f"usr/bin/trust-{name}", *words, "--config", self.root / f"etc/trust-mail/{name}.json")

    def files_of(self, name):
        state = self.root / f"var/lib/trust-{name}"
        return [path for path in state.rglob("*") if path.is_file()] + [self.root / f"etc/trust-mail/{name}{end}" for end in (".json", "-password")]

    def test_neither_reads_anything_of_the_other(self):
        for name, other in (NAMES, NAMES[::-1]):
            files = self.files_of(other)
            self.assertGreaterEqual(len(files), 4, "store, keyring, settings, password")
            for file in files:
                self.must(*self.as_user(other, "head", "-c1", file))  # the control: its owner can
                refused = run(*self.as_user(name, "head", "-c1", file))
                self.assertIn("Permission denied", refused.stderr, f"{name} reads {file}")
            state = self.root / f"var/lib/trust-{other}"
            for words in (("ls", state), ("touch", state / "new"), ("rm", "-f", state / "keyring")):
                self.assertIn("Permission denied", run(*self.as_user(name, *words)).stderr, words)

    def test_modes_are_as_narrow_as_they_can_be(self):
        for name in NAMES:
            state = self.root / f"var/lib/trust-{name}"
            for path, mode in ((state, 0o700), (state / "keyring", 0o600), (self.root / f"etc/trust-mail/{name}.json", 0o640)):
                self.assertEqual(path.stat().st_mode & 0o777, mode, path)
            self.assertEqual((self.root / f"etc/trust-mail/{name}.json").stat().st_uid, 0, "a program does not write its settings")

    def test_SEC_67_memory_is_closed_to_the_same_user(self):
        for name in NAMES:
            with subprocess.Popen(self.command(name, "run"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as service:
                try:
                    self.assertIn(b"started", service.stdout.readline())
                    # What belongs to root here is out of reach for the process's own user: no tracing, no memory, no core file.
                    self.assertEqual(os.stat(f"/proc/{service.pid}/mem").st_uid, 0)
                    limits = Path(f"/proc/{service.pid}/limits").read_text(encoding="ascii")
                    self.assertRegex(limits, r"Max core file size +0 +0 ")
                finally:
                    service.kill()
        with subprocess.Popen(self.as_user("intake", "sleep", "60")) as other:
            deadline = time.monotonic() + 10
            while Path(f"/proc/{other.pid}/comm").read_text(encoding="ascii") != "sleep\n" and time.monotonic() < deadline:
                time.sleep(0.01)
            self.assertEqual(os.stat(f"/proc/{other.pid}/mem").st_uid, int(self.ids["intake"][0]), "the control: any other program")
            other.kill()


if __name__ == "__main__":
    unittest.main()
