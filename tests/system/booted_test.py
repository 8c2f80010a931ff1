"""The installation of the README, word for word, and the units under a real systemd."""

import http.client
import json
import re
import shlex
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from deploy.world import letters
from deploy.world.people import NOTIFIER, REPORTERS, SECURITY
from deploy.world.place import free_port
from deploy.world.waiting import wait_for
from tests.world.booted import Booted
from tests.world.postgres import Postgres
from tests.world.stage import BUILD, Stage, merge

_README = Path(__file__).resolve().parents[2] / "README.md"
_SUDO = """#!/bin/sh
[ "$1" = -u ] || exec "$@"
user=$2
shift 2
exec runuser -u "$user" -- "$@"
"""


def readme_lines():
    """The commands of "From clone to your own mailbox", from the installation on."""
    block = _README.read_text(encoding="utf-8").split("## From clone to your own mailbox\n```\n")[1].split("```")[0]
    lines = [re.sub(r"\s+#.*$", "", line) for line in block.splitlines()]
    return lines[next(i for i, line in enumerate(lines) if line.startswith("sudo cmake --install")):]


def alive(port):
    """Whether a program answers at that port: the machine's network is ours."""
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/healthz")
        return connection.getresponse().read() == b"alive\n"
    except OSError:
        return False


def merged(into, changes):
    merge(into, changes)
    return into


