"""Many small mails, each with a number of its own, put straight into a Maildir: quicker than any server takes them."""

import email.utils
import hashlib
import os
import shutil

NUMBER = "X-Number"


def report(number, sender=None, received=None):
    """A small report, as bytes with CRLF; no two have the same bytes. `received` is what a server stamped on it."""
    sender = sender or f"p{number}@example.net"
    trace = f"Received: from mail.example.net by mail.example.org; {email.utils.formatdate(received)}\r\n" if received else ""
    return (f"{trace}From: Reporter <{sender}>\r\nTo: security@example.org\r\nSubject: Haven DNS times out ({number})\r\n"
            f"Date: Wed, 25 Nov 2026 08:00:00 +0000\r\nMessage-ID: <many-{number}@example.net>\r\n{NUMBER}: {number}\r\n"
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
            f"Since this morning about every third query times out ({number}).\r\n" + "Ü .\r\n" * (number % 7)).encode()


def digest(raw):
    return hashlib.sha256(raw).hexdigest()


class Maildir:
    """The folder in which Dovecot keeps one mailbox or one folder of it."""

    def __init__(self, path):
        self.path = path

    _dropped = 0  # in this process: names are unique

    def drop(self, mails, at=None):
        """Delivers mails (bytes), as a delivery agent would: whole or not at all. Every second one with bare LF, as such
        agents do. `at` is their INTERNALDATE in seconds since 1970."""
        self._make()
        for raw in mails:
            Maildir._dropped += 1
            name = f"1700000000.M{self._dropped}P{os.getpid()}.test"
            path = self.path / "tmp" / name
            path.write_bytes(raw.replace(b"\r\n", b"\n") if self._dropped % 2 else raw)
            shutil.chown(path, "mail", "mail")
            if at is not None:
                os.utime(path, (at, at))
            os.rename(path, self.path / "new" / name)

    def fill(self, raw, count):
        """Puts the same mail there `count` times, with hard links (a file may have 65,000 of them)."""
        self._make()
        wide, shown = len(raw), raw.count(b"\r\n")
        assert raw.count(b"\n") == shown, "CRLF throughout: size and virtual size are then the same"
        for n in range(count):
            if n % 10_000 == 0:
                first = self.path / "tmp" / f"first-{n}"
                first.write_bytes(raw)
                shutil.chown(first, "mail", "mail")
            os.link(first, self.path / "cur" / f"1600000000.M{n}P1.test,S={wide},W={wide}:2,S")
        for path in (self.path / "tmp").glob("first-*"):
            path.unlink()

    def _make(self):
        for path in (self.path, *(self.path / name for name in ("cur", "new", "tmp"))):
            if not path.exists():
                path.mkdir(parents=True)
                shutil.chown(path, "mail", "mail")
