"""What the relay says it did, from its own log."""

import re
from dataclasses import dataclass

_CLIENT = re.compile(r"postfix/(submission|world)/smtpd\[\d+\]: (\w+): client=[^,]*(?:.*sasl_username=(\S+))?")
_SENDER = re.compile(r"postfix/qmgr\[\d+\]: (\w+): from=<([^>]*)>")
_ID = re.compile(r"postfix/cleanup\[\d+\]: (\w+): message-id=(.*)")
_DONE = re.compile(r"postfix/\w+\[\d+\]: (\w+): to=<([^>]*)>.* dsn=([\d.]+), status=(\w+)")


@dataclass
class Handed:
    """A mail that the relay took, with one recipient."""

    by: str             # account that logged in; "" for the plain port and for the relay's own bounces
    sender: str         # envelope
    recipient: str
    message_id: str     # with <>
    status: str         # sent, bounced, deferred
    dsn: str


def handed_mails(log):
    """All final and deferred deliveries, in the order of the log."""
    clients, senders, ids, mails = {}, {}, {}, []
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    for line in text.splitlines():
        if found := _CLIENT.search(line):
            clients[found[2]] = found[3] or ""
        elif found := _ID.search(line):
            ids[found[1]] = found[2]
        elif found := _SENDER.search(line):
            senders[found[1]] = found[2]
        elif found := _DONE.search(line):
            queue_id = found[1]
            mails.append(Handed(clients.get(queue_id, ""), senders.get(queue_id, ""), found[2], ids.get(queue_id, ""), found[4], found[3]))
    return mails


def handed_by(log, account):
    """Mails that this account handed over and that reached their mailbox."""
    return [mail for mail in handed_mails(log) if mail.by == account and mail.status == "sent"]
