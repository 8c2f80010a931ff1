"""Kills programs at every distinct call site that leaves a trace or takes one in, before and after the call, starts them again,
and lists what the outside checker finds. Peers are a scripted mailbox and a scripted relay for each kill, whose memory is
the evidence; kill_point.cc says what a site is."""

import os
import random
import secrets
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from deploy.world.children import Children
from deploy.world.people import People
from deploy.world.programs import Programs
from deploy.world.site import Site
from tests.fault.postbox import Postbox
from tests.fault.relay import Relay
from tests.world.stage import BUILD, merge

SHIM = BUILD / "tests" / "libkill_point.so"
SEED = 20261124
KILLED = -9


class Peers:
    """What Programs asks of a world, without a server: one mailbox for all, and the relay of whoever asks."""

    def __init__(self, folder, mails, **notifier):
        """`notifier` is merged into its configuration."""
        self.folder = Path(folder)
        self.notifier = notifier
        self.people = People.usual()
        self.children = Children()
        self.ca_file = None
        self.postbox = Postbox(mails)
        self.site = Site(self.folder / "site")
        self._password = self.folder / "password"
        self._password.write_text(secrets.token_urlsafe(12) + "\n", encoding="ascii")
        self._password.chmod(0o600)

    def stop(self):
        self.site.stop()
        self.postbox.__exit__()

    def password_file(self, _):
        return self._password

    def imap_url(self, _):
        return f"imap://security%40example.org@127.0.0.1:{self.postbox.port}"

    def smtp_url(self, _):
        return "smtp://127.0.0.1:1"  # replaced by each run's own relay

    def programs(self, name, relay, stores=None, template=None):
        """Both programs in a folder of their own; stores and keys are copied from the folder `template`."""
        folder = self.folder / name
        if template:
            shutil.copytree(template, folder)
        made = Programs(self, folder, self.site, build=BUILD, stores=stores)
        for values in (made.intake, made.notifier):
            values["smtp"] = {"url": relay.url, "connections": 1}
            values.get("imap", {}).pop("ca_file", None)
        made.intake["imap"]["from"] = "all"
        made.notifier.pop("bounces", None)
        made.notifier["site"].pop("ca_file")
        made.notifier["site"].pop("folder")
        merge(made.notifier, self.notifier)
        made.write()
        return made


@dataclass(frozen=True)
class Point:
    step: int
    site: str
    call: str
    after: bool

    @property
    def environment(self):
        return {"LD_PRELOAD": str(SHIM), "KILL_POINT_SITE": self.site, "KILL_POINT_AFTER": "1" if self.after else "0"}

    def __str__(self):
        return f"step {self.step} {'after' if self.after else 'before'} {self.call} at {self.site}"


@dataclass
class Cycle:
    """One run of a flow with its own relay, and all that was said on standard error."""

    programs: Programs
    relay: Relay
    said: list = field(default_factory=list)
    answers: list = field(default_factory=list)  # what a client was told, None for nothing
    killed: bool = False

    def call(self, name, *words, environment=None, expected=(0,), **more):
        done = self.programs.call(name, *words, environment=environment, **more)
        self.said.append(done.stderr)
        if done.returncode not in expected:
            raise AssertionError(f"{words}: {done.returncode}, not {expected}: {done.stderr[-600:]}")
        return done


@dataclass
class Flow:
    """`steps` are functions of (cycle, environment, expected exit codes); `settle` brings a killed one to its end, as the
    next start does, and gets (cycle, step killed, environment, expected exit codes); `faults(cycle)` is what the checker finds."""

    name: str
    template: Path
    steps: list
    settle: object
    faults: object


