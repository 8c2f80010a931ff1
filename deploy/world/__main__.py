"""deploy/try after the packages are there: builds, brings up the world, plays the day, stays or ends."""

import signal
import sys
import threading
import time

from .building import BuildFailed, build
from .children import NotStarted
from .day import Day, DayFailed
from .people import STAFF
from .place import NoRoom, clear_world
from .programs import CHECKOUT, NAMES, Programs
from .show import Show
from .site import Site
from .waiting import TimedOut
from .world import World

_HOME = CHECKOUT / ".try"
_WORLD = _HOME / "world"


def main(arguments):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    show = Show()
    try:
        build(CHECKOUT, CHECKOUT / "build", tests=False)
        return _live(show, once="--once" in arguments)
    except (BuildFailed, NoRoom, NotStarted, TimedOut) as error:
        show.line(str(error))
        return 1
    except DayFailed as error:
        show.failed(str(error))
        show.line(f"The day failed. What the programs and servers logged is in {_WORLD.relative_to(CHECKOUT)}.")
        return 1
    except OSError as error:
        show.line(f"The world could not go on: {error.strerror}{f' ({error.filename})' if error.filename else ''}.")
        return 1
    except KeyboardInterrupt:
        show.line()
        return 130


def _live(show, once):
    begun = time.monotonic()
    clear_world(_WORLD)
    with World(_WORLD) as world, Site(_WORLD / "site", world.certificates) as site:
        programs = Programs(world, _WORLD, site, build=CHECKOUT / "build")
        programs.write()
        _write_wrappers(programs)
        show.line(f"Two mail servers and a web site are up on 127.0.0.1 after {time.monotonic() - begun:.1f} s. Times are UTC.\n")
        Day(world, programs, site, show).play()
        show.line(f"\nThe day is over and all of it came true, in {time.monotonic() - begun:.0f} s.")
        if not once:
            _stay(show, world, site)
    return 0


def _stay(show, world, site):
    show.line(f"""
All of it runs until Ctrl-C. To look around, as root in this folder:
  .try/trust-intake list              the queue
  .try/trust-intake show CASE         one case
  .try/trust-intake status
  .try/trust-notifier announcement list
  .try/trust-notifier subscriber list
  .try/mailbox r1@example.net         anybody's mailbox
Or with programs of your own:
  web site  {site.base_url}
  IMAPS     127.0.0.1:{world.dovecot.port}   SMTPS 127.0.0.1:{world.postfix.submission_port}   SMTP 127.0.0.1:{world.postfix.plain_port}
  accounts  r1@example.net …, passwords in .try/world/passwords
  CA file   .try/world/certificates/ca.pem
  logs      .try/world/intake.log, notifier.log
""")
    try:
        while not threading.Event().wait(1):
            if ended := world.children.ended():
                raise NotStarted(f"{ended[0]} ended by itself: see the logs in {_WORLD.relative_to(CHECKOUT)}.")
    except KeyboardInterrupt:
        show.line("\nEverything is being stopped.")


def _write_wrappers(programs):
    """`.try/trust-intake list` is the program with this world's configuration."""
    commands = {f"trust-{name}": f'TRUST_STAFF="${{TRUST_STAFF-{STAFF[0]}}}" exec "{programs.path(name)}" "$@" --config "{programs.files[name]}"' for name in NAMES}
    commands["mailbox"] = f'cd "{CHECKOUT}" && exec /usr/bin/python3 -B -m deploy.world.mailbox "{_WORLD}" "$@"'
    for name, command in commands.items():
        path = _HOME / name
        path.write_text(f"#!/bin/sh\n{command}\n", encoding="utf-8")
        path.chmod(0o755)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
