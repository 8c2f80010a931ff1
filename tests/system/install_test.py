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


def _keys(value, prefix=""):
    """Dotted keys of all values that are no objects."""
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield from _keys(inner, f"{prefix}{key}.")
        else:
            yield prefix + key


class Install(unittest.TestCase):
    def setUp(self):
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="trust-install.")))
        done = subprocess.run(["cmake", "--install", BUILD, "--prefix", "/usr"], env={**os.environ, "DESTDIR": str(self.root)}, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def _run(self, *words, environment=None):
        return subprocess.run([str(word) for word in words], env=environment, capture_output=True, text=True, timeout=60, check=False)

    def test_programs_templates_and_samples_are_laid_down_and_work(self):
        self.assertTrue(list((self.root / "usr/share/trust-mail/templates/mail/en").iterdir()))
        etc = next(path for path in (self.root / "etc/trust-mail", self.root / "usr/etc/trust-mail") if path.exists())
        for name in ("holidays.ics", "services.json"):
            self.assertTrue((etc / name).is_file(), name)
        for name in ("intake", "notifier"):
            program = self.root / "usr/bin" / f"trust-{name}"
            helped = self._run(program, "--help")
            self.assertEqual((helped.returncode, helped.stderr), (0, ""))
            self.assertIn("check-config", helped.stdout)
            self.assertTrue(self._run(program, "templates").stdout, "the templates' variables")
            self._check_sample(program, etc / f"{name}.json")

    def _check_sample(self, program, sample):
        values = json.loads(_without_comments(sample.read_text(encoding="utf-8")))
        self.assertLessEqual(len(list(_keys(values))), 10, "keys that a person must set")
        printed = self._run(program, "config", "--sample")
        self.assertEqual((printed.returncode, printed.stdout), (0, sample.read_text(encoding="utf-8")), "the program prints the very sample")
        credentials = self.root / "credentials"
        credentials.mkdir(exist_ok=True)
        for name in set(re.findall(r"\$CREDENTIALS_DIRECTORY/([\w.-]+)", sample.read_text(encoding="utf-8"))):
            (credentials / name).write_text("secret\n", encoding="ascii")
        checked = self._run(program, "check-config", "--config", sample, environment={**os.environ, "CREDENTIALS_DIRECTORY": str(credentials)})
        self.assertEqual(checked.returncode, 0, checked.stderr)
        wrong = sample.with_suffix(".wrong")
        wrong.write_text(sample.read_text(encoding="utf-8").replace('"staff"', '"stuff"'), encoding="utf-8")
        refused = self._run(program, "check-config", "--config", wrong)
        self.assertNotEqual(refused.returncode, 0, "a sample with a misspelt key is refused")
        self.assertIn("stuff", refused.stderr)


if __name__ == "__main__":
    unittest.main()
