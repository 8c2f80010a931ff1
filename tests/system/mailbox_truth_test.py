"""Every mail that stood in the mailbox is in the ledger once and in the store byte for byte, whatever other clients and
the server do meanwhile. A real Dovecot; judged by imaplib, sqlite3 and psql."""

import random
import signal
import sys
import threading
import time
import unittest
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from deploy.world.people import STAFF, STAFF_NAMES, SUBSCRIBERS
from deploy.world.waiting import wait_for
from tests.fault.check import copies_at
from tests.fault.relay import Relay
from tests.world.mailbox_truth import case_faults, ledger, listed, numbers, truth_faults
from tests.world.many_mails import Maildir, digest, report
from tests.world.stage import Stage, change, rows

_SEED = 20261125
_RECOVERED = 30  # seconds after the server is back
_PADDING = b"so it went on\r\n" * 7_000  # what takes a while to fetch


class OtherClient(threading.Thread):
    """A person's mail program, in a great hurry."""

    def __init__(self, box, handles):
        super().__init__(daemon=True)
        self.removed = {}  # (folder, uid) -> number
        self.flags = {}  # uid in INBOX -> flags
        self.failed = None
        self._box = box
        self._left = handles

    def run(self):
        try:
            self._work(random.Random(_SEED))
        except Exception as error:  # the test fails with it
            self.failed = error

    def _work(self, drawn):
        connection = self._box.open("INBOX", readonly=False)
        deadline = time.monotonic() + 120
        while self._left > 0 and time.monotonic() < deadline:
            uids = [int(uid) for uid in connection.uid("SEARCH", "ALL")[1][0].split()]
            fresh = [uid for uid in uids if uid not in self.flags]
            # The newest first: those that our program is fetching now.
            chosen = fresh[-200:]
            drawn.shuffle(chosen)
            self._handle(connection, chosen[:60])
        connection.logout()

    def _handle(self, connection, chosen):
        if not chosen:
            return
        known = numbers(connection, ",".join(map(str, chosen)))
        read, flagged, junk, kept, expunged = (chosen[n::5] for n in range(5))
        for uid in chosen:
            self.flags[uid] = set()

        def act(uids, *words):
            if uids:
                status, reply = connection.uid(words[0], ",".join(map(str, uids)), *words[1:])
                if status != "OK":
                    raise AssertionError(f"{words}: {reply}")

        act(read, "FETCH", "(BODY[])")
        act(flagged, "STORE", "+FLAGS", "(\\Flagged \\Answered $Ours)")
        self.flags.update({uid: {"\\Seen"} for uid in read} | {uid: {"\\Flagged", "\\Answered", "$Ours"} for uid in flagged})
        self.removed.update({("INBOX", uid): known[uid][0] for uid in (*junk, *kept, *expunged)})
        act(junk, "MOVE", "Junk")
        act(kept, "MOVE", "Archive")
        act(expunged, "STORE", "+FLAGS.SILENT", "(\\Deleted)")
        act(expunged, "EXPUNGE")
        self._left -= len(chosen)


