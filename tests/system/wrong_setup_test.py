"""A wrong setup ends in one sentence that says what to do, with the right exit status and without a secret."""

import re
import shutil
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from deploy.world.certificates import make_certificates
from deploy.world.people import SECURITY
from deploy.world.place import free_port
from deploy.world.waiting import wait_for
from tests.world.stage import Stage, change

_FAILED, _CONFLICT, _UNAVAILABLE = 1, 11, 12


class WrongSetup(Stage):
    def _says(self, done, code, *wanted):
        """One sentence (or a few lines of them), on standard error alone."""
        self.must(done, code)
        for text in wanted:
            self.assertRegex(done.stderr, text)
        self.assertLessEqual(len(done.stderr.strip().splitlines()), 3, done.stderr)
        self.assertNotRegex(done.stderr, r"terminate called|Exception|errno|std::|libcurl|Poco|SQLITE_|\{\"")
        for secret in self.world.people.passwords.values():
            self.assertNotIn(secret, done.stderr + done.stdout)

    def test_a_wrong_configuration_is_named_with_file_line_and_key(self):
        for name, old, new, key in (
                ("misspelt key", '"password_file"', '"pasword_file"', "imap.pasword_file"),
                ("wrong type", '"poll": "1s"', '"poll": true', "imap.poll"),
                ("span without a unit", '"poll": "1s"', '"poll": "1"', "imap.poll"),
                ("missing key", f'"address": "{SECURITY}",', "", "address"),
                ("doubled key", f'"address": "{SECURITY}",', f'"address": "{SECURITY}", "address": "{SECURITY}",', "address"),
                ("no JSON", '"imap": {', '"imap": [', "JSON"),
                ("clear text over the network", '"http": {', '"http": {"public_url": "http://reports.example.org", ', "http.public_url"),
                ("password in a URL", f'"url": "{self.world.imap_url(SECURITY)}"', '"url": "imaps://s:hunter2@mail.example.org:993"', "imap.url"),
        ):
            with self.subTest(name):
                programs = self.programs("config-" + name.replace(" ", "-"))
                file = programs.files["intake"]
                text = file.read_text(encoding="utf-8")
                self.assertIn(old, text)
                file.write_text(text.replace(old, new, 1), encoding="utf-8")
                for command in (("check-config",), ("run", "--until-idle")):
                    done = programs.call("intake", *command)
                    self._says(done, _FAILED, re.escape(str(file)) + r":\d+: .*(" + key.replace(".", r"\.") + ")")
                    self.assertNotIn("hunter2", done.stderr)
        programs = self.programs("config-right")
        self.must(programs.call("intake", "check-config"))
        self.must(programs.call("notifier", "check-config"))

    def test_a_missing_configuration_and_a_missing_secret_are_named(self):
        programs = self.programs("missing")
        file = Path(programs.intake["imap"]["password_file"])
        moved = file.with_suffix(".moved")
        self.must(programs.call("intake", "migrate"))
        file.rename(moved)
        try:
            self._says(programs.call("intake", "run", "--until-idle"), _FAILED, r"imap\.password_file", re.escape(str(file)))
            file.write_text("", encoding="ascii")
            self._says(programs.call("intake", "run", "--until-idle"), _FAILED, r"imap\.password_file", re.escape(str(file)))
        finally:
            moved.rename(file)
        programs.files["intake"].unlink()
        self._says(programs.call("intake", "status"), _FAILED, re.escape(str(programs.files["intake"])))

    def test_servers_that_cannot_be_used_are_named_with_what_to_do(self):
        other = self.folder / "other-ca"
        make_certificates(other, "Somebody else's")
        wrong_password = self.folder / "wrong-password"
        wrong_password.write_text("hunter2\n", encoding="ascii")
        nobody = f"127.0.0.1:{free_port()}"
        for name, changes, code, said in (
                ("IMAP unreachable", {"imap": {"url": f"imaps://s@{nobody}"}}, _UNAVAILABLE, "imap|mailbox"),
                ("IMAP wrong certificate", {"imap": {"ca_file": str(other / "ca.pem")}}, _UNAVAILABLE, "certificate"),
                ("IMAP wrong password", {"imap": {"password_file": str(wrong_password)}}, _FAILED, "password|log ?in"),
                ("IMAP no certificate file", {"imap": {"ca_file": "/nowhere/ca.pem"}}, _FAILED, "ca_file|ca.pem"),
        ):
            with self.subTest(name):
                programs = self.programs("server-" + name.replace(" ", "-"), intake=changes)
                self.must(programs.call("intake", "migrate"))
                for command in (("run", "--until-idle"), ("doctor",)):
                    done = programs.call("intake", *command, seconds=90)
                    self.assertIn(done.returncode, (code, _FAILED) if command == ("doctor",) else (code,), f"{command}: {done.stderr}")
                    self.assertRegex((done.stderr + done.stdout if command == ("doctor",) else done.stderr).lower(), said.lower())
                    self.assertNotIn("hunter2", done.stderr + done.stdout)
        programs = self.programs("server-right")
        self.must(programs.call("intake", "migrate"))
        self.must(programs.call("intake", "run", "--until-idle"))

    def test_doctor_tries_every_server_and_names_the_one_that_fails(self):
        programs = self.programs("doctor")
        for name in ("intake", "notifier"):
            self.must(programs.call(name, "migrate"))
            self.must(programs.call(name, "doctor"))
        programs.intake["smtp"]["url"] = f"smtps://s@127.0.0.1:{free_port()}"
        programs.write()
        done = programs.call("intake", "doctor")
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stdout + done.stderr, "(?i)smtp|relay")

    def test_a_second_service_on_the_same_state_ends_with_conflict(self):
        programs = self.programs("twice")
        for name in ("intake", "notifier"):
            self.first_look(programs, name)
            programs.start(name)
            wait_for(f"{name} to run", lambda n=name: programs.log_lines(n, "started"))
            self._says(programs.call(name, "run"), _CONFLICT, "(?i)running|another")
        self.must(programs.call("intake", "status"))

    def test_a_store_that_is_not_migrated_or_too_new_is_refused_with_what_to_run(self):
        programs = self.programs("schema")
        for name in ("intake", "notifier"):
            self._says(programs.call(name, "run", "--until-idle"), _FAILED, "migrate")
            self.must(programs.call(name, "migrate"))
            self.must(programs.call(name, "migrate"))
            change(getattr(programs, name)["store"]["url"], "INSERT INTO schema_migration VALUES ('9999_future', 0)")
            self._says(programs.call(name, "run", "--until-idle"), _FAILED, "newer")

    def test_a_store_with_somebody_elses_keys_is_refused(self):
        programs = self.programs("keys")
        for name in ("intake", "notifier"):
            self.first_look(programs, name)
            shutil.rmtree(getattr(programs, name)["state_dir"])
            self._says(programs.call(name, "run", "--until-idle"), _FAILED, "(?i)key")



if __name__ == "__main__":
    unittest.main()