class UnderSystemd(Stage):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.machine = cls.enterClassContext(Booted())
        cls.machine.write("/usr/local/bin/sudo", _SUDO, "755")

    def setUp(self):
        self.addCleanup(self._show_journal)

    def _show_journal(self):
        outcome = self._outcome
        if outcome and (outcome.result.failures or outcome.result.errors):
            print("--- end of the journal\n" + self.machine.run("journalctl", "--no-pager", "-n", "30", "-o", "short-monotonic").stdout)

    def inside(self, *words, text="", code=0):
        return self.must(self.machine.run(*words, text=text), code).stdout

    def settings(self, name, **changes):
        """What an operator writes: servers and people; all else is as installed."""
        values = getattr(self.programs(f"settings-{name}"), name)
        merge(values, {key: None for key in ("state_dir", "store", "templates", "services", "holidays", "register", "bounces")})
        for server in {"imap", "smtp", "site"} & set(values):
            values[server]["ca_file"] = "ca.pem"
        for server in {"imap", "smtp"} & set(values):
            values[server]["password_file"] = f"{server}-password"
        merge(values, changes)
        self.machine.write("/etc/trust-mail/ca.pem", Path(self.world.ca_file).read_text(encoding="ascii"))
        self.machine.write(f"/etc/trust-mail/{name}.json", json.dumps(values))

    def status(self, pid):
        lines = self.inside("cat", f"/proc/{pid}/status").splitlines()
        return {line.split(":")[0]: line.split(":")[1].split()[0] for line in lines if line.split(":")[1].strip()}

    def main_pid(self, name):
        return self.inside("systemctl", "show", "-P", "MainPID", f"trust-{name}").strip()

    def log(self, name):
        return self.inside("journalctl", "--no-pager", "-o", "cat", "-u", f"trust-{name}")

    def wait_for_log(self, name, words):
        wait_for(f"{words} of {name}", lambda: words in self.log(name))

    def cases(self):
        return self.inside("sudo", "-u", "trust-intake", "trust-intake", "list")

    def report(self, reporter, subject):
        self.world.send(reporter, SECURITY, letters.on_the_wire(letters.letter(reporter, subject, "Haven DNS times out on vpn-nbg-01 since 09:12 UTC.\n")))
        wait_for("a case", lambda: subject in self.cases())

    def intake(self, **changes):
        """As test 2 left it, with changes."""
        self.settings("intake", **merged({server: {"password_file": f"$CREDENTIALS_DIRECTORY/{server}-password"} for server in ("imap", "smtp")}, changes))

    def drop_in(self, text):
        self.machine.write("/etc/systemd/system/trust-intake.service.d/test.conf", text)
        self.inside("systemctl", "daemon-reload")

    def property(self, what):
        return self.inside("systemctl", "show", "-P", what, "trust-intake").strip()

    def confined(self, name):
        service = self.status(self.main_pid(name))
        self.assertEqual((service["CapEff"].strip("0"), service["NoNewPrivs"], service["Seccomp"]), ("", "1", "2"))
        self.assertNotEqual(service["Uid"], "0")
        first = self.status(1)
        self.assertEqual((first["NoNewPrivs"], first["Seccomp"], first["Uid"]), ("0", "0", "0"), "the control: another process here")
        mounts = self.inside("cat", f"/proc/{self.main_pid(name)}/mounts").splitlines()
        self.assertIn("ro", [line.split()[3].split(",")[0] for line in mounts if line.split()[1] == "/"])
        return service

    def test_1_the_readme_leads_to_the_first_case(self):
        password = self.world.password_file(SECURITY).read_text(encoding="utf-8")
        for line in readme_lines():
            if " nano " in line:
                self.assertIn("/etc/trust-mail/intake.json", line)
                self.settings("intake")
                continue
            line = line.replace("--install build", f"--install {shlex.quote(str(BUILD))}")
            self.inside("bash", "-c", line, text=password if "/dev/stdin" in line else "")
        self.report(REPORTERS[0], "Haven is down")
        self.world.mailbox(REPORTERS[0]).wait_for_mail("the acknowledgment")
        service = self.confined("intake")
        child = self.inside("bash", "-c", f"cat /proc/{self.main_pid('intake')}/task/*/children").strip()
        parser = self.status(child)
        self.assertEqual(parser["Name"], "parser")
        self.assertGreater(int(parser["Seccomp_filters"]), int(service["Seccomp_filters"]), "its own cage inside the unit's")
        self.assertNotIn("cage_weak", self.log("intake"), "the unit leaves it Landlock")

    def test_2_secrets_may_come_as_credentials(self):
        password = self.world.password_file(SECURITY).read_text(encoding="utf-8")
        self.inside("rm", "/etc/trust-mail/imap-password", "/etc/trust-mail/smtp-password")
        for name in ("imap-password", "smtp-password"):
            self.machine.write(f"/etc/credstore/trust-intake.{name}", password, "600")
        self.intake()
        self.inside("systemctl", "restart", "trust-intake")
        self.report(REPORTERS[1], "Haven is down again")
        self.world.mailbox(REPORTERS[1]).wait_for_mail("the acknowledgment")

    def test_3_a_service_that_dies_comes_back_and_one_that_is_stopped_does_not(self):
        pid = self.main_pid("intake")
        self.inside("systemctl", "kill", "-s", "KILL", "trust-intake")
        wait_for("another process", lambda: self.main_pid("intake") not in (pid, "0"))
        self.report(REPORTERS[2], "Haven is down for the third time")
        self.inside("systemctl", "stop", "trust-intake")
        self.assertEqual(self.inside("systemctl", "show", "-P", "Result", "trust-intake"), "success\n")
        self.assertIn('"event":"stopped"', self.log("intake"))

    def test_4_the_notifier_runs_under_its_unit(self):
        self.settings("notifier", site={"folder": "/srv/site"})
        self.inside("mkdir", "-p", "/srv/site")
        self.inside("bash", "-c", "install -m 600 -o trust-notifier /dev/stdin /etc/trust-mail/smtp-password", text=self.world.password_file(NOTIFIER).read_text(encoding="utf-8"))
        self.inside("sudo", "-u", "trust-notifier", "trust-notifier", "migrate")
        self.inside("systemctl", "start", "trust-notifier")
        self.wait_for_log("notifier", '"event":"site_read"')
        self.confined("notifier")
        self.inside("systemctl", "stop", "trust-notifier")
        self.assertEqual(self.inside("systemctl", "show", "-P", "Result", "trust-notifier"), "success\n")

    def test_5_settings_are_reloaded_in_place(self):
        first, second = free_port(), free_port()
        self.intake(http={"listen": f"127.0.0.1:{first}"})
        self.inside("systemctl", "start", "trust-intake")
        wait_for("the first port", lambda: alive(first))
        pid = self.main_pid("intake")
        self.intake(http={"listen": f"127.0.0.1:{second}"})
        self.assertFalse(alive(second), "the control: nobody has told it yet")
        self.inside("systemctl", "reload", "trust-intake")
        self.wait_for_log("intake", '"event":"config_reloaded"')
        wait_for("the second port", lambda: alive(second))
        self.assertFalse(alive(first))

        self.machine.write("/etc/trust-mail/intake.json", '{"address": 5')
        self.inside("systemctl", "reload", "trust-intake")
        self.wait_for_log("intake", '"event":"config_refused"')
        self.wait_for_log("intake", "/etc/trust-mail/intake.json:1: ")
        self.wait_for_log("intake", "nothing was changed, the old settings stay in force")
        self.assertTrue(alive(second))

        self.intake(http={"listen": f"127.0.0.1:{first}"})
        self.inside("systemctl", "reload", "trust-intake")
        wait_for("the first port again", lambda: alive(first))
        self.assertEqual((self.main_pid("intake"), self.property("NRestarts")), (pid, "0"))
        self.inside("systemctl", "stop", "trust-intake")

    def test_6_a_reload_before_the_program_can_hold_it_does_not_end_the_service(self):
        port = free_port()
        self.intake(http={"listen": f"127.0.0.1:{port}"})
        hung_up = ("[Service]\nRestartSec=100ms\nExecStart=\n"
                   "ExecStart=sh -c '[ -e $STATE_DIRECTORY/hung ] && exec trust-intake run; touch $STATE_DIRECTORY/hung; kill -HUP $$$$'\n")
        for text, ends in ((hung_up + "RestartForceExitStatus=\n", lambda: self.property("ActiveState") == "inactive"), (hung_up, lambda: alive(port))):
            self.drop_in(text)
            self.inside("rm", "-f", "/var/lib/trust-intake/hung")
            self.inside("systemctl", "start", "trust-intake")
            wait_for("the end of the control, then the program", ends)
            self.inside("systemctl", "stop", "trust-intake")
        self.drop_in("")

    def test_7_a_store_that_is_away_at_the_start_is_waited_for(self):
        with Postgres(synchronous_commit="on", full_page_writes="on") as postgres:
            port = free_port()
            self.intake(http={"listen": f"127.0.0.1:{port}"}, store={"url": postgres.url})
            self.inside("sudo", "-u", "trust-intake", "trust-intake", "migrate")
            postgres.stop_at_once()
            self.drop_in("[Unit]\nStartLimitIntervalSec=1h\n[Service]\nRestartSec=100ms\n")
            self.inside("systemctl", "start", "trust-intake")
            wait_for("the control to be given up", lambda: self.property("ActiveState") == "failed")
            self.inside("systemctl", "reset-failed", "trust-intake")
            self.drop_in("[Service]\nRestartSec=100ms\n")
            self.inside("systemctl", "start", "trust-intake")
            wait_for("many starts in vain", lambda: int(self.property("NRestarts")) > 15)
            self.assertIn("store.url: no connection; see that PostgreSQL runs", self.log("intake"))
            self.assertIn(self.property("ActiveState"), ("activating", "active"))
            postgres.serve()
            wait_for("the program to serve", lambda: alive(port))
            self.inside("systemctl", "stop", "trust-intake")


if __name__ == "__main__":
    unittest.main()
