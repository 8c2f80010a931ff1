"""Builds what shares memory between threads with a sanitizer, and runs it. One report fails the run. `seeded_fault` goes
first: a sanitizer that misses what is there would prove nothing by its silence."""

import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from deploy.world.building import PROGRAMS, BuildFailed, build
from deploy.world.children import NotStarted
from deploy.world.place import NoRoom, need_free_bytes

from .postgres import Postgres

_CHECKOUT = Path(__file__).resolve().parents[2]
_NEEDED_BYTES = 2 << 30
_REPORTED = 66
_PARTS = 4  # of a test program: its tests wait more than they work
_LONGEST = 600  # seconds that one program may take
_SUPPRESSIONS = Path(__file__).with_name("tsan.supp")


@dataclass
class Suite:
    preset: str
    faults: dict  # what seeded_fault does, and the words that must be reported
    modules: tuple
    scenes: tuple = ()  # system tests, with both programs built like the modules


SUITES = {
    # SEC-55: the web server, the mailbox's threads, the senders, reloads; each by itself, and all of them at once.
    "thread": Suite("tsan", {"thread": "data race"}, ("lib_outbox", "lib_web", "lib_program", "lib_imap", "lib_net", "notifier_flow"), ("everything_at_once",)),
}


def main(names):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if not set(names) <= set(SUITES):
        print(f"tests/sanitized [{'|'.join(SUITES)}]", file=sys.stderr)
        return 2
    try:
        with Postgres() as postgres:
            return max([_run(SUITES[name], postgres) for name in names or SUITES])
    except (BuildFailed, NoRoom, NotStarted) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _run(suite, postgres):
    folder = _CHECKOUT / f"build-{suite.preset}"
    need_free_bytes(_CHECKOUT, _NEEDED_BYTES)
    tests = [f"test_{module}" for module in suite.modules]
    build(_CHECKOUT, folder, tests=True, preset=suite.preset, targets=["seeded_fault", *tests, *(PROGRAMS if suite.scenes else ())])
    run = Run(folder, postgres.url)
    for fault, words in suite.faults.items():
        code, said, reports = run(f"seeded {fault}", folder / "tests/seeded_fault", fault)
        if code != _REPORTED or words not in reports:
            print(f"A seeded fault was not reported ({fault}, exit status {code}): this machine's sanitizers prove nothing. {said}{reports}", file=sys.stderr)
            return 1
    parts = [(f"{test} part {n + 1}", folder / "tests" / test, n) for test in tests for n in range(_PARTS)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda part: run(*part[:2], "--gtest_brief=1", GTEST_TOTAL_SHARDS=str(_PARTS), GTEST_SHARD_INDEX=str(part[2])), parts))
    results += [run(scene, "/usr/bin/python3", "-B", f"tests/system/{scene}_test.py") for scene in suite.scenes]
    return int(any(code or reports for code, _, reports in results))


class Run:
    """Runs a program so that it, and whatever it starts, writes what is wrong into files."""

    def __init__(self, folder, postgres_url):
        self._reports = folder / "reports"
        self._environment = {**os.environ, "TRUST_BUILD": str(folder), "TRUST_TEST_POSTGRES": postgres_url}
        shutil.rmtree(self._reports, ignore_errors=True)
        self._reports.mkdir()
        # The memory that sanitizers reserve must not be taken by chance; a container may forbid to ask for that.
        fixed = ["setarch", "-R"]
        self._before = fixed if subprocess.run([*fixed, "true"], capture_output=True, check=False).returncode == 0 else []
        self._before += ["timeout", "-k", "30", str(_LONGEST)]

    def __call__(self, name, *argv, **more):
        """(exit status, what it said, what was reported); all of it is printed unless it was silent or a seeded fault."""
        begun = time.monotonic()
        options = f"exitcode={_REPORTED}:log_path={self._reports / name.replace(' ', '-')}"
        environment = {**self._environment, **more, "ASAN_OPTIONS": options, "UBSAN_OPTIONS": options + ":print_stacktrace=1",
                       "TSAN_OPTIONS": f"{options}:suppressions={_SUPPRESSIONS}"}
        done = subprocess.run([*self._before, *map(str, argv)], cwd=_CHECKOUT, env=environment, stdin=subprocess.DEVNULL, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        reports = "".join(path.read_text(errors="replace") or f"{path.name} is empty\n" for path in sorted(self._reports.glob(f"{name.replace(' ', '-')}.*")))
        wrong = done.returncode or reports
        print(f"{name}: {'reported' if reports else 'FAILED' if wrong else 'passed'}, {time.monotonic() - begun:.0f} s", flush=True)
        if wrong and not name.startswith("seeded"):
            print(done.stdout + reports, flush=True)
        return done.returncode, done.stdout, reports


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
