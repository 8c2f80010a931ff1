"""A real Postfix on bad days: it defers some, refuses some, and is stopped, killed and restarted in the middle of a wave.
Judged by the mailboxes and by Postfix's own log."""

import signal
import sys
import time
import unittest
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from deploy.world.people import NOTIFIER, STAFF, SUBSCRIBERS
from deploy.world.postfix_log import handed_by
from deploy.world.site import PostMortem
from deploy.world.waiting import wait_for
from tests.world.stage import Stage, change, rows

_READERS = 240
_DEFERRED = [f"s1+{n}@example.com" for n in range(3)]
_REFUSED = [f"s2+{n}@example.com" for n in range(3)]
_RECOVERED_IN = 30


def faults(told, copies, seen):
    """`told` is (address, state, reply code) of the store; `copies` lie in the mailboxes, `seen` are in Postfix's log."""
    found = []
    for address, state, code in told:
        wanted = ("deferred", "450") if address in _DEFERRED else ("failed", "550") if address in _REFUSED else ("accepted", "250")
        most = 1 if wanted[0] == "accepted" else 0
        if (state, code) != wanted and state != "uncertain":
            found.append(f"{address}: {state} {code}")
        if copies[address] != seen[address]:
            found.append(f"{address}: {copies[address]} mails, {seen[address]} in the relay's log")
        if copies[address] > most or (state == "accepted" and copies[address] != 1):
            found.append(f"{address}: {state}, {copies[address]} mails")
    return found


class RelayDays(Stage):
    def test_a_wave_through_a_relay_that_defers_refuses_and_is_killed(self):
        postfix = self.world.postfix
        readers = [f"s{1 + n % len(SUBSCRIBERS)}+{n // len(SUBSCRIBERS)}@example.com" for n in range(_READERS)]
        self._refuse(postfix)
        programs = self.programs(notifier={"smtp": {"connections": 3, "rate_per_second": 20}})
        self.first_look(programs, "notifier")
        table = programs.folder / "subscribers.csv"
        table.write_text("address,services,confirmed_at,consent\n" + "".join(f"{a},,2026-01-01T00:00:00Z,form\n" for a in readers), encoding="utf-8")
        self.must(programs.call("notifier", "subscriber", "import", table, "--confirmed", "--consent", "form"))
        page = self.site.publish(PostMortem("bad-days", "Outage", start=datetime.now(timezone.utc), listed=False))
        self.must(programs.call("notifier", "announce", page, "--now", "--by", STAFF[0]))
        url = programs.notifier["store"]["url"]
        service = programs.start("notifier")
        accepted = "SELECT count(*) FROM outbox WHERE state = 'accepted'"

        def count():
            return int(rows(url, accepted)[0][0])

        recovered = []
        for how, part in ((signal.SIGTERM, 0.2), (signal.SIGKILL, 0.5)):
            wait_for(f"{part} of the wave", lambda part=part: count() > part * _READERS, 60)
            self._down(postfix, how)
            failures = len(programs.log_lines("notifier", "relay_failed"))
            wait_for("the trouble to be noticed", lambda failures=failures: len(programs.log_lines("notifier", "relay_failed")) > failures, 60)
            before = count()
            postfix.start(self.world.children, self.world.dovecot)
            well = time.monotonic()
            wait_for("the next mail", lambda before=before: count() > before, _RECOVERED_IN + 30)
            recovered.append(time.monotonic() - well)
        self.assertLess(max(recovered), _RECOVERED_IN)
        waiting = "SELECT count(*) FROM outbox WHERE state IN ('queued', 'claimed', 'sending')"
        wait_for("the end of the wave", lambda: rows(url, waiting) == [("0",)], 90)
        programs.children.stop(service)
        self.assertGreaterEqual(len(programs.log_lines("notifier", "relay_recovered")), 2)
        self.assertEqual(rows(url, "SELECT max(attempts) FROM outbox WHERE state = 'accepted'"), [("1",)], "the relay's trouble is nobody's attempt")

        told = rows(url, "SELECT address, outbox.state, reply_code FROM outbox JOIN subscriber ON subscriber.id = outbox.reader WHERE kind = 'announcement'")
        self.assertEqual(sorted(address for address, _, _ in told), sorted(readers))

        def in_the_log():
            return Counter(mail.recipient for mail in handed_by(postfix.log, NOTIFIER))

        wait_for("Postfix to deliver what it took", lambda: sum(in_the_log().values()) >= sum(state == "accepted" for _, state, _ in told), 60)
        seen, copies = in_the_log(), self._copies(page)
        self.assertEqual(faults(told, copies, seen), [])
        uncertain = sum(state == "uncertain" for _, state, _ in told)
        self.assertLessEqual(uncertain, 2 * 3, "one for each connection and stop")
        print(f"{_READERS} readers, {uncertain} uncertain, recovered after {', '.join(f'{s:.1f} s' for s in recovered)}", file=sys.stderr)

        # Positive control: a mail that is sent again behind the store's back is seen.
        again = next(address for address, state, _ in told if state == "accepted")
        change(url, f"UPDATE outbox SET state = 'queued', due_at = 0 WHERE reader = (SELECT id FROM subscriber WHERE address = '{again}')")
        self.must(programs.call("notifier", "run", "--until-idle"))
        wait_for("the doubled mail", lambda: self._copies(page)[again] == 2, 30)
        self.assertIn("2 mails", str(faults(told, self._copies(page), in_the_log())))

    def _copies(self, page):
        """By what Postfix wrote when it took a mail: killed while it delivers one, it delivers that one again."""
        mails = (mail for who in SUBSCRIBERS for mail in self.world.mailbox(who).mails() if page in str(mail["Archived-At"]))
        return Counter(address for address, _ in {(str(mail["To"]), str(mail.get_all("Received")[-1])) for mail in mails})

    def _refuse(self, postfix):
        """Some recipients are greylisted for ever, some do not exist; from the next start on."""
        etc = postfix.folder / "etc"
        (etc / "access").write_text("".join([*(f"{a} 450 4.2.0 greylisted\n" for a in _DEFERRED), *(f"{a} 550 5.1.1 nobody here\n" for a in _REFUSED)]), encoding="ascii")
        postfix.submission_checks = f"check_recipient_access,texthash:{etc}/access,"
        self._down(postfix, signal.SIGTERM)
        postfix.start(self.world.children, self.world.dovecot)

    def _down(self, postfix, how):
        if how == signal.SIGKILL:
            postfix.kill(self.world.children)
        else:
            postfix.stop(self.world.children)


if __name__ == "__main__":
    unittest.main()
