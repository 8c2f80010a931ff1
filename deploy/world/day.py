"""The day that deploy/try plays. What came of each step is read in the mailbox of the person it was for, with Python's
own imaplib and email; our programs are asked for nothing that a mailbox can tell."""

import re
import time
from datetime import datetime, timedelta, timezone

from . import letters
from .mailbox import body_of
from .people import REPORTERS, SECURITY, STAFF, STAFF_NAMES, SUBSCRIBERS
from .site import PostMortem
from .waiting import TimedOut, wait_for

CASE = re.compile(r"\bTM-[0-9A-HJKMNP-TV-Z]{6}\b")
_NOTICE_WITHIN = 60.0  # seconds; the promise to staff
_ADA = STAFF[0]


class DayFailed(Exception):
    """One sentence: what should have come and did not."""


class Day:
    def __init__(self, world, programs, site, show):
        self.world = world
        self.programs = programs
        self.site = site
        self.show = show
        self.cases = {}  # reporter -> case
        self.confirmed = SUBSCRIBERS[:-1]
        self.asked = SUBSCRIBERS[-1]

    def play(self):
        try:
            self._first_look()
            self._subscribers()
            clear, vague, urgent, foreign, robot, _ = REPORTERS
            receipt = self._report("A clear report", clear, letters.clear_report(clear))
            self._must("?" not in body_of(receipt), "who has told everything is asked nothing")
            receipt = self._report("A vague one", vague, letters.vague_report(vague))
            questions = [line for line in body_of(receipt).splitlines() if line.endswith("?") or line.startswith("- ")]
            self._must(questions, "who was vague is asked for what is missing")
            self.show.quote("\n".join(questions))
            self._report("An urgent one", urgent, letters.urgent_report(urgent), urgent=True)
            self._out_of_office(robot)
            self._foreign(foreign)
            self._answer(clear, ["tracking"], "Thank you. We see it too and are on it.")
            page = self._post_mortem()
            self._answer(vague, ["post-mortem", self.site.url(page)], "This is what you saw.")
            self._account()
        except TimedOut as error:
            raise DayFailed(f"{error}: nothing came.") from error

    # --- before the first mail ---

    def _first_look(self):
        old = datetime.now(timezone.utc) - timedelta(days=40)
        self.show.step("An old mail lies in the mailbox, an old post-mortem stands on the site; both programs take their first look.")
        veteran = REPORTERS[5]
        self.world.mailbox(SECURITY).append(letters.on_the_wire(letters.letter(veteran, "an old mail", "Long ago.\n", at=old)), at=old.timestamp())
        self.site.publish(PostMortem("old-outage", "An old outage", start=old))
        for name in ("intake", "notifier"):
            self._call(name, "migrate")
            self._call(name, "run", "--until-idle")
        self._wrote_nothing_to([veteran, *SUBSCRIBERS])
        self.show.came("Nobody was written to: what was there before the programs is not answered and not announced.")

    def _subscribers(self):
        self.show.step(f"{len(self.confirmed)} subscribers with consent are imported; one more has asked and not confirmed.")
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        rows = [f"{address},,{now},signup form" for address in self.confirmed]
        table = self.programs.folder / "subscribers.csv"
        table.write_text("\n".join(["address,services,confirmed_at,consent", *rows]) + "\n", encoding="utf-8")
        self._call("notifier", "subscriber", "import", table, "--confirmed", "--consent", "signup form")
        self._call("notifier", "subscriber", "add", self.asked)
        self.programs.start("intake")
        self.programs.start("notifier")

    # --- reports ---

    def _send(self, sender, mail):
        self.show.step(f"{sender} writes to {SECURITY}")
        self.show.quote(f"{mail['Subject']}")
        self.world.send(sender, SECURITY, letters.on_the_wire(mail))
        return time.monotonic()

    def _report(self, what, sender, mail, urgent=False):
        sent = self._send(sender, mail)
        receipt = self.world.mailbox(sender).wait_for_mail("the acknowledgment", lambda m: CASE.search(body_of(m) + m["Subject"]))
        case = self.cases[sender] = CASE.search(body_of(receipt) + receipt["Subject"])[0]
        self._must(receipt["Auto-Submitted"] == "auto-replied", "the acknowledgment says that a program wrote it")
        due = re.search(r"by the end of [A-Z][a-z]{2} \d+ [A-Z][a-z]{2}", " ".join(body_of(receipt).split()))
        self._must(due, "the acknowledgment names the day of the answer")
        self.show.came(f"{what} is acknowledged: {case}, answer {due[0]}.")
        for person in STAFF:
            notice = self.world.mailbox(person).wait_for_mail(f"the notice of {case}", lambda m: case in body_of(m) + m["Subject"], _NOTICE_WITHIN)
            self._must(not urgent or "urgent" in notice["Subject"].lower(), "the notice of an urgent report says so in its subject")
        self.show.came(f"{' and '.join(STAFF_NAMES[p] for p in STAFF)} have heard of it, {time.monotonic() - sent:.1f} s after it was sent.")
        return receipt

    def _out_of_office(self, sender):
        self._send(sender, letters.out_of_office(sender))
        wait_for("the robot's mail in the mailbox", lambda: any(sender in str(m["From"]) for m in self.world.mailbox(SECURITY).mails()))
        self.show.came("It is in the mailbox; nobody answers a robot (counted again in the evening).")

    def _foreign(self, sender):
        self._report("One with an attachment in KOI8-R", sender, letters.foreign_report(sender))
        ours = self.programs.call("intake", "attachment", self.cases[sender], 1, raw=True)
        theirs = next(m for m in self.world.mailbox(SECURITY).mails() if sender in str(m["From"]))
        sent = next(theirs.iter_attachments()).get_payload(decode=True)
        self._must(ours.returncode == 0 and ours.stdout == sent, "`attachment` gives the very bytes that Python reads in the mailbox")
        self.show.came(f"`trust-intake attachment {self.cases[sender]} 1` gives the {len(sent)} bytes that Python finds in the mailbox.")

    def _answer(self, sender, outcome, words):
        case = self.cases[sender]
        shown = outcome[0]
        self.show.step(f"Ada answers {case}: {shown}.")
        self._call("intake", "answer", case, *outcome, "--by", _ADA, text=words + "\n")
        answer = self.world.mailbox(sender).wait_for_mail("the answer", lambda m: words in " ".join(body_of(m).split()))
        self._must(SECURITY in str(answer["From"]) and _ADA not in answer.as_string(), "the answer comes from the shared address")
        self._must(all(url in body_of(answer) for url in outcome[1:]), "the answer names the post-mortem")
        self.show.came(f"{sender} reads: “{words}”")

    # --- publication ---

    def _post_mortem(self):
        page = PostMortem("haven-dns-timeouts", "Haven DNS timeouts in Nuremberg")
        self.show.step(f"The site reserves {page.id}/; then the post-mortem is published there.")
        self.site.placeholder(page)
        self._call("notifier", "announce", self.site.url(page), "--by", _ADA, wanted=11)
        url = self.site.publish(page)
        begun = time.monotonic()
        for reader in self.confirmed:
            mail = self.world.mailbox(reader).wait_for_mail("the announcement", lambda m: url in body_of(m), 60)
            self._must("incidents.example.org" in str(mail["List-Id"]), "the announcement carries its List-Id")
            self._must(url in str(mail["Archived-At"]), "the announcement says where the page is")
            self._must(mail["List-Unsubscribe"] and mail["List-Unsubscribe-Post"], "the announcement can be unsubscribed from with one click")
        self.show.came(f"All {len(self.confirmed)} confirmed subscribers have the link, {time.monotonic() - begun:.1f} s after it was published (2 s of it the hold).")
        self._wrote_nothing_to([self.asked])
        self.show.came(f"{self.asked}, who has not confirmed, got nothing.")
        self._call("notifier", "feed", "write", self.programs.folder / "feed")
        return page

    # --- the evening ---

    def _account(self):
        self.show.step("In the evening every mailbox is counted.")
        clear, vague, urgent, foreign, robot, veteran = REPORTERS
        wanted = {clear: 2, vague: 2, urgent: 1, foreign: 1, robot: 0, veteran: 0, self.asked: 0, **{address: 1 for address in self.confirmed}}
        for address, count in wanted.items():
            found = self.world.mailbox(address).count()
            self._must(found == count, f"{address} has {count} mails (there are {found})")
        for person in STAFF:
            mails = [body_of(m) + m["Subject"] for m in self.world.mailbox(person).mails()]
            for case in self.cases.values():
                self._must(any(case in mail for mail in mails), f"{person} heard of {case}")
        ids = [m["Message-ID"] for address in self.confirmed for m in self.world.mailbox(address).mails()]
        self._must(len(set(ids)) == len(self.confirmed), "each announcement has a Message-ID of its own")
        self.show.came("4 reports: 4 acknowledgments, 2 answers. "
                       f"{len(self.confirmed)} subscribers: {len(self.confirmed)} announcements. Nothing else was sent to any of them.")

    # --- helpers ---

    def _call(self, name, *words, text="", wanted=0):
        done = self.programs.call(name, *words, text=text)
        if done.returncode != wanted:
            said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise DayFailed(f"`trust-{name} {' '.join(str(word) for word in words[:2])}` ended with {done.returncode} instead of {wanted}: {said}")
        return done

    def _must(self, fact, what):
        if not fact:
            raise DayFailed(f"This should hold and does not: {what}.")

    def _wrote_nothing_to(self, addresses):
        for address in addresses:
            self._must(self.world.mailbox(address).count() == 0, f"{address} got no mail")
