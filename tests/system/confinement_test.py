"""What a look from outside finds of the running programs: no secret of theirs, and the parser child in its cage."""

import base64
import os
import signal
import subprocess
import sys
import unittest
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from deploy.world import letters
from deploy.world.people import BOUNCES, NOTIFIER, REPORTERS, SECURITY
from deploy.world.programs import NAMES
from deploy.world.waiting import wait_for
from tests.world.stage import Stage, rows


def children(pid):
    return [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text(encoding="ascii").split()]


def status(pid):
    return dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines() if ":\t" in line)


def shown(pid):
    """What any process of the same user, or `ps`, may see of it."""
    return Path(f"/proc/{pid}/cmdline").read_bytes() + b"\0" + Path(f"/proc/{pid}/environ").read_bytes()


def forms(secret):
    """A secret as it stands, and as it might be passed on."""
    raw = secret.encode()
    return [raw, base64.b64encode(raw).rstrip(b"="), quote(secret, safe="").encode(), raw.hex().encode()]


class Confinement(Stage):
    on_postgres = True  # its password is a secret too

    def setUp(self):
        self.store_password = "store/pass+word-7f3a"
        file = self.folder / "store-password"
        file.write_text(self.store_password + "\n", encoding="ascii")
        made = self.programs(self._testMethodName, **{name: {"store": {"password_file": str(file)}} for name in NAMES})
        self.made = made
        self.first_look(made)
        self.services = {name: made.start(name) for name in NAMES}
        reporter = REPORTERS[0]
        self.world.send(reporter, SECURITY, letters.on_the_wire(letters.clear_report(reporter)))
        store = made.intake["store"]["url"]
        wait_for("a case", lambda: rows(store, "SELECT count(*) FROM mail WHERE case_id IS NOT NULL") != [("0",)])
        wait_for("the notifier to run", lambda: made.log_lines("notifier", "site_read"))
        (self.parser,) = children(self.services["intake"].pid)

    def tearDown(self):
        for service in self.services.values():
            self.made.children.stop(service)

    def secrets_in(self, pid, secrets):
        seen = shown(pid)
        return [secret for secret in secrets if any(form in seen for form in forms(secret))]

    def test_SEC_67_no_secret_stands_in_arguments_or_environment(self):
        secrets = [self.world.people.passwords[address] for address in (SECURITY, NOTIFIER, BOUNCES)] + [self.store_password]
        self.assertTrue(all(len(secret) > 8 for secret in secrets))
        for pid in (*(service.pid for service in self.services.values()), self.parser):
            self.assertIn(b"trust-", shown(pid))
            self.assertEqual(self.secrets_in(pid, secrets), [])
        told = base64.b64encode(secrets[0].encode()).decode()
        with subprocess.Popen(["sh", "-c", "sleep 60; exit", told], env={"PASSWORD": secrets[1]}) as careless:
            try:
                wait_for("the control to be seen in both", lambda: self.secrets_in(careless.pid, secrets) == secrets[:2])
            finally:
                for pid in (*children(careless.pid), careless.pid):
                    os.kill(pid, signal.SIGKILL)

    def test_SEC_67_no_core_file_can_be_left(self):
        for pid in (*(service.pid for service in self.services.values()), self.parser):
            self.assertRegex(Path(f"/proc/{pid}/limits").read_text(encoding="ascii"), r"Max core file size +0 +0 ")

    def test_the_parser_is_caged_and_holds_nothing(self):
        parser, service = status(self.parser), status(self.services["intake"].pid)
        self.assertEqual((parser["Name"], parser["Seccomp"], parser["NoNewPrivs"]), ("parser", "2", "1"))
        self.assertEqual((service["Seccomp"], service["NoNewPrivs"]), ("0", "0"), "the control: another process is not")
        self.assertEqual(shown(self.parser).split(b"\0", 2)[2].strip(b"\0"), b"", "no environment")
        held = [os.readlink(link) for link in Path(f"/proc/{self.parser}/fd").iterdir()]
        self.assertEqual(sorted(name.split(":")[0] for name in held), ["/dev/null"] * 3 + ["socket"])


if __name__ == "__main__":
    unittest.main()
