"""Builds the programs: as the owner of the checkout, so that sudo leaves no files of root behind."""

import os
import pwd
import re
import subprocess
import sys
import time

PROGRAMS = ["trust-intake", "trust-notifier"]
_STEP = re.compile(rb"^\[(\d+)/(\d+)\]")


class BuildFailed(Exception):
    """One sentence for the person who started us; the compiler's words were shown before."""


def build(checkout, folder, tests, preset="release", targets=()):
    """Configures and builds in `folder`: `targets`, or everything, or without `tests` the two programs. Shows progress on
    a terminal, and all output if it fails."""
    become, environment = _owner(checkout)
    folder.mkdir(exist_ok=True)
    if become and folder.stat().st_uid == 0:
        os.chown(folder, become["user"], become["group"])
    begun = time.monotonic()
    print("Building …" if (folder / "build.ninja").exists() else "Building; the first time takes some minutes …", flush=True)
    # A folder that the tests were built in stays one, so that neither throws away what the other has compiled.
    switch = ["-DTRUST_TESTS=ON"] if tests else [] if (folder / "CMakeCache.txt").exists() else ["-DTRUST_TESTS=OFF"]
    _run(["cmake", "--preset", preset, "-B", folder, *switch], checkout, become, environment)
    _run(["ninja", "-C", folder, *(targets if tests else PROGRAMS)], checkout, become, environment)
    print(f"Built in {time.monotonic() - begun:.0f} s.", flush=True)


def _owner(checkout):
    environment = dict(os.environ)
    owner = checkout.stat()
    if os.geteuid() != 0 or owner.st_uid == 0:
        return {}, environment
    try:
        environment["HOME"] = pwd.getpwuid(owner.st_uid).pw_dir
    except KeyError:
        environment["CCACHE_DISABLE"] = "1"
    return {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}, environment


def _run(argv, checkout, become, environment):
    shown = sys.stdout.isatty()
    said = []
    with subprocess.Popen([str(word) for word in argv], cwd=checkout, env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **become) as child:
        for line in child.stdout:
            step = _STEP.match(line)
            if not step:
                said.append(line)
            elif shown:
                done, all_steps = int(step[1]), int(step[2])
                print(f"\r  building {'█' * (30 * done // all_steps):30} {done}/{all_steps} ", end="", flush=True)
    if shown:
        print("\r" + " " * 60 + "\r", end="")
    if child.returncode != 0:
        sys.stdout.buffer.write(b"".join(said))
        sys.stdout.flush()
        raise BuildFailed(f"{argv[0]} failed; what it said stands above.")
