"""Configures and runs trust-intake and trust-notifier in a world. Knows them by CLI.md alone."""

import json
import os
import signal
import subprocess
from pathlib import Path

from .people import BOUNCES, NOTIFIER, SECURITY, STAFF, STAFF_NAMES
from .place import free_port

CHECKOUT = Path(__file__).resolve().parents[2]
NAMES = ("intake", "notifier")


class Programs:
    """Both programs in `folder`, on stores of their own. `intake` and `notifier` below are the configurations as
    values: change them and call `write`."""

    def __init__(self, world, folder, site, build=None, stores=None, children=None):
        """`stores` is {"intake": URL, "notifier": URL}; SQLite files in `folder` if None."""
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.build = Path(build or os.environ.get("TRUST_BUILD") or CHECKOUT / "build")
        self.children = children or world.children
        self.environment = {"TRUST_STAFF": STAFF[0]}  # who acts where nobody is named
        self.files = {name: self.folder / f"{name}.json" for name in NAMES}
        self.logs = {name: self.folder / f"{name}.log" for name in NAMES}
        stores = stores or {name: f"sqlite:{self.folder / name}.sqlite" for name in NAMES}
        staff = [{"address": address, "name": STAFF_NAMES[address]} for address in STAFF]
        words = {"services": str(CHECKOUT / "config" / "services.json"), "templates": str(CHECKOUT / "templates")}
        self.intake = {
            "address": SECURITY, "staff": staff, "state_dir": str(self.folder / "intake-state"),
            "imap": {"url": world.imap_url(SECURITY), **_login(world, SECURITY), "poll": "1s"},
            "smtp": {"url": world.smtp_url(SECURITY), **_login(world, SECURITY), "connections": 1},
            "store": {"url": stores["intake"]},
            "register": {"file": str(self.folder / "feed" / "incidents.json")},
            "http": {"listen": f"127.0.0.1:{free_port()}"},
            "holidays": str(CHECKOUT / "config" / "holidays.ics"), **words,
        }
        self.notifier = {
            "from": NOTIFIER, "staff": staff, "state_dir": str(self.folder / "notifier-state"),
            "smtp": {"url": world.smtp_url(NOTIFIER), **_login(world, NOTIFIER), "connections": 2},
            "store": {"url": stores["notifier"]},
            "site": {"base_url": site.base_url, "folder": str(site.folder), "ca_file": str(world.ca_file), "poll": "1s"},
            "announce": {"hold": "2s"},
            "bounces": {"address": BOUNCES.replace("@", "+{token}@"), "imap": {"url": world.imap_url(BOUNCES), **_login(world, BOUNCES)}},
            "http": {"public_url": "https://lists.example.org", "listen": f"127.0.0.1:{free_port()}", "private_listen": f"127.0.0.1:{free_port()}"},
            "list_id": "incidents.example.org", **words,
        }

    def write(self):
        """Writes both configurations, and an empty register where the notifier has not written one yet."""
        feed = self.folder / "feed"
        feed.mkdir(exist_ok=True)
        if not (feed / "incidents.json").exists():
            (feed / "incidents.json").write_text('{"incidents": []}\n', encoding="ascii")
        for name, values in (("intake", self.intake), ("notifier", self.notifier)):
            self.files[name].write_text(json.dumps(values, indent=2), encoding="utf-8")

    def path(self, name):
        return self.build / f"trust-{name}"

    def call(self, name, *words, text="", seconds=120, raw=False, environment=None):
        """Runs one command to its end. The result has returncode, stdout and stderr (bytes if `raw`)."""
        argv = [str(self.path(name)), *map(str, words), "--config", str(self.files[name])]
        return subprocess.run(argv, input=text.encode() if raw else text, capture_output=True, text=not raw, timeout=seconds, check=False,
                              env={**os.environ, **self.environment, **(environment or {})})

    def start(self, name, *words, environment=None):
        """Starts `run`; what it logs is added to `logs[name]`."""
        return self.children.start(f"trust-{name}", [self.path(name), "run", *words, "--config", self.files[name]], self.logs[name],
                                   {**self.environment, **(environment or {})}, end_with=signal.SIGTERM)

    def log_lines(self, name, event=None):
        text = self.logs[name].read_text(encoding="utf-8", errors="replace") if self.logs[name].exists() else ""
        whole = text[:text.rfind("\n") + 1]  # the last line may be half written
        lines = [json.loads(line) for line in whole.splitlines() if line.startswith("{")]
        return [line for line in lines if event in (None, line.get("event"))]


def _login(world, address):
    return {"password_file": str(world.password_file(address)), "ca_file": str(world.ca_file)}
