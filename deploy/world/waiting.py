"""Waiting for a condition instead of sleeping."""

import time


class TimedOut(Exception):
    """The condition did not come true in time; the text names it."""


def wait_for(what, condition, seconds=30.0, every=0.1):
    """Calls `condition` until it returns something true, which is returned."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise TimedOut(f"waited {seconds:g} s for {what}")
        time.sleep(every)
