"""kill -9 between any two stages of both flows, on real servers: nothing is lost and nothing is sent twice. A sample of the
points that kill_points_test.py visits all of. The programs are ended by a preloaded library; then they are started again, and
an outside checker compares stores with mailboxes. A mail killed between its dot and the answer stands as uncertain."""

import random
import shutil
import sys
import time
import unittest
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from deploy.world import letters
from deploy.world.people import REPORTERS, SECURITY, STAFF, SUBSCRIBERS
from deploy.world.programs import Programs
from deploy.world.site import PostMortem
from deploy.world.waiting import TimedOut, wait_for
from tests.fault.check import answer_faults, copies_at, copies_in, intake_faults, notifier_faults, pages_in
from tests.fault.relay import Relay
from tests.world.stage import BUILD, Stage, change, rows

_SHIM = BUILD / "tests" / "libkill_point.so"
_SEED = 20261124
_KILLED = -9
_SECONDS = 75  # for each flow at the most; points beyond that are left to the next seed
_AT_ONCE = 3  # cycles are independent, and wait for disks and servers most of the time
_READERS = SUBSCRIBERS[:4]
_SENDERS = REPORTERS[:2]


def _run_intake(programs, environment):
    return programs.call("intake", "run", "--until-idle", environment=environment)


class Sweep:
    """Kills one flow at its points, one after the other, in an order drawn from the seed."""

    def __init__(self, stage, name):
        self.stage = stage
        self.name = name
        self.template = None

    def fresh(self, label):
        """A copy of the template's stores and keys under a new name."""
        made = Programs(self.stage.world, self.stage.folder / f"{self.name}-{label}", self.stage.site, build=BUILD)
        for path in self.template.folder.iterdir():
            if path.is_dir():
                shutil.copytree(path, made.folder / path.name)
            elif ".sqlite" in path.name:
                shutil.copy2(path, made.folder / path.name)
        self.stage.configure(made)
        made.write()
        return made

    def points(self, flow):
        """Every point of one run of the flow: each call site that writes or sends, before and after the call."""
        programs = self.fresh("trace")
        found = set()
        for step, command in enumerate(flow):
            trace = programs.folder / f"trace-{step}"
            self.stage.must(command(programs, {"LD_PRELOAD": str(_SHIM), "KILL_POINT_TRACE": str(trace)}))
            sites = {line.split(" ")[0] for line in trace.read_text(encoding="ascii").splitlines()}
            found |= {(step, site, after) for site in sites for after in ("0", "1")}
        found = sorted(found)
        random.Random(_SEED).shuffle(found)
        return programs, found

    def run(self, flow, recover):
        """`flow` is a list of commands that take (programs, environment). One of them is killed in each cycle; `recover`
        is then called. Returns the programs of all cycles."""
        first, found = self.points(flow)
        recover(first)
        begun = time.monotonic()

        def cycle(point):
            step, site, after = point
            if time.monotonic() - begun > _SECONDS:
                return None
            programs = self.fresh(f"{step}-{site}-{after}")
            for command in flow[:step]:
                self.stage.must(command(programs, {}))
            done = flow[step](programs, {"LD_PRELOAD": str(_SHIM), "KILL_POINT_SITE": site, "KILL_POINT_AFTER": after})
            self.stage.assertIn(done.returncode, (_KILLED, 0), done.stderr)
            recover(programs)
            return programs, done.returncode == _KILLED

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            cycles = [made for made in pool.map(cycle, found) if made]
        kills = sum(killed for _, killed in cycles)
        print(f"{self.name}: seed {_SEED}, {len(found)} points, {kills} kills in {time.monotonic() - begun:.0f} s", file=sys.stderr)
        self.stage.assertGreater(kills, 0.7 * len(cycles), "the kills really happened")
        self.stage.assertGreater(kills, 20)
        return [first, *(programs for programs, _ in cycles)]


class Crash(Stage):
    def _settle(self, programs, name="intake"):
        self.must(programs.call(name, "run", "--until-idle"))


