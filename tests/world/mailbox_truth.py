"""Mailbox against ledger against store, computed from outside: from what was put in, what imaplib lists and what
sqlite3 or psql reads."""

import re
import sqlite3
from collections import Counter

from .many_mails import NUMBER, digest
from .stage import psql, rows

_UID = re.compile(rb"UID (\d+)")
_FLAGS = re.compile(rb"FLAGS \(([^)]*)\)")
# A folder's name in the ledger: as the configuration writes it, or as the server does.
NAMES = {"\\Junk": "Junk", "\\Sent": "Sent"}


def numbers(connection, which):
    """{uid: (number, flags)} of the selected folder; `which` is a set of UIDs. The mails stay unread."""
    _, reply = connection.uid("FETCH", which, f"(UID FLAGS BODY.PEEK[HEADER.FIELDS ({NUMBER})])")
    found = {}
    for part in reply:
        if isinstance(part, tuple):
            flags = set(_FLAGS.search(part[0])[1].decode().split()) - {"\\Recent"}
            number = re.search(rb"\d+", part[1])
            found[int(_UID.search(part[0])[1])] = (int(number[0]) if number else None, flags)
    return found


def listed(box, folder, which="1:*"):
    connection = box.open(folder)
    try:
        return numbers(connection, which)
    finally:
        connection.logout()


def uids(box, folder):
    connection = box.open(folder)
    try:
        return [int(uid) for uid in connection.uid("SEARCH", "ALL")[1][0].split()]
    finally:
        connection.logout()


def ledger(url):
    """{(folder, uidvalidity, uid): (outcome, mail id)}"""
    read = rows(url, "SELECT folder, uidvalidity, uid, outcome, mail_id FROM mailbox_ledger")
    return {(NAMES.get(folder, folder), int(validity), int(uid)): (outcome, mail) for folder, validity, uid, outcome, mail in read}


def raw_digests(url):
    """{mail id: SHA-256 of its raw bytes}"""
    if not url.startswith("sqlite:"):
        return dict(line.split("\x1f") for line in psql(url, "SELECT id, encode(sha256(raw), 'hex') FROM mail").splitlines())
    connection = sqlite3.connect(f"file:{url.removeprefix('sqlite:')}?mode=ro", uri=True, timeout=30)
    found = {mail: digest(raw) for mail, raw in connection.execute("SELECT id, raw FROM mail")}
    connection.close()
    return found


def truth_faults(url, put, on_server, removed, uidvalidity):
    """`put` is {number: digest}, `on_server` {folder: {uid: (number, flags)}}, `removed` {(folder, uid): number} of what
    another client took out of a folder, `uidvalidity` {folder: value}. Each mail that is there has one outcome and one
    row with its own bytes; one that was taken away has one too, or was never listed, or is `gone`."""
    faults = []
    kept, settled = raw_digests(url), ledger(url)
    faults += [f"{count} mails have the same bytes" for count in Counter(kept.values()).values() if count > 1]
    strange = set(kept.values()) - set(put.values())
    faults += [f"{len(strange)} mails whose bytes nobody put in"] if strange else []

    def has(folder, uid, number, outcomes):
        outcome, mail = settled.get((folder, uidvalidity[folder], uid), ("none", ""))
        if outcome not in outcomes:
            return [f"{folder} UID {uid}: outcome {outcome}"]
        if outcome in ("stored", "same_bytes") and kept.get(mail) != put[number]:
            return [f"{folder} UID {uid}: not its own bytes"]
        return []

    for folder, mails in on_server.items():
        for uid, (number, _) in mails.items():
            faults += has(folder, uid, number, ("stored", "same_bytes"))
    for (folder, uid), number in removed.items():
        faults += has(folder, uid, number, ("stored", "same_bytes", "gone", "none"))
    known = {(folder, uid) for folder, mails in on_server.items() for uid in mails} | set(removed)
    faults += [f"{folder} UID {uid}: nobody ever put it there" for folder, _, uid in settled if folder in on_server and (folder, uid) not in known]
    return faults


def case_faults(url):
    """Each mail is filed and has a case of its own."""
    unfiled = rows(url, "SELECT count(*) FROM mail WHERE stage <> 'filed' OR case_id IS NULL")
    mails, cases = rows(url, "SELECT count(*), (SELECT count(*) FROM cases) FROM mail")[0]
    doubled = rows(url, "SELECT case_id FROM mail GROUP BY case_id HAVING count(*) > 1")
    return ([] if unfiled == [("0",)] else [f"{unfiled} not filed"]) + ([] if mails == cases else [f"{cases} cases of {mails} mails"]) + [f"cases of several mails: {doubled}"] * bool(doubled)
