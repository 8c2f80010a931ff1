"""What system tests stand on: a world of their own, both programs on either store, and the stores read from outside."""

import os
import secrets
import signal
import sqlite3
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from deploy.world.programs import NAMES, Programs
from deploy.world.site import Site
from deploy.world.world import World

from .postgres import Postgres

# Told to end, a test still stops its servers and removes its folders.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

BUILD = Path(os.environ.get("TRUST_BUILD") or Path(__file__).resolve().parents[2] / "build").resolve()
_own_postgres = []  # only where a test is run by itself


def postgres_url():
    url = os.environ.get("TRUST_TEST_POSTGRES")
    if url:
        return url
    if not _own_postgres:
        server = Postgres()
        server.__enter__()
        unittest.addModuleCleanup(server.__exit__)
        unittest.addModuleCleanup(_own_postgres.clear)
        _own_postgres.append(server)
    return _own_postgres[0].url


def new_databases():
    """A store URL for each program, on databases that did not exist."""
    urls = {}
    for name in NAMES:
        database = f"{name}_{secrets.token_hex(6)}"
        psql(postgres_url(), f"CREATE DATABASE {database}")
        urls[name] = postgres_url().rpartition("/")[0] + "/" + database
    return urls


def rows(url, sql):
    """Reads a store without our own code: a list of tuples, every value as text (NULL as "")."""
    if url.startswith("sqlite:"):
        with sqlite3.connect(f"file:{url.removeprefix('sqlite:')}?mode=ro", uri=True, timeout=30) as connection:
            found = [tuple("" if value is None else str(value) for value in row) for row in connection.execute(sql)]
        connection.close()
        return found
    return [tuple(line.split("\x1f")) for line in psql(url, sql).splitlines()]


def change(url, sql):
    """Tampers with a store, from outside."""
    if not url.startswith("sqlite:"):
        psql(url, sql)
        return
    connection = sqlite3.connect(url.removeprefix("sqlite:"), timeout=30)
    with connection:
        connection.execute(sql)
    connection.close()


def psql(url, sql):
    argv = ["/usr/lib/postgresql/15/bin/psql", url, "-XqtA", "-F", "\x1f", "-v", "ON_ERROR_STOP=1", "-c", sql]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"psql: {done.stderr.strip()}")
    return done.stdout


class Stage(unittest.TestCase):
    """`world`, `site` and `folder` for the class; `programs()` for each test. All gone when the class ends."""

    on_postgres = False

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="trust-test.")))
        cls.world = cls.enterClassContext(World(cls.folder / "world"))
        cls.site = cls.enterClassContext(Site(cls.folder / "site", cls.world.certificates))

    def programs(self, name="programs", **changes):
        """Both programs, configured (`changes` are merged into the configuration of intake or notifier), not migrated."""
        stores = new_databases() if self.on_postgres else None
        made = Programs(self.world, self.folder / name, self.site, build=BUILD, stores=stores)
        for program in NAMES:
            merge(getattr(made, program), changes.get(program, {}))
        made.write()
        self.addCleanup(self._show_logs, made)
        return made

    def must(self, done, code=0):
        """Holds the exit status of a command against `code`; the failure shows what it said."""
        self.assertEqual(done.returncode, code, f"{done.args[1:]}\nstdout: {done.stdout}\nstderr: {done.stderr}")
        return done

    def first_look(self, programs, *names):
        for name in names or NAMES:
            self.must(programs.call(name, "migrate"))
            self.must(programs.call(name, "run", "--until-idle"))

    def _show_logs(self, programs):
        """After a failure: what the services logged last."""
        outcome = self._outcome
        if outcome and (outcome.result.failures or outcome.result.errors):
            for name, path in programs.logs.items():
                if path.exists():
                    print(f"--- {name}: end of its log\n" + "\n".join(path.read_text(errors="replace").splitlines()[-15:]))


def merge(into, changes):
    """{"imap": {"poll": "5s"}} changes one key; a value of None takes the key away."""
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        elif value is None:
            into.pop(key, None)
        else:
            into[key] = value
