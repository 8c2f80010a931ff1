"""Mails as people and robots write them, as bytes with CRLF."""

import email.policy
from datetime import datetime, timedelta, timezone
from email.message import EmailMessage
from email.mime.application import MIMEApplication
from email.utils import format_datetime, make_msgid

from .people import SECURITY


def letter(sender, subject, text, to=SECURITY, name=None, at=None, **fields):
    """A plain mail that a test may still change; `fields` are further header fields, `_` for `-`."""
    mail = EmailMessage()
    mail["From"] = f"{name} <{sender}>" if name else sender
    mail["To"] = to
    mail["Subject"] = subject
    mail["Date"] = format_datetime(at or datetime.now(timezone.utc))
    mail["Message-ID"] = make_msgid(domain=sender.partition("@")[2])
    for field, value in fields.items():
        mail[field.replace("_", "-")] = value
    mail.set_content(text)
    return mail


def on_the_wire(mail):
    return mail.as_bytes(policy=email.policy.SMTP)


def clear_report(sender, now=None):
    """Everything the Trust page asks for: what was observed, when, which service."""
    since = (now or datetime.now(timezone.utc)) - timedelta(hours=2)
    return letter(sender, "Haven DNS times out on vpn-nbg-01", name="Rosa Reporter", text=f"""Hello,

since {since:%Y-%m-%d %H:%M} UTC about every third query to Haven DNS through
vpn-nbg-01 times out. A direct query to another resolver works.

Rosa
""")


def vague_report(sender):
    return letter(sender, "something is broken", "Hi, it does not work for me any more. Please fix.\n")


def urgent_report(sender):
    return letter(sender, "SECURITY URGENT: session of another user in Sigil", name="Uma", text="""A session cookie of Sigil is accepted for another account after a password
reset. Steps to reproduce on request; I have told nobody else.
""")


# What the robot of a Russian customer exported; KOI8-R, as its name is.
FOREIGN_TEXT = "Ошибка входа: сервер не отвечает\nВремя: 09:12 UTC\n"
FOREIGN_NAME = "журнал.txt"


def foreign_report(sender):
    """A report with an attachment whose text and name are in KOI8-R."""
    mail = letter(sender, "Vaultyx sync: журнал ошибок", "Vaultyx sync fails since this morning, the log is attached.\n", name="Иван")
    part = MIMEApplication(FOREIGN_TEXT.encode("koi8-r"))  # Python's newer classes would put the name into UTF-8
    part.replace_header("Content-Type", 'text/plain; charset="koi8-r"')
    part.add_header("Content-Disposition", "attachment", filename=("koi8-r", "", FOREIGN_NAME))
    mail.make_mixed()
    mail.attach(part)
    return mail


def out_of_office(sender):
    return letter(sender, "Out of office: Re: your mail", "I am away until Monday.\n", Auto_Submitted="auto-replied", Precedence="bulk")
