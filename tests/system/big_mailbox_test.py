"""A mailbox of 100,000 mails: the first look counts them and opens nothing, new mail is found at once, and a whole look
at all of it works. The parts' times are printed, none is asserted."""

import os
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from deploy.world.people import SECURITY, STAFF
from deploy.world.waiting import wait_for
from tests.fault.check import copies_at
from tests.fault.relay import Relay
from tests.world.mailbox_truth import case_faults, listed, raw_digests, uids
from tests.world.many_mails import Maildir, digest, report
from tests.world.stage import Stage, change, rows

_OLD = int(os.environ.get("TRUST_TEST_BIG_MAILBOX", "100000"))
_NEW = 20


class BigMailbox(Stage):
    def _timed(self, what, action):
        began = time.monotonic()
        done = action()
        print(f"{what}: {time.monotonic() - began:.1f} s", file=sys.stderr)
        return done

    def test_what_was_there_is_counted_and_what_is_new_becomes_cases(self):
        relay = self.enterContext(Relay())
        programs = self.programs(intake={"smtp": {"url": relay.url, "password_file": None, "ca_file": None}, "imap": {"from": "now"}})
        store = programs.intake["store"]["url"]
        box = self.world.mailbox(SECURITY)
        maildir = Maildir(self.world.dovecot.mail / SECURITY)
        self._timed(f"making {_OLD} mails", lambda: maildir.fill(report(0), _OLD))
        self.assertEqual(self._timed("Dovecot's own first look", box.count), _OLD)
        self.must(programs.call("intake", "migrate"))

        done = self._timed("the first look", lambda: self.must(programs.call("intake", "run", "--until-idle", seconds=300)))
        self.assertIn(f"{_OLD}", done.stderr, "it says how many were there")
        self.assertEqual(rows(store, "SELECT outcome, count(*) FROM mailbox_ledger GROUP BY outcome"), [("before_us", str(_OLD))])
        self.assertEqual(rows(store, "SELECT (SELECT count(*) FROM mail), (SELECT count(*) FROM cases), (SELECT count(*) FROM outbox)"), [("0", "0", "0")])
        self.assertEqual(relay.mails, [], "nobody is written to")

        service = programs.start("intake")
        wait_for("the whole look at the start", lambda: programs.log_lines("intake", "mailbox_synced"), 120)
        new = {n: report(n) for n in range(1, _NEW + 1)}
        maildir.drop(new.values())
        self._timed(f"{_NEW} new mails from their arrival to their cases", lambda: wait_for("the cases", lambda: rows(store, "SELECT count(*) FROM cases") == [(str(_NEW),)], 60))
        wait_for("their acknowledgments", lambda: {f"p{n}@example.net" for n in new} <= {mail.recipient for mail in relay.mails}, 60)
        self.world.children.stop(service)
        self._timed("a whole look", lambda: self.must(programs.call("intake", "run", "--until-idle", seconds=300)))
        self._timed("the audit", lambda: self.must(programs.call("intake", "audit")))

        self.assertEqual(sorted(raw_digests(store).values()), sorted(digest(raw) for raw in new.values()))
        self.assertEqual(case_faults(store), [])
        copies = copies_at(relay)
        self.assertEqual(sorted(who for who, _ in copies if who not in STAFF), sorted(f"p{n}@example.net" for n in new))
        self.assertEqual(set(copies.values()), {1})
        ledger = {int(uid) for uid, in rows(store, "SELECT uid FROM mailbox_ledger WHERE folder = 'INBOX'")}
        self.assertEqual(ledger, set(uids(box, "INBOX")), "every UID the server lists has its row, and no other")
        unread = [uid for uid, (number, flags) in listed(box, "INBOX", f"{_OLD + 1}:*").items() if "\\Seen" not in flags]
        self.assertEqual(len(unread), _NEW, "what nobody read is unread")
        self._one_overlooked(programs, store, _OLD // 2)

    def _one_overlooked(self, programs, store, uid):
        """A row lost in the middle: `audit` names the UID, the next whole look takes the mail in."""
        change(store, f"DELETE FROM mailbox_ledger WHERE folder = 'INBOX' AND uid = {uid}")
        self.assertIn(f"UID {uid} ", self.must(programs.call("intake", "audit"), 1).stdout)
        self.must(programs.call("intake", "run", "--until-idle", seconds=300))
        self.assertEqual(rows(store, f"SELECT outcome FROM mailbox_ledger WHERE folder = 'INBOX' AND uid = {uid}"), [("stored",)])
        self.assertIn(digest(report(0)), raw_digests(store).values())
        self.must(programs.call("intake", "audit"))


if __name__ == "__main__":
    unittest.main()
