"""Mails, headers and dates as Python's email package writes and reads them.

Prints one case per line: kind, input and expected result, the latter two in base64. python_test.cc
holds our readers against them. The seed is fixed, so a failure can be repeated.
"""
import base64
import datetime
import email
import email.header
import email.message
import email.policy
import email.utils
import random

RANDOM = random.Random(20261124)
WORDS = ("report Haven answer time-out Grüße Straße naïve déjà-vu Привет мир тест 日本語 テスト 障害 中文 报告 "
         "한국어 ελληνικά žluťoučký kůň ½ € – “x” a=b 100% q?x x_y (z) [a] 😀 e\u0301").split()
CHARSETS = {"utf-8": None, "iso-8859-1": "Grüße Straße naïve déjà-vu ½", "windows-1252": "Grüße € – “x”",
            "iso-8859-2": "žluťoučký kůň", "koi8-r": "Привет мир тест", "windows-1251": "Привет мир тест",
            "iso-2022-jp": "日本語 テスト 障害", "euc-jp": "日本語 テスト 障害", "shift_jis": "日本語 テスト 障害",
            "gb18030": "中文 报告 Grüße", "gb2312": "中文 报告", "big5": "中文", "euc-kr": "한국어",
            "iso-8859-7": "ελληνικά", "iso-8859-15": "Grüße €"}


def show(kind, given, expected):
    given = given if isinstance(given, bytes) else given.encode("utf-8", "surrogateescape")
    print(kind, base64.b64encode(given).decode() or "-", base64.b64encode(expected.encode()).decode() or "-")


def sentence(charset="utf-8"):
    words = (CHARSETS[charset].split() if CHARSETS[charset] else WORDS) + ["report", "about", "time-outs"]
    return " ".join(RANDOM.choice(words) for _ in range(RANDOM.randint(1, 14)))


def subjects():
    for _ in range(600):
        charset = RANDOM.choice(list(CHARSETS))
        text = sentence(charset)
        show("text", email.header.Header(text, charset, header_name="Subject").encode(linesep="\r\n"), text)
    for _ in range(300):
        message = email.message.EmailMessage(policy=email.policy.SMTP)
        text = sentence()
        message["Subject"] = text
        raw = message.as_bytes()
        # Its folder now and then loses a blank; what counts is what its reader makes of the bytes.
        again = email.message_from_bytes(raw, policy=email.policy.default)["Subject"]
        show("text", raw.split(b"\r\n\r\n")[0].removeprefix(b"Subject:"), " ".join(again.split()))


def file_names():
    for _ in range(300):
        name = sentence().replace("/", "-") + ".txt"
        message = email.message.EmailMessage(policy=email.policy.SMTP)
        message.add_attachment(b"x", maintype="text", subtype="plain", filename=name)
        part = next(message.iter_attachments()).as_bytes()
        show("name", part, name)
    for _ in range(200):
        charset = RANDOM.choice(list(CHARSETS))
        name = sentence(charset)
        show("name", "Content-Type: text/plain\nContent-Disposition: attachment; filename*="
             + email.utils.encode_rfc2231(name, charset, "de") + "\n\nx", name)


def addresses():
    for _ in range(300):
        people = [(sentence() if RANDOM.random() < .7 else "", "user%d@example.org" % RANDOM.randint(0, 99))
                  for _ in range(RANDOM.randint(1, 4))]
        raw = ",\r\n ".join(email.utils.formataddr(p) for p in people)
        show("addresses", raw, "\n".join("%s <%s>" % p for p in people))


def dates():
    for _ in range(300):
        zone = datetime.timezone(datetime.timedelta(minutes=RANDOM.randint(-48, 56) * 15))
        when = datetime.datetime.fromtimestamp(RANDOM.randint(0, 7 * 10**9), zone)
        text = email.utils.format_datetime(when)
        if RANDOM.random() < .5:
            text = text.split(", ")[1] + " (a comment)"
        show("date", text, when.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"))


def outline(message):
    kind = message.get_content_type()
    if message.is_multipart():
        return kind + "[" + ",".join(outline(part) for part in message.get_payload()) + "]"
    if kind.startswith("multipart/"):
        kind = "text/plain"
    return "%s:%d" % (kind, len(message.get_payload(decode=True)))


def body(hows):
    text = "\n".join(RANDOM.choice(["", "text", "-", "--", "--x", "- --b0", "x: y z", "a" * 200, "Grüße"])
                     for _ in range(RANDOM.randint(0, 5))).encode()
    how = RANDOM.choice(hows)
    header = "Content-Transfer-Encoding: %s\n" % how if how else ""
    if how == "base64":
        text = base64.encodebytes(text)
    if how == "quoted-printable":
        text = text.replace(b"=", b"=3D").replace(b"r", b"=72").replace(b"t", b"=\nt")
    return header.encode(), text


def mail(depth, wrong=()):
    """A mail or part; now and then with a boundary that is missing, wrong or never closed."""
    choice = RANDOM.random()
    if depth == 0 or choice < .4:
        kind = RANDOM.choice(["", "Content-Type: text/html; charset=utf-8\n", "Content-Type: image/png; name=a.png\n",
                              "Content-Type: nonsense\n"])
        # Without a type it may be a mail inside a digest, and an encoded mail we take for a leaf.
        header, text = body(["", "7bit", "base64", "quoted-printable"] if kind else ["", "7bit"])
        return header + kind.encode() + b"\n" + text
    if choice < .5:
        return b"Content-Type: message/rfc822\n\nSubject: inner\n" + mail(depth - 1)
    mark = "b%d" % depth
    declared = RANDOM.choice([mark] * 6 + list(wrong))
    kind = RANDOM.choice(["mixed", "alternative", "related", "digest"])
    out = 'Content-Type: multipart/%s;\n boundary="%s"\n\n' % (kind, declared)
    out = out.encode() + RANDOM.choice([b"", b"preamble\n"])
    for _ in range(RANDOM.randint(1, 3)):
        out += b"--%s%s\n" % (mark.encode(), RANDOM.choice([b"", b"", b" "])) + mail(depth - 1) + b"\n"
    return out + (b"--%s--\n" % mark.encode() if RANDOM.random() < .85 else b"") + RANDOM.choice([b"", b"(end)\n"])


def trees():
    for _ in range(1500):
        raw = b"Subject: x\n" + mail(RANDOM.randint(0, 4), wrong=("other",))
        if RANDOM.random() < .5:
            raw = raw.replace(b"\n", b"\r\n")
        show("tree", raw, outline(email.message_from_bytes(raw)))


for kind in (subjects, file_names, addresses, dates, trees):
    kind()
