"""PostgreSQL is stopped, restarted, loses backends, has no room and runs out of time while mail comes in: nothing is lost,
nothing is sent twice, and the service is back by itself. TRUST_POSTGRES_ROUNDS=200 makes it long."""

import os
import random
import signal
import sys
import tempfile
import unittest
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from deploy.world import letters
from deploy.world.people import STAFF
from deploy.world.waiting import TimedOut, wait_for
from tests.fault.check import copies_at, intake_faults, store_faults
from tests.fault.relay import Relay
from tests.fault.sweep import Peers
from tests.world.postgres import Postgres
from tests.world.stage import rows

_ROUNDS = int(os.environ.get("TRUST_POSTGRES_ROUNDS", "24"))
_SEED = 20261125
_RECOVERS = 30  # seconds, at the most


class PostgresDays(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="trust-test.")))
        # A commit that was answered must stand after a crash of the server.
        self.server = self.enterContext(Postgres(synchronous_commit="on"))
        self.relay = self.enterContext(Relay())
        self.peers = Peers(self.folder, [])
        self.addCleanup(self.peers.stop)
        self.senders = []
        self.url = self.server.url
        rows(self.url, "CREATE ROLE mail LOGIN")
        rows(self.url, "ALTER DATABASE postgres OWNER TO mail")
        stores = {name: self.url.replace("trust@", "mail@") for name in ("intake", "notifier")}
        self.programs = self.peers.programs("programs", self.relay, stores)
        self.programs.intake["acknowledge"] = {"per_hour": 100_000}
        self.programs.write()
        done = self.programs.call("intake", "migrate")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("NOTICE", self.programs.call("intake", "migrate").stderr, "the server's words are not printed")

    def start(self):
        self.service = self.programs.start("intake")
        self.addCleanup(self.peers.children.stop_all)

    def report(self, count=1):
        for _ in range(count):
            sender = f"p{len(self.senders)}@d{len(self.senders)}.example.net"
            self.senders.append(sender)
            self.peers.postbox.mails.append(letters.on_the_wire(letters.clear_report(sender)))

    def acknowledged(self, count=None):
        """Every reporter's receipt has reached the relay."""
        seen = {mail.recipient for mail in list(self.relay.mails)}
        return all(sender in seen for sender in self.senders[:count])

    def backends(self):
        return [int(pid) for (pid,) in rows(self.url, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()")]

    def restart(self, _):
        self.server.stop_at_once()
        self.server.serve()

    def terminate(self, draw):
        rows(self.url, f"SELECT pg_terminate_backend({draw.choice(self.backends() or [0])})")

    def kill(self, draw):
        """The server takes all sessions down when one of its processes dies like this, and recovers."""
        backends = self.backends()
        if backends:
            os.kill(draw.choice(backends), signal.SIGKILL)

    def answers(self):
        try:
            return rows(self.url, "SELECT 1") == [("1",)]
        except AssertionError:
            return False

    def serves(self):
        try:
            wait_for("all reports to be acknowledged", self.acknowledged, _RECOVERS)
        except TimedOut as error:
            left = rows(self.url, "SELECT kind, state, attempts, due_at - changed_at FROM outbox WHERE state <> 'accepted'")
            log = self.programs.logs["intake"].read_text(errors="replace").splitlines()[-12:]
            raise AssertionError(f"{error}: {left}, {rows(self.url, 'SELECT stage, count(*) FROM mail GROUP BY stage')}, {log}") from error
        self.assertIsNone(self.service.poll(), "the service goes on")

    def holds(self):
        """The judgment, from the relay's memory and the store."""
        url = self.url

        def settled():
            return rows(url, "SELECT count(*) FROM outbox WHERE state NOT IN ('accepted', 'uncertain')") == [("0",)]

        wait_for("the outbox to be settled", settled, _RECOVERS)
        wait_for("all notices", lambda: rows(url, "SELECT count(*) FROM outbox") == [(str(len(self.senders) * (1 + len(STAFF))),)], _RECOVERS)
        said = self.programs.logs["intake"].read_text(errors="replace")
        copies = copies_at(self.relay)
        faults = intake_faults(url, self.senders, STAFF, copies) + store_faults(url, self.relay, _ROUNDS, said, self.senders)
        self.assertEqual(faults, [])
        more = [*self.senders, "x@example.net"]
        self.assertIn(f"{len(self.senders)} cases for {len(more)} reports", str(intake_faults(url, more, STAFF, copies)), "the judge misses a lost report")
        doubled = copies + Counter([next(iter(copies))])
        self.assertIn("copies are there", str(intake_faults(url, self.senders, STAFF, doubled)), "and sees a doubled mail")

    def test_nothing_is_lost_or_doubled_while_the_server_restarts_and_loses_backends_under_load(self):
        draw = random.Random(_SEED)
        self.start()
        happened = Counter()
        self.report()
        self.serves()
        for number in range(_ROUNDS):
            self.report(2)
            wanted = len(self.relay.mails) + draw.randrange(0, 6)
            wait_for("some of it to be on its way", lambda wanted=wanted: len(self.relay.mails) >= wanted or self.acknowledged(), _RECOVERS, 0.01)
            fault = (self.restart, self.terminate, self.kill)[number % 3]
            happened[fault.__name__] += 1
            fault(draw)
            wait_for("the server to be back", self.answers)
            self.report()
            self.serves()
        print(f"seed {_SEED}: {dict(happened)}, {len(self.senders)} reports", file=sys.stderr)
        self.holds()
        self.assertTrue(self.programs.log_lines("intake", "store_failed"), "the faults were felt")

    def test_a_server_without_room_or_time_delays_and_nothing_else(self):
        self.start()
        for limit, lifted in (("CONNECTION LIMIT 0", "CONNECTION LIMIT -1"), ("SET statement_timeout = '1ms'", "RESET statement_timeout"),
                                                  ("SET default_transaction_read_only = on", "RESET default_transaction_read_only")):
            with self.subTest(limit):
                self.report()
                self.serves()
                rows(self.url, f"ALTER ROLE mail {limit}")
                self.drop_all()
                felt = len(self.programs.log_lines("intake", "store_failed"))
                self.report(3)
                wait_for("a failure to be felt", lambda felt=felt: len(self.programs.log_lines("intake", "store_failed")) > felt, _RECOVERS)
                rows(self.url, f"ALTER ROLE mail {lifted}")
                self.drop_all()
                self.serves()
        self.holds()

    def drop_all(self):
        rows(self.url, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'mail'")


if __name__ == "__main__":
    unittest.main()
