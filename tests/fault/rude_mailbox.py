"""An IMAP server on loopback that misbehaves and says so in words that must not get any further. Clear text."""

import re

from tests.fault.loopback import Loopback

# How it fails: at which command, and whether with NO, BAD, BYE, nonsense, or a mail that has no body.
WAYS = ("greeting", "login", "folder", "listing", "nonsense", "bye", "no_body")


class RudeMailbox(Loopback):
    def __init__(self, way, words):
        assert way in WAYS
        self.failed = 0  # how often it misbehaved
        self._way = way
        self._words = words.encode()
        self.listen()

    def _converse(self, lines, out):
        def say(*replies):
            out.write(b"".join(reply + b"\r\n" for reply in replies))
            out.flush()

        def fail(*replies):
            self.failed += 1
            say(*replies)

        words = self._words
        if self._way == "greeting":
            return fail(b"* BYE " + words)
        say(b"* OK [CAPABILITY IMAP4rev1] " + words)
        for line in lines:
            tag, _, command = line.strip().partition(b" ")
            verb = command.upper()
            done = tag + b" OK " + words
            if verb.startswith((b"LOGIN", b"AUTHENTICATE")) and self._way == "login":
                fail(tag + b" NO [ALERT] " + words)
            elif verb.startswith((b"EXAMINE", b"SELECT")) and self._way == "folder":
                fail(tag + b" NO [SERVERBUG] " + words)
            elif verb.startswith((b"EXAMINE", b"SELECT")) and self._way == "bye":
                return fail(b"* BYE " + words)
            elif verb.startswith(b"UID SEARCH") and self._way == "listing":
                fail(tag + b" BAD " + words)
            elif verb.startswith(b"UID SEARCH") and self._way == "nonsense":
                fail(b"* SEARCH (((" + words, b"* " + words, b"{99999999999999999999}", done)
            elif verb.startswith(b"CAPABILITY"):
                say(b"* CAPABILITY IMAP4rev1", done)
            elif verb.startswith((b"EXAMINE", b"SELECT")):
                say(b"* FLAGS (" + words.replace(b" ", b"-") + b")", b"* 2 EXISTS", b"* OK [UIDVALIDITY 7] " + words, b"* OK [UIDNEXT 3] " + words, done)
            elif verb.startswith(b"STATUS"):
                say(b"* STATUS INBOX (MESSAGES 2 UIDNEXT 3 UIDVALIDITY 7)", done)
            elif verb.startswith(b"UID SEARCH"):
                say(b"* SEARCH 1 2", done)
            elif verb.startswith(b"UID FETCH") and b"BODY" in verb:
                fail(*(b"* %d FETCH (UID %d RFC822.SIZE 99 BODY[] NIL)" % (uid, uid) for uid in _asked(verb)), done)
            elif verb.startswith(b"UID FETCH"):
                say(*(b'* %d FETCH (UID %d RFC822.SIZE 99 INTERNALDATE "25-Nov-2026 08:00:00 +0000")' % (uid, uid) for uid in _asked(verb)), done)
            elif verb.startswith(b"LOGOUT"):
                return say(b"* BYE " + words, done)
            else:
                say(done)


def _asked(verb):
    first, last = re.search(rb"FETCH (\d+)(?:[:,](\d+))?", verb).groups()
    return range(int(first), int(last or first) + 1)
