"""A private Dovecot: IMAPS in front, LMTP and an AUTH socket for Postfix behind. Mailboxes are Maildirs of user `mail`."""

import imaplib
import os
import shutil
import ssl

from .children import EndedAtOnce, NotStarted
from .place import free_port, write_private
from .waiting import TimedOut, wait_for

_CONFIG = """base_dir = {run}
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
first_valid_uid = 1
default_process_limit = 200
default_client_limit = 2000
default_vsz_limit = 1 G
mail_location = maildir:{mail}/%u
mail_fsync = never
mail_max_userip_connections = 100
auth_username_format = %Lu
auth_mechanisms = plain login
auth_failure_delay = 0
recipient_delimiter = +
ssl = required
ssl_cert = <{certificates}/server.pem
ssl_key = <{certificates}/server.key
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/passwords
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {folder}/passwords
  default_fields = uid=mail gid=mail home={mail}/%u
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Junk {{
    auto = create
    special_use = \\Junk
  }}
  mailbox Sent {{
    auto = create
    special_use = \\Sent
  }}
}}
service imap-login {{
  service_count = 0
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
service lmtp {{
  unix_listener lmtp {{
    mode = 0660
    user = {relay}
  }}
}}
service auth {{
  unix_listener auth-postfix {{
    mode = 0660
    user = {relay}
  }}
}}
"""


class Dovecot:
    def __init__(self, folder, certificates, people, relay):
        """`relay` is the user that Postfix's services run as."""
        self.folder = folder
        self.take_ports()
        self.mail = folder / "mail"
        self.lmtp = folder / "run" / "lmtp"
        self.auth = folder / "run" / "auth-postfix"
        self._certificates = certificates
        self._people = people
        self._relay = relay
        self._child = None

    def take_ports(self):
        self.port = free_port()

    def start(self, children):
        if not shutil.which("dovecot"):
            raise NotStarted("Dovecot is not installed: apt-get install dovecot-imapd dovecot-lmtpd.")
        if not self.mail.exists():
            self.mail.mkdir(parents=True)
            shutil.chown(self.mail, "mail", "mail")
        self.write_passwords()
        config = self.folder / "dovecot.conf"
        config.write_text(_CONFIG.format(folder=self.folder, run=self.folder / "run", mail=self.mail, port=self.port,
                                         certificates=self._certificates, relay=self._relay), encoding="utf-8")
        self._child = children.start("Dovecot", ["dovecot", "-F", "-c", config], self.folder / "dovecot.log")
        try:
            wait_for("Dovecot to answer", self._answers, 20)
        except TimedOut as error:
            raise NotStarted(f"{error}: see {self.folder / 'dovecot.log'}.") from error

    def stop(self, children):
        children.stop(self._child)

    def kill(self, children):
        children.kill(self._child)

    def signal(self, number):
        """To all of its processes: SIGSTOP makes them stall as a machine under load does."""
        os.killpg(self._child.pid, number)

    def write_passwords(self):
        """Dovecot reads the file anew when it changes."""
        lines = "".join(f"{address}:{password}::::::\n" for address, password in self._people.passwords.items())
        write_private(self.folder / "passwords", lines, "dovecot")

    def _answers(self):
        if self._child.poll() is not None:
            raise EndedAtOnce(f"Dovecot ended at once: {_last_line(self.folder / 'dovecot.log')}")
        try:
            context = ssl.create_default_context(cafile=self._certificates / "ca.pem")
            imaplib.IMAP4_SSL("127.0.0.1", self.port, ssl_context=context, timeout=5).logout()
        except (OSError, imaplib.IMAP4.error):
            return False
        return self.lmtp.exists() and self.auth.exists()


def _last_line(path):
    lines = [line for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if "rror" in line or "atal" in line]
    return lines[-1] if lines else "it said nothing"
