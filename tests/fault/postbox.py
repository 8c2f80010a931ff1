"""A mailbox on loopback, spoken to in plain IMAP: enough for a client that lists and fetches, and quick to start. What it holds
never changes by itself; what a client could do to it is refused and remembered in `refused`."""

import re
from datetime import datetime, timezone

from tests.fault.loopback import Loopback


class Postbox(Loopback):
    """`mails` are bytes with CRLF; the n-th has UID n."""

    def __init__(self, mails=()):
        self.mails = list(mails)
        self.arrived = datetime.now(timezone.utc).strftime("%d-%b-%Y %H:%M:%S +0000")
        self.refused = []
        self.listen()

    def _converse(self, lines, out):
        def say(*parts):
            out.write(b"".join(part if isinstance(part, bytes) else part.encode() for part in parts) + b"\r\n")
            out.flush()

        say("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] ready")
        for line in lines:
            words = line.decode("latin-1").split()
            if len(words) < 2:
                return
            tag, verb = words[0], words[1].upper()
            if verb == "UID":
                verb = "UID " + words[2].upper()
            if verb == "CAPABILITY":
                say("* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR")
            elif verb == "AUTHENTICATE" and len(words) == 3:
                say("+ ")
                next(lines)
            elif verb == "LIST":
                say('* LIST () "/" INBOX')
            elif verb == "EXAMINE":
                say(f"* {len(self.mails)} EXISTS\r\n* OK [UIDVALIDITY 7] .\r\n* OK [UIDNEXT {len(self.mails) + 1}] .")
            elif verb == "STATUS":
                say(f"* STATUS INBOX (MESSAGES {len(self.mails)} UIDNEXT {len(self.mails) + 1} UIDVALIDITY 7)")
            elif verb == "UID SEARCH":
                say("* SEARCH", "".join(f" {n}" for n in self._asked(words[-1])))
            elif verb == "UID FETCH":
                for n in self._asked(words[3]):
                    body = self.mails[n - 1]
                    what = f'* {n} FETCH (UID {n} RFC822.SIZE {len(body)} INTERNALDATE "{self.arrived}"'
                    if "BODY.PEEK[]" in line.decode("latin-1").upper():
                        say(what, f" BODY[] {{{len(body)}}}\r\n", body, ")")
                    else:
                        say(what, ")")
            elif verb == "LOGOUT":
                say("* BYE\r\n", tag, " OK bye")
                return
            elif verb not in ("LOGIN", "AUTHENTICATE", "NOOP"):
                self.refused.append(verb)
                say(tag, " BAD not here")
                continue
            say(tag, " OK done")

    def _asked(self, numbers):
        asked = set()
        for part in numbers.split(","):
            first, _, last = part.partition(":")
            if not re.fullmatch(r"\d+", first):
                continue
            ends = int(first), len(self.mails) if last == "*" else int(last or first)
            asked.update(range(ends[0], ends[1] + 1))
        return sorted(n for n in asked if 1 <= n <= len(self.mails))
