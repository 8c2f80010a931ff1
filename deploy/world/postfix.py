"""A private Postfix: its own configuration, queue and log; nothing of the system's instance is read or written.

    smtps port   submission: TLS, AUTH against Dovecot; where our programs hand over mail
    plain port   where the rest of the world hands over mail
    both         deliver by LMTP into Dovecot; an address nobody has is refused with 550 5.1.1
"""

import os
import pwd
import shutil
import smtplib
from pathlib import Path

from .children import EndedAtOnce, NotStarted
from .people import DOMAINS, MOVED_AWAY
from .place import free_port
from .waiting import TimedOut, wait_for

_CHECKOUT = Path(__file__).resolve().parents[2]

_MAIN = """compatibility_level = 3.6
config_directory = {etc}
queue_directory = {queue}
data_directory = {data}
meta_directory = {etc}
daemon_directory = {daemons}
shlib_directory = {libraries}
command_directory = {commands}
mail_owner = {owner}
setgid_group = {group}
default_privs = nobody
import_environment = MAIL_CONFIG MAIL_LOGTAG TZ LANG=C LD_LIBRARY_PATH
maillog_file = {log}
maillog_file_prefixes = {folder}
myhostname = mail.example.org
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
local_recipient_maps =
local_transport = error:5.1.1 nobody is local
default_transport = error:5.1.2 no such domain in this world
disable_dns_lookups = yes
smtp_host_lookup = native
virtual_mailbox_domains = {domains}
virtual_mailbox_maps = texthash:{etc}/addresses
virtual_transport = lmtp:unix:{lmtp}
recipient_delimiter = +
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_peername_lookup = no
smtpd_sasl_type = dovecot
smtpd_sasl_path = {auth}
smtpd_tls_cert_file = {certificates}/server.pem
smtpd_tls_key_file = {certificates}/server.key
smtpd_tls_protocols = >=TLSv1.2
# Hostile mail must arrive as it was sent.
local_header_rewrite_clients =
message_size_limit = 120000000
mailbox_size_limit = 0
header_size_limit = 8000000
disable_mime_input_processing = yes
lmtp_line_length_limit = 0
# Patience is for real relays.
in_flow_delay = 0
smtpd_error_sleep_time = 0
smtpd_client_connection_count_limit = 0
notify_classes =
queue_run_delay = 5s
minimal_backoff_time = 5s
maximal_backoff_time = 30s
"""

_MASTER = """127.0.0.1:{submission} inet n - n - - smtpd -o syslog_name=postfix/submission -o smtpd_tls_wrappermode=yes
  -o smtpd_sasl_auth_enable=yes -o smtpd_tls_security_level=encrypt
  -o smtpd_recipient_restrictions={checks}permit_sasl_authenticated,reject
127.0.0.1:{plain} inet n - n - - smtpd -o syslog_name=postfix/world
postlog unix-dgram n - n - 1 postlogd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
"""


def _installed():
    """Folder that Postfix's files stand under: the system's, or where deploy/install unpacked them."""
    beside = _CHECKOUT / ".try" / "postfix"
    for root in (Path("/"), beside):
        if (root / "usr/lib/postfix/sbin/master").exists():
            return root
    raise NotStarted("Postfix is not installed: apt-get install postfix.")


def _user(*names):
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in names if name in known)


def relay_user():
    """Whom Postfix's services run as; Debian's `daemon` where the package that makes `postfix` is not installed."""
    return _user("postfix", "daemon")


class Postfix:
    def __init__(self, folder, certificates, people):
        self.folder = folder
        self.take_ports()
        self.log = folder / "postfix.log"
        self._certificates = certificates
        self._people = people
        self.submission_checks = ""  # restrictions for recipients of the submission port, each with a comma after it; no spaces
        self._child = None

    def take_ports(self):
        self.submission_port = free_port()
        self.plain_port = free_port()

    def start(self, children, dovecot):
        if os.geteuid() != 0:
            raise NotStarted("Postfix's master runs as root only: use sudo.")
        root = _installed()
        owner = relay_user()
        group = "postdrop" if owner == "postfix" else "operator"
        etc = self.folder / "etc"
        self._make_folders(etc, owner, group)
        values = {
            "etc": etc, "queue": self.folder / "queue", "data": self.folder / "data", "folder": self.folder, "log": self.log,
            "daemons": root / "usr/lib/postfix/sbin", "libraries": root / "usr/lib/postfix", "commands": root / "usr/sbin",
            "owner": owner, "group": group, "domains": ", ".join(DOMAINS), "lmtp": dovecot.lmtp, "auth": dovecot.auth,
            "certificates": self._certificates,
        }
        (etc / "main.cf").write_text(_MAIN.format(**values), encoding="ascii")
        (etc / "master.cf").write_text(_MASTER.format(submission=self.submission_port, plain=self.plain_port, checks=self.submission_checks), encoding="ascii")
        self.write_addresses()
        environment = {} if root == Path("/") else {"LD_LIBRARY_PATH": str(root / "usr/lib/postfix")}
        self._child = children.start("Postfix", [values["daemons"] / "master", "-c", etc, "-s"], self.folder / "master.log", environment)
        try:
            wait_for("Postfix to answer", self._answers, 20)
        except TimedOut as error:
            raise NotStarted(f"{error}: see {self.log}.") from error

    def stop(self, children):
        children.stop(self._child)

    def kill(self, children):
        children.kill(self._child)

    def write_addresses(self):
        """Services read the table when they start; `reload` after a change in a running world."""
        addresses = [*self._people.passwords, MOVED_AWAY]
        (self.folder / "etc" / "addresses").write_text("".join(f"{address} here\n" for address in addresses), encoding="utf-8")

    def reload(self):
        """SIGHUP: services end when idle and start anew."""
        self.write_addresses()
        self._child.send_signal(1)

    def _make_folders(self, etc, owner, group):
        queue = self.folder / "queue"
        for folder in (self.folder, etc, queue, queue / "pid"):
            folder.mkdir(mode=0o755, exist_ok=True)
        for name in ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace"):
            self._own(queue / name, 0o700, owner, None)
        self._own(queue / "maildrop", 0o730, owner, group)
        self._own(queue / "public", 0o710, owner, group)
        self._own(self.folder / "data", 0o700, owner, None)

    @staticmethod
    def _own(folder, mode, owner, group):
        folder.mkdir(exist_ok=True)
        folder.chmod(mode)
        shutil.chown(folder, owner, group)

    def _answers(self):
        if self._child.poll() is not None:
            raise EndedAtOnce(f"Postfix ended at once: {self._last_words()}")
        try:
            with smtplib.SMTP("127.0.0.1", self.plain_port, timeout=5) as plain:
                return plain.noop()[0] == 250
        except (OSError, smtplib.SMTPException):
            return False

    def _last_words(self):
        for path in (self.log, self.folder / "master.log"):
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
            lines = [line for line in lines if "fatal" in line or "error" in line]
            if lines:
                return lines[-1]
        return "it said nothing."
