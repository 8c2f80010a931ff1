"""What staff do and are told by the clock, each thing once, and mail that came by other ways than the mailbox. Real
servers; due times are moved from outside; judged by imaplib, sqlite3 and psql."""

import json
import mailbox
import sys
import time
import unittest
import urllib.request
from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from deploy.world import letters
from deploy.world.mailbox import body_of
from deploy.world.people import REPORTERS, STAFF, SUBSCRIBERS
from deploy.world.place import free_port
from deploy.world.waiting import wait_for
from tests.world.stage import Stage, change, rows

_DAY = 86_400_000


class Notices:
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._accounts = iter(SUBSCRIBERS)

    def _intake(self, name, **settings):
        """On a mailbox of its own, migrated."""
        account = next(self._accounts)
        imap = {"url": self.world.imap_url(account), "password_file": str(self.world.password_file(account)), "watch": ["INBOX"]}
        programs = self.programs(name, intake={"imap": imap, "holidays": None, **settings})
        programs.box = self.world.mailbox(account)
        programs.store = programs.intake["store"]["url"]
        self.must(programs.call("intake", "migrate"))
        return programs

    def _look(self, programs):
        return self.must(programs.call("intake", "run", "--until-idle"))

    def _cases(self, programs):
        return dict(rows(programs.store, "SELECT reporter_address, id FROM cases"))

    def _told(self, person, *cases):
        """How often a person was told what about these cases, by their mailbox."""
        told = Counter()
        for mail in self.world.mailbox(person).mails():
            subject = " ".join(mail["Subject"].split())
            for case in cases:
                if "what waits at" in subject and case in body_of(mail):
                    told[(case, subject)] += 1
                elif subject.startswith(f"[{case}] LATE: "):
                    told[(case, "late")] += 1
                elif subject.startswith(f"[{case}] one business day left: "):
                    told[(case, "warning")] += 1
        return told

    def _compare_metrics(self, programs):
        told = {}
        with urllib.request.urlopen(f"http://{programs.intake['http']['listen']}/metrics", timeout=30) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith(("trust_cases{", "trust_promises{")):
                    told[line.rpartition(" ")[0]] = int(line.rpartition(" ")[2])
        now = time.time() * 1000
        true = {f'trust_cases{{state="{state}"}}': int(count) for state, count in rows(programs.store, "SELECT state, COUNT(*) FROM cases GROUP BY state")}
        states = Counter()
        for kind, due in rows(programs.store, "SELECT kind, due_at FROM promise WHERE met_at IS NULL AND void_at IS NULL"):
            states[(kind, "late" if int(due) <= now else "due" if int(due) <= now + _DAY else "open")] += 1
        self.assertEqual({state for _, state in states}, {"late", "due", "open"})
        self.assertEqual(told, true | {f'trust_promises{{clock="{kind}",state="{state}"}}': count for (kind, state), count in states.items()})

    def test_each_thing_is_told_once_whatever_dies_in_between(self):
        programs = self._intake("notices", notices={"at": "00:00"})
        self._look(programs)
        for reporter in REPORTERS[:4]:
            programs.box.append(letters.on_the_wire(letters.clear_report(reporter)))
        self._look(programs)
        cases = self._cases(programs)
        late, warned, spam = (cases[reporter] for reporter in REPORTERS[:3])

        self.must(programs.call("intake", "note", late, text="Carrier asked for traces.\n"))
        self.assertIn("Carrier asked for traces.", self.must(programs.call("intake", "show", late)).stdout)
        history = json.loads(self.must(programs.call("intake", "show", late, "--json")).stdout)["history"]
        self.assertEqual([entry["kind"] for entry in history][-1], "note")
        self.must(programs.call("intake", "close", late, "--as", "done"), 11)
        self.assertEqual(self.must(programs.call("intake", "close", spam, "--as", "spam")).stdout, f"{spam} closed as spam\n")
        self.assertEqual(rows(programs.store, f"SELECT void_because FROM promise WHERE case_id = '{spam}'"), [("spam",)])

        began = now = datetime.now(timezone.utc)
        now = int(now.timestamp() * 1000)
        change(programs.store, f"UPDATE cases SET opened_at = opened_at - {5 * _DAY}")
        change(programs.store, f"UPDATE promise SET due_at = {now - 60_000} WHERE case_id IN ('{late}', '{spam}')")
        change(programs.store, f"UPDATE promise SET due_at = {now + _DAY // 12} WHERE case_id = '{warned}'")
        change(programs.store, "DELETE FROM daily")

        relay = programs.intake["smtp"]["url"]
        programs.intake["smtp"]["url"] = relay.rpartition(":")[0] + f":{free_port()}"
        programs.write()
        service = programs.start("intake")
        wait_for("the late one's mark", lambda: rows(programs.store, f"SELECT 1 FROM promise WHERE case_id = '{late}' AND late_at IS NOT NULL"), 30, 0.01)
        programs.children.kill(service)
        self.assertEqual(self._told(STAFF[0], late, warned, spam), {}, "the relay was away, nothing has left")
        programs.intake["smtp"]["url"] = relay
        programs.write()
        service = programs.start("intake")
        for person in STAFF:
            for case, what in ((late, "late"), (warned, "warning")):
                wait_for(f"{what} at {person}", lambda p=person, c=case, w=what: self._told(p, c)[(c, w)], 60)
        self._compare_metrics(programs)
        programs.children.stop(service)
        for _ in range(2):
            self._look(programs)

        mornings = [day for day in {began.date(), datetime.now(timezone.utc).date()} if day.weekday() < 5]
        for person in STAFF:
            told = self._told(person, late, warned, spam)
            self.assertEqual(set(told.values()), {1}, told)
            self.assertEqual({key for key in told if key[1] in ("late", "warning")}, {(late, "late"), (warned, "warning")})
            lists = [subject for case, subject in told if case == late and "what waits at" in subject]
            self.assertTrue(len(lists) <= len(mornings) and (lists or began.weekday() > 4), f"{lists} on {mornings}")
            self.assertNotIn(spam, {case for case, _ in told})
        self.assertEqual([entry for entry in rows(programs.store, "SELECT case_id FROM history WHERE kind = 'late'")], [(late,)])
        self.must(programs.call("intake", "audit"))

        # Positive control: a program that forgets what it told.
        change(programs.store, "UPDATE promise SET late_at = NULL")
        change(programs.store, "DELETE FROM outbox WHERE kind = 'notice'")
        self._look(programs)
        wait_for("the second one", lambda: self._told(STAFF[0], late)[(late, "late")] == 2, 30)

    def test_old_mail_and_files_become_cases_with_their_true_times(self):
        programs = self._intake("old")
        days = {reporter: int(time.time()) - ago * 86_400 for reporter, ago in zip(REPORTERS[:3], (2, 5, 20))}
        for reporter, at in days.items():
            programs.box.append(letters.on_the_wire(letters.clear_report(reporter)), at)
        self.assertIn("3", self._look(programs).stderr, "it says what was there")
        self.assertEqual(self._cases(programs), {})
        since = (datetime.now(timezone.utc) - timedelta(days=6)).date().isoformat()
        self.assertEqual(json.loads(self.must(programs.call("intake", "adopt", "--since", since, "--json")).stdout), {"asked_for": 2})
        self._look(programs)
        self.assertEqual(set(self._cases(programs)), set(REPORTERS[:2]))
        received = {reporter: int(at) // 1000 for reporter, at in rows(programs.store, "SELECT reporter_address, received_at FROM cases")}
        self.assertEqual(received, {reporter: days[reporter] for reporter in REPORTERS[:2]})

        stamp = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(days=9)
        table = programs.folder / "old.mbox"
        box = mailbox.mbox(table)
        for reporter in REPORTERS[3:5]:
            mail = letters.clear_report(reporter)
            raw = letters.on_the_wire(mail).replace(b"\r\n", b"\n")
            box.add(f"Received: from a by b; {stamp:%a, %d %b %Y %H:%M:%S} +0000\n".encode() + raw)
        box.close()
        self.assertEqual(json.loads(self.must(programs.call("intake", "import", table, "--json")).stdout), {"taken_in": 2, "known": 0})
        last = programs.folder / "last.eml"
        last.write_bytes(letters.on_the_wire(letters.clear_report(REPORTERS[5])))
        done = self.must(programs.call("intake", "import", programs.folder / "none.eml", table, last, "--acknowledge", "--json"), 10)
        self.assertEqual(json.loads(done.stdout), {"taken_in": 1, "known": 2})
        self.assertIn("none.eml: ", done.stderr)
        self._look(programs)
        self._look(programs)
        cases = self._cases(programs)
        self.assertEqual(set(cases), {*REPORTERS[:2], *REPORTERS[3:6]})
        self.assertEqual(rows(programs.store, f"SELECT DISTINCT received_at FROM cases WHERE reporter_address IN ('{REPORTERS[3]}', '{REPORTERS[4]}')"), [(str(int(stamp.timestamp() * 1000)),)])
        self.assertEqual(rows(programs.store, "SELECT recipient FROM outbox WHERE kind = 'acknowledgment'"), [(REPORTERS[5],)], "who asked for it alone")
        self.world.mailbox(REPORTERS[5]).wait_for_mail("the acknowledgment", lambda m: cases[REPORTERS[5]] in body_of(m) + m["Subject"])
        for reporter in (*REPORTERS[:2], *REPORTERS[3:5]):
            self.assertEqual([m for m in self.world.mailbox(reporter).mails() if cases[reporter] in body_of(m) + m["Subject"]], [])
        self.must(programs.call("intake", "audit"))

    def test_the_audit_misses_no_row_of_a_history_that_was_changed_or_cut_off(self):
        programs = self._intake("audit")
        self._look(programs)
        programs.box.append(letters.on_the_wire(letters.clear_report(REPORTERS[0])))
        self._look(programs)
        case = self._cases(programs)[REPORTERS[0]]
        self.must(programs.call("intake", "note", case, text="The last word.\n"))
        change(programs.store, "DELETE FROM daily")  # as a day later
        self._look(programs)
        self.assertIn("all chains verify", self.must(programs.call("intake", "audit")).stdout)

        def broken():
            return self.must(programs.call("intake", "audit"), 1).stdout

        change(programs.store, f"UPDATE history SET at = at + 1 WHERE case_id = '{case}' AND seq = 2")
        self.assertIn(f"BROKEN at {case} row 2", broken())
        change(programs.store, f"UPDATE history SET at = at - 1 WHERE case_id = '{case}' AND seq = 2")
        self.must(programs.call("intake", "audit"))
        change(programs.store, f"UPDATE history_detail SET detail = '{{}}' WHERE case_id = '{case}' AND seq = 1")
        self.assertIn(f"BROKEN at {case} row 1", broken())
        change(programs.store, "DELETE FROM history_detail")  # a purge may do that
        self.must(programs.call("intake", "audit"))

        last = rows(programs.store, f"SELECT MAX(seq) FROM history WHERE case_id = '{case}'")[0][0]
        change(programs.store, f"DELETE FROM history WHERE case_id = '{case}' AND seq = {last}")
        self.assertIn(f"BROKEN at {case} row {last}", broken())
        change(programs.store, f"DELETE FROM history WHERE case_id = '{case}'")
        self.assertIn(f"BROKEN at {case} row", broken())
        # Positive control: without the anchors nobody would miss them.
        change(programs.store, "DELETE FROM history_anchor")
        self.must(programs.call("intake", "audit"))


class OnSqlite(Notices, Stage):
    pass


class OnPostgres(Notices, Stage):
    on_postgres = True


if __name__ == "__main__":
    unittest.main()
