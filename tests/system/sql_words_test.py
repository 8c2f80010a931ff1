"""SEC-40: words that would be commands to a database, in every field that comes from outside, stand in the store as they were
written, on both stores, and every table is still there."""

import csv
import sys
import tempfile
import unittest
from datetime import datetime, timedelta, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from deploy.world import letters
from deploy.world.people import STAFF
from deploy.world.site import PostMortem
from tests.fault.relay import Relay
from tests.fault.sweep import Peers
from tests.world.stage import new_databases, rows

_WORDS = ["'; DROP TABLE cases; --", "' OR '1'='1", "\\'; DELETE FROM outbox; --", "$1 $2 :a ?1 %s {}", "\"; DROP TABLE \"subscriber\"; --", "x'); DROP TABLE mail;/*"]
_SENDER = "o'brien@example.net"


class SqlWords:
    def setUp(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="trust-test.")))
        self.peers = Peers(folder, [letters.on_the_wire(letters.letter(_SENDER, word, f"Haven DNS: {word}\n", name=f'"{word}"' if '"' not in word and "\\" not in word else "N")) for word in _WORDS])
        self.addCleanup(self.peers.stop)
        self.programs = self.peers.programs("programs", self.enterContext(Relay()), self.stores())
        self.programs.intake["acknowledge"] = {"per_hour": 1000}
        self.programs.write()
        for name in ("intake", "notifier"):
            self.must(self.programs.call(name, "migrate"))

    def must(self, done, code=0):
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def test_SEC_40_a_report_and_its_answer_stand_verbatim(self):
        url = self.programs.intake["store"]["url"]
        self.must(self.programs.call("intake", "run", "--until-idle"))
        self.assertEqual(sorted(rows(url, "SELECT reporter_address, subject FROM cases")), sorted((_SENDER, word) for word in _WORDS))
        names = {name for (name,) in rows(url, "SELECT reporter_name FROM cases")}
        for word in (word for word in _WORDS if '"' not in word and "\\" not in word):
            self.assertIn(word, names)
        for case, subject in rows(url, "SELECT id, subject FROM cases"):
            self.must(self.programs.call("intake", "answer", case, "explained", "--by", STAFF[0], text=f"Words: {subject}\n"))
            self.assertIn(subject, self.must(self.programs.call("intake", "show", case)).stdout)
        answered = "\n".join(words for (words,) in rows(url, "SELECT replace(words, chr(10), ' ') FROM answer" if url.startswith("p") else "SELECT words FROM answer"))
        for word in _WORDS:
            self.assertIn(word, answered)
            found = self.programs.call("intake", "list", "--state", "all", "--search", word)
            self.assertIn(found.returncode, (0, 10), found.stderr)
            self.must(self.programs.call("intake", "show", word), 10)
        self.assertEqual(rows(url, "SELECT count(*) FROM cases"), [(str(len(_WORDS)),)])

    def test_SEC_40_a_subscriber_and_a_page_stand_verbatim(self):
        url = self.programs.notifier["store"]["url"]
        self.must(self.programs.call("notifier", "run", "--until-idle"))
        table = self.programs.folder / "subscribers.csv"
        with open(table, "w", newline="", encoding="utf-8") as file:
            out = csv.writer(file)
            out.writerow(["address", "services", "confirmed_at", "consent"])
            out.writerows([f"o'{n}@example.com", "", "2026-01-01T00:00:00Z", word] for n, word in enumerate(_WORDS))
        self.must(self.programs.call("notifier", "subscriber", "import", table, "--confirmed", "--consent", "form"))
        self.assertEqual(sorted(rows(url, "SELECT address FROM subscriber")), sorted((f"o'{n}@example.com",) for n in range(len(_WORDS))))
        consents = "\n".join(text for (text,) in rows(url, "SELECT consent_text FROM subscriber"))
        for word in _WORDS:
            self.assertIn(word, consents)
            self.must(self.programs.call("notifier", "subscriber", "show", word), self.programs.call("notifier", "subscriber", "show", "nobody").returncode)
        title = " ".join(_WORDS[:2])
        page = PostMortem("x--drop", title, summary=_WORDS[0], start=datetime.now(timezone.utc) - timedelta(hours=1), listed=False)
        self.must(self.programs.call("notifier", "announce", self.peers.site.publish(page), "--now", "--by", STAFF[0]))
        self.assertEqual(rows(url, "SELECT title, summary FROM announcement"), [(title, _WORDS[0])])
        self.must(self.programs.call("notifier", "run", "--until-idle"))
        self.assertEqual(rows(url, "SELECT count(*) FROM subscriber"), [(str(len(_WORDS)),)])


class OnSqlite(SqlWords, unittest.TestCase):
    def stores(self):
        return None


class OnPostgres(SqlWords, unittest.TestCase):
    def stores(self):
        return new_databases()


if __name__ == "__main__":
    unittest.main()
