"""A store that went back in time: an older copy of a SQLite file is put in its place, a PostgreSQL fails over to a replica that
was behind, or to an empty one. Both programs see it, at start or at work, and stop with a sentence; no mail leaves twice until
somebody has looked and said so by removing the remembered file."""

import secrets
import shutil
import subprocess
import sys
import tempfile
import unittest
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from deploy.world import letters
from deploy.world.people import STAFF
from deploy.world.waiting import wait_for
from tests.fault.relay import Relay
from tests.fault.sweep import Peers
from tests.world.stage import change, new_databases, psql, rows

_CONFLICT = 11
_SECONDS = 30
_POSTGRES = "/usr/lib/postgresql/15/bin"
_MAILS = 300
_SAYS = "holds an older state than this machine has seen"


def more_than_once(relay):
    """Each is owed one mail here, but for staff."""
    return sorted(recipient for recipient, count in Counter(mail.recipient for mail in relay.mails).items() if count > 1 and recipient not in STAFF)


class WentBack:
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="trust-test.")))
        self.relay = self.enterContext(Relay())
        self.peers = Peers(self.folder, [])
        self.addCleanup(self.peers.stop)
        self.addCleanup(self.peers.children.stop_all)
        self.programs = self.peers.programs("programs", self.relay, self.stores())
        self.programs.intake["acknowledge"] = {"per_hour": 1000}
        self.senders = []

    def url(self, name):
        return getattr(self.programs, name)["store"]["url"]

    def remembered(self, name):
        return self.programs.folder / f"{name}-state" / "epoch"

    def must(self, done, code=0):
        self.assertEqual(done.returncode, code, f"{done.args[1:]}\n{done.stdout}\n{done.stderr}")
        return done

    def report(self, count):
        for _ in range(count):
            sender = f"p{len(self.senders)}@d{len(self.senders)}.example.net"
            self.senders.append(sender)
            self.peers.postbox.mails.append(letters.on_the_wire(letters.clear_report(sender)))

    def settle(self, name="intake"):
        self.must(self.programs.call(name, "run", "--until-idle"))

    def is_refused(self, name, *words):
        """The program stops by itself, says what is wrong and what to do, and nothing has left or come in."""
        before = len(self.relay.mails), rows(self.url(name), "SELECT count(*) FROM outbox")
        done = self.must(self.programs.call(name, "run", *words), _CONFLICT)
        self.assertIn(_SAYS, done.stderr)
        self.assertIn(f"remove {self.remembered(name)}", done.stderr)
        self.assertIn('"event":"store_went_back"', done.stdout)
        self.assertEqual((len(self.relay.mails), rows(self.url(name), "SELECT count(*) FROM outbox")), before)

    def fill(self, url, first, count):
        """Mails wait, each for a reader of its own."""
        mail = "CAST({} AS BLOB)" if url.startswith("sqlite:") else "convert_to({}, 'UTF8')"
        text = mail.format("'Message-ID: <{0}@example.org>' || X || X || 'hello' || X").replace("X", "char(13, 10)" if url.startswith("sqlite:") else "chr(13) || chr(10)")
        values = ", ".join(f"('m{n}', 'notice', 4, 'm{n}', 'queued', 0, 9999999999999, 'incidents@example.org', 'm{n}@example.net', {text.format(n)}, '{n}@example.org', 0, 0)" for n in range(first, first + count))
        change(url, f"INSERT INTO outbox (id, kind, priority, reference, state, due_at, expires_at, envelope_from, recipient, message, message_id, created_at, changed_at) VALUES {values}")

    def test_an_older_copy_in_its_place_stops_intake_before_anything_is_sent_or_taken_in(self):
        self.programs.write()
        self.must(self.programs.call("intake", "migrate"))
        self.report(2)
        self.settle()
        self.settle()  # an ordinary restart
        older = self.copy("intake")
        self.report(2)
        self.settle()
        sent = len(self.relay.mails)
        newer = self.copy("intake")
        self.put_back("intake", older)
        self.report(1)
        self.is_refused("intake")
        self.is_refused("intake", "--until-idle")
        self.assertEqual(rows(self.url("intake"), "SELECT count(*) FROM cases"), [("2",)], "as the copy had it")
        for words in (("status",), ("list",), ("due",)):
            self.must(self.programs.call("intake", *words))

        self.put_back("intake", newer)
        self.settle()
        self.assertIn(self.senders[-1], {mail.recipient for mail in self.relay.mails}, "with the newer store it goes on")
        self.assertGreater(len(self.relay.mails), sent)
        self.assertEqual(more_than_once(self.relay), [])

        # Control, and the way out: what nobody remembers is sent again, and this check sees it.
        self.put_back("intake", older)
        self.remembered("intake").unlink()
        self.settle()
        self.assertEqual(more_than_once(self.relay), sorted(self.senders[2:]))
        self.settle()

    def test_a_crash_between_the_store_and_the_file_stops_nobody(self):
        self.programs.write()
        self.must(self.programs.call("notifier", "migrate"))
        self.fill(self.url("notifier"), 0, 3)
        self.settle("notifier")
        before = self.remembered("notifier").read_bytes()
        self.fill(self.url("notifier"), 3, 3)
        self.settle("notifier")
        self.assertNotEqual(self.remembered("notifier").read_bytes(), before)
        self.remembered("notifier").write_bytes(before)
        self.settle("notifier")
        self.assertEqual(more_than_once(self.relay), [])
        self.assertEqual(len(self.relay.mails), 6)


