"""kill -9 at every distinct call site of both programs' core flows that writes, syncs, renames, removes, sends or receives,
before and after the call: on SQLite all of them, within recovery too; on PostgreSQL a sample drawn from a seed, larger with
TRUST_KILL_POINTS=n. An outside checker computes from the relay's memory and the store that nothing is lost or doubled."""

import os
import sys
import tempfile
import time
import unittest
from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from deploy.world import letters
from deploy.world.people import REPORTERS, STAFF, SUBSCRIBERS
from deploy.world.site import PostMortem
from deploy.world.waiting import wait_for
from tests.fault.check import answer_faults, copies_at, due_times, intake_faults, notice_faults, notifier_faults, store_faults
from tests.fault.relay import Relay
from tests.fault.sweep import Flow, Peers, Point, Sweep
from tests.world.stage import BUILD, change, new_databases, rows

_SENDERS = REPORTERS[:2]
_READERS = SUBSCRIBERS[:2]
_SECRETS = [*_SENDERS, *_READERS, *STAFF, "canary-subject", "canary-body", "canary-title"]
_ON_POSTGRES = int(os.environ.get("TRUST_KILL_POINTS", "20"))  # for each of two flows
_SECONDS = 240  # for each flow at the most
# Beyond the sites of every run there are those of a chance meeting of threads.
_UNKILLED = {0, 10, 11}


def _letter(sender):
    return letters.on_the_wire(letters.letter(sender, "canary-subject: Haven DNS times out", "canary-body: every third query times out.\n"))


def _page(slug, listed):
    return PostMortem(slug, "canary-title", start=datetime.now(timezone.utc) - timedelta(hours=1), listed=listed)


def _run(name):
    return lambda cycle, environment, expected: cycle.call(name, "run", "--until-idle", environment=environment, expected=expected)


def _said(cycle):
    return "".join(cycle.said)


class KillPoints(unittest.TestCase):
    on_postgres = False

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="trust-test.")))
        cls.peers = Peers(cls.folder, [_letter(sender) for sender in _SENDERS])
        cls.addClassCleanup(cls.peers.stop)

    def sweep(self, flow, prepare=None):
        flow.template = self.peers.folder / f"{flow.name}-template"
        self._prepared(flow, self.peers.programs(flow.template.name, self.enterContext(Relay())), prepare)
        return Sweep(self.peers, flow)

    def _prepared(self, flow, programs, prepare):
        for name in ("intake", "notifier"):
            done = programs.call(name, "migrate")
            self.assertEqual(done.returncode, 0, done.stderr)
        if prepare:
            prepare(programs)
        self.template = programs

    def swept(self, flow, prepare=None):
        sweep = self.sweep(flow, prepare)
        self.assertEqual(sweep.run(_SECONDS), [])
        return sweep

    def report(self):
        due = []

        def faults(cycle):
            url = cycle.programs.intake["store"]["url"]
            due.append(due_times(url))
            return (intake_faults(url, _SENDERS, STAFF, copies_at(cycle.relay)) + store_faults(url, cycle.relay, 1, _said(cycle), _SECRETS)
                    + ([] if due[-1] == due[0] and due[0] else [f"due {due[-1]} instead of {due[0]}"]))

        def settle(cycle, _, environment, expected):
            _run("intake")(cycle, environment, expected)

        return Flow("report", None, [_run("intake")], settle, faults)

    def with_readers(self, programs):
        """The first look has been, and the readers are on the list."""
        self.assertEqual(programs.call("notifier", "run", "--until-idle").returncode, 0)
        table = programs.folder / "subscribers.csv"
        table.write_text("address,services,confirmed_at,consent\n" + "".join(f"{a},,2026-01-01T00:00:00Z,form\n" for a in _READERS), encoding="utf-8")
        self.assertEqual(programs.call("notifier", "subscriber", "import", table, "--confirmed", "--consent", "form").returncode, 0)

    def told_of(self, url):
        """The judge of a publication: each reader gets one mail, each of staff one notice."""
        def faults(cycle):
            store = cycle.programs.notifier["store"]["url"]
            for _ in range(20):  # what is not due yet at one moment is at the next
                if rows(store, "SELECT count(*) FROM outbox WHERE state NOT IN ('accepted', 'uncertain')") == [("0",)]:
                    break
                _run("notifier")(cycle, {}, (0,))
            copies = Counter((mail.recipient, mail.header("Archived-At").strip("<> ")) for mail in cycle.relay.mails)
            return (notifier_faults(store, url, _READERS, copies) + notice_faults(store, STAFF, copies_at(cycle.relay))
                    + store_faults(store, cycle.relay, 1, _said(cycle), _SECRETS))
        return faults

    def publication(self):
        url = self.peers.site.publish(_page("outage", listed=False))

        def announce(cycle, environment, expected):
            cycle.call("notifier", "announce", url, "--now", "--by", STAFF[0], environment=environment, expected=expected)

        def settle(cycle, _, environment, expected):
            announce(cycle, {}, _UNKILLED)  # as a person does who saw it end oddly
            _run("notifier")(cycle, environment, expected)

        return Flow("publication", None, [announce, _run("notifier")], settle, self.told_of(url)), self.with_readers


