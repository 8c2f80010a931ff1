"""SIGHUP and SIGTERM with the real programs: what can be applied is, what is bad changes nothing, mails in flight are
neither lost nor doubled, and no peer that stalls keeps a program from its end."""

import shutil
import signal
import socket
import sys
import threading
import unittest
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from deploy.world import letters
from deploy.world.mailbox import body_of
from deploy.world.people import REPORTERS, SECURITY, STAFF
from deploy.world.programs import CHECKOUT, NAMES
from deploy.world.site import PostMortem
from deploy.world.waiting import wait_for
from tests.fault.relay import Relay
from tests.world.stage import BUILD, Stage, rows

_READERS = [f"reader{n}@example.com" for n in range(1, 101)]
_GOODBYE_SECONDS = 15  # a stalled peer would hold on for 20 or 30


class Silent:
    """A server that takes connections and never says a word."""

    def __enter__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.visitors = []
        threading.Thread(target=self._take, daemon=True).start()
        return self

    def _take(self):
        while True:
            try:
                self.visitors.append(self._listener.accept()[0])
            except OSError:
                return

    def __exit__(self, *_):
        self._listener.close()
        for visitor in self.visitors:
            visitor.close()


class Reload(Stage):
    def start(self, programs, name):
        service = programs.start(name)
        wait_for("the start", lambda: programs.log_lines(name, "store_opened"))
        return service

    def reload(self, programs, name, service, event="config_reloaded"):
        """Returns the sentence that came with it."""
        seen, said = len(programs.log_lines(name, event)), len(programs.logs[name].read_text())
        service.send_signal(signal.SIGHUP)
        wait_for(event, lambda: len(programs.log_lines(name, event)) > seen)
        words = "; nothing was changed" if event == "config_refused" else "settings were read again"
        return wait_for("the sentence", lambda: [line for line in programs.logs[name].read_text()[said:].splitlines() if words in line])[-1]

    def end(self, programs, name, service):
        """In good order, not by force."""
        service.send_signal(signal.SIGTERM)
        self.assertEqual(service.wait(_GOODBYE_SECONDS), 0)
        self.assertEqual(len(programs.log_lines(name, "stopped")), 1)
        self.assertEqual(programs.log_lines(name, "stop_forced"), [])

    def report(self, sender):
        self.world.send(sender, SECURITY, letters.on_the_wire(letters.clear_report(sender)))


class EarlyReload(Reload):
    def test_a_reload_that_comes_before_the_handler_waits_for_it(self):
        for name in NAMES:
            with self.subTest(name):
                programs = self.programs(f"early-{name}")
                self.first_look(programs, name)
                preloaded = {"LD_PRELOAD": str(BUILD / "tests" / "libearly_hangup.so")}
                service = programs.start(name, environment={**preloaded, "EARLY_HANGUP": "main"})
                wait_for("the reload", lambda: programs.log_lines(name, "config_reloaded"))
                self.end(programs, name, service)
                before_main = programs.start(name, environment={**preloaded, "EARLY_HANGUP": "load"})
                self.assertEqual(before_main.wait(20), -signal.SIGHUP, "the control, and why the units start such a one again")


class IntakeReload(Reload):
    def test_words_staff_and_secrets_are_applied_and_bad_ones_change_nothing(self):
        words = shutil.copytree(CHECKOUT / "templates", self.folder / "words")
        acknowledgment = words / "mail" / "en" / "acknowledgment.txt"
        programs = self.programs("words", intake={"templates": str(words), "staff": [{"address": STAFF[0], "name": "Ada"}]})
        self.first_look(programs, "intake")
        service = self.start(programs, "intake")
        text = acknowledgment.read_text(encoding="utf-8")

        def acknowledged(reporter):
            self.report(reporter)
            return body_of(self.world.mailbox(reporter).wait_for_mail("the acknowledgment", lambda mail: "[TM-" in str(mail["Subject"])))

        with self.subTest("words and staff"):
            acknowledgment.write_text(text + "\nNEW WORDS\n", encoding="utf-8")
            programs.intake["staff"].append({"address": STAFF[1], "name": "Bo"})
            programs.write()
            self.assertEqual(self.reload(programs, "intake", service), "settings were read again")
            self.assertIn("NEW WORDS", acknowledged(REPORTERS[0]))
            for person in STAFF:
                self.world.mailbox(person).wait_for_mail("the notice", lambda mail: "TM-" in str(mail["Subject"]))

        with self.subTest("what is bad"):
            good = programs.files["intake"].read_text(encoding="utf-8")
            secret = Path(programs.intake["imap"]["password_file"])
            hidden = secret.with_suffix(".hidden")
            for name, spoil, mend, key in (
                    ("no JSON", lambda: programs.files["intake"].write_text(good[:-20]), programs.write, "JSON"),
                    ("a placeholder that is not there", lambda: acknowledgment.write_text(text + "{{secret}}"), lambda: acknowledgment.write_text(text), "secret"),
                    ("no password", lambda: secret.rename(hidden), lambda: hidden.rename(secret), "imap.password_file")):
                with self.subTest(name):
                    spoil()
                    self.assertIn(key, self.reload(programs, "intake", service, "config_refused"))
                    mend()
            self.assertIn("NEW WORDS", acknowledged(REPORTERS[1]), "the old words, which were good")

        with self.subTest("a store elsewhere"):
            acknowledgment.write_text(text + "\nNEWER WORDS\n", encoding="utf-8")
            before, programs.intake["store"]["url"] = programs.intake["store"]["url"], f"sqlite:{self.folder}/elsewhere.sqlite"
            programs.write()
            self.assertIn("a restart is needed for store.url", self.reload(programs, "intake", service))
            self.assertEqual(programs.log_lines("intake", "config_reloaded")[-1]["needs_restart"], 1)
            self.assertIn("NEWER WORDS", acknowledged(REPORTERS[2]))
            self.assertEqual(rows(before, "SELECT COUNT(*) FROM outbox WHERE kind = 'acknowledgment'"), [("3",)])
            self.assertFalse((self.folder / "elsewhere.sqlite").exists())
        self.end(programs, "intake", service)

    def test_a_login_that_was_refused_is_tried_with_the_new_secret_at_once(self):
        wrong = self.folder / "wrong-password"
        wrong.write_text("not this one\n", encoding="utf-8")
        programs = self.programs("secret")
        self.first_look(programs, "intake")
        right, programs.intake["imap"]["password_file"] = programs.intake["imap"]["password_file"], str(wrong)
        programs.write()
        service = self.start(programs, "intake")
        wait_for("the refused login", lambda: programs.log_lines("intake", "mailbox_failed"))
        self.report(REPORTERS[3])
        programs.intake["imap"]["password_file"] = right
        programs.write()
        self.reload(programs, "intake", service)
        self.world.mailbox(REPORTERS[3]).wait_for_mail("the acknowledgment", lambda mail: "[TM-" in str(mail["Subject"]))
        self.end(programs, "intake", service)

    def test_a_silent_mailbox_keeps_nobody(self):
        for group in ("imap", "smtp"):
            with self.subTest(group), Silent() as silent:
                programs = self.programs("silent-" + group)
                self.first_look(programs, "intake")
                programs.intake[group] = {"url": f"{group}://127.0.0.1:{silent.port}"}
                if group == "imap":
                    programs.intake[group] = {**programs.intake[group], "url": f"imap://security@127.0.0.1:{silent.port}", "password_file": str(self.world.password_file(SECURITY))}
                programs.write()
                service = self.start(programs, "intake")
                self.report(REPORTERS[4])
                wait_for("a visit", lambda: silent.visitors)
                self.end(programs, "intake", service)


