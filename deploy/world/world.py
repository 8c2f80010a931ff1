"""The servers as one thing to start and stop."""

import shutil
import smtplib
import ssl
from pathlib import Path
from urllib.parse import quote

from .certificates import make_certificates
from .children import Children, EndedAtOnce
from .dovecot import Dovecot
from .letters import on_the_wire
from .mailbox import Mailbox
from .people import MOVED_AWAY, People
from .place import servers_folder, write_private
from .postfix import Postfix, relay_user


class World:
    """`with World(folder) as world:` starts all servers, and stops them however the block ends."""

    def __init__(self, folder, people=None):
        self.folder = Path(folder).resolve()
        self.people = people or People.usual()
        self.children = Children()
        self.certificates = self.folder / "certificates"
        self.ca_file = self.certificates / "ca.pem"
        self.servers = None
        self.dovecot = None
        self.postfix = None

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        make_certificates(self.certificates)
        self.servers = servers_folder(self.folder / "servers")
        for name in ("dovecot", "postfix"):
            (self.servers / name).mkdir(mode=0o755)
        self.dovecot = Dovecot(self.servers / "dovecot", self.certificates, self.people, relay_user())
        self.postfix = Postfix(self.servers / "postfix", self.certificates, self.people)
        self._start(self.dovecot)
        self._start(self.postfix, self.dovecot)
        passwords = self.folder / "passwords"
        passwords.mkdir(mode=0o700, exist_ok=True)
        for address, password in self.people.passwords.items():
            write_private(passwords / address, password + "\n")
        (self.folder / "imap-port").write_text(str(self.dovecot.port), encoding="ascii")

    def _start(self, server, *needs):
        """A port that was free may be taken before the server has it: tried again with others."""
        for _ in range(4):
            try:
                return server.start(self.children, *needs)
            except EndedAtOnce:
                server.stop(self.children)
                server.take_ports()
        return server.start(self.children, *needs)

    def stop(self):
        """Stops everything that was started here, and removes what the servers kept outside the folder."""
        self.children.stop_all()
        link = self.folder / "servers"
        if link.is_symlink():
            shutil.rmtree(link.resolve(), ignore_errors=True)
            link.unlink()

    def mailbox(self, address):
        return Mailbox(self.dovecot.port, self.ca_file, address, self.people.passwords[address])

    def password_file(self, address):
        return self.folder / "passwords" / address

    def imap_url(self, address):
        return f"imaps://{quote(address, safe='')}@127.0.0.1:{self.dovecot.port}"

    def smtp_url(self, address):
        return f"smtps://{quote(address, safe='')}@127.0.0.1:{self.postfix.submission_port}"

    def send(self, sender, recipient, raw):
        """Hands a mail to the plain port, as the rest of the world does. `raw` is bytes, or an email.message."""
        raw = raw if isinstance(raw, bytes) else on_the_wire(raw)
        with smtplib.SMTP("127.0.0.1", self.postfix.plain_port, timeout=120) as smtp:
            smtp.sendmail(sender, [recipient], raw)

    def submit(self, account, sender, recipient, raw):
        """Hands a mail to the submission port, logged in as `account`."""
        raw = raw if isinstance(raw, bytes) else on_the_wire(raw)
        context = ssl.create_default_context(cafile=self.ca_file)
        with smtplib.SMTP_SSL("127.0.0.1", self.postfix.submission_port, timeout=120, context=context) as smtp:
            smtp.login(account, self.people.passwords[account])
            smtp.sendmail(sender, [recipient], raw)
