"""Both programs while everything happens at once: mail comes, mail leaves, pages are asked for, settings are read again.
tests/sanitized plays it with what reports data races."""

import contextlib
import http.client
import re
import signal
import sys
import threading
import unittest
import urllib.parse
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from deploy.world import letters
from deploy.world.people import NOTIFIER, REPORTERS, SECURITY, STAFF, SUBSCRIBERS
from deploy.world.site import PostMortem
from deploy.world.waiting import wait_for
from tests.world.stage import Stage, rows

_ORIGIN = "https://lists.example.org"
_SENDERS = [*REPORTERS, *SUBSCRIBERS]  # whoever reads may report as well
_TITLES = ["First of three", "Second of three", "Third of three"]
_ROUNDS = 8  # of SIGHUP to both


class Visitors:
    """Each path is asked for again and again by a thread of its own, until the block ends. A connection may be refused or
    cut while a service is replaced; every answer that comes is counted."""

    def __init__(self, *visits):
        self.answers = Counter()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._visit, args=visit, daemon=True) for visit in visits]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join(30)

    def _visit(self, listen, method, path, make_body=lambda ask: None):
        def ask(*request):
            connection = http.client.HTTPConnection(listen, timeout=20)
            with contextlib.closing(connection):
                connection.request(*request, headers={"Origin": _ORIGIN})
                answer = connection.getresponse()
                return answer.status, answer.read().decode()

        while not self._over.wait(0.05):
            with contextlib.suppress(OSError, http.client.HTTPException):
                self.answers[path, ask(method, path, make_body(ask))[0]] += 1


def subscription(ask):
    token = re.search(r'name="form" value="([^"]+)"', ask("GET", "/subscribe")[1])
    return urllib.parse.urlencode({"address": STAFF[0], "form": token[1]}) if token else ""


class AtOnce:
    def test_SEC_55_mail_pages_and_reloads_at_once_lose_and_double_nothing(self):
        programs = self.programs(intake={"smtp": {"connections": 2}},
                                 notifier={"smtp": {"connections": 4}, "announce": {"hold": "1s"}, "http": {"public_url": _ORIGIN}})
        self.stores = {name: getattr(programs, name)["store"]["url"] for name in ("intake", "notifier")}
        self.first_look(programs)
        people = self.folder / "people.csv"
        people.write_text("address,services,confirmed_at,consent\n" + "".join(f"{reader},,,\n" for reader in SUBSCRIBERS), encoding="utf-8")
        self.must(programs.call("notifier", "subscriber", "import", people, "--confirmed", "--consent", "test"))
        services = {name: programs.start(name) for name in self.stores}
        for name in services:
            wait_for(f"{name} to serve", lambda: programs.log_lines(name, "http_listening"))

        private, public = programs.notifier["http"]["private_listen"], programs.notifier["http"]["listen"]
        health = [(listen, "GET", path) for listen in (programs.intake["http"]["listen"], private) for path in ("/readyz", "/metrics", "/metrics")]
        pages = [(public, "GET", path) for path in ("/subscribe", "/feed.xml", "/incidents.json", "/confirm?t=no")]
        with Visitors(*health, *pages, (public, "POST", "/subscribe", subscription)) as visitors:
            for n in range(_ROUNDS):
                for sender in _SENDERS[n::_ROUNDS]:
                    self.world.send(sender, SECURITY, letters.on_the_wire(letters.clear_report(sender)))
                if n < len(_TITLES):
                    self.site.publish(PostMortem(f"page-{n}", _TITLES[n]))
                    wait_for("the page to be found", lambda: len(programs.log_lines("notifier", "page_found")) > n)
                self._reload(programs, services)
            wait_for("all mail to leave", lambda: self._left() == {"acknowledgment": len(_SENDERS), "announcement": len(_TITLES) * len(SUBSCRIBERS)}, 120)
            visited = {path for path, status in visitors.answers if status in (200, 404, 429)}
            self.assertEqual({status for path, status in visitors.answers if path != "/readyz"} - {200, 404, 429, 503}, set())
            self.assertEqual(visited, {"/readyz", "/metrics", "/subscribe", "/feed.xml", "/incidents.json", "/confirm?t=no"})
        for name, service in services.items():
            service.send_signal(signal.SIGTERM)
            self.assertEqual(service.wait(30), 0, name)
            self.assertEqual(programs.log_lines(name, "stop_forced"), [])
        self.must(programs.call("intake", "audit"))
        self.assertEqual(rows(self.stores["intake"], "SELECT COUNT(*) FROM cases"), [(str(len(_SENDERS)),)])
        self.assertEqual(self._wrong_copies(), {})

        # Positive control: a second copy is seen.
        self.world.submit(NOTIFIER, NOTIFIER, SUBSCRIBERS[3], letters.letter(NOTIFIER, _TITLES[1], "again\n", to=SUBSCRIBERS[3]))
        wait_for("the copy", lambda: self._wrong_copies() == {(SUBSCRIBERS[3], _TITLES[1]): 2})

    def _reload(self, programs, services):
        before = {name: len(programs.log_lines(name, "config_reloaded")) for name in services}
        for service in services.values():
            service.send_signal(signal.SIGHUP)
        for name in services:
            wait_for(f"{name}'s reload", lambda: len(programs.log_lines(name, "config_reloaded")) > before[name], 60)

    def _left(self):
        count = "SELECT kind, COUNT(*) FROM outbox WHERE state = 'accepted' AND kind IN ('acknowledgment', 'announcement') GROUP BY kind"
        return {kind: int(n) for url in self.stores.values() for kind, n in rows(url, count)}

    def _wrong_copies(self):
        """What somebody did not get exactly once."""
        wrong = {}
        for person in _SENDERS:
            subjects = [mail["Subject"] for mail in self.world.mailbox(person).mails()]
            wanted = ["TM-", *_TITLES] if person in SUBSCRIBERS else ["TM-"]
            copies = {word: sum(word in subject for subject in subjects) for word in wanted}
            wrong.update({(person, word): n for word, n in copies.items() if n != 1})
        return wrong


class OnSqlite(AtOnce, Stage):
    pass


class OnPostgres(AtOnce, Stage):
    on_postgres = True


if __name__ == "__main__":
    unittest.main()
