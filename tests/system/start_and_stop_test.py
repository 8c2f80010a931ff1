"""From the start to serving with 100,000 cases or subscribers, from SIGTERM to the end with peers that stall, and a second
`run` on one SQLite. Seconds from start to serving are printed; only the promised 5 s of a stop are a deadline."""

import re
import shutil
import signal
import subprocess
import sys
import time
import unittest
from datetime import datetime, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from deploy.world.people import SECURITY, STAFF, SUBSCRIBERS
from deploy.world.site import PostMortem
from deploy.world.waiting import wait_for
from tests.fault.relay import Relay
from tests.world.cloning import many_cases, many_readers
from tests.world.many_mails import Maildir, report
from tests.world.stage import Stage, rows

_MANY = 100_000
_READ_AT_MOST = 40_000_000  # bytes until it serves; the outbox alone has over 500 MB, the readers 60
_GOODBYE = 5  # seconds from SIGTERM to the end, with nothing on the wire
_STOP_WAIT = 8


class Started(Stage):
    def prepared(self, name, program, **changes):
        """Programs with a relay of their own; migrated, and the first look is over."""
        relay = self.enterContext(Relay())
        smtp = {"url": relay.url, "password_file": None, "ca_file": None, "connections": 1, "stop_wait": f"{_STOP_WAIT}s"}
        programs = self.programs(name, **{program: {"smtp": smtp, **changes}})
        programs.relay = relay
        programs.store = getattr(programs, program)["store"]["url"]
        self.first_look(programs, program)
        return programs

    def stop(self, programs, name, service):
        """In good order and in time."""
        began = time.monotonic()
        service.send_signal(signal.SIGTERM)
        self.assertEqual(service.wait(_GOODBYE), 0)
        self.assertEqual(programs.log_lines(name, "stop_forced"), [])
        print(f"{programs.folder.name}: ended {time.monotonic() - began:.2f} s after SIGTERM", file=sys.stderr)

    def told(self, programs, recipient):
        return [mail for mail in programs.relay.mails if mail.recipient == recipient]

    def drop(self, *numbers):
        Maildir(self.world.dovecot.mail / SECURITY).drop(report(n) for n in numbers)

    def wait_for_acknowledgment(self, programs, number, seconds=60):
        wait_for(f"the acknowledgment of report {number}", lambda: self.told(programs, f"p{number}@example.net"), seconds, 0.01)


class Large:
    """A store of 100,000; what is served at the start was left there while the program was down."""

    def test_intake_serves_with_100000_cases(self):
        programs = self.prepared("cases", "intake")
        self.drop(1)
        self.must(programs.call("intake", "run", "--until-idle"))
        case = rows(programs.store, "SELECT id FROM cases")[0][0]
        many_cases(programs.store, _MANY, case)
        self.assertEqual(rows(programs.store, "SELECT count(*) FROM cases"), [(str(_MANY + 1),)])
        self.must(programs.call("intake", "reply", case, "--by", STAFF[0], text="Which client is it?\n"))
        before = len(programs.relay.mails)
        self.drop(2)

        began = time.monotonic()
        service = programs.start("intake")
        wait_for("the reply that waited in the outbox", lambda: len(programs.relay.mails) > before, 60, 0.01)
        outbox = time.monotonic() - began
        self.wait_for_acknowledgment(programs, 2)
        print(f"{type(self).__name__}: intake with {_MANY} cases: outbox served {outbox:.2f} s, mailbox looked at and a report acknowledged {time.monotonic() - began:.2f} s after the start", file=sys.stderr)
        self._read_little(service)
        wait_for("staff to be told", lambda: rows(programs.store, "SELECT count(*) FROM outbox WHERE state <> 'accepted'") == [("0",)])
        self.stop(programs, "intake", service)

    def _read_little(self, service):
        """Indexes are used: a table read from end to end takes ten times as much. What a clock would say depends on the machine."""
        read = int(re.search(r"rchar: (\d+)", Path(f"/proc/{service.pid}/io").read_text(encoding="ascii"))[1])
        print(f"read so far: {read / 1e6:.1f} MB", file=sys.stderr)
        self.assertLess(read, _READ_AT_MOST)

    def test_the_notifier_serves_with_100000_subscribers(self):
        programs = self.prepared("readers", "notifier", announce={"hold": "1s"})
        table = programs.folder / "readers.csv"
        table.write_text("address,services,confirmed_at,consent\n"
                         f"{SUBSCRIBERS[0]},Vaultyx sync,2026-01-01T00:00:00Z,form\n{SUBSCRIBERS[1]},Haven DNS,2026-01-01T00:00:00Z,form\n", encoding="ascii")
        self.must(programs.call("notifier", "subscriber", "import", table, "--confirmed", "--consent", "form"))
        many_readers(programs.store, _MANY, SUBSCRIBERS[0])
        self.assertEqual(rows(programs.store, "SELECT count(*) FROM subscriber WHERE state = 'confirmed'"), [(str(_MANY + 2),)])
        page = PostMortem("small-one", "A small one", start=datetime.now(timezone.utc))
        self.must(programs.call("notifier", "announce", self.site.publish(page), "--now", "--by", STAFF[0]))
        self.assertEqual(self.told(programs, SUBSCRIBERS[1]), [])

        began = time.monotonic()
        service = programs.start("notifier")
        wait_for("the announcement that waited in the outbox", lambda: self.told(programs, SUBSCRIBERS[1]), 60, 0.01)
        outbox = time.monotonic() - began
        wait_for("a look at the site", lambda: programs.log_lines("notifier", "site_read"), 60, 0.01)
        print(f"{type(self).__name__}: notifier with {_MANY} subscribers: outbox served {outbox:.2f} s, site looked at {time.monotonic() - began:.2f} s after the start", file=sys.stderr)
        self._read_little(service)
        self.assertEqual(self.told(programs, SUBSCRIBERS[0]), [], "who did not ask for this service is not told")
        wait_for("the announcement to be settled", lambda: rows(programs.store, "SELECT state FROM announcement") == [("finished",)])
        self.stop(programs, "notifier", service)


