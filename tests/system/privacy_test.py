"""No address, name, subject, word, token or password of a whole day stands in any line that the programs log or say on
standard error, in any of the forms that leaks take."""

import base64
import re
import sys
import unittest
import urllib.parse
from datetime import datetime, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from deploy.world import letters
from deploy.world.day import CASE
from deploy.world.mailbox import body_of
from deploy.world.people import MOVED_AWAY, REPORTERS, SECURITY, STAFF, SUBSCRIBERS
from deploy.world.site import PostMortem
from deploy.world.waiting import wait_for
from tests.world.stage import Stage, rows

_TOKEN = re.compile(r"[a-z2-7]{30,}")


def forms(secret):
    """The ways in which text has leaked elsewhere."""
    plain = secret.encode()
    found = {plain, plain.lower(), plain.upper(), plain.hex().encode(), plain.hex().upper().encode(), urllib.parse.quote(secret, safe="").encode()}
    for shift in range(3):  # base64 of a longer text: the characters that depend on nothing but `plain`
        coded = base64.b64encode(b"\0" * shift + plain)
        found.add(coded[-(-8 * shift // 6): 8 * (shift + len(plain)) // 6])
    return {form for form in found if len(form) >= 5}


def leaks(text, secrets):
    return [secret for secret in secrets if any(form in text for form in forms(secret))]


class Privacy(Stage):
    def test_the_eye_sees_each_form_of_a_leak(self):
        for secret in ("r1@example.net", "canary-word-7"):
            for form in (secret, secret.upper(), secret.encode().hex(), urllib.parse.quote(secret, safe="")):
                self.assertEqual(leaks(f"line {form} end".encode(), [secret]), [secret])
            for before in ("", "a", "ab"):
                coded = base64.b64encode((before + secret + "after").encode())
                self.assertEqual(leaks(b"line " + coded + b" end", [secret]), [secret], coded)
        self.assertEqual(leaks(b'{"event":"mail_accepted","row":"o-abcdefgh"}', ["r1@example.net"]), [])

    def test_a_whole_day_leaves_no_word_of_anybody_in_the_logs(self):
        programs = self.programs()
        words = ["canary-subject", "canary-body", "canary-answer", "canary-name", "canary-file", "canary-title", "canary-summary"]
        self.first_look(programs)
        self.must(programs.call("notifier", "subscriber", "add", MOVED_AWAY))
        for reader in (*SUBSCRIBERS[:3], MOVED_AWAY):
            self.must(programs.call("notifier", "subscriber", "add", reader))
            self.must(programs.call("notifier", "subscriber", "confirm", reader))
        for name in ("intake", "notifier"):
            programs.start(name)
        said = self._play(programs)
        logged = b"".join(path.read_bytes() for path in programs.logs.values()) + said
        for event in ("case_opened", "acknowledged", "mail_accepted", "announced"):
            self.assertIn(f'"{event}"'.encode(), logged, "the day really was logged")
        passwords = list(self.world.people.passwords.values())
        addresses = [*self.world.people.passwords, MOVED_AWAY]
        tokens = self._tokens()
        self.assertGreaterEqual(len(tokens), 4, "tokens of cases and of subscribers were out in mails")
        self.assertEqual(leaks(logged, [*words, *passwords, *addresses, *tokens]), [])

    def _play(self, programs):
        reporter = REPORTERS[0]
        report = letters.letter(reporter, "canary-subject Haven DNS", "canary-body\n", name="canary-name")
        report.add_attachment(b"x", "application", "octet-stream", filename="canary-file.bin")
        self.world.send(reporter, SECURITY, letters.on_the_wire(report))
        self.world.send(reporter, SECURITY, b"From: canary-name <\xff@\xff>\r\nTo: a:\r\nSubject: =?canary-subject?Q?\xff\r\n\r\ncanary-body\r\n")
        receipt = self.world.mailbox(reporter).wait_for_mail("the acknowledgment")
        case = CASE.search(body_of(receipt) + receipt["Subject"])[0]
        said = [programs.call("intake", "answer", case, "explained", "--by", STAFF[0], text="canary-answer\n"),
                programs.call("intake", "answer", case, "explained", "--by", "mallory@example.net", text="canary-answer\n"),
                programs.call("notifier", "subscriber", "confirm", "nobody@example.net")]
        self.world.mailbox(reporter).wait_for_mail("the answer", lambda m: "canary-answer" in body_of(m))
        page = PostMortem("quiet-night", "canary-title", summary="canary-summary", start=datetime.now(timezone.utc))
        url = self.site.publish(page)
        for reader in SUBSCRIBERS[:3]:
            self.world.mailbox(reader).wait_for_mail("the announcement", lambda m: url in body_of(m), 60)
        wait_for("the announcement to be settled", lambda: rows(programs.notifier["store"]["url"], "SELECT state FROM announcement") == [("finished",)])
        return b"".join(done.stderr.encode() for done in said)

    def _tokens(self):
        mails = [m.as_string() for who in (REPORTERS[0], *STAFF, *SUBSCRIBERS[:3]) for m in self.world.mailbox(who).mails()]
        return sorted({token for mail in mails for token in _TOKEN.findall(mail)})


if __name__ == "__main__":
    unittest.main()
