"""The live history page, without a folder: what is no page announces nothing and forgets nothing, and a site that is well
again is noticed within 30 s, however seldom it is looked at."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from deploy.world.people import SUBSCRIBERS
from deploy.world.site import PATH, PostMortem
from deploy.world.waiting import wait_for
from tests.world.stage import Stage, rows

_READER = SUBSCRIBERS[0]


class SitePoll(Stage):
    def setUp(self):
        self.addCleanup(self.site.clear)
        self.site.instead = None

    def begin(self, name, poll):
        """A notifier that has looked once, with one reader."""
        programs = self.programs(name, notifier={"site": {"folder": None, "poll": poll}, "announce": {"hold": "1s"}})
        self.first_look(programs, "notifier")
        self.must(programs.call("notifier", "subscriber", "add", _READER))
        self.must(programs.call("notifier", "subscriber", "confirm", _READER))
        return programs

    def told_of(self, page, seconds):
        self.world.mailbox(_READER).wait_for_mail(page.title, lambda mail: page.title in str(mail["Subject"]), seconds)

    def test_what_is_no_page_announces_nothing_and_forgets_nothing(self):
        before = PostMortem("before", "Before us")
        self.site.publish(before)
        programs = self.begin("no-page", "1s")
        programs.start("notifier")
        for name, instead in (("an error", (503, "<html><main>later</main></html>")), ("an error that says 200", (200, "<html><h1>Bad gateway</h1></html>")),
                              ("nothing", (200, "")), ("half a page", (200, f"<html><main><a href='{PATH}{before.id}/'>x</a><a hr")), ("a redirect", (302, ""))):
            with self.subTest(name):
                seen = len(programs.log_lines("notifier", "site_failed"))
                self.site.instead = instead
                wait_for("two looks that fail", lambda: len(programs.log_lines("notifier", "site_failed")) > seen + 1)
        self.site.instead = (200, "<html><main><p>No reportable incidents to date</p></main></html>")
        seen = len(programs.log_lines("notifier", "site_read"))
        wait_for("a look at a page whose links vanished", lambda: len(programs.log_lines("notifier", "site_read")) > seen + 1)
        after = PostMortem("after", "After the trouble")
        self.site.publish(after)
        self.site.instead = None
        self.told_of(after, 30)
        self.assertEqual(len(programs.log_lines("notifier", "announced")), 1)
        self.assertEqual(rows(programs.notifier["store"]["url"], "SELECT id FROM incident ORDER BY id"), sorted([(after.id,), (before.id,)]))

    def test_a_site_that_is_well_again_is_noticed_within_30_s(self):
        programs = self.begin("recovery", "10m")
        self.site.instead = (503, "later")
        programs.start("notifier")
        wait_for("back-off", lambda: len(programs.log_lines("notifier", "site_failed")) >= 4)
        page = PostMortem("recovered", "Well again")
        self.site.publish(page)
        self.site.instead = None
        self.told_of(page, 30)
        self.assertLess(len(programs.log_lines("notifier", "site_failed")), 8, "it backs off")


if __name__ == "__main__":
    unittest.main()