class KilledAtEveryPoint(Crash):
    def configure(self, programs):
        programs.intake["imap"]["from"] = "all"
        programs.notifier["site"].pop("folder")  # each cycle announces a page of its own, which no look may find

    def _wait_for_the_queue(self):
        queue = self.world.postfix.folder / "queue"
        wait_for("Postfix to deliver all it took", lambda: not any(path.is_file() for name in ("incoming", "active", "deferred", "maildrop") for path in (queue / name).rglob("*")), 60)

    def _no_faults(self, found):
        self._wait_for_the_queue()
        faults = {str(programs.folder.name): faults for programs, faults in found() if faults}
        self.assertEqual(faults, {})

    def test_a_report_survives_a_kill_at_every_point(self):
        for sender in _SENDERS:
            self.world.send(sender, SECURITY, letters.on_the_wire(letters.clear_report(sender)))
        wait_for("the reports", lambda: self.world.mailbox(SECURITY).count() == len(_SENDERS))
        sweep = Sweep(self, "report")
        sweep.template = self.programs("report-template")
        self.must(sweep.template.call("intake", "migrate"))

        cycles = sweep.run([_run_intake], self._settle)

        self._wait_for_the_queue()
        copies = copies_in(self.world, [*_SENDERS, *STAFF])
        self._no_faults(lambda: ((p, intake_faults(p.intake["store"]["url"], _SENDERS, STAFF, copies)) for p in cycles))
        self._controls(cycles[0], copies)
        self._answers(cycles[0])

    def _controls(self, programs, copies):
        """The checker can see: a doubled mail, a lost one, and a row tampered back to queued and really sent again."""
        url = programs.intake["store"]["url"]

        def faults(seen):
            return intake_faults(url, _SENDERS, STAFF, seen)

        mail = next(row for row in rows(url, "SELECT recipient, message_id FROM outbox WHERE kind = 'acknowledgment' AND state = 'accepted'"))
        self.assertIn("2 copies", str(faults(copies + Counter([mail]))))
        self.assertIn("0 copies", str(faults(copies - Counter([mail]))))
        change(url, f"UPDATE outbox SET state = 'queued', due_at = 0 WHERE message_id = '{mail[1]}'")
        self.assertIn("state queued", str(faults(copies)))
        self._settle(programs)
        self._wait_for_the_queue()
        self.assertIn("2 copies", str(faults(copies_in(self.world, [*_SENDERS, *STAFF]))))

    def _answers(self, answered):
        """`answer` killed at every point and typed again: a conflict says that it had been taken."""
        url = answered.intake["store"]["url"]
        case = rows(url, f"SELECT id FROM cases WHERE reporter_address = '{_SENDERS[0]}'")[0][0]
        sweep = Sweep(self, "answer")
        sweep.template = answered

        def answer(programs, environment):
            return programs.call("intake", "answer", case, "tracking", "--by", STAFF[0], text="We see it.\n", environment=environment)

        def recover(programs):
            self.assertIn(answer(programs, {}).returncode, (0, 11))
            self._settle(programs)

        cycles = sweep.run([answer, _run_intake], recover)
        self._wait_for_the_queue()
        copies = copies_in(self.world, [_SENDERS[0]])
        self._no_faults(lambda: ((p, answer_faults(p.intake["store"]["url"], _SENDERS[0], copies)) for p in cycles))

    def test_a_publication_survives_a_kill_at_every_point(self):
        sweep = Sweep(self, "publication")
        sweep.template = self.programs("publication-template")
        self.first_look(sweep.template, "notifier")
        table = sweep.template.folder / "subscribers.csv"
        table.write_text("address,services,confirmed_at,consent\n" + "".join(f"{a},,2026-01-01T00:00:00Z,form\n" for a in _READERS), encoding="utf-8")
        self.must(sweep.template.call("notifier", "subscriber", "import", table, "--confirmed", "--consent", "form"))
        pages = {}

        def announce(programs, environment):
            # A page for each cycle, so that its mails can be told apart in the mailboxes.
            page = PostMortem(programs.folder.name, "Outage", start=datetime.now(timezone.utc), listed=False)
            pages[programs] = self.site.publish(page)
            return programs.call("notifier", "announce", pages[programs], "--now", "--by", STAFF[0], environment=environment)

        def send(programs, environment):
            return programs.call("notifier", "run", "--until-idle", environment=environment)

        def recover(programs):
            again = announce(programs, {})  # as a person does who saw it end oddly
            self.assertIn(again.returncode, (0, 11), again.stderr)

            def settled():
                self._settle(programs, "notifier")
                left = rows(programs.notifier["store"]["url"], "SELECT count(*) FROM outbox WHERE kind = 'announcement' AND state NOT IN ('accepted', 'uncertain')")
                made = rows(programs.notifier["store"]["url"], "SELECT count(*) FROM announcement")
                return left == [("0",)] and made == [("1",)]

            try:
                wait_for("the announcement to be sent", settled, 30)
            except TimedOut as error:
                url = programs.notifier["store"]["url"]
                raise AssertionError(f"{error} in {programs.folder.name}: {rows(url, 'SELECT * FROM announcement')}, "
                                     f"{rows(url, 'SELECT kind, state, attempts, owner, reply_code, due_at, hex(reply_text) FROM outbox')}") from error

        cycles = sweep.run([announce, send], recover)
        self._wait_for_the_queue()
        copies = pages_in(self.world, _READERS)
        self._no_faults(lambda: ((p, notifier_faults(p.notifier["store"]["url"], pages[p], _READERS, copies)) for p in cycles))
        first = cycles[0]
        seen = copies + Counter([(_READERS[0], pages[first])])
        self.assertIn("2 copies", str(notifier_faults(first.notifier["store"]["url"], pages[first], _READERS, seen)), "the checker can see a doubled mail")


