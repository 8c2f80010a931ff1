"""The first start on 3,000 old mails and 12 old post-mortems writes to nobody: counted in the mail server's own log."""

import re
import os
import shutil
import sys
import unittest
from datetime import datetime, timedelta, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from deploy.world import letters
from deploy.world.people import NOTIFIER, REPORTERS, SECURITY, SUBSCRIBERS
from deploy.world.postfix_log import handed_by, handed_mails
from deploy.world.site import PostMortem
from deploy.world.waiting import wait_for
from tests.world.stage import Stage, rows

_OLD_MAILS = 3000
_OLD_PAGES = 12


class FirstDay(Stage):
    def test_what_was_there_before_us_is_counted_and_not_written_about(self):
        now = datetime.now(timezone.utc)
        self._fill_mailbox(now)
        for n in range(_OLD_PAGES):
            self.site.publish(PostMortem(f"old-{n}", f"Old outage {n}", start=now - timedelta(days=20 * n + 1)))
        programs = self.programs()
        self.must(programs.call("intake", "migrate"))
        self.must(programs.call("notifier", "migrate"))
        self._subscribe(programs)

        look = self.must(programs.call("intake", "run", "--until-idle"))
        self.must(programs.call("notifier", "run", "--until-idle"))

        log = self.world.postfix.log
        self.assertEqual(handed_by(log, SECURITY), [], "0 acknowledgments, 0 notices")
        self.assertEqual(handed_by(log, NOTIFIER), [], "0 announcements")
        store = programs.intake["store"]["url"]
        self.assertEqual(rows(store, "SELECT outcome, count(*) FROM mailbox_ledger GROUP BY outcome"), [("before_us", str(_OLD_MAILS))])
        self.assertEqual(rows(store, "SELECT count(*) FROM cases"), [("0",)])
        self.assertRegex(look.stdout, rf'"event":"first_look","before_us":{_OLD_MAILS},"recent":\d+')
        site = rows(programs.notifier["store"]["url"], "SELECT before_us, count(*) FROM incident GROUP BY before_us")
        self.assertEqual(site, [("1", str(_OLD_PAGES))])
        self.assertEqual(rows(programs.notifier["store"]["url"], "SELECT count(*) FROM announcement"), [("0",)])

        # The counting eye can see: the first mail and the first page of the new time are written about.
        self.world.send(REPORTERS[0], SECURITY, letters.on_the_wire(letters.clear_report(REPORTERS[0])))
        self.world.mailbox(SECURITY).wait_for_mail("the new report", lambda m: "vpn-nbg-01" in str(m["Subject"]))
        self.site.publish(PostMortem("new-outage", "A new outage"))
        self.must(programs.call("intake", "run", "--until-idle"))
        for reader in SUBSCRIBERS:  # the hold is over when the first mail is there
            self._run_notifier_until_told(programs, reader)
        self.assertEqual([mail.recipient for mail in handed_by(log, SECURITY) if mail.recipient == REPORTERS[0]], [REPORTERS[0]])
        told = [mail.recipient for mail in handed_by(log, NOTIFIER) if mail.recipient in SUBSCRIBERS]
        self.assertEqual(sorted(told), sorted(SUBSCRIBERS))
        self.assertTrue(all(re.fullmatch(r"<[^<>\s]+>", mail.message_id) for mail in handed_mails(log) if mail.by), "each of our mails has its Message-ID")

    def _run_notifier_until_told(self, programs, reader):
        def told():
            self.must(programs.call("notifier", "run", "--until-idle"))
            return self.world.mailbox(reader).count()

        wait_for(f"{reader} to be told", told, 60)

    def _subscribe(self, programs):
        table = programs.folder / "subscribers.csv"
        table.write_text("address,services,confirmed_at,consent\n" + "".join(f"{a},,2026-01-01T00:00:00Z,form\n" for a in SUBSCRIBERS), encoding="utf-8")
        self.must(programs.call("notifier", "subscriber", "import", table, "--confirmed", "--consent", "form"))

    def _fill_mailbox(self, now):
        """Drops the mails where Dovecot keeps them: its INTERNALDATE is the file's time. Some came this very week."""
        inbox = self.world.dovecot.mail / SECURITY
        for name in ("cur", "new", "tmp"):
            (inbox / name).mkdir(parents=True, exist_ok=True)
        for n in range(_OLD_MAILS):
            at = now - timedelta(minutes=30 * n)
            sender = REPORTERS[n % len(REPORTERS)]
            subject = f"SECURITY URGENT: old {n}" if n % 50 == 0 else f"old report {n}"
            file = inbox / "new" / f"{int(at.timestamp())}.M{n}P1.test"
            file.write_bytes(letters.on_the_wire(letters.letter(sender, subject, "Haven DNS is down.\n", at=at)))
            os.utime(file, (at.timestamp(), at.timestamp()))
        for path in [inbox, *inbox.rglob("*")]:
            shutil.chown(path, "mail", "mail")
        self.assertEqual(self.world.mailbox(SECURITY).count(), _OLD_MAILS)


if __name__ == "__main__":
    unittest.main()
