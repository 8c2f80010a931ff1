"""Folders, ports and room on the disk."""

import errno
import os
import random
import shutil
import socket
import stat
import tempfile
from pathlib import Path

# A Unix socket's path may have 107 bytes; the servers add up to 45 to their folder's.
LONGEST_FOLDER = 60


class NoRoom(Exception):
    """One sentence for the person who started us."""


def need_free_bytes(folder, needed):
    """Fails if the disk under `folder` has fewer free bytes than `needed`."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise NoRoom(f"The disk under {folder} has {free >> 20} MiB free and this needs {needed >> 20} MiB: make room and try again.")


def open_to_others(folder):
    """Whether the servers' own users can reach `folder`."""
    folder = Path(folder).resolve()
    return all(step.stat().st_mode & stat.S_IXOTH for step in [folder, *folder.parents])


def servers_folder(wanted):
    """An empty folder in which Dovecot and Postfix can live: `wanted` itself, or, where other users cannot reach it or
    its path is too long for sockets, a temporary one that `wanted` then links to."""
    wanted = Path(wanted)
    if len(str(wanted)) <= LONGEST_FOLDER and open_to_others(wanted.parent):
        wanted.mkdir(mode=0o755)
        return wanted
    for base in (tempfile.gettempdir(), "/tmp", "/var/tmp"):
        if len(base) <= LONGEST_FOLDER - 20 and open_to_others(base):
            folder = Path(tempfile.mkdtemp(prefix="trust-mail.", dir=base))
            folder.chmod(0o755)
            wanted.symlink_to(folder)
            return folder
    raise NoRoom("No temporary folder that every user may enter: /tmp should have mode 1777.")


def free_port():
    """A TCP port of 127.0.0.1 that nobody listens on, from below the range that outgoing connections take theirs from."""
    for _ in range(500):
        port = random.randint(20000, 31999)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise NoRoom(f"127.0.0.1 cannot be used: {error.strerror}.") from error
    raise NoRoom("No free port on 127.0.0.1 between 20000 and 31999: end what holds them and try again.")


def write_private(path, text, owner=None):
    """Writes a file that only its owner can read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    if owner:
        shutil.chown(path, owner)


def clear_world(folder):
    """Removes what an earlier run left in `folder`, also outside of it if that run was killed."""
    servers = folder / "servers"
    if servers.is_symlink() and Path(os.readlink(servers)).name.startswith("trust-mail."):
        shutil.rmtree(os.readlink(servers), ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