class KilledBetweenDotAndAnswer(Crash):
    def test_a_mail_killed_between_dot_and_answer_stands_as_uncertain_and_is_sent_once_more(self):
        reporter = REPORTERS[2]
        programs = self.programs("dot")
        self.first_look(programs, "intake")
        with Relay(on_dot=lambda mail: "hang" if mail.recipient == reporter else "accept") as relay:
            programs.intake["smtp"] = {"url": relay.url, "connections": 1}
            programs.write()
            url = programs.intake["store"]["url"]
            service = programs.start("intake")
            self.world.send(reporter, SECURITY, letters.on_the_wire(letters.clear_report(reporter)))
            wait_for("the dot of the acknowledgment", lambda: any(mail.recipient == reporter for mail in relay.mails))

            state = f"SELECT state, uncertain_once FROM outbox WHERE kind = 'acknowledgment' AND recipient = '{reporter}'"
            self.assertEqual(rows(url, state), [("sending", "0")], "`sending` is committed before the dot")
            programs.children.kill(service)
            relay.on_dot = lambda mail: "accept"
            self._settle(programs)
            self.assertEqual(rows(url, state), [("uncertain", "0")])
            self._settle(programs)
            copies = copies_at(relay)
            self.assertEqual([count for (who, _), count in copies.items() if who == reporter], [1], "not sent again at once")
            self.assertEqual(intake_faults(url, [reporter], STAFF, copies), [])

            change(url, f"UPDATE outbox SET due_at = due_at - {16 * 60_000}, changed_at = changed_at - {16 * 60_000} WHERE state = 'uncertain'")
            self._settle(programs)
            self.assertEqual(rows(url, state), [("accepted", "1")])
            first, second = (mail for mail in relay.mails if mail.recipient == reporter)
            self.assertEqual(first.data, second.data, "the same mail: Message-ID and Date included")
            self._settle(programs)
            self.assertEqual(len([mail for mail in relay.mails if mail.recipient == reporter]), 2, "and never a third time")

    def test_a_relay_that_closes_after_the_dot_leaves_one_uncertain_mail_and_takes_the_rest(self):
        reporter = REPORTERS[3]
        programs = self.programs("close")
        self.first_look(programs, "intake")
        with Relay(on_dot=lambda mail: "close" if mail.recipient == reporter else "accept") as relay:
            programs.intake["smtp"] = {"url": relay.url, "connections": 1}
            programs.write()
            url = programs.intake["store"]["url"]
            self.world.send(reporter, SECURITY, letters.on_the_wire(letters.clear_report(reporter)))
            self.world.mailbox(SECURITY).wait_for_mail("the report", lambda mail: reporter in str(mail["From"]))
            self._settle(programs)
            self.assertEqual(rows(url, "SELECT kind, state, count(*) FROM outbox GROUP BY kind, state ORDER BY kind"),
                             [("acknowledgment", "uncertain", "1"), ("notice", "accepted", str(len(STAFF)))])
            self.assertEqual(intake_faults(url, [reporter], STAFF, copies_at(relay)), [])


if __name__ == "__main__":
    unittest.main()