class MailboxTruth:
    many = 5_000  # the figure of the promise

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._accounts = iter(SUBSCRIBERS)

    def _intake(self, name, **imap):
        """On a mailbox and with a relay of its own, migrated."""
        account = next(self._accounts)
        relay = self.enterContext(Relay())
        settings = {"url": self.world.imap_url(account), "password_file": str(self.world.password_file(account)), "watch": ["INBOX", "\\Junk"], **imap}
        programs = self.programs(name, intake={"imap": settings, "smtp": {"url": relay.url, "password_file": None, "ca_file": None},
                                               "staff": [{"address": STAFF[0], "name": STAFF_NAMES[STAFF[0]]}]})
        programs.relay = relay
        programs.box = self.world.mailbox(account)
        programs.maildir = Maildir(self.world.dovecot.mail / account)
        programs.store = programs.intake["store"]["url"]
        return programs

    def _act(self, programs, name, *words):
        """One command of another client."""
        connection = programs.box.open(readonly=False)
        status, reply = getattr(connection, name)(*words)
        self.assertEqual(status, "OK", reply)
        connection.logout()

    def _stop(self, service):
        service.send_signal(signal.SIGTERM)
        self.assertEqual(service.wait(30), 0)

    def _validity(self, store):
        return {folder: validity for folder, validity, _ in ledger(store)}

    def test_thousands_of_mails_while_another_client_reads_flags_moves_and_expunges(self):
        programs = self._intake("many")
        self.first_look(programs, "intake")
        self._act(programs, "create", "Archive")
        put = {n: report(n) for n in range(self.many)}
        client = OtherClient(programs.box, self.many * 2 // 5)
        service = programs.start("intake")
        began = time.monotonic()
        client.start()
        for first in range(0, self.many, 100):
            programs.maildir.drop(put[n] for n in range(first, first + 100))
            # Not before a look has met some of the last: looks, arrivals and the other client's acts are mixed.
            wait_for("a look", lambda: len(ledger(programs.store)) > first / 4, 60, 0.02)
        client.join(150)
        self.assertIsNone(client.failed)
        self.assertFalse(client.is_alive())
        print(f"all put there and handled: {time.monotonic() - began:.1f} s", file=sys.stderr)

        def settled():
            known = ledger(programs.store)
            there = {(folder, uid) for folder in ("INBOX", "Junk") for uid in listed(programs.box, folder)}
            return there <= {(folder, uid) for folder, _, uid in known} and not case_faults(programs.store)

        wait_for("every mail to be filed", settled, 300, 1)
        print(f"all filed: {time.monotonic() - began:.1f} s", file=sys.stderr)
        self._stop(service)
        self.must(programs.call("intake", "run", "--until-idle", seconds=300))

        self._judge(programs, client, {n: digest(raw) for n, raw in put.items()})
        self.must(programs.call("intake", "audit"))
        self._audit_sees(programs)

    def _judge(self, programs, client, put):
        on_server = {folder: listed(programs.box, folder) for folder in ("INBOX", "Junk")}
        validity = self._validity(programs.store)

        def faults(put):
            return truth_faults(programs.store, put, on_server, client.removed, validity)

        self.assertEqual(faults(put), [])
        some = next(iter(on_server["INBOX"].values()))[0]
        self.assertIn("not its own bytes", str(faults({**put, some: digest(b"other")})), "the checker can see other bytes")
        outcomes = Counter(outcome for outcome, _ in ledger(programs.store).values())
        print(f"outcomes {dict(outcomes)}", file=sys.stderr)
        self.assertGreater(outcomes["stored"], self.many // 2)
        self.assertEqual(case_faults(programs.store), [])
        wrong = {uid: flags for uid, (_, flags) in on_server["INBOX"].items() if flags != client.flags.get(uid, set())}
        self.assertEqual(wrong, {}, "flags are the other client's alone; what nobody read is unread")
        copies = copies_at(programs.relay)
        self.assertEqual([who for who, count in copies.items() if count > 1], [], "no mail of ours is sent twice")
        notices = rows(programs.store, "SELECT count(*) FROM cases WHERE notice <> 'none'")[0][0]
        self.assertEqual(str(sum(count for (who, _), count in copies.items() if who == STAFF[0])), notices, "staff hear of each case once")

    def _audit_sees(self, programs):
        """A ledger row taken away from outside: `audit` says so, and names the UID."""
        uid = max(listed(programs.box, "INBOX"))
        change(programs.store, f"DELETE FROM mailbox_ledger WHERE folder = 'INBOX' AND uid = {uid}")
        self.assertIn(f"UID {uid} ", self.must(programs.call("intake", "audit"), 1).stdout)
        self.assertIn(str(uid), self.must(programs.call("intake", "audit", "--json"), 1).stdout)


    # --- a mailbox that counts anew ---

    def test_a_folder_deleted_and_made_again_brings_its_new_mail_and_none_of_the_old_twice(self):
        programs = self._intake("renewed", watch=["INBOX", "Reports"])
        self._act(programs, "create", "Reports")
        month_ago = time.time() - 30 * 86400
        programs.box.append(report(0), month_ago, "Reports")
        self.first_look(programs, "intake")
        service = programs.start("intake")
        arrived = time.time() + 1  # certainly after the first look
        for n in (1, 2, 3):
            programs.box.append(report(n, received=arrived), arrived, "Reports")
        self._wait_for_answers(programs, 1, 2, 3)
        before = self._validity(programs.store)["Reports"]

        # Made under another name, as a look may come at any moment.
        self._act(programs, "create", "Fresh")
        programs.box.append(report(4, received=arrived), None, "Fresh")  # UID 1, which was another mail's
        programs.box.append(report(0), month_ago, "Fresh")
        for n in (3, 2, 1):
            programs.box.append(report(n, received=arrived), arrived, "Fresh")
        self._act(programs, "delete", "Reports")
        self._act(programs, "rename", "Fresh", "Reports")
        self._renewed(programs, service, "Reports", before, {1: (4, "stored"), 2: (0, "before_us"), 3: (3, "same_bytes"), 4: (2, "same_bytes"), 5: (1, "same_bytes")})

    def test_an_inbox_lost_and_restored_brings_its_new_mail_and_none_of_the_old_twice(self):
        programs = self._intake("restored")
        self.first_look(programs, "intake")
        service = programs.start("intake")
        arrived = time.time() + 1
        programs.maildir.drop([report(n, received=arrived) for n in (1, 2, 3)])
        self._wait_for_answers(programs, 1, 2, 3)
        before = self._validity(programs.store)["INBOX"]

        self.world.dovecot.stop(self.world.children)
        programs.maildir.path.rename(programs.maildir.path.with_suffix(".lost"))
        wait_for("a second that gives another UIDVALIDITY", lambda: time.time() > before + 1)
        self.world.dovecot.start(self.world.children)
        programs.maildir.drop([report(4, received=arrived)])
        wait_for("its first mail", lambda: programs.box.count() == 1)
        programs.maildir.drop([report(2, received=arrived)])
        wait_for("the copy", lambda: programs.box.count() == 2)
        self._renewed(programs, service, "INBOX", before, {1: (4, "stored"), 2: (2, "same_bytes")})

    def _wait_for_answers(self, programs, *wanted):
        """Each of these reports is acknowledged."""
        wait_for("the acknowledgments", lambda: {f"p{n}@example.net" for n in wanted} <= {mail.recipient for mail in programs.relay.mails}, 60)

    def _renewed(self, programs, service, folder, before, wanted):
        """`wanted` is {uid: (number, outcome)} under the new UIDVALIDITY."""

        def outcomes():
            return {uid: outcome for (name, validity, uid), (outcome, _) in ledger(programs.store).items() if name == folder and validity != before}

        self.assertEqual({uid: number for uid, (number, _) in listed(programs.box, folder).items()}, {uid: number for uid, (number, _) in wanted.items()})
        wait_for("the renewed folder to be read", lambda: len(outcomes()) == len(wanted), 60)
        self._wait_for_answers(programs, 4)
        self._stop(service)
        self.must(programs.call("intake", "run", "--until-idle"))
        self.assertEqual(outcomes(), {uid: outcome for uid, (_, outcome) in wanted.items()})
        self.assertEqual(rows(programs.store, "SELECT count(*) FROM mail"), [("4",)])
        self.assertEqual(case_faults(programs.store), [])
        told = Counter(mail.recipient for mail in programs.relay.mails)
        self.assertEqual(told, Counter({STAFF[0]: 4, **{f"p{n}@example.net": 1 for n in (1, 2, 3, 4)}}), "one acknowledgment and one notice each")
        self.must(programs.call("intake", "audit"))

    # --- a server that goes away ---

    def test_a_mail_is_acknowledged_at_once_though_the_next_poll_is_ten_minutes_away(self):
        programs = self._intake("idle", poll="10m")
        self.first_look(programs, "intake")
        service = programs.start("intake")
        wait_for("the watch to begin", lambda: programs.log_lines("intake", "mailbox_watched"))
        for n in range(3):
            programs.maildir.drop([report(n)])
            wait_for("its acknowledgment", lambda: f"p{n}@example.net" in {who for who, _ in copies_at(programs.relay)}, 60)
        self.assertEqual(len(programs.log_lines("intake", "mailbox_watched")), 1, "one watch, and no failure of it, woke each look")
        self._stop(service)

    def test_a_server_restarted_in_the_middle_of_fetching_is_taken_up_again(self):
        self._server_goes("restarted", self.world.dovecot.stop)

    def test_a_server_killed_in_the_middle_of_fetching_is_taken_up_again(self):
        self._server_goes("killed", self.world.dovecot.kill)

    def _server_goes(self, name, end):
        programs = self._intake(name)
        self.first_look(programs, "intake")
        put = {n: report(n) + _PADDING for n in range(1_000)}
        programs.maildir.drop(put.values())
        service = programs.start("intake")

        def stored():  # those of the broken command are asked for again
            return sum(outcome != "quarantined" for outcome, _ in ledger(programs.store).values())

        # The log is read at once; to ask the store takes as long as to fetch the rest.
        wait_for("the first mails", lambda: programs.log_lines("intake", "mail_stored"), 60, 0.005)
        end(self.world.children)
        try:
            in_the_middle = stored()
            late = {n: report(n) + _PADDING for n in range(len(put), len(put) + 100)}
            programs.maildir.drop(late.values())
            wait_for("the service to notice", lambda: programs.log_lines("intake", "mailbox_failed"))
            self.assertIsNone(service.poll(), "it waits and goes on")
            at_end = stored()
        finally:
            self.world.dovecot.start(self.world.children)
        self.assertLess(in_the_middle, len(put))
        put.update(late)
        began = time.monotonic()
        wait_for("mail to be fetched again", lambda: stored() > at_end, _RECOVERED)
        print(f"{name}: {in_the_middle} of {len(put)} were there; fetching again {time.monotonic() - began:.1f} s after the server was back", file=sys.stderr)
        wait_for("all to be stored", lambda: stored() == len(put), 120, 0.2)
        self._stop(service)  # filing them takes longer, and is held against the mailbox above
        on_server = {"INBOX": listed(programs.box, "INBOX")}
        self.assertEqual(len(on_server["INBOX"]), len(put))
        self.assertEqual(truth_faults(programs.store, {n: digest(raw) for n, raw in put.items()}, on_server, {}, self._validity(programs.store)), [])
        self.assertEqual(rows(programs.store, "SELECT case_id FROM mail WHERE case_id IS NOT NULL GROUP BY case_id HAVING count(*) > 1"), [])
        self.assertEqual([who for who, count in copies_at(programs.relay).items() if count > 1], [])
        self.must(programs.call("intake", "audit"))


class OnSqlite(MailboxTruth, Stage):
    pass


class OnPostgres(MailboxTruth, Stage):
    on_postgres = True
    many = 1_500


if __name__ == "__main__":
    unittest.main()
