"""What Python's email package makes of each mail of a folder: one JSON object per line.

Eyes that are not ours, for tests/lib/cage/corpus_test.cc.
"""
import email
import email.policy
import json
import pathlib
import sys


def addresses(message, name):
    found = []
    for field in message.get_all(name, []):
        found += [a.addr_spec.lower() for a in getattr(field, "addresses", []) if a.domain]
    return found


def is_readable(part):
    return (
        part.get_content_type() in ("text/plain", "text/html")
        and not part.get_filename()
        and part.get_content_disposition() != "attachment"
    )


def leaves(part):
    if part.get_content_maintype() == "multipart" and part.is_multipart():
        for inner in part.get_payload():
            yield from leaves(inner)
    else:
        yield part


def words_of(part):
    payload = part.get_payload(decode=True) or b""
    return bool(payload.strip())


def look_at(path):
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    parts = list(leaves(message))
    senders = addresses(message, "from")
    return {
        "file": path.stem,
        "subject": " ".join(str(message["subject"] or "").split()),
        "from": senders[0] if senders else "",
        "to": addresses(message, "to"),
        "attachments": sum(not is_readable(p) for p in parts),
        "has_text": any(is_readable(p) and words_of(p) for p in parts),
    }


for eml in sorted(pathlib.Path(sys.argv[1]).glob("*.eml")):
    print(json.dumps(look_at(eml)))
