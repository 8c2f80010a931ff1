"""How the day is shown: a line with its time for what happens, marked lines for what came of it. Fits 64 columns."""

import sys
import textwrap
import time

_WIDTH = 64
_INDENT = " " * 10


class Show:
    def __init__(self, out=sys.stdout):
        self._out = out
        self._colours = out.isatty()

    def step(self, text):
        """Something happens."""
        self._print(time.strftime("%H:%M:%S", time.gmtime()) + "  ", text, "1")

    def came(self, text):
        """What came of it, as somebody's mailbox shows it."""
        self._print(_INDENT + "✓ ", text, "32", mark_only=True)

    def failed(self, text):
        self._print(_INDENT + "✗ ", text, "31")

    def quote(self, text):
        """Words of a mail."""
        for line in text.strip().splitlines():
            self._print(_INDENT + "│ ", line, "2")

    def line(self, text=""):
        """As it is: commands may be wider, so that they can be copied."""
        print(text, file=self._out, flush=True)

    def _print(self, head, text, colour, mark_only=False):
        lines = textwrap.wrap(text, _WIDTH - len(head), break_long_words=False, break_on_hyphens=False) or [""]
        for number, line in enumerate(lines):
            lead = head if number == 0 or head.endswith("│ ") else " " * len(head)
            if mark_only and number == 0:
                lead = self._in(colour, lead)
            self.line(lead + (line if mark_only else self._in(colour, line)))

    def _in(self, colour, text):
        return f"\033[{colour}m{text}\033[0m" if self._colours else text
