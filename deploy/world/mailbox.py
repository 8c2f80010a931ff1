"""Mailboxes read and written with Python's imaplib: an eye that shares no code with our programs."""

import email
import email.policy
import imaplib
import ssl
import sys
from pathlib import Path

from .waiting import wait_for


class Mailbox:
    """One person's mailbox. Every call logs in anew, so it may be used across restarts of the server."""

    def __init__(self, port, ca_file, address, password):
        self.address = address
        self._port = port
        self._password = password
        self._context = ssl.create_default_context(cafile=ca_file)

    def open(self, folder="INBOX", readonly=True):
        """A connection of imaplib's with the folder selected; the caller logs out."""
        connection = imaplib.IMAP4_SSL("127.0.0.1", self._port, ssl_context=self._context, timeout=60)
        connection.login(self.address, self._password)
        connection.select(folder, readonly=readonly)
        return connection

    def raw(self, folder="INBOX"):
        """All mails as bytes, in order of arrival; nothing is marked as read."""
        connection = self.open(folder, readonly=True)
        try:
            _, reply = connection.uid("FETCH", "1:*", "(UID BODY.PEEK[])")
            return [part[1] for part in reply if isinstance(part, tuple)]
        finally:
            connection.logout()

    def mails(self, folder="INBOX"):
        return [email.message_from_bytes(raw, policy=email.policy.default) for raw in self.raw(folder)]

    def count(self, folder="INBOX"):
        connection = self.open(folder, readonly=True)
        try:
            return len(connection.uid("SEARCH", "ALL")[1][0].split())
        finally:
            connection.logout()

    def flags(self, folder="INBOX"):
        """The flags of each mail, as the server prints them."""
        connection = self.open(folder, readonly=True)
        try:
            _, reply = connection.uid("FETCH", "1:*", "(FLAGS)")
            return [part.decode() for part in reply if part]
        finally:
            connection.logout()

    def append(self, raw, at=None, folder="INBOX"):
        """Puts a mail there with INTERNALDATE `at` (seconds since 1970; now if None)."""
        connection = self.open(folder, readonly=False)
        try:
            date = imaplib.Time2Internaldate(at) if at is not None else None
            status, reply = connection.append(folder, None, date, raw)
            if status != "OK":
                raise imaplib.IMAP4.error(reply)
        finally:
            connection.logout()

    def wait_for_mail(self, what, wanted=lambda mail: True, seconds=30.0):
        """The first mail for which `wanted` holds."""
        return wait_for(f"{what} in {self.address}'s mailbox", lambda: next((m for m in self.mails() if wanted(m)), None), seconds, 0.2)


def body_of(mail):
    """The plain text of a mail, or its HTML where there is no plain one."""
    part = mail.get_body(("plain", "html"))
    return part.get_content() if part else ""


def main(argv):
    """`python3 -m deploy.world.mailbox WORLD ADDRESS` prints a mailbox; WORLD is the folder of a running world."""
    world, address = Path(argv[1]), argv[2] if len(argv) > 2 else ""
    known = sorted(path.name for path in (world / "passwords").iterdir())
    if address not in known:
        print("Mailboxes: " + " ".join(known))
        return 2
    port = int((world / "imap-port").read_text(encoding="ascii"))
    box = Mailbox(port, world / "certificates" / "ca.pem", address, (world / "passwords" / address).read_text(encoding="utf-8").strip())
    for mail in box.mails():
        print("\n".join(f"{name}: {mail[name]}" for name in ("Date", "From", "To", "Subject") if mail[name]) + f"\n\n{body_of(mail)}\n" + "-" * 64)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
