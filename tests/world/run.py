"""Builds everything and runs every test; the arguments are ctest's. The last lines are ctest's own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from deploy.world.building import BuildFailed, build
from deploy.world.children import NotStarted
from deploy.world.place import NoRoom, need_free_bytes

from .postgres import Postgres

_CHECKOUT = Path(__file__).resolve().parents[2]
_NEEDED_BYTES = 3 << 30  # objects, test programs, and the 60 MB mails of the system tests


def main(arguments):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = _CHECKOUT / "build"
    try:
        need_free_bytes(_CHECKOUT, _NEEDED_BYTES)
        build(_CHECKOUT, folder, tests=True)
        with Postgres() as postgres:
            environment = {**os.environ, "TRUST_TEST_POSTGRES": postgres.url}
            argv = ["ctest", "--test-dir", str(folder), "--output-on-failure", "-j", str(os.cpu_count() or 2), *arguments]
            return subprocess.run(argv, env=environment, check=False).returncode
    except (BuildFailed, NoRoom, NotStarted) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
