"""A private PostgreSQL in a temporary folder, on a free port of 127.0.0.1. No database outlives it."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from deploy.world.children import Children, NotStarted
from deploy.world.place import free_port
from deploy.world.waiting import wait_for

_PROGRAMS = Path("/usr/lib/postgresql/15/bin")
# Tests lose nothing that matters when the machine does: no fsync.
_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200", "listen_addresses": "127.0.0.1"}


class Postgres:
    """`with Postgres() as server:` gives a server whose `url` ends in a database name."""

    def __init__(self, **settings):
        self._children = Children()
        self._folder = None
        self._settings = {**_SETTINGS, **settings}
        self._server = None
        self.url = ""

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._children.stop_all()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self):
        if not (_PROGRAMS / "initdb").exists():
            raise NotStarted("PostgreSQL is not installed: apt-get install postgresql-15.")
        self._folder = Path(tempfile.mkdtemp(prefix="trust-postgres.", dir="/tmp"))
        user = _user()
        os.chown(self._folder, user.pw_uid, user.pw_gid)
        become = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        data = self._folder / "data"
        made = subprocess.run([_PROGRAMS / "initdb", "-D", data, "-U", "trust", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
                              capture_output=True, text=True, check=False, cwd="/", **become)
        if made.returncode != 0:
            raise NotStarted(f"PostgreSQL's initdb failed: {made.stderr.strip().splitlines()[-1]}")
        self._port = free_port()
        self._as_user = user if become else None
        self.url = f"postgresql://trust@127.0.0.1:{self._port}/postgres"
        self.serve()

    def serve(self):
        """Starts the server on its data; the url stays."""
        argv = [_PROGRAMS / "postgres", "-D", self._folder / "data", "-p", self._port, "-k", self._folder]
        for name, value in self._settings.items():
            argv += ["-c", f"{name}={value}"]
        log = self._folder / "log"
        child = self._server = self._children.start("PostgreSQL", argv, log, user=self._as_user, end_with=signal.SIGINT)

        def answers():
            if child.poll() is not None:
                raise NotStarted(f"PostgreSQL ended at once: {log.read_text(errors='replace').strip().splitlines()[-1]}")
            return subprocess.run([_PROGRAMS / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self._port)], check=False).returncode == 0

        wait_for("PostgreSQL to answer", answers, 30)

    def stop_at_once(self):
        """As `pg_ctl stop -m immediate` does: no session is told, nothing is tidied up."""
        self._server.send_signal(signal.SIGQUIT)
        self._server.wait(30)


def _user():
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")