class LargeOnSqlite(Large, Started):
    pass


class LargeOnPostgres(Large, Started):
    on_postgres = True


class Stop(Started):
    def test_a_mail_server_that_stalls_keeps_nobody(self):
        programs = self.prepared("stalled-mailbox", "intake")
        service = programs.start("intake")
        self.drop(10)
        self.wait_for_acknowledgment(programs, 10)
        self.world.dovecot.signal(signal.SIGSTOP)
        try:
            look = "SELECT value FROM meta WHERE key = 'last_look'"
            seen = {}

            def stalled():  # no look has ended for longer than two polls
                now = rows(programs.store, look)
                seen.setdefault(now[0], time.monotonic())
                return time.monotonic() - seen[now[0]] > 2.5

            wait_for("a look that does not end", stalled)
            self.stop(programs, "intake", service)
        finally:
            self.world.dovecot.signal(signal.SIGCONT)

    def test_a_relay_that_says_nothing_keeps_nobody(self):
        programs = self.prepared("silent-relay", "intake")
        programs.relay.on_greeting = lambda: "hang"
        service = programs.start("intake")
        self.drop(11)
        wait_for("a mail that waits", lambda: programs.relay.visits and rows(programs.store, "SELECT count(*) FROM outbox WHERE state IN ('queued', 'claimed')") != [("0",)])
        self.stop(programs, "intake", service)
        programs.relay.on_greeting = lambda: "greet"
        self.must(programs.call("intake", "run", "--until-idle"))
        self.assertEqual(len(self.told(programs, "p11@example.net")), 1, "nothing was lost by it")

    def test_what_is_on_the_wire_is_waited_for(self):
        """The control of the others: a stop that has something to wait for does take longer."""
        programs = self.prepared("on-the-wire", "intake")
        programs.relay.on_dot = lambda mail: "hang"
        service = programs.start("intake")
        self.drop(12)
        wait_for("a dot", lambda: programs.relay.mails)
        service.send_signal(signal.SIGTERM)
        with self.assertRaises(subprocess.TimeoutExpired):
            service.wait(_GOODBYE)
        service.wait(_STOP_WAIT + _GOODBYE)


class Second(Started):
    def test_a_second_run_on_one_sqlite_refuses_with_a_sentence_and_the_first_goes_on(self):
        for name in ("intake", "notifier"):
            with self.subTest(name):
                programs = self.prepared(f"second-{name}", name)
                service = programs.start(name)
                wait_for("the first", lambda: programs.log_lines(name, "store_opened"))
                for words in (["run"], ["run", "--until-idle"]):
                    refused = self.must(programs.call(name, *words), 11)
                    self.assertIn("another", refused.stderr)
                    self.assertEqual(len(refused.stderr.strip().splitlines()), 1, refused.stderr)
                self._copied_state(programs, name)
                self._goes_on(programs, name)
                self.stop(programs, name, service)
                self.must(programs.call(name, "run", "--until-idle"))

    def _copied_state(self, programs, name):
        """A copy of the state with its keys, and another name of the store: one SQLite all the same."""
        config = getattr(programs, name)
        state, store = config["state_dir"], config["store"]["url"]
        Path(f"{programs.folder}/other-name").symlink_to(store.removeprefix("sqlite:"))
        config["state_dir"] = shutil.copytree(state, state + "-copied")
        for config["store"]["url"] in (store, f"sqlite:{programs.folder}/other-name"):
            programs.write()
            self.assertIn("another", self.must(programs.call(name, "run", "--until-idle"), 11).stderr)
        config["state_dir"], config["store"]["url"] = state, store
        programs.write()

    def _goes_on(self, programs, name):
        if name == "intake":
            self.drop(20)
            self.wait_for_acknowledgment(programs, 20)
        else:
            looks = len(programs.log_lines(name, "site_read"))
            self.site.publish(PostMortem("second-run", "While a second was refused", start=datetime.now(timezone.utc)))
            wait_for("the new page to be found", lambda: programs.log_lines(name, "announced") or len(programs.log_lines(name, "site_read")) > looks + 1)


if __name__ == "__main__":
    unittest.main()
