"""The outside checker: compares what recipients got with what a store says, and lists whatever is lost, doubled or untold.
It reads stores with sqlite3 or psql and counts mails in mailboxes or in the scripted relay; nothing of ours is asked."""

from collections import Counter

from tests.world.stage import rows


def copies_in(world, addresses):
    """How often each (recipient, Message-ID) lies in the mailboxes."""
    return Counter((address, str(mail["Message-ID"]).strip("<> ")) for address in addresses for mail in world.mailbox(address).mails())


def copies_at(relay):
    """How often the relay saw the end of each (recipient, Message-ID), answered or not."""
    return Counter((mail.recipient, mail.header("Message-ID").strip("<> ")) for mail in relay.mails)


def delivery_faults(what, state, copies):
    if state == "accepted":
        return [] if copies == 1 else [f"{what}: accepted, and {copies} copies are there"]
    if state == "uncertain":
        return [] if copies <= 1 else [f"{what}: uncertain, and {copies} copies are there"]
    return [f"{what}: left in state {state}"]


def intake_faults(url, reporters, staff, copies):
    """After the service is idle: each reporter's one mail is one case with one acknowledgment and one notice per staff."""
    faults = []
    cases = rows(url, "SELECT id, reporter_address FROM cases")
    if sorted(reporter for _, reporter in cases) != sorted(reporters):
        faults.append(f"{len(cases)} cases for {len(reporters)} reports")
    mails = rows(url, "SELECT stage, count(*) FROM mail GROUP BY stage")
    if mails != [("filed", str(len(reporters)))]:
        faults.append(f"mails: {mails}")
    ledger = rows(url, "SELECT outcome, count(*) FROM mailbox_ledger WHERE outcome <> 'before_us' GROUP BY outcome")
    if ledger != [("stored", str(len(reporters)))]:
        faults.append(f"ledger: {ledger}")
    wanted = Counter([("acknowledgment", reporter) for reporter in reporters] + [("notice", person) for person in staff for _ in reporters])
    sent = rows(url, "SELECT kind, recipient, message_id, state FROM outbox WHERE kind IN ('acknowledgment', 'notice')")
    queued = Counter((kind, recipient) for kind, recipient, _, _ in sent)
    if queued != wanted:
        faults.append(f"outbox: {dict(queued)} instead of {dict(wanted)}")
    for kind, recipient, message_id, state in sent:
        faults += delivery_faults(f"{kind} to {recipient}", state, copies[recipient, message_id])
    return faults


def answer_faults(url, reporter, copies):
    """After `answer` has at last ended with 0: one answer, met promise, one mail."""
    sent = rows(url, "SELECT recipient, message_id, state FROM outbox WHERE kind = 'answer'")
    faults = [] if len(sent) == 1 else [f"{len(sent)} answers in the outbox"]
    for recipient, message_id, state in sent:
        faults += [] if recipient == reporter else [f"an answer to {recipient}"]
        faults += delivery_faults(f"answer to {recipient}", state, copies[recipient, message_id])
    met = rows(url, "SELECT count(*) FROM promise WHERE kind = 'response' AND met_at IS NOT NULL")
    return faults + ([] if met == [("1",)] else [f"met promises: {met}"])


def notifier_faults(url, page, readers, copies):
    """After the announcement is settled: one delivery for each reader, and one mail unless it is listed as uncertain.
    `copies` counts (recipient, page URL in Archived-At)."""
    faults = []
    announced = rows(url, f"SELECT state, recipients FROM announcement WHERE url = '{page}'")
    uncertain = rows(url, "SELECT count(*) FROM outbox WHERE state = 'uncertain'") != [("0",)]
    if announced not in [[(state, str(len(readers)))] for state in ("finished", "sending")[:2 if uncertain else 1]]:
        faults.append(f"announcement: {announced}")
    sent = rows(url, "SELECT address, outbox.state FROM outbox JOIN subscriber ON subscriber.id = outbox.reader WHERE outbox.kind = 'announcement'")
    if sorted(address for address, _ in sent) != sorted(readers):
        faults.append(f"{len(sent)} deliveries for {len(readers)} readers")
    for address, state in sent:
        faults += delivery_faults(f"announcement to {address}", state, copies[address, page])
    return faults


def notice_faults(url, staff, copies):
    """One announcement was made: each of staff is told of it once."""
    sent = rows(url, "SELECT recipient, message_id, state FROM outbox WHERE kind = 'notice'")
    faults = [] if sorted(person for person, _, _ in sent) == sorted(staff) else [f"{len(sent)} notices for {len(staff)} of staff"]
    for person, message_id, state in sent:
        faults += delivery_faults(f"notice to {person}", state, copies[person, message_id])
    return faults


def pages_in(world, readers):
    return Counter((reader, str(mail["Archived-At"]).strip("<> ")) for reader in readers for mail in world.mailbox(reader).mails())


def store_faults(url, relay, connections, stderr="", secrets=()):
    """What holds after every fault, whatever the flow: a sound store, at most two uncertain mails for each connection, no mail
    changed between its copies, no word of anybody in what the programs say."""
    faults = []
    if url.startswith("sqlite:") and rows(url, "PRAGMA integrity_check") != [("ok",)]:
        faults.append("the store is damaged")
    uncertain = int(rows(url, "SELECT count(*) FROM outbox WHERE state = 'uncertain'")[0][0])
    if uncertain > 2 * connections:
        faults.append(f"{uncertain} uncertain mails on {connections} connections")
    sent = rows(url, "SELECT count(*), count(DISTINCT message_id) FROM outbox WHERE message_id <> ''")
    if sent[0][0] != sent[0][1]:
        faults.append(f"Message-IDs are shared: {sent}")
    first = {}
    for mail in relay.mails:
        key = mail.recipient, mail.header("Message-ID")
        if first.setdefault(key, mail.data) != mail.data:
            faults.append(f"the copies of mail {mail.number} differ")
    known = {message_id for (message_id,) in rows(url, "SELECT message_id FROM outbox WHERE message_id <> ''")}
    composed = rows(url, "SELECT count(*) FROM outbox WHERE message_id = ''") != [("0",)]
    strangers = [mail.number for mail in relay.mails if mail.header("Message-ID").strip("<> ") not in known]
    if strangers and not composed:
        faults.append(f"mails {strangers} are in no outbox")
    said = [number for number, secret in enumerate(secrets) if secret in stderr]
    return faults + ([f"secrets {said} stand in the log"] if said else [])


def due_times(url):
    """What was promised to whom, and when it is due: the same whatever happens."""
    return rows(url, "SELECT reporter_address, promise.kind, received_at, start_at, due_at FROM promise JOIN cases ON cases.id = promise.case_id ORDER BY 1, 2, 4")
