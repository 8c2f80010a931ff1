"""The SQLite store is locked by somebody else, has no room, cannot be written, is damaged, comes from a newer program, or the
kernel fails one call: nothing is lost or sent twice, no mail leaves that the store could not record, and the service is back by
itself where it can be."""

import contextlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from deploy.world import letters
from deploy.world.people import STAFF
from deploy.world.waiting import wait_for
from tests.fault.check import copies_at, intake_faults, store_faults
from tests.fault.relay import Relay
from tests.fault.sweep import SHIM, Flow, Peers, Sweep
from tests.world.stage import change, rows

_RECOVERS = 30
_ROOM = "24m"
_CALLS = 20  # call sites that fail once each


class SqliteDays(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="trust-test.")))
        self.relay = self.enterContext(Relay())
        self.peers = Peers(self.folder, [])
        self.addCleanup(self.peers.stop)
        self.addCleanup(self.peers.children.stop_all)
        self.senders = []

    def prepare(self, folder=None):
        stores = {name: f"sqlite:{folder or self.folder}/{name}.sqlite" for name in ("intake", "notifier")}
        self.programs = self.peers.programs("programs", self.relay, stores)
        self.url = stores["intake"]
        self.file = Path(self.url.removeprefix("sqlite:"))
        self.must(self.programs.call("intake", "migrate"))

    def must(self, done, code=0):
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def start(self):
        self.service = self.programs.start("intake")

    def report(self, count=1, words=""):
        for _ in range(count):
            sender = f"p{len(self.senders)}@d{len(self.senders)}.example.net"
            self.senders.append(sender)
            self.peers.postbox.mails.append(letters.on_the_wire(letters.letter(sender, "Haven DNS times out", f"Every third query.\n{words}\n")))

    def serves(self):
        expected = Counter([*self.senders, *STAFF * len(self.senders)])
        wait_for("all mail to have left", lambda: Counter(mail.recipient for mail in list(self.relay.mails)) == expected, _RECOVERS)

    def holds(self):
        wait_for("the last record", lambda: rows(self.url, "SELECT count(*) FROM outbox WHERE state <> 'accepted'") == [("0",)], _RECOVERS)
        log = self.programs.logs["intake"]
        said = log.read_text(errors="replace") if log.exists() else ""
        copies = copies_at(self.relay)
        self.assertEqual(intake_faults(self.url, self.senders, STAFF, copies) + store_faults(self.url, self.relay, 1, said, self.senders), [])
        self.assertIn("0 copies", str(intake_faults(self.url, self.senders, STAFF, copies - Counter([next(iter(copies))]))), "the judge misses a lost mail")

    def test_a_second_writer_that_holds_the_lock_delays_and_nothing_else(self):
        self.prepare()
        self.start()
        for seconds in (1, 2, 30):
            with self.subTest(seconds):
                self.report()
                self.serves()
                with self.holding_the_lock():
                    self.report(2)
                    sent = len(self.relay.mails)
                    until = time.monotonic() + seconds
                    wait_for("the time of the lock", lambda until=until: time.monotonic() > until, seconds + 5)
                    self.assertEqual(len(self.relay.mails), sent, "nothing leaves that could not be recorded")
                    self.assertIsNone(self.service.poll(), "the service waits")
                self.serves()
        self.assertTrue(self.programs.log_lines("intake", "store_failed"), "30 s are longer than the store's patience")
        self.holds()

    def holding_the_lock(self):
        other = sqlite3.connect(self.file, timeout=30, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        self.addCleanup(other.close)

        class Held:
            def __enter__(self):
                return self

            def __exit__(self, *_):
                other.execute("ROLLBACK")
                other.close()

        return Held()

    def test_a_full_disk_keeps_mail_where_it_is_until_there_is_room_again(self):
        room = self.folder / "room"
        room.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_ROOM}", "tmpfs", room], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", room], check=True)
        self.prepare(room)
        self.start()
        self.report()
        self.serves()
        filler = room / "filler"
        with contextlib.suppress(OSError), open(filler, "wb", buffering=0) as file:
            while file.write(b"x" * 4096):
                pass
        sent = len(self.relay.mails)
        self.report(3, "x" * 60 + "\n" + ("y" * 70 + "\n") * 60_000)
        wait_for("the failure to be told", lambda: "the disk is full" in self.programs.logs["intake"].read_text(errors="replace"), _RECOVERS)
        self.assertEqual(len(self.relay.mails), sent, "no mail leaves that the store could not record")
        self.assertIsNone(self.service.poll(), "the service waits for room")
        filler.unlink()
        subprocess.run(["mount", "-o", "remount,size=256m", room], check=True)
        self.serves()
        self.holds()

    def test_a_store_that_cannot_be_written_takes_nothing_and_sends_nothing(self):
        room = self.folder / "room"
        room.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", room], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", room], check=True)
        self.prepare(room)
        self.report()
        subprocess.run(["mount", "-o", "remount,ro", room], check=True)
        done = self.programs.call("intake", "run", "--until-idle")
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stderr, "read-only|cannot be opened")
        self.assertEqual(self.relay.mails, [])
        subprocess.run(["mount", "-o", "remount,rw", room], check=True)
        self.must(self.programs.call("intake", "run", "--until-idle"))
        self.serves()
        self.holds()

    def test_a_damaged_store_is_not_served_from_and_its_backup_takes_over(self):
        self.prepare()
        self.report()
        self.must(self.programs.call("intake", "run", "--until-idle"))
        backup = self.file.read_bytes()
        sent = len(self.relay.mails)
        for what, at, size in (("header", 0, 100), ("schema", 100, 2000), ("everything", 0, len(backup))):
            with self.subTest(what):
                self.file.write_bytes(backup[:at] + bytes(byte ^ 0xFF for byte in backup[at:at + size]) + backup[at + size:])
                done = self.programs.call("intake", "run", "--until-idle")
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn("restore it from the backup", done.stderr)
                self.assertEqual(len(self.relay.mails), sent)
        self.file.write_bytes(backup)
        self.report()
        self.must(self.programs.call("intake", "run", "--until-idle"))
        self.serves()
        self.holds()

    def test_a_store_of_a_newer_program_is_refused(self):
        self.prepare()
        self.report()
        change(self.url, "INSERT INTO schema_migration (name, applied_at) VALUES ('9999_later', 0)")
        for words in (("run", "--until-idle"), ("migrate",), ("list",)):
            done = self.programs.call("intake", *words)
            self.assertNotEqual(done.returncode, 0, words)
            self.assertIn("newer version", done.stderr, words)
        self.assertEqual(self.relay.mails, [])
        change(self.url, "DELETE FROM schema_migration WHERE name = '9999_later'")
        self.must(self.programs.call("intake", "run", "--until-idle"))
        self.serves()
        self.holds()

    def test_a_call_that_the_kernel_fails_loses_and_doubles_nothing(self):
        """EIO, ENOSPC, EINTR, EMFILE or half a write at a sample of the call sites, once; then a run on a well machine."""
        self.report(2)
        template = self.peers.programs("template", self.relay)
        self.must(template.call("intake", "migrate"))
        _, points = Sweep(self.peers, Flow("failing", template.folder, [_run], None, None)).points()
        sites = [point for point in points if not point.after]
        sweep = Sweep(self.peers, Flow("failing", template.folder, [_run], None, None))
        felt = reached = 0
        for number, point in enumerate(sites[:_CALLS]):
            error = ("5", "28", "4", "24", "short")[number % 5]
            with self.subTest(point=str(point), error=error):
                cycle = sweep.fresh("call")
                environment = {"LD_PRELOAD": str(SHIM), "KILL_POINT_SITE": point.site, "KILL_POINT_ERRNO": error, "KILL_POINT_TRACE": str(self.folder / f"calls-{number}")}
                done = cycle.programs.call("intake", "run", "--until-idle", environment=environment)
                self.assertGreaterEqual(done.returncode, 0, "it does not crash")
                reached += point.site in (self.folder / f"calls-{number}").read_text(encoding="ascii")
                felt += done.returncode != 0 or "_failed" in done.stdout
                _run(cycle, {}, (0,))
                url = cycle.programs.intake["store"]["url"]
                self.assertEqual(intake_faults(url, self.senders, STAFF, copies_at(cycle.relay)) + store_faults(url, cycle.relay, 1), [])
                cycle.relay.__exit__()
                shutil.rmtree(cycle.programs.folder)
        self.assertGreater(reached, 0.8 * _CALLS, "the calls really failed")
        self.assertGreater(felt, 0, "and some were felt")



def _run(cycle, environment, expected):
    cycle.call("intake", "run", "--until-idle", environment=environment, expected=expected)


if __name__ == "__main__":
    unittest.main()
