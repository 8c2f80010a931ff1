"""A mail relay on loopback that follows a script and remembers every mail whose end it saw. Plain SMTP, no login."""

import threading
import time
from dataclasses import dataclass, field

from tests.fault.loopback import Loopback


@dataclass
class Taken:
    """A mail up to and including its final dot."""

    number: int  # from 1, in the order of the dots
    sender: str
    recipient: str
    data: bytes
    answered: bool = False  # a 250 was sent
    at: float = field(default_factory=time.monotonic)  # when its dot came

    def header(self, name):
        for line in self.data.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ").split(b"\r\n\r\n")[0].split(b"\r\n"):
            key, _, value = line.partition(b":")
            if key.decode("latin-1").lower() == name.lower():
                return value.decode("latin-1").strip()
        return ""


@dataclass
class Relay(Loopback):
    """`on_dot(mail)` is asked when a dot has come and says what happens: "accept", "hang" (no answer until `release`),
    "close" (no answer, the connection ends), or an SMTP reply such as "451 4.3.0 later"."""

    on_dot: object = staticmethod(lambda mail: "accept")
    on_greeting: object = staticmethod(lambda: "greet")  # "hang": not a word until `release`; else a reply, and the end
    visits: int = 0
    mails: list = field(default_factory=list)

    def __post_init__(self):
        self._lock = threading.Lock()
        self._released = threading.Event()
        self.listen()

    def __exit__(self, *_):
        self.release()
        super().__exit__()

    @property
    def url(self):
        return f"smtp://127.0.0.1:{self.port}"

    def release(self):
        self._released.set()

    def answered(self):
        return [mail for mail in self.mails if mail.answered]

    def _converse(self, lines, out):
        def say(text):
            out.write(text.encode() + b"\r\n")
            out.flush()

        sender = recipient = ""
        self.visits += 1
        greeting = self.on_greeting()
        if greeting == "hang":
            self._released.wait()
            return
        if greeting != "greet":
            say(greeting)
            return
        say("220 relay.example.org")
        for line in lines:
            command = line.decode("latin-1").strip()
            verb = command[:4].upper()
            if verb == "EHLO":
                say("250-relay.example.org\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES")
            elif verb == "MAIL":
                sender, recipient = _path(command), ""
                say("250 2.1.0 ok")
            elif verb == "RCPT":
                recipient = _path(command)
                say("250 2.1.5 ok")
            elif verb == "DATA":
                say("354 go on")
                data = _until_dot(lines)
                if data is None:
                    return
                with self._lock:
                    mail = Taken(len(self.mails) + 1, sender, recipient, data)
                    self.mails.append(mail)
                what = self.on_dot(mail)
                if what == "hang":
                    self._released.wait()
                    return
                if what == "close":
                    return
                mail.answered = what == "accept"
                say("250 2.0.0 taken" if what == "accept" else what)
            elif verb == "QUIT":
                say("221 2.0.0 bye")
                return
            else:
                say("250 2.0.0 ok" if verb in ("NOOP", "RSET", "HELO") else "500 5.5.1 what?")


def _path(command):
    return command.partition("<")[2].partition(">")[0]


def _until_dot(lines):
    """The mail without dot-stuffing; None if the connection ended before its dot."""
    data = []
    for line in lines:
        if line == b".\r\n":
            return b"".join(data)
        data.append(line[1:] if line.startswith(b".") else line)
    return None