class OnSqlite(WentBack, unittest.TestCase):
    def stores(self):
        return None

    def _files(self, name):
        base = Path(self.url(name).removeprefix("sqlite:"))
        return [base, base.with_name(base.name + "-wal"), base.with_name(base.name + "-shm")]

    def copy(self, name):
        folder = tempfile.mkdtemp(dir=self.folder)
        for file in filter(Path.exists, self._files(name)):
            shutil.copy(file, folder)
        return folder

    def put_back(self, name, copy):
        for file in self._files(name):
            file.unlink(missing_ok=True)
        for file in Path(copy).iterdir():
            shutil.copy(file, self._files(name)[0].parent)


class OnPostgres(WentBack, unittest.TestCase):
    def stores(self):
        return new_databases()

    def new(self, name, template="template1"):
        psql(self.url(name).rpartition("/")[0] + "/postgres", f"CREATE DATABASE {(made := 'copy_' + secrets.token_hex(6))} TEMPLATE {template}")
        return made

    def copy(self, name):
        return self.new(name, self.url(name).rpartition("/")[2])

    def dump(self, url, to):
        """What a replica has that will be behind from now on."""
        done = subprocess.run([f"{_POSTGRES}/pg_dump", "-d", url], capture_output=True, text=True, check=True)
        subprocess.run([f"{_POSTGRES}/psql", f"{url.rpartition('/')[0]}/{to}", "-Xq", "-v", "ON_ERROR_STOP=1"], input=done.stdout, capture_output=True, text=True, check=True)

    def put_back(self, name, copy):
        self.fail_over(name, self.new(name, copy))

    def fail_over(self, name, to):
        """From now on `to` answers under the store's URL."""
        server, _, database = self.url(name).rpartition("/")
        server += "/postgres"
        psql(server, f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
        psql(server, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'")
        wait_for("the sessions to end", lambda: rows(server, f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}'") == [("0",)], _SECONDS)
        psql(server, f"DROP DATABASE {database}")
        psql(server, f"ALTER DATABASE {to} RENAME TO {database}")

    def test_a_fail_over_to_a_replica_that_was_behind_stops_the_program_at_work(self):
        # Slow enough that all of a claimed batch is under way: what is forgotten are marks and answers alone.
        self.programs.notifier["smtp"].update(connections=2, rate_per_second=20)
        self.programs.write()
        self.must(self.programs.call("notifier", "migrate"))
        url, replica = self.url("notifier"), self.new("notifier")
        self.fill(url, 0, _MAILS)
        service = self.programs.start("notifier")
        wait_for("some mails", lambda: len(self.relay.mails) >= 10, _SECONDS)
        self.dump(url, replica)
        behind = len(self.relay.mails)
        wait_for("a few that the replica does not know of", lambda: len(self.relay.mails) >= behind + 3, _SECONDS)
        self.fail_over("notifier", replica)
        self.assertEqual(service.wait(_SECONDS), _CONFLICT)
        log = self.programs.logs["notifier"].read_text(errors="replace")
        self.assertIn(_SAYS, log)
        self.assertEqual(len(self.programs.log_lines("notifier", "store_went_back")), 1)
        self.assertLess(len(self.relay.mails), _MAILS, "it was in the middle")
        self.assertEqual(more_than_once(self.relay), [])
        self.is_refused("notifier")
        self.is_refused("notifier", "--until-idle")

        self.remembered("notifier").unlink()
        self.programs.notifier["smtp"]["rate_per_second"] = 0
        self.programs.write()
        self.settle("notifier")
        self.assertTrue(more_than_once(self.relay), "control: the replica did not know of some")

    def test_a_fail_over_to_an_empty_replica_stops_the_program(self):
        self.programs.write()
        self.must(self.programs.call("notifier", "migrate"))
        replica = self.copy("notifier")
        self.fill(self.url("notifier"), 0, 2)
        service = self.programs.start("notifier")
        wait_for("both", lambda: len(self.relay.answered()) == 2, _SECONDS)
        self.fail_over("notifier", replica)
        self.assertEqual(service.wait(_SECONDS), _CONFLICT)
        self.is_refused("notifier")


if __name__ == "__main__":
    unittest.main()