class Sweep:
    def __init__(self, peers, flow, new_stores=None):
        self.peers = peers
        self.flow = flow
        self.new_stores = new_stores  # (template programs) -> URLs; None: SQLite files, copied

    def fresh(self, label):
        relay = Relay()
        stores = self.new_stores() if self.new_stores else None
        name = f"{self.flow.name}-{label}-{secrets.token_hex(4)}"
        return Cycle(self.peers.programs(name, relay, stores, self.flow.template), relay)

    def trace(self, label, before=None, run=None):
        """The sites of one run: of the flow, or of `run(cycle, step, environment)` after `before(cycle)`."""
        cycle = self.fresh(label)
        found = {}
        for step in range(1 if run else len(self.flow.steps)):
            if before:
                before(cycle)
            file = cycle.programs.folder / f"trace-{step}"
            environment = {"LD_PRELOAD": str(SHIM), "KILL_POINT_TRACE": str(file)}
            (run or self._step)(cycle, step, environment, (0,))
            for line in file.read_text(encoding="ascii").splitlines():
                site, call = line.split(" ")[:2]
                found.setdefault((step, site), call)
        return cycle, [Point(step, site, call, after) for (step, site), call in found.items() for after in (False, True)]

    def _step(self, cycle, step, environment, expected):
        self.flow.steps[step](cycle, environment, expected)

    def points(self):
        """Those of two runs: threads do not meet in the same way in each."""
        first, found = self.trace("trace")
        second, more = self.trace("trace")
        points = sorted({*found, *more}, key=str)
        random.Random(SEED).shuffle(points)
        return [first, second], points

    def kill_at(self, point):
        cycle = self.fresh("kill")
        for step in range(point.step):
            self._step(cycle, step, {}, (0,))
        try:
            self._step(cycle, point.step, point.environment, (KILLED,))
            cycle.killed = True
        except AssertionError as error:
            if ": 0, not" not in str(error):
                raise
        return cycle

    def run(self, seconds, least=1.0, count=None):
        """Kills at every point, or at `count` of them drawn from the seed. Returns a line for each fault found and the
        share of the points where the kill really happened."""
        whole, points = self.points()
        faults = [f"not killed: {fault}" for cycle in whole for fault in self.ended(cycle, len(self.flow.steps) - 1)]

        def one(point):
            cycle = self.kill_at(point)
            return self.judged(point, cycle, lambda: self.ended(cycle, point.step))

        return faults + self._swept(points[:count], one, seconds, least, self.flow.name)

    def run_recovery(self, point, seconds, least=1.0):
        """Killed at `point`, the next start is killed at each of its own points, and the one after that must make it good."""
        def recover(cycle, _, environment, expected):
            self.flow.settle(cycle, point.step, environment, expected)

        cycles, points = [], set()
        for _ in range(2):
            cycle, found = self.trace("recovery", lambda fresh: self._kill_in(fresh, point), recover)
            cycles.append(cycle)
            points.update(found)
        points = sorted(points, key=str)

        def one(second):
            cycle = self.kill_at(point)
            first_kill = cycle.killed
            try:
                self.flow.settle(cycle, point.step, second.environment, (KILLED,))
            except AssertionError as error:
                cycle.killed = False
                if ": 0, not" not in str(error):
                    raise
            cycle.killed = cycle.killed and first_kill
            return self.judged(second, cycle, lambda: self.ended(cycle, point.step))

        return self._swept(points, one, seconds, least, self.flow.name + ", recovery")

    def _kill_in(self, cycle, point):
        for step in range(point.step):
            self._step(cycle, step, {}, (0,))
        self._step(cycle, point.step, point.environment, (KILLED,))

    def ended(self, cycle, step):
        self.flow.settle(cycle, step, {}, (0,))
        return self.flow.faults(cycle)

    def judged(self, point, cycle, faults):
        try:
            found = [f"{point}: {fault}" for fault in faults()]
        except (AssertionError, subprocess.TimeoutExpired) as error:
            found = [f"{point}: {error}"]
        cycle.relay.__exit__()
        if not found:
            shutil.rmtree(cycle.programs.folder, ignore_errors=True)
        return found, cycle.killed

    def _swept(self, points, one, seconds, least, name):
        begun = time.monotonic()

        def in_time(point):
            if time.monotonic() - begun > seconds:
                return None
            try:
                return one(point)
            except (AssertionError, subprocess.TimeoutExpired) as error:
                return [f"{point}: {error}"], False

        with ThreadPoolExecutor((os.cpu_count() or 2) + 1) as pool:
            done = [judged for judged in pool.map(in_time, points) if judged]
        kills = sum(killed for _, killed in done)
        sites = len({(point.step, point.site) for point in points})
        print(f"{name}: seed {SEED}, {sites} sites, {len(points)} points, {len(done)} tried, {kills} kills, "
              f"{time.monotonic() - begun:.0f} s", file=sys.stderr)
        faults = [fault for found, _ in done for fault in found]
        if len(done) < least * len(points):
            faults.append(f"only {len(done)} of {len(points)} points in {seconds} s")
        if kills < 0.8 * len(done):
            faults.append(f"only {kills} kills at {len(done)} points")
        return faults
