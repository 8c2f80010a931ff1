"""Each hostile mail is a case or a look with its raw bytes, and the next mail is filed."""

import os
import shutil
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from deploy.world import letters
from deploy.world.people import REPORTERS, SECURITY
from deploy.world.waiting import wait_for
from tests.world.stage import Stage, rows

_MIB = 1 << 20


def _head(name, sender="r2@example.net", extra=b""):
    return f"From: {sender}\r\nTo: {SECURITY}\r\nSubject: {name}\r\nMessage-ID: <{name}@example.net>\r\n".encode() + extra + b"\r\n"


def _deep(levels):
    opened = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(levels))
    return b"From: r2@example.net\r\nSubject: deep\r\nMIME-Version: 1.0\r\n" + opened + b"\r\nat the bottom\r\n"


# Sent over SMTP. What Postfix and Dovecot make of them is what the mailbox holds, and that is what must be kept.
_SENT = {
    "without From": b"Subject: no from\r\nMessage-ID: <nofrom@example.net>\r\n\r\nHaven DNS is down.\r\n",
    "without Message-ID": b"From: r2@example.net\r\nSubject: no id\r\n\r\nHaven DNS is down.\r\n",
    "empty": b"",
    "50,000 levels deep": _deep(50_000),
    "To: a:": _head("to-a").replace(f"To: {SECURITY}".encode(), b"To: a:") + b"mimetic corrupts memory on this\r\n",
    "To: Undisclosed recipients:": _head("to-u").replace(f"To: {SECURITY}".encode(), b"To: Undisclosed recipients:") + b"and on this\r\n",
    "with NULs": _head("nul", "r\0two@example.net", b"X-Nul: a\0b\r\n") + b"before\0after\r\n\0\0\0\r\n",
    "a header of 1 MB": _head("big-header", extra=b"X-Big: " + b"x" * _MIB + b"\r\n") + b"body\r\n",
    "header fields without end": _head("many", extra=b"".join(b"X-%d: y\r\n" % n for n in range(40_000))) + b"body\r\n",
    "bytes of no charset": _head("bytes", extra=b"Content-Type: text/plain; charset=gb2312\r\n") + bytes(range(1, 256)).replace(b"\r", b"").replace(b"\n", b"") + b"\r\n",
    "a header and nothing else": b"From: r2@example.net\r\nSubject: header only\r\n",
    "no header at all": b"\r\nonly a body\r\n",
    "60 MB": _head("sixty") + (b"y" * 76 + b"\r\n") * (60 * _MIB // 78),
}
# Dropped where Dovecot keeps mail: no server on the way adds a header.
_DROPPED = {
    "one line without an end": b"x" * 300_000,
    "not a single header field": b"\r\n\r\n\r\nwords\r\n",
    "bare CR and LF": b"From: r2@example.net\rSubject: cr\n\nlf\r\r\n.\r\n",
}


class HostileMail(Stage):
    def test_each_is_kept_byte_for_byte_and_the_next_mail_is_filed(self):
        programs = self.programs()
        self.first_look(programs, "intake")
        box = self.world.mailbox(SECURITY)
        for raw in _SENT.values():
            self.world.send("r2@example.net", SECURITY, raw)
        self._drop(_DROPPED)
        self.world.send(REPORTERS[0], SECURITY, letters.on_the_wire(letters.clear_report(REPORTERS[0])))
        # Python's own parser ends in a RecursionError on one of them: only bytes are looked at.
        wait_for("all of them", lambda: box.count() == len(_SENT) + len(_DROPPED) + 1, 60)
        self.must(programs.call("intake", "run", "--until-idle", seconds=300))

        self.assertEqual(self.world.mailbox(REPORTERS[0]).count(), 1, "the mail after all of them is acknowledged")
        in_mailbox = box.raw()
        self.assertEqual(len(in_mailbox), len(_SENT) + len(_DROPPED) + 1)
        store = programs.intake["store"]["url"]
        cases = rows(store, "SELECT id, state, marks FROM cases")
        self.assertEqual(len(cases), len(in_mailbox), "each mail is a case or a look of its own:\n" + "\n".join(map(str, rows(store, "SELECT kind, relation, case_id, subject, from_address, size_bytes FROM mail"))))
        self.assertEqual(rows(store, "SELECT count(*) FROM mailbox_ledger WHERE outcome <> 'stored'"), [("0",)])
        kept = {case: self.must(programs.call("intake", "show", case, "--raw", raw=True)).stdout for case, _, _ in cases}
        whole = [raw for raw in in_mailbox if len(raw) < 40 * _MIB]
        cut = [raw for raw in in_mailbox if len(raw) >= 40 * _MIB]
        self.assertEqual(sorted(raw for raw in kept.values() if raw in whole), sorted(whole), "byte for byte what Python reads in the mailbox")
        self._check_the_large_one(programs, cut, kept, {case: marks for case, _, marks in cases})
        for case in kept:
            self.must(programs.call("intake", "show", case))
        self.must(programs.call("intake", "audit"))

    def _check_the_large_one(self, programs, cut, kept, marks):
        self.assertEqual(len(cut), 1)
        large = [case for case, raw in kept.items() if b"<sixty@example.net>" in raw]
        self.assertEqual(len(large), 1)
        raw, header = kept[large[0]], cut[0].index(b"\r\n\r\n") + 4
        self.assertTrue(cut[0].startswith(raw))
        self.assertGreaterEqual(len(raw), max(header, _MIB), "the header and the first 1 MiB")
        self.assertLessEqual(len(raw), header + _MIB)
        self.assertIn("too large, see mailbox", marks[large[0]])
        self.assertIn("too large", programs.call("intake", "show", large[0]).stdout)

    def _drop(self, mails):
        new = self.world.dovecot.mail / SECURITY / "new"
        new.mkdir(parents=True, exist_ok=True)
        for n, raw in enumerate(mails.values()):
            path = new.parent / "tmp" / f"1700000000.M{n}P1.test"
            path.write_bytes(raw)
            shutil.chown(path, "mail", "mail")
            os.rename(path, new / path.name)


if __name__ == "__main__":
    unittest.main()
