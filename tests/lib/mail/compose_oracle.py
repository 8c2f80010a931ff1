"""Reads FOLDER/NNN.eml with Python's email package and holds it against FOLDER/NNN.want.

A line of a .want file is `what<TAB>base64 of the expected value`, in order; `what` is a field's name, `from`-style
address checks as `name:FIELD` and `address:FIELD`, `count` (number of fields), `text`, `html`, `file` or `content`.
Prints every difference; exit status 1 if there was one.
"""

import base64
import email
import email.header
import email.policy
import email.utils
import re
import sys
from pathlib import Path


def seen(message, old):
    yield "count", str(len(message.keys()))
    for name in message.keys():
        if name.lower() in ("from", "to", "reply-to"):
            # The newer address parser puts a space between encoded words (CPython issue 92081); the older does not.
            for display_name, address in email.utils.getaddresses([old[name]]):
                yield f"name:{name}", str(email.header.make_header(email.header.decode_header(display_name)))
                yield f"address:{name}", address
        elif name.lower() not in ("mime-version", "content-type", "content-transfer-encoding"):
            yield name, str(message[name])
    for part in message.walk():
        if part.is_multipart():
            continue
        if part.defects:
            yield "defect", repr(part.defects)
        if part.get_content_disposition() == "attachment":
            yield "file", part.get_filename() or ""
            yield "content", part.get_payload(decode=True)
        else:
            yield part.get_content_subtype().replace("plain", "text"), part.get_payload(decode=True).replace(b"\r\n", b"\n")


def lines_are_good(raw):
    if re.search(rb"(?<!\r)\n|\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\xff]", raw):
        return "a bare CR or LF, a control or an 8-bit byte"
    head, _, body = raw.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        if len(line) > 78 and b" " in line.strip().partition(b" ")[2].strip():
            return f"a foldable header line of {len(line)}"
        if b"=?" in line and len(line) > 76:
            return f"an encoded word on a line of {len(line)}"
        if not line.strip():
            return "a header line of white space"
    for line in body.split(b"\r\n"):
        if len(line) > 78:
            return f"a body line of {len(line)}"
    return None


def main(folder):
    wrong = 0
    for mail in sorted(Path(folder).glob("*.eml")):
        raw = mail.read_bytes()
        want = []
        for line in mail.with_suffix(".want").read_text(encoding="ascii").splitlines():
            what, _, value = line.partition("\t")
            want.append((what, base64.b64decode(value)))
        message = email.message_from_bytes(raw, policy=email.policy.SMTP)
        got = [(what, value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape"))
               for what, value in seen(message, email.message_from_bytes(raw))]
        bad = lines_are_good(raw)
        if bad:
            wrong += 1
            print(f"{mail.name}: {bad}")
        if got != want:
            wrong += 1
            for pair in want:
                if pair not in got:
                    print(f"{mail.name}: wanted {str(pair)[:300]}")
            for pair in got:
                if pair not in want:
                    print(f"{mail.name}: found  {str(pair)[:300]}")
            if sorted(got) == sorted(want):
                print(f"{mail.name}: another order")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
