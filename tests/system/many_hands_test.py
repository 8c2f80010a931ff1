"""Several `run` processes share one PostgreSQL's outbox: each mail leaves once, whoever dies. The scripted relay is judge."""

import shutil
import sys
import unittest
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from deploy.world.programs import Programs
from deploy.world.waiting import wait_for
from tests.fault.relay import Relay
from tests.world.stage import BUILD, Stage, psql, rows

_MAILS = 2000
_HANDS = 3
_RATE = 200


def faults(url, relay):
    """What the relay saw against what the store says: each mail once, or at most once and listed as uncertain."""
    copies = Counter(mail.recipient for mail in relay.mails)
    found = []
    for recipient, state in rows(url, "SELECT recipient, state FROM outbox"):
        if state not in ("accepted", "uncertain"):
            found.append(f"{recipient}: {state}")
        elif copies[recipient] > 1 or (state == "accepted" and copies[recipient] != 1):
            found.append(f"{recipient}: {state}, {copies[recipient]} copies")
    return found


def most_in_a_second(moments):
    most = first = 0
    for last, moment in enumerate(moments):
        while moment - moments[first] >= 1:
            first += 1
        most = max(most, last - first + 1)
    return most


class ManyHands(Stage):
    on_postgres = True

    def _fill(self, url, count, name="m", kind="notice", priority=4):
        psql(url, f"""INSERT INTO outbox (id, kind, priority, reference, state, due_at, expires_at, envelope_from, recipient, message, message_id, created_at, changed_at)
            SELECT '{name}' || n, '{kind}', {priority}, '{name}' || n, 'queued', 0, 9999999999999, 'incidents@example.org', '{name}' || n || '@example.net',
                   convert_to('Message-ID: <' || n || '@example.org>' || E'\\r\\n\\r\\nhello\\r\\n', 'UTF8'), n || '@example.org', 0, 0 FROM generate_series(1, {count}) n""")

    def _hands(self, relay, count, **smtp):
        """`count` programs with folders of their own and the keys of the first, on one store."""
        first = self.programs("hand-0-" + self._testMethodName)
        made = [first]
        first.notifier["smtp"] = {"url": relay.url, "connections": 2, **smtp}
        first.write()
        self.must(first.call("notifier", "migrate"))
        for n in range(1, count):
            folder = self.folder / f"hand-{n}-{self._testMethodName}"
            shutil.copytree(first.folder / "notifier-state", folder / "notifier-state")
            other = Programs(self.world, folder, self.site, build=BUILD, stores={name: getattr(first, name)["store"]["url"] for name in ("intake", "notifier")})
            other.notifier["smtp"] = first.notifier["smtp"]
            other.write()
            made.append(other)
        return made, first.notifier["store"]["url"]

    def test_three_processes_share_the_outbox_and_one_is_killed(self):
        with Relay() as relay:
            hands, url = self._hands(relay, _HANDS)
            self._fill(url, _MAILS)
            services = [programs.start("notifier") for programs in hands]
            wait_for("all hands at work", lambda: len({row[0] for row in rows(url, "SELECT DISTINCT owner FROM outbox WHERE state IN ('claimed', 'sending')")}) > 2, 60)
            wait_for("a third of the mails", lambda: len(relay.mails) > _MAILS // 3, 60)
            hands[1].children.kill(services[1])
            left = "SELECT count(*) FROM outbox WHERE state IN ('queued', 'deferred')"
            wait_for("the others to send what nobody holds", lambda: rows(url, left) == [("0",)], 90)
            held = "SELECT count(*) FROM outbox WHERE state IN ('claimed', 'sending')"

            def taken_over():
                # What nobody has touched for five seconds is the dead one's; its lease would run out in two minutes.
                psql(url, "UPDATE outbox SET lease_until = 0 WHERE state IN ('claimed', 'sending') AND changed_at < extract(epoch FROM now()) * 1000 - 5000")
                return rows(url, held) == rows(url, left) == [("0",)]

            wait_for("what the dead one held", taken_over, 60)
            self.assertEqual(faults(url, relay), [])
            uncertain = int(rows(url, "SELECT count(*) FROM outbox WHERE state = 'uncertain'")[0][0])
            self.assertLessEqual(uncertain, 2, "one for each connection of the one that was killed")
            print(f"{_HANDS} processes, {_MAILS} mails, {uncertain} uncertain", file=sys.stderr)

            # Positive control: a store that forgets what was sent.
            psql(url, "UPDATE outbox SET state = 'queued' WHERE id IN ('m1', 'm2') AND state = 'accepted'")
            wait_for("the forgotten mails", lambda: rows(url, left) == rows(url, held) == [("0",)], 30)
            self.assertIn("2 copies", str(faults(url, relay)))

    def test_the_rate_is_reached_and_never_exceeded_and_urgent_mail_leaves_next(self):
        with Relay() as relay:
            (programs,), url = self._hands(relay, 1, connections=4, rate_per_second=_RATE)
            self._fill(url, _MAILS, kind="announcement", priority=5)
            service = programs.start("notifier")
            wait_for("half of the mails", lambda: len(relay.mails) > _MAILS // 2, 60)
            before = len(relay.mails)
            self._fill(url, 1, "urgent", "acknowledgment", 3)
            after = len(relay.mails)
            wait_for("the mails", lambda: len(relay.mails) == _MAILS + 1, 60)
            programs.children.stop(service)
            moments = [mail.at for mail in relay.mails]
            # A mail that had its moment before the second began may still be on its way on each connection.
            self.assertLessEqual(most_in_a_second(moments), _RATE + 4)
            print(f"asked {_RATE}/s, measured {(len(moments) - 1) / (moments[-1] - moments[0]):.1f}/s, "
                  f"in one second at the most {most_in_a_second(moments)}", file=sys.stderr)
            place = [mail.recipient for mail in relay.mails].index("urgent1@example.net")
            self.assertGreaterEqual(place, before)
            self.assertLessEqual(place, after + 8, "behind those that were on their way, and no others")
            self.assertEqual(faults(url, relay), [])
            self.assertGreater(most_in_a_second([moment / 2 for moment in moments]), _RATE + 4, "positive control: twice the rate would be seen")


if __name__ == "__main__":
    unittest.main()
