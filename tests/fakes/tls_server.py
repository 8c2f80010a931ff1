"""A server with a certificate of a given kind, for tests of who is trusted: tls_server.py FOLDER CERTIFICATE PROTOCOL [TLS]

CERTIFICATE  good, wrong-host, expired, not-yet, self-signed, foreign (another authority's), weak (SHA-1)
PROTOCOL     smtp, imap or http, TLS from the first byte; smtp+starttls, imap+starttls;
             smtp+injected, imap+injected: the same with a login's replies in clear text right behind the go-ahead
TLS          the highest version spoken, such as 1.1; default: the newest

Prints port and process id. Writes FOLDER/ca.pem, and FOLDER/received: every byte that arrived, decrypted.
Logs in whoever asks. `GIVE n` is answered by n bytes in one piece.
"""

import ctypes
import datetime
import os
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path


NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


def make_authority(folder, name):
    openssl("req", "-x509", *NEW_KEY, "-days", 30, "-subj", f"/CN={name}",
            "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem")


_AUTHORITY = """[ca]
default_ca = own
[own]
database = {folder}/index
new_certs_dir = {folder}
rand_serial = yes
default_md = {digest}
policy = any
x509_extensions = server
[any]
commonName = supplied
[server]
subjectAltName = {names}
"""


def make_certificate(folder, kind):
    """server.pem and server.key in `folder`, and ca.pem that ought to vouch for them."""
    make_authority(folder, "ca")
    issuer = "other" if kind == "foreign" else "ca"
    if issuer == "other":
        make_authority(folder, issuer)
    names = "DNS:elsewhere.example.org" if kind == "wrong-host" else "IP:127.0.0.1,DNS:localhost"
    key = folder / "server.key"
    if kind == "self-signed":
        openssl("req", "-x509", *NEW_KEY, "-days", 20, "-subj", "/CN=server",
                "-addext", f"subjectAltName={names}", "-keyout", key, "-out", folder / "server.pem")
        return
    begin, end = (stamp(days) for days in {"expired": (-20, -1), "not-yet": (5, 20)}.get(kind, (-1, 20)))
    digest = "sha1" if kind == "weak" else "sha256"
    (folder / "ca.cnf").write_text(_AUTHORITY.format(folder=folder, digest=digest, names=names), encoding="ascii")
    (folder / "index").write_text("", encoding="ascii")
    openssl("req", *NEW_KEY, "-subj", "/CN=server", "-keyout", key, "-out", folder / "server.csr")
    openssl("ca", "-batch", "-config", folder / "ca.cnf", "-in", folder / "server.csr", "-out", folder / "server.pem", "-notext",
            "-cert", folder / f"{issuer}.pem", "-keyfile", folder / f"{issuer}.key", "-startdate", begin, "-enddate", end)


def stamp(days):
    return (datetime.datetime.utcnow() + datetime.timedelta(days=days)).strftime("%Y%m%d%H%M%SZ")


INJECTED = {"smtp": "250-evil\r\n250 AUTH PLAIN\r\n334 \r\n235 2.7.0 welcome\r\n",
            "imap": "* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nA003 OK done\r\n+ \r\nA004 OK done\r\n"}


class Talk:
    def __init__(self, connection, protocol, context, folder):
        self.connection, self.context, self.folder = connection, context, folder
        self.protocol, _, self.starttls = protocol.partition("+")
        self.unread = b""

    def say(self, text):
        self.connection.sendall(text.encode("latin-1"))

    def line(self):
        while b"\n" not in self.unread:
            got = self.connection.recv(65536)
            if not got:
                return None
            with open(self.folder / "received", "ab") as record:
                record.write(got)
            self.unread += got
        taken, _, self.unread = self.unread.partition(b"\n")
        return taken.decode("latin-1").rstrip("\r")

    def go_ahead(self, reply):
        self.say(reply + (INJECTED[self.protocol] if self.starttls == "injected" else ""))
        self.encrypt()

    def encrypt(self):
        self.connection = self.context.wrap_socket(self.connection, server_side=True)
        self.starttls = ""

    def run(self):
        if not self.starttls:
            self.encrypt()
        getattr(self, self.protocol)()
        self.connection.close()

    def smtp(self):
        self.say("220 relay ESMTP\r\n")
        while (line := self.line()) is not None:
            verb = line.split(" ")[0].upper()
            if verb == "EHLO":
                self.say("250-relay\r\n250 STARTTLS\r\n" if self.starttls else "250-relay\r\n250 AUTH PLAIN LOGIN\r\n")
            elif verb == "STARTTLS":
                self.go_ahead("220 go\r\n")
            elif verb == "AUTH":
                self.say("334 \r\n")
                self.line()
                self.say("235 2.7.0 welcome\r\n")
            elif verb == "GIVE":
                self.say("x" * int(line.split(" ")[1]))
            else:
                self.say("250 ok\r\n")

    def imap(self):
        self.say("* OK ready\r\n")
        while (line := self.line()) is not None:
            tag, _, command = line.partition(" ")
            verb = command.split(" ")[0].upper()
            if tag == "GIVE":
                self.say("x" * int(verb))
                continue
            if verb == "CAPABILITY":
                self.say("* CAPABILITY IMAP4rev1 " + ("STARTTLS LOGINDISABLED" if self.starttls else "AUTH=PLAIN") + "\r\n")
            elif verb == "AUTHENTICATE":
                self.say("+ \r\n")
                self.line()
            (self.go_ahead if verb == "STARTTLS" else self.say)(f"{tag} OK done\r\n")

    def http(self):
        while self.line():
            pass
        self.say("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 5\r\n\r\nhello")


def serve(folder, kind, protocol, highest_tls=None):
    make_certificate(folder, kind)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if highest_tls:
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion["TLSv" + highest_tls.replace(".", "_")]
    if highest_tls or kind == "weak":
        context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    (folder / "received").write_bytes(b"")
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], os.getpid(), flush=True)

    def talk(connection):
        try:
            Talk(connection, protocol, context, folder).run()
        except (OSError, ValueError):
            connection.close()

    while True:
        threading.Thread(target=talk, args=(listener.accept()[0],), daemon=True).start()


if __name__ == "__main__":
    ctypes.CDLL(None).prctl(1, 15)  # PR_SET_PDEATHSIG: end with the test
    serve(Path(sys.argv[1]), *sys.argv[2:])
