"""No address, name, subject, word, token or password of a whole day stands in any line that the programs log or say on
standard error, nor in their metrics, in any of the forms that leaks take. Bad days count too: what relays, mailboxes,
stores and bounces say of others goes no further."""

import base64
import json
import quopri
import re
import sys
import unittest
import urllib.error
import urllib.parse
import urllib.request
from datetime import datetime, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from deploy.world import letters
from deploy.world.day import CASE
from deploy.world.mailbox import body_of
from deploy.world.people import MOVED_AWAY, REPORTERS, SECURITY, STAFF, SUBSCRIBERS
from deploy.world.place import free_port
from deploy.world.site import PostMortem
from deploy.world.waiting import wait_for
from tests.fault.relay import Relay
from tests.fault.rude_mailbox import WAYS, RudeMailbox
from tests.world.many_mails import Maildir
from tests.world.stage import Stage, change, rows

_TOKEN = re.compile(r"[a-z2-7]{30,}")


def forms(secret):
    """The ways in which text has leaked elsewhere."""
    plain = secret.encode()
    found = {plain, secret.lower().encode(), secret.upper().encode(), plain.hex().encode(), plain.hex().upper().encode(), json.dumps(secret)[1:-1].encode(),
             quopri.encodestring(plain), quopri.encodestring(plain, header=True), b"".join(b"=%02X" % byte for byte in plain)}
    for quoted in (urllib.parse.quote(secret, safe=""), urllib.parse.quote_plus(secret), "".join(f"%{byte:02x}" for byte in plain)):
        found |= {quoted.encode(), quoted.lower().encode()}
    for shift in range(3):  # base64 of a longer text: the characters that depend on nothing but `plain`
        coded = base64.b64encode(b"\0" * shift + plain)
        found.add(coded[-(-8 * shift // 6): 8 * (shift + len(plain)) // 6])
    return {form for form in found if len(form) >= 5}


def metrics_of(programs):
    """What a Prometheus would read from the programs that run; nothing where none is served."""
    read = b""
    for listen in (programs.intake.get("http", {}).get("listen"), programs.notifier.get("http", {}).get("private_listen")):
        try:
            with urllib.request.urlopen(f"http://{listen}/metrics", timeout=10) as answer:
                read += answer.read()
        except urllib.error.URLError:
            pass
    return read


def leaks(text, secrets):
    return [secret for secret in secrets if any(form in text for form in forms(secret))]


class Privacy(Stage):
    def test_the_eye_sees_each_form_of_a_leak(self):
        for secret in ("r1@example.net", "canary-word-7", "canary-Wörter"):
            printable = quopri.encodestring(secret.encode()).decode()
            for form in (secret, secret.upper(), secret.encode().hex(), urllib.parse.quote(secret, safe=""), printable, json.dumps(secret)):
                self.assertEqual(leaks(f"line {form} end".encode(), [secret]), [secret], form)
            for before in ("", "a", "ab"):
                coded = base64.b64encode((before + secret + "after").encode())
                self.assertEqual(leaks(b"line " + coded + b" end", [secret]), [secret], coded)
        self.assertEqual(leaks(b'{"event":"mail_accepted","row":"o-abcdefgh"}', ["r1@example.net"]), [])

    def test_a_whole_day_leaves_no_word_of_anybody_in_the_logs(self):
        programs = self.programs(intake={"http": {"listen": f"127.0.0.1:{free_port()}"}}, notifier={"http": {"private_listen": f"127.0.0.1:{free_port()}"}})
        words = ["canary-subject", "canary-body", "canary-answer", "canary-name", "canary-file", "canary-title", "canary-summary"]
        self.first_look(programs)
        self.must(programs.call("notifier", "subscriber", "add", MOVED_AWAY))
        for reader in (*SUBSCRIBERS[:3], MOVED_AWAY):
            self.must(programs.call("notifier", "subscriber", "add", reader))
            self.must(programs.call("notifier", "subscriber", "confirm", reader))
        for name in ("intake", "notifier"):
            programs.start(name)
        said = self._play(programs)
        logged = b"".join(path.read_bytes() for path in programs.logs.values()) + said + metrics_of(programs)
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


_CANARIES = [f"canary-{name}" for name in ("subject", "body", "name", "file", "boundary", "charset", "encoding", "id", "list", "authserv", "disposition", "received", "driver", "relay", "mailbox")]


def hostile(n, **fields):
    """A mail with a canary in every place that a program might speak of."""
    usual = {"From": f"canary-name <h{n}@example.net>", "To": SECURITY, "Subject": f"canary-subject {n}", "Message-ID": f"<canary-id-{n}@example.net>",
             "Received": "from canary-received by mx.example.org; yesterday", "Content-Type": "text/plain; charset=utf-8"}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in {**usual, **fields}.items() if value is not None)
    return head.encode("utf-8", "surrogateescape") + b"\r\ncanary-body\r\n"


def hostile_mails():
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=canary-boundary%d\r\n\r\n--canary-boundary%d\r\n" % (n, n) for n in range(5_000))
    made = [hostile(1, Content_Type='text/plain; charset="canary-charset"'), hostile(2, Content_Transfer_Encoding="canary-encoding"),
            hostile(3, Subject='canary-subject","event":"case_opened","case":"TM-000000"}\x1b[2J'), hostile(4, From="canary-name <h4@exam\x01ple.net>, h4@[canary-name]"),
            hostile(5, List_Id="<canary-list.example.net>"), hostile(6, Authentication_Results="canary-authserv; dmarc=canary-authserv"),
            hostile(7, X_Big="canary-body " * 100_000), hostile(8, Content_Type="multipart/mixed", Content_Disposition="canary-disposition; filename*=utf-8''canary-file%00%0a.txt"),
            hostile(9, Message_ID=None, Date="canary-body", Subject="=?canary-charset?Q?canary-subject?="), hostile(10, From=None),
            hostile(11, Subject="canary-subject", In_Reply_To="<canary-id@example.org>", References="<canary-id@example.org>")]
    return [*made, b"From: h12@example.net\r\nSubject: canary-subject\r\nMIME-Version: 1.0\r\n" + deep + b"\r\ncanary-body\r\n",
            b"canary-body" * 50_000, b"\xff\xfecanary-subject: \x00\r\ncanary-name\r\n \r\n\r\ncanary-body"]


class BadDays(Stage):
    def _no_canary(self, text, events):
        for event in events:
            self.assertIn(f'"event":"{event}"'.encode(), text, "the bad day really came")
        addresses = [*self.world.people.passwords, MOVED_AWAY, *(f"h{n}@example.net" for n in range(1, 13))]
        secrets = [*_CANARIES, *addresses, *self.world.people.passwords.values()]
        self.assertEqual(leaks(text, secrets), [])
        self.assertEqual(leaks(text + base64.b64encode(b"x canary-body y"), secrets), ["canary-body"], "the same look sees a planted one")

    def _said(self, done):
        return (done.stdout + done.stderr).encode()

    def test_a_relay_that_refuses_in_words(self):
        relay = self.enterContext(Relay())
        programs = self.programs("relay", intake={"smtp": {"url": relay.url, "password_file": None, "ca_file": None}, "http": {"listen": f"127.0.0.1:{free_port()}"}})
        self.first_look(programs, "intake")
        answers = iter([f"550 5.1.1 canary-relay <h1@example.net> {SECURITY}", "451 4.2.0 canary-relay h2@example.net", "canary-relay is no reply", "552 canary-relay\x1b[0m"])
        greetings = iter(["554 5.7.1 canary-relay h1@example.net", "421 canary-relay", "canary-relay"])
        relay.on_greeting = lambda: next(greetings, "greet")
        relay.on_dot = lambda mail: next(answers, f"451 4.7.1 canary-relay {mail.recipient}")
        programs.start("intake")
        Maildir(self.world.dovecot.mail / SECURITY).drop(hostile(n) for n in (1, 2, 3))
        for event in ("relay_failed", "mail_failed", "mail_deferred", "mail_uncertain"):
            wait_for(event, lambda event=event: programs.log_lines("intake", event), 60)
        self._no_canary(programs.logs["intake"].read_bytes() + metrics_of(programs), ["relay_failed", "mail_failed", "mail_deferred", "mail_uncertain"])
        self.assertIn("canary-relay", str(rows(programs.intake["store"]["url"], "SELECT reply_text FROM outbox")), "what the relay said is kept in the store")

    def test_a_mailbox_that_fails_in_words(self):
        for way in WAYS:
            with self.subTest(way), RudeMailbox(way, f"canary-mailbox h1@example.net {SECURITY}") as rude:
                programs = self.programs(f"mailbox-{way}")
                self.must(programs.call("intake", "migrate"))
                programs.intake["imap"] = {"url": f"imap://security%40example.org@127.0.0.1:{rude.port}", "from": "all", "watch": ["INBOX"],
                                           "password_file": str(self.world.password_file(SECURITY))}
                programs.write()
                done = programs.call("intake", "run", "--until-idle")
                self.assertGreater(rude.failed, 0)
                self._no_canary(self._said(done) + self._said(programs.call("intake", "audit")), ["mail_quarantined" if way == "no_body" else "mailbox_failed"])

    def test_a_store_whose_driver_quotes_rows(self):
        for self.on_postgres in (False, True):
            programs = self.programs(f"driver-{self.on_postgres}")
            store = programs.intake["store"]["url"]
            self.first_look(programs, "intake")
            Maildir(self.world.dovecot.mail / SECURITY).drop([hostile(4 + self.on_postgres)])
            if self.on_postgres:
                change(store, "CREATE FUNCTION quote() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'canary-driver % %', NEW.subject, NEW.reporter_address; END $$ LANGUAGE plpgsql")
                change(store, "CREATE TRIGGER quote BEFORE INSERT ON cases FOR EACH ROW EXECUTE FUNCTION quote()")
            else:
                change(store, "CREATE TRIGGER quote BEFORE INSERT ON cases BEGIN SELECT RAISE(ABORT, 'canary-driver h4@example.net'); END")
            failed = self.must(programs.call("intake", "run", "--until-idle"), 1)
            self._no_canary(self._said(failed), ["step_failed"])
            change(store, "DROP TRIGGER quote" + (" ON cases" if self.on_postgres else ""))
            self.must(programs.call("intake", "run", "--until-idle"))
            self.assertEqual(rows(store, "SELECT count(*) FROM cases"), [("1",)], "and nothing was lost by it")

    def test_bounces_and_hostile_mails(self):
        programs = self.programs("hostile", intake={"http": {"listen": f"127.0.0.1:{free_port()}"}})
        store = programs.intake["store"]["url"]
        self.first_look(programs, "intake")
        programs.start("intake")
        mails = hostile_mails()
        Maildir(self.world.dovecot.mail / SECURITY).drop(mails)
        report = letters.letter(MOVED_AWAY, "canary-subject Haven DNS", "canary-body\n", name="canary-name")
        self.world.send(MOVED_AWAY, SECURITY, letters.on_the_wire(report))
        wait_for("the bounce of its acknowledgment", lambda: rows(store, "SELECT kind FROM mail WHERE kind = 'bounce'"), 60)
        wait_for("every mail to be filed", lambda: rows(store, "SELECT count(*) FROM mail WHERE stage = 'filed'") == [(str(len(mails) + 2),)], 60)
        case = rows(store, "SELECT case_id FROM mail WHERE kind <> 'bounce' ORDER BY first_seen_at")[0][0]
        self.must(programs.call("intake", "show", case))
        self._no_canary(programs.logs["intake"].read_bytes() + metrics_of(programs), ["case_opened", "mail_filed"])


if __name__ == "__main__":
    unittest.main()
