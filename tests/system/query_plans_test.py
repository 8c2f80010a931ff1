"""What is asked again and again finds its rows by an index, however many mails wait: SQLite's own plan of each statement of
the outbox, with and without the indexes that make it so."""

import re
import sqlite3
import unittest
from pathlib import Path

_TOP = Path(__file__).resolve().parents[2]
_STATEMENT = re.compile(r'constexpr Sql k\w+\{\s*"(\w+)",\s*(?:R"sql\((.*?)\)sql"|"([^"]*)")', re.DOTALL)
# Of a person who asks, or of a scrape.
_MAY_READ_ALL = {"count_by_state", "count_changed_by_state"}


def plans(schema):
    """{statement: what it reads whole, or sorts}"""
    connection = sqlite3.connect(":memory:")
    connection.executescript(schema)
    found = {}
    for name, raw, plain in _STATEMENT.findall((_TOP / "lib/outbox/outbox_store.cc").read_text(encoding="utf-8")):
        steps = [row[3] for row in connection.execute("EXPLAIN QUERY PLAN " + re.sub(r"\$(\d+)", r"?\1", raw or plain), [""] * len(set(re.findall(r"\$\d+", raw or plain))))]
        # The latest answer is the end of its index, found without reading it.
        found[name] = [step for step in steps if re.search("SCAN outbox(?! USING INDEX outbox_replied)|TEMP B-TREE|outbox_by_state", step)]
    return found


class QueryPlans(unittest.TestCase):
    def setUp(self):
        self.schema = (_TOP / "lib/outbox/0001_outbox.sql").read_text(encoding="utf-8")

    def test_no_statement_of_the_sending_reads_or_sorts_all_that_waits(self):
        found = plans(self.schema)
        self.assertGreater(len(found), 15)
        self.assertEqual({name: steps for name, steps in found.items() if steps and name not in _MAY_READ_ALL}, {})

    def test_control_a_whole_index_of_states_or_none_is_noticed(self):
        whole = plans(self.schema + "CREATE INDEX outbox_by_state ON outbox (state, lease_until);")
        none = plans(re.sub("CREATE INDEX.*", "", self.schema))
        for name in ("claim_mails", "expire_mails", "more_urgent"):
            self.assertTrue(whole[name], name)
            self.assertTrue(none[name], name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
