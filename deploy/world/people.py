"""Who lives in the world. All domains are reserved for examples (RFC 2606)."""

import secrets
from dataclasses import dataclass, field

SECURITY = "security@example.org"
NOTIFIER = "incidents@example.org"
BOUNCES = "bounces@mail.example.org"
STAFF = ["ada@example.org", "bo@example.org"]
STAFF_NAMES = {"ada@example.org": "Ada", "bo@example.org": "Bo"}
REPORTERS = [f"r{n}@example.net" for n in range(1, 7)]
SUBSCRIBERS = [f"s{n}@example.com" for n in range(1, 13)]
# The relay accepts mail for this one, and Dovecot then refuses it: a bounce comes back.
MOVED_AWAY = "gone@example.com"

DOMAINS = ["example.org", "mail.example.org", "example.net", "example.com"]


@dataclass
class People:
    """Addresses with a mailbox, each with a password of its own."""

    passwords: dict = field(default_factory=dict)

    @classmethod
    def usual(cls):
        return cls({address: secrets.token_urlsafe(12) for address in [SECURITY, NOTIFIER, BOUNCES, *STAFF, *REPORTERS, *SUBSCRIBERS]})

    def add(self, address):
        self.passwords[address] = secrets.token_urlsafe(12)