class NotifierReload(Reload):
    def setUp(self):
        self.relay = self.enterContext(Relay())
        self.programs_ = self.programs("notifier", notifier={"smtp": {"url": self.relay.url, "password_file": None, "ca_file": None, "connections": 4},
                                                             "announce": {"hold": "1s"}})
        self.first_look(self.programs_, "notifier")
        people = self.folder / "people.csv"
        people.write_text("address,services,confirmed_at,consent\n" + "".join(f"{reader},,,\n" for reader in _READERS), encoding="utf-8")
        self.must(self.programs_.call("notifier", "subscriber", "import", people, "--confirmed", "--consent", "test"))

    def tearDown(self):
        self.site.clear()
        shutil.rmtree(self.programs_.folder)

    def wrong_copies(self):
        """Whoever did not get exactly one."""
        copies = Counter(mail.recipient for mail in self.relay.mails if mail.recipient in _READERS)
        return {reader: copies[reader] for reader in _READERS if copies[reader] != 1}

    def states(self):
        return dict(rows(self.programs_.notifier["store"]["url"], "SELECT state, COUNT(*) FROM outbox WHERE kind = 'announcement' GROUP BY state"))

    def test_reloads_in_the_middle_of_a_wave_lose_and_double_nothing(self):
        hold = threading.Event()

        def on_dot(mail):
            if mail.recipient == _READERS[10]:
                hold.wait(20)  # an answer that comes while the service is being replaced
            return "accept"

        self.relay.on_dot = on_dot
        service = self.start(self.programs_, "notifier")
        self.site.publish(PostMortem("reload", "Reload"))
        for count in range(10, 90, 16):
            wait_for("the wave to go on", lambda: len(self.relay.mails) >= count)
            for _ in range(10):
                service.send_signal(signal.SIGHUP)
            threading.Timer(0.5, hold.set).start()
        wait_for("the wave", lambda: self.states() == {"accepted": str(len(_READERS))})
        reloads = len(self.programs_.log_lines("notifier", "config_reloaded"))
        self.assertIn(reloads, range(1, 6 * 10), "ten wishes at once are one or a few")
        self.assertEqual(self.wrong_copies(), {})
        self.assertEqual({mail.answered for mail in self.relay.mails}, {True}, "no answer was left behind")
        self.end(self.programs_, "notifier", service)

    def test_the_judge_sees_what_a_kill_in_place_of_a_reload_does(self):
        self.relay.on_dot = lambda mail: "hang" if mail.recipient == _READERS[10] else "accept"
        service = self.start(self.programs_, "notifier")
        self.site.publish(PostMortem("killed", "Killed"))
        wait_for("the held dot", lambda: any(mail.recipient == _READERS[10] for mail in self.relay.mails))
        self.programs_.children.kill(service)
        self.relay.on_dot = lambda mail: "accept"
        service = self.start(self.programs_, "notifier")
        wait_for("the rest", lambda: set(self.states()) == {"accepted", "uncertain"})
        self.assertLess(int(self.states()["accepted"]), len(_READERS), "what the reloads are held against")
        self.end(self.programs_, "notifier", service)

    def test_a_silent_site_keeps_nobody(self):
        with Silent() as silent:
            self.programs_.notifier["site"] = {"base_url": f"http://127.0.0.1:{silent.port}/", "poll": "1s"}
            self.programs_.write()
            service = self.start(self.programs_, "notifier")
            wait_for("a visit", lambda: silent.visitors)
            self.reload(self.programs_, "notifier", service)
            wait_for("another visit", lambda: len(silent.visitors) > 1)
            self.end(self.programs_, "notifier", service)


if __name__ == "__main__":
    unittest.main()
