"""`cmake --install` lays down all that an operator needs, and what it lays down works from there."""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.world.stage import BUILD


def _without_comments(text):
    return "\n".join(re.sub(r"(^|\s)//.*$", "", line) for line in text.splitlines())


def _values(value, prefix=""):
    """Dotted keys and values, objects taken apart."""
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield from _values(inner, f"{prefix}{key}.")
        else:
            yield prefix + key, inner


class Install(unittest.TestCase):
    def setUp(self):
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="trust-install.")))
        self._install("/usr", self.root)

    def _install(self, prefix, destdir=""):
        done = subprocess.run(["cmake", "--install", BUILD, "--prefix", prefix], env={**os.environ, "DESTDIR": str(destdir)}, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def _run(self, *words, environment=None):
        return subprocess.run([str(word) for word in words], env=environment, capture_output=True, text=True, timeout=60, check=False)

    def test_programs_templates_and_samples_are_laid_down_and_work(self):
        self.assertTrue(list((self.root / "usr/share/trust-mail/templates/mail/en").iterdir()))
        etc = self.root / "etc/trust-mail"  # where the programs look by themselves
        for name in ("holidays.ics", "services.json"):
            self.assertTrue((etc / name).is_file(), name)
        for name in ("intake", "notifier"):
            program = self.root / "usr/bin" / f"trust-{name}"
            helped = self._run(program, "--help")
            self.assertEqual((helped.returncode, helped.stderr), (0, ""))
            self.assertIn("check-config", helped.stdout)
            self.assertTrue(self._run(program, "templates").stdout, "the templates' variables")
            self._check_sample(program, etc / f"{name}.json")

    def test_units_and_users_lie_where_systemd_looks(self):
        for name in ("systemd/system/trust-intake.service", "systemd/system/trust-notifier.service", "sysusers.d/trust-mail.conf", "tmpfiles.d/trust-mail.conf"):
            self.assertTrue((self.root / "usr/lib" / name).is_file(), name)

    def test_installing_again_leaves_what_the_operator_wrote(self):
        settings = self.root / "etc/trust-mail/intake.json"
        settings.write_text("mine", encoding="ascii")
        self._install("/usr", self.root)
        self.assertEqual(settings.read_text(encoding="ascii"), "mine")
        self.assertNotEqual((self.root / "usr/share/trust-mail/config/intake.json").read_text(encoding="utf-8"), "mine")

    def test_under_another_prefix_nothing_is_written_outside_of_it(self):
        prefix = self.root / "opt"
        self._install(prefix)
        self.assertTrue((prefix / "etc/trust-mail/notifier.json").is_file())
        self.assertEqual(self._run(prefix / "bin/trust-notifier", "--help").returncode, 0)

    def _check_sample(self, program, sample):
        values = json.loads(_without_comments(sample.read_text(encoding="utf-8")))
        self.assertLessEqual(len(list(_values(values))), 10, "keys that a person must set")
        printed = self._run(program, "config", "--sample")
        self.assertEqual((printed.returncode, printed.stdout), (0, sample.read_text(encoding="utf-8")), "the program prints the very sample")
        for secret in (value for key, value in _values(values) if key.endswith("password_file")):
            (sample.parent / secret.replace("$CREDENTIALS_DIRECTORY/", "")).write_text("secret\n", encoding="ascii")
        # The operator's own folder is the one thing a sample cannot name.
        folder = values.get("site", {}).get("folder", "/nowhere")
        sample.with_suffix(".tried").write_text(sample.read_text(encoding="utf-8").replace(folder, str(self.root)), encoding="utf-8")
        checked = self._run(program, "check-config", "--config", sample.with_suffix(".tried"), environment={**os.environ, "CREDENTIALS_DIRECTORY": str(sample.parent)})
        self.assertEqual(checked.returncode, 0, checked.stderr)
        wrong = sample.with_suffix(".wrong")
        wrong.write_text(sample.read_text(encoding="utf-8").replace('"staff"', '"stuff"'), encoding="utf-8")
        refused = self._run(program, "check-config", "--config", wrong)
        self.assertNotEqual(refused.returncode, 0, "a sample with a misspelt key is refused")
        self.assertIn("stuff", refused.stderr)


if __name__ == "__main__":
    unittest.main()