class OnSqlite(KillPoints):
    def test_a_report_is_taken_in_filed_and_acknowledged_once_wherever_the_program_dies(self):
        sweep = self.swept(self.report())
        cycle = sweep.fresh("control")
        sweep.flow.settle(cycle, 0, {}, (0,))
        self._controls(sweep, cycle)

    def _controls(self, sweep, cycle):
        """Each kind of loss is planted, and the same judge must see it."""
        url = cycle.programs.intake["store"]["url"]
        self.assertEqual(sweep.flow.faults(cycle), [])
        mail = cycle.relay.mails.pop()
        self.assertIn("0 copies", str(sweep.flow.faults(cycle)), "a lost mail")
        cycle.relay.mails += [mail, mail]
        self.assertIn("2 copies", str(sweep.flow.faults(cycle)), "a doubled mail")
        cycle.relay.mails.pop()
        cycle.said.append("log: canary-body")
        self.assertIn("secrets", str(sweep.flow.faults(cycle)), "a word in the log")
        cycle.said.pop()
        change(url, "UPDATE promise SET due_at = due_at + 1 WHERE case_id = (SELECT min(case_id) FROM promise)")
        self.assertIn("due ", str(sweep.flow.faults(cycle)), "a deadline that moved")
        change(url, "UPDATE promise SET due_at = due_at - 1 WHERE case_id = (SELECT min(case_id) FROM promise)")
        self.assertEqual(sweep.flow.faults(cycle), [])
        change(url, "UPDATE outbox SET state = 'uncertain' WHERE id IN (SELECT id FROM outbox LIMIT 3)")
        self.assertIn("3 uncertain", str(sweep.flow.faults(cycle)), "more uncertain mails than a crash explains")
        change(url, "DELETE FROM cases WHERE id = (SELECT min(id) FROM cases)")
        self.assertIn("1 cases for 2 reports", str(sweep.flow.faults(cycle)), "a lost report")

    def test_without_the_mark_before_the_dot_the_sweep_finds_doubled_mail(self):
        """The defence is taken away from outside: after the kill, rows marked `sending` are `claimed`, as if never marked."""
        flow = self.report()
        settle = flow.settle

        def unmarked(cycle, step, environment, expected):
            change(cycle.programs.intake["store"]["url"], "UPDATE outbox SET state = 'claimed' WHERE state = 'sending'")
            settle(cycle, step, environment, expected)

        flow.name, flow.settle = "unmarked", unmarked
        sweep = self.sweep(flow)
        _, points = sweep.points()
        found = []
        for point in (p for p in points if p.call in ("send", "sendto", "recv") and p.after):
            cycle = sweep.kill_at(point)
            found += sweep.judged(point, cycle, lambda cycle=cycle: sweep.ended(cycle, 0))[0]
            if "2 copies" in str(found):
                break
        self.assertIn("2 copies", str(found))

    def test_recovery_that_is_killed_itself_loses_and_doubles_nothing(self):
        sweep = self.sweep(self.report())
        sweep.flow.name = "report-again"
        _, points = sweep.points()
        sending = [self._dies_sending(sweep, p) for p in sorted(points, key=str) if p.call in ("send", "recv") and p.after]
        marked = [p for p in sending if p]
        self.assertTrue(marked, "some kill leaves a mail marked as sending")
        self.assertEqual(sweep.run_recovery(marked[0], _SECONDS), [])

    def _dies_sending(self, sweep, point) -> Point | None:
        cycle = sweep.kill_at(point)
        cycle.relay.__exit__()
        left = rows(cycle.programs.intake["store"]["url"], "SELECT count(*) FROM outbox WHERE state = 'sending'")
        return point if cycle.killed and left != [("0",)] else None

    def test_an_answer_is_sent_once_wherever_the_program_dies(self):
        flow = self.report()
        flow.name = "answer"

        def answer(cycle, environment, expected):
            url = cycle.programs.intake["store"]["url"]
            case = rows(url, f"SELECT id FROM cases WHERE reporter_address = '{_SENDERS[0]}'")[0][0]
            cycle.call("intake", "answer", case, "tracking", "--by", STAFF[0], text="We see it.\n", environment=environment, expected=expected)

        def settle(cycle, _, environment, expected):
            answer(cycle, {}, _UNKILLED)
            _run("intake")(cycle, environment, expected)

        def faults(cycle):
            url = cycle.programs.intake["store"]["url"]
            return answer_faults(url, _SENDERS[0], copies_at(cycle.relay)) + store_faults(url, cycle.relay, 1, _said(cycle), _SECRETS)

        def prepare(programs):
            done = programs.call("intake", "run", "--until-idle")
            self.assertEqual(done.returncode, 0, done.stderr)

        self.swept(Flow("answer", None, [answer, _run("intake")], settle, faults), prepare)

    def test_a_publication_reaches_each_reader_once_wherever_the_program_dies(self):
        self.swept(*self.publication())

    def test_a_page_that_a_look_finds_reaches_each_reader_once_wherever_the_program_dies(self):
        """A site of its own, as each program that looks at it announces what is new there; and two runs: one finds the page,
        one sends when the hold is over."""
        self.peers = Peers(self.folder / "look", [], announce={"hold": "1s"})
        self.addCleanup(self.peers.stop)
        page = _page("outage", listed=True)

        def prepare(programs):
            self.with_readers(programs)
            self.peers.site.publish(page)

        def after_the_hold(cycle, environment, expected):
            until = int(rows(cycle.programs.notifier["store"]["url"], "SELECT max(hold_until) FROM announcement")[0][0])
            wait_for("the hold to be over", lambda: time.time() * 1000 > until, 30, 0.05)
            _run("notifier")(cycle, environment, expected)

        def settle(cycle, killed, environment, expected):
            if killed == 0:
                _run("notifier")(cycle, environment, expected)
            after_the_hold(cycle, {} if killed == 0 else environment, (0,) if killed == 0 else expected)

        sweep = self.swept(Flow("look", None, [_run("notifier"), after_the_hold], settle, self.told_of(self.peers.site.url(page))), prepare)
        self._look_controls(sweep)

    def _look_controls(self, sweep):
        cycle = sweep.fresh("control")
        self.assertEqual(sweep.ended(cycle, 0), [])
        mail = next(mail for mail in cycle.relay.mails if mail.recipient == _READERS[0])
        cycle.relay.mails.remove(mail)
        self.assertIn("0 copies", str(sweep.flow.faults(cycle)), "a lost mail")
        cycle.relay.mails += [mail, mail]
        self.assertIn("2 copies", str(sweep.flow.faults(cycle)), "a doubled mail")
        cycle.relay.mails.pop()
        notice = next(mail for mail in cycle.relay.mails if mail.recipient == STAFF[0])
        cycle.relay.mails.remove(notice)
        self.assertIn("notice", str(sweep.flow.faults(cycle)), "a lost notice")
        # Taken away from outside: the page stands in the register and its announcement is not there, as if these were two transactions.
        cycle = sweep.fresh("control")
        _run("notifier")(cycle, {}, (0,))
        for table in ("announcement", "outbox"):
            change(cycle.programs.notifier["store"]["url"], f"DELETE FROM {table}")
        _run("notifier")(cycle, {}, (0,))
        self.assertIn("announcement: []", str(sweep.flow.faults(cycle)), "a page that nobody is told of")

    def test_subscribing_and_leaving_hold_or_did_not_happen_wherever_the_program_dies(self):
        reader = _READERS[0]

        def step(*words, again):
            def run(cycle, environment, expected):
                cycle.call("notifier", "subscriber", *words, environment=environment, expected=expected)
            run.again = again
            return run

        steps = [step("add", reader, again=_UNKILLED), step("confirm", reader, again=_UNKILLED), step("remove", reader, again=_UNKILLED)]

        def settle(cycle, killed, environment, expected):
            for number, run in enumerate(steps[killed:], killed):
                run(cycle, environment if number == killed else {}, expected if environment else run.again)

        def faults(cycle):
            url = cycle.programs.notifier["store"]["url"]
            found = rows(url, "SELECT address, state FROM subscriber")
            return ([] if found == [(reader, "left")] else [f"subscribers: {found}"]) + store_faults(url, cycle.relay, 1, _said(cycle), _SECRETS)

        self.swept(Flow("subscriber", None, steps, settle, faults))


class OnPostgres(KillPoints):
    """A sample: each kill needs databases of its own."""

    def sample(self, flow, prepare=None):
        flow.name += "-on-postgres"
        flow.template = None
        sweep = Sweep(self.peers, flow, new_databases)
        fresh = sweep.fresh

        def prepared(label):
            cycle = fresh(label)
            self._prepared(flow, cycle.programs, prepare)
            return cycle

        sweep.fresh = prepared
        self.assertEqual(sweep.run(10 * _SECONDS, count=_ON_POSTGRES), [])

    def test_a_report_is_taken_in_filed_and_acknowledged_once_wherever_the_program_dies(self):
        self.sample(self.report())

    def test_a_publication_reaches_each_reader_once_wherever_the_program_dies(self):
        self.sample(*self.publication())


if __name__ == "__main__":
    unittest.main()
