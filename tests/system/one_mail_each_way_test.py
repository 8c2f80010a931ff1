"""Both programs do their job once around, on real servers and on both stores."""

import email.utils
import json
import signal
import sys
import time
import unittest
from datetime import datetime, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from deploy.world import letters
from deploy.world.day import CASE
from deploy.world.mailbox import body_of
from deploy.world.people import NOTIFIER, REPORTERS, SECURITY, STAFF, SUBSCRIBERS
from deploy.world.site import PostMortem
from deploy.world.waiting import wait_for
from tests.world.stage import Stage, rows

_REPORTER, _ROBOT = REPORTERS[0], REPORTERS[1]


def case_in(mail):
    return CASE.search(body_of(mail) + mail["Subject"])[0]


class BothWays:
    def test_a_report_becomes_a_case_is_acknowledged_told_to_staff_and_answered(self):
        programs = self.programs("intake")
        store = programs.intake["store"]["url"]
        self.first_look(programs, "intake")
        service = programs.start("intake")
        box = self.world.mailbox(_REPORTER)
        report = letters.clear_report(_REPORTER)
        self.world.send(_ROBOT, SECURITY, letters.on_the_wire(letters.out_of_office(_ROBOT)))
        self.world.send(_REPORTER, SECURITY, letters.on_the_wire(report))
        sent = time.monotonic()

        receipt = box.wait_for_mail("the acknowledgment")
        case = case_in(receipt)
        for person in STAFF:
            notice = self.world.mailbox(person).wait_for_mail("the notice", lambda m: case in body_of(m) + m["Subject"], 60)
            self.assertEqual(notice["To"], person)
            self.assertIn("vpn-nbg-01", body_of(notice), "staff see what the report says")
        self.assertLess(time.monotonic() - sent, 60, "staff hear of it within a minute")
        self.assertEqual(receipt["Auto-Submitted"], "auto-replied")
        self.assertEqual(email.utils.parseaddr(receipt["From"])[1], SECURITY)
        self.assertEqual(email.utils.parseaddr(receipt["To"])[1], _REPORTER)
        self.assertEqual(receipt["In-Reply-To"], report["Message-ID"])
        self.assertRegex(" ".join(body_of(receipt).split()), r"by the end of [A-Z][a-z]{2} \d+ [A-Z][a-z]{2}")
        self.assertLessEqual(len(body_of(receipt).encode()), 4096)
        for word in ("vpn-nbg-01", "every third", "Rosa", "times out"):
            self.assertNotIn(word, receipt.as_string(), "the acknowledgment repeats no word of the report")

        follow_up = letters.letter(_REPORTER, "Re: " + receipt["Subject"], "It goes on.\n", In_Reply_To=receipt["Message-ID"], References=receipt["Message-ID"])
        self.world.send(_REPORTER, SECURITY, letters.on_the_wire(follow_up))
        wait_for("the follow-up to join", lambda: rows(store, f"SELECT count(*) FROM mail WHERE case_id = '{case}'") == [("2",)])

        self._commands(programs, case, report)
        self.must(programs.call("intake", "answer", case, "tracking", "--by", STAFF[0], text="We see it too.\n"))
        answer = box.wait_for_mail("the answer", lambda m: "We see it too." in body_of(m))
        self.assertEqual(email.utils.parseaddr(answer["From"])[1], SECURITY)
        self.assertIn(follow_up["Message-ID"], str(answer["References"]), "it stands in the reporter's thread")
        self.assertNotIn(STAFF[0], answer.as_string(), "the reporter sees the shared address only")
        again = self.must(programs.call("intake", "answer", case, "explained", "--by", STAFF[1], text="Another one.\n"), 11)
        self.assertIn("--anyway", again.stderr)

        service.send_signal(signal.SIGTERM)
        self.assertEqual(service.wait(10), 0, "asked to end, the service ends in good order")
        self.must(programs.call("intake", "run", "--until-idle"))
        self.must(programs.call("intake", "audit"))
        self.assertEqual(box.count(), 2, "one acknowledgment, one answer")
        self.assertEqual(self.world.mailbox(_ROBOT).count(), 0, "a robot is not answered")
        self.assertEqual(len([m for m in self.world.mailbox(STAFF[0]).mails() if case in body_of(m) + m["Subject"]]), 1)
        self.assertEqual(rows(store, f"SELECT count(*) FROM promise WHERE case_id = '{case}' AND met_at IS NOT NULL"), [("1",)])
        self.assertTrue(all("\\Seen" not in flags for flags in self.world.mailbox(SECURITY).flags()), "the mailbox is left as people left it")

    def _commands(self, programs, case, report):
        """Data on standard output, words on standard error, the documented exit status."""
        listed = json.loads(self.must(programs.call("intake", "list", "--json")).stdout)
        self.assertIn(case, json.dumps(listed))
        shown = self.must(programs.call("intake", "show", case))
        self.assertIn("vpn-nbg-01", shown.stdout)
        json.loads(self.must(programs.call("intake", "show", case, "--json")).stdout)
        raw = self.must(programs.call("intake", "show", case, "--raw", raw=True)).stdout
        self.assertIn(report["Message-ID"].encode(), raw)
        self.assertIn(case, self.must(programs.call("intake", "due", "--within", "240h")).stdout)
        self.must(programs.call("intake", "status"))
        self.must(programs.call("intake", "show", "TM-000000"), 10)
        self.must(programs.call("intake", "answer", case, "tracking", text="x\n", environment={"TRUST_STAFF": ""}), 2)
        self.must(programs.call("intake", "answer", case, "tracking", "--by", "mallory@example.net", text="x\n"), 2)
        self.must(programs.call("intake", "answer", case, "perhaps", "--by", STAFF[0], text="x\n"), 2)
        wrong = self.must(programs.call("intake", "anwser", case), 2)
        self.assertIn("answer", wrong.stderr, "did you mean")
        before = self.world.mailbox(_REPORTER).count()
        preview = self.must(programs.call("intake", "answer", case, "tracking", "--by", STAFF[0], "--preview", text="Not sent.\n"))
        self.assertIn("Not sent.", preview.stdout)
        self.must(programs.call("intake", "reply", case, "--by", STAFF[0], "--preview", text="Which client?\n"))
        self.assertEqual(self.world.mailbox(_REPORTER).count(), before)

    def test_a_published_post_mortem_reaches_every_confirmed_subscriber_once_and_its_report_closes(self):
        programs = self.programs("notifier")
        store = programs.notifier["store"]["url"]
        page = PostMortem("haven-dns-timeouts", "Haven DNS timeouts: “Nürnberg” & more")
        self.site.placeholder(page)
        self.first_look(programs, "notifier")
        imported, by_hand, asked = SUBSCRIBERS[:8], SUBSCRIBERS[8], SUBSCRIBERS[9]
        table = programs.folder / "subscribers.csv"
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        table.write_text("address,services,confirmed_at,consent\n" + "".join(f"{a},,{now},signup form\n" for a in imported), encoding="utf-8")
        self.must(programs.call("notifier", "subscriber", "import", table, "--confirmed", "--consent", "signup form"))
        self.must(programs.call("notifier", "subscriber", "add", by_hand))
        self.must(programs.call("notifier", "subscriber", "confirm", by_hand))
        self.must(programs.call("notifier", "subscriber", "add", asked))
        self.must(programs.call("notifier", "subscriber", "confirm", "nobody@example.net"), 10)
        self.must(programs.call("notifier", "announce", self.site.url(page), "--by", STAFF[0]), 11)

        service = programs.start("notifier")
        url = self.site.publish(page)
        readers = [*imported, by_hand]
        mails = {reader: self.world.mailbox(reader).wait_for_mail("the announcement", lambda m: url in body_of(m), 60) for reader in readers}
        for reader, mail in mails.items():
            self.assertEqual(email.utils.parseaddr(mail["From"])[1], NOTIFIER)
            self.assertEqual(email.utils.parseaddr(mail["To"])[1], reader)
            self.assertEqual(mail.get_content_type(), "multipart/alternative")
            self.assertIn("<incidents.example.org>", mail["List-Id"])
            self.assertEqual(mail["Archived-At"], f"<{url}>")
            self.assertEqual(mail["Auto-Submitted"], "auto-generated")
            self.assertIn("<https://lists.example.org/", mail["List-Unsubscribe"])
            self.assertEqual(mail["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click")
            self.assertIn("Nürnberg", str(mail["Subject"]) + body_of(mail))
        for name in ("Message-ID", "List-Unsubscribe", "Return-Path"):
            self.assertEqual(len({mail[name] for mail in mails.values()}), len(readers), f"each mail has a {name} of its own")

        def finished():
            return rows(store, "SELECT state, recipients FROM announcement") == [("finished", str(len(readers)))]

        wait_for("the announcement to be settled", finished)
        service.send_signal(signal.SIGTERM)
        self.assertEqual(service.wait(10), 0)
        self.must(programs.call("notifier", "run", "--until-idle"))
        announcement = rows(store, "SELECT id FROM announcement")[0][0]
        self.assertIn(announcement, self.must(programs.call("notifier", "announcement", "list")).stdout)
        report = json.loads(self.must(programs.call("notifier", "announcement", "report", announcement, "--json")).stdout)
        self.assertEqual(rows(store, "SELECT state, count(*) FROM outbox WHERE kind = 'announcement' GROUP BY state"), [("accepted", str(len(readers)))])
        self.assertIn(str(len(readers)), json.dumps(report))
        self.must(programs.call("notifier", "announcement", "cancel", announcement, "--by", STAFF[0]), 11)
        self.must(programs.call("notifier", "announcement", "report", "nothing"), 10)
        for reader in readers:
            self.assertEqual(self.world.mailbox(reader).count(), 1, f"{reader} has exactly one")
        self.assertEqual(self.world.mailbox(asked).count(), 0, "who has not confirmed is not told")

        feed = programs.folder / "feed"
        self.must(programs.call("notifier", "feed", "write", feed))
        incidents = json.loads((feed / "incidents.json").read_text(encoding="utf-8"))["incidents"]
        self.assertEqual([(incident["url"], incident["status"]) for incident in incidents], [(url, "published")])
        self.assertIn(url, (feed / "feed.xml").read_text(encoding="utf-8"))


class OnSqlite(BothWays, Stage):
    pass


class OnPostgres(BothWays, Stage):
    on_postgres = True


if __name__ == "__main__":
    unittest.main()
