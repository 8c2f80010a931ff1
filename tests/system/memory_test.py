"""Memory stays flat however many mails pass: the resident size of both programs and of the parser child, read from /proc.
TRUST_TEST_MANY sets how many mails pass (the promise speaks of 100,000)."""

import csv
import os
import subprocess
import sys
import time
import unittest
from datetime import datetime, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from deploy.world.people import SECURITY, STAFF, STAFF_NAMES
from deploy.world.site import PostMortem
from deploy.world.waiting import wait_for
from tests.fault.relay import Relay
from tests.world.many_mails import Maildir, report
from tests.world.stage import Stage, rows

_MANY = int(os.environ.get("TRUST_TEST_MANY", "1000"))
_ALLOWED_KIB = 4096  # a leak of one copy of each mail is over twice as much
_PADDING = b"A line that says how the fault was found.\r\n" * 500  # 21 KiB: who keeps a mail shows it


def resident_kib(pid):
    """VmRSS of a process; 0 where there is none (any more)."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")), 0)


def children_of(pid):
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()] + [
            int(child) for task in Path(f"/proc/{pid}/task").iterdir() if task.name != str(pid) for child in (task / "children").read_text(encoding="ascii").split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


class Watch:
    """The highest resident size of a process and of its children, by how many mails had passed."""

    def __init__(self, process):
        self.seen = {"parent": [], "child": []}
        self._pid = process.pid

    def look(self, passed):
        self.seen["parent"].append((passed, resident_kib(self._pid)))
        self.seen["child"].append((passed, max((resident_kib(child) for child in children_of(self._pid)), default=0)))

    def growth(self, who, many):
        """How much higher than in the second quarter the last quarter's highest is, in KiB; warming up is the first's."""
        def highest(low, high):
            return max((kib for passed, kib in self.seen[who] if low * many / 4 <= passed <= high * many / 4), default=0)

        return highest(3, 4) - highest(1, 2)

    def line(self, who, many):
        points = [max((kib for passed, kib in self.seen[who] if n * many / 10 <= passed <= (n + 1) * many / 10), default=0) for n in range(10)]
        return f"{who}: growth {self.growth(who, many)} KiB; highest in each tenth, MiB: " + " ".join(f"{kib / 1024:.1f}" for kib in points)


class Memory(Stage):
    def _flat(self, what, watch, many):
        for who in watch.seen:
            print(f"{what}, {many} mails, {watch.line(who, many)}", file=sys.stderr)
        for who in watch.seen:
            self.assertLess(watch.growth(who, many), _ALLOWED_KIB, f"{what}, {who}")

    def _left(self, relay, who=None):
        """How many mails have newly left (to `who`); waits for one at least."""
        wait_for("a mail to leave", lambda: relay.mails, 120, 0.05)
        mails = [relay.mails.pop(0) for _ in range(len(relay.mails))]
        return len([mail for mail in mails if who in (None, mail.recipient)])

    def test_the_watch_sees_a_process_that_keeps_what_it_read(self):
        leaky = "import sys\nkept=[]\nfor n in range(400):\n kept.append(bytes(21000)+b'x')\n print(n, flush=True)\n sys.stdin.readline()\n"
        with subprocess.Popen([sys.executable, "-c", leaky], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            watch = Watch(process)
            for line in process.stdout:
                watch.look(int(line))
                process.stdin.write("\n")
                process.stdin.flush()
        self.assertGreater(watch.growth("parent", 400), _ALLOWED_KIB / 2)

    def test_intake_and_its_parser_child_stay_flat(self):
        relay = self.enterContext(Relay())
        programs = self.programs("intake", intake={"smtp": {"url": relay.url, "password_file": None, "ca_file": None},
                                                   "staff": [{"address": STAFF[0], "name": STAFF_NAMES[STAFF[0]]}]})
        self.first_look(programs, "intake")
        service = programs.start("intake")
        watch = Watch(service)
        maildir = Maildir(self.world.dovecot.mail / SECURITY)
        began = time.monotonic()
        put = told = 0
        while told < _MANY:
            if put < _MANY and put - told < 300:
                maildir.drop(report(n) + _PADDING for n in range(put, min(put + 100, _MANY)))
                put = min(put + 100, _MANY)
            told += self._left(relay, STAFF[0])  # one notice for each case
            watch.look(told)
        print(f"intake filed {_MANY} mails in {time.monotonic() - began:.0f} s", file=sys.stderr)
        self.world.children.stop(service)
        self._flat("intake", watch, _MANY)

    def test_the_notifier_stays_flat(self):
        relay = self.enterContext(Relay())
        programs = self.programs("notifier", notifier={"smtp": {"url": relay.url, "password_file": None, "ca_file": None, "connections": 2}, "announce": {"hold": "1s"}})
        store = programs.notifier["store"]["url"]
        many = _MANY * 5
        self.first_look(programs, "notifier")
        table = programs.folder / "readers.csv"
        with table.open("w", newline="", encoding="ascii") as file:
            writer = csv.writer(file)
            writer.writerow(["address", "services", "confirmed_at", "consent"])
            writer.writerows((f"reader{n}@example.com", "", "2026-01-01T00:00:00Z", "form") for n in range(many))
        self.must(programs.call("notifier", "subscriber", "import", table, "--confirmed", "--consent", "form", seconds=300))
        self.site.publish(PostMortem("long-list", "A long list", start=datetime.now(timezone.utc)))
        service = programs.start("notifier")
        watch = Watch(service)
        began = time.monotonic()
        told = 0
        while told < many:
            told += self._left(relay)
            watch.look(told)
        print(f"the notifier told {many} readers in {time.monotonic() - began:.0f} s", file=sys.stderr)
        wait_for("the announcement to be settled", lambda: rows(store, "SELECT state FROM announcement") == [("finished",)])
        self.world.children.stop(service)
        self._flat("notifier", watch, many)


if __name__ == "__main__":
    unittest.main()
