"""kill -9 while a reader's request to the public pages is in flight: at every distinct call site that writes, syncs, sends or
receives, before and after the call. The program is started again, and a client that got no answer asks once more. An outside
checker computes from the answers, the relay's memory and the store that nothing that was answered is lost, that the mail that
asks to confirm leaves once or is listed as uncertain, and that nobody who left is written to."""

import contextlib
import hashlib
import http.client
import re
import shutil
import sys
import tempfile
import unittest
import urllib.parse
from datetime import datetime, timedelta, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from deploy.world.people import STAFF, SUBSCRIBERS
from deploy.world.site import PostMortem
from deploy.world.waiting import wait_for
from tests.fault.check import copies_at, delivery_faults, store_faults
from tests.fault.relay import Relay
from tests.fault.sweep import Cycle, Flow, Peers, Sweep
from tests.world.stage import change, rows

_READER, _OTHER = SUBSCRIBERS[:2]
_SECONDS = 240  # for each flow at the most
_FIELDS = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}


def _waits(client):
    """Whether the program has yet to take this connection: until then, the kernel knows no file of its other end."""
    own, other = (f"0100007F:{port:04X}" for port in (client.getsockname()[1], client.getpeername()[1]))
    ends = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()]
    return any(end[1:3] == [other, own] and end[3] in ("01", "03") and end[9] == "0" for end in ends)


def _ask(programs, method, path, body=None):
    """(status, body); (None, b"") where no answer came. A client that has read the status knows what became of it. It speaks
    when it is listened to, so that the same call site takes in the same bytes each time."""
    host, port = programs.notifier["http"]["listen"].split(":")
    status, page = None, b""
    with contextlib.closing(http.client.HTTPConnection(host, int(port), timeout=30)) as connection, contextlib.suppress(OSError, http.client.HTTPException):
        connection.connect()
        wait_for("the connection to be taken", lambda: not _waits(connection.sock), 30, 0.005)
        connection.request(method, path, body, _FIELDS)
        answer = connection.getresponse()
        status = answer.status
        page = answer.read()
    return status, page


def _while_serving(programs, environment, visit):
    """`run` from its start to its end; calls visit(child, what it has said since) once it serves and is quiet. The exit status,
    and what it said."""
    log = programs.logs["notifier"]
    before = log.stat().st_size if log.exists() else 0
    said = lambda: log.read_bytes()[before:].decode()
    child = programs.start("notifier", environment=environment)
    try:
        quiet = lambda: said().count('"http_listening"') == 2 and '"site_read"' in said()
        wait_for("the pages to be served", lambda: child.poll() is not None or quiet(), 30, 0.02)
        visit(child, said)
    finally:
        code = programs.children.stop(child)
    return code, said()


def _lines(trace):
    return trace.read_text(encoding="ascii").splitlines()


def _post(path, body, is_over=lambda cycle: True):
    """A step: one POST to a program that serves nobody else. Of the trace, only what is new while the request is in flight
    stays, which is until its answer is logged and `is_over(cycle)`."""
    def step(cycle, environment, expected):
        trace = Path(environment["KILL_POINT_TRACE"]) if "KILL_POINT_TRACE" in environment else None
        span = []

        def visit(child, said):
            span.append(len(_lines(trace)) if trace else 0)
            cycle.answers.append(_ask(cycle.programs, "POST", path, body)[0])
            wait_for("the request's end", lambda: child.poll() is not None or ('"http_answered"' in said() and is_over(cycle)), 30, 0.02)
            span.append(len(_lines(trace)) if trace else 0)

        code, said = _while_serving(cycle.programs, environment, visit)
        cycle.said.append(said)
        if trace:
            lines = _lines(trace)
            known = {line.split(" ")[0] for line in lines[:span[0]]}
            trace.write_text("".join(line + "\n" for line in lines[slice(*span)] if line.split(" ")[0] not in known), encoding="ascii")
        if code not in expected:
            raise AssertionError(f"{path.partition('?')[0]}: {code}, not {expected}: {said[-600:]}")
    return step


def _store(cycle):
    return cycle.programs.notifier["store"]["url"]


def _link(mails, word):
    """The path of the link with this word in the newest of these mails."""
    text = mails[-1].data.replace(b"=\r\n", b"").replace(b"=3D", b"=").decode()
    return re.search(rf"https://lists\.example\.org(/{word}\?t=[0-9a-z]+)", text)[1]


def _mails(cycle, reader, about=""):
    return [mail for mail in cycle.relay.mails if mail.recipient == reader and about in mail.header("Archived-At")]


def _idle(cycle):
    cycle.call("notifier", "run", "--until-idle")


def _no_mail_waits(cycle):
    return rows(_store(cycle), "SELECT count(*) FROM outbox WHERE state IN ('queued', 'claimed', 'sending')") == [("0",)]


class PageKillPoints(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="trust-test.")))
        # The site is looked at once, at the start, so that requests have the program to themselves; holds outlast the test.
        cls.peers = Peers(cls.folder, [], site={"poll": "10m"}, announce={"hold": "1h"})
        cls.addClassCleanup(cls.peers.stop)

    def setUp(self):
        """`day`: what the flows begin with, and `subscribe`, the first request to it. One reader is on the list already."""
        relay = self.enterContext(Relay())
        self.day = Cycle(self.peers.programs(f"day-{id(self)}", relay), relay)
        self.day.call("notifier", "migrate")
        _idle(self.day)
        for word in ("add", "confirm"):
            self.day.call("notifier", "subscriber", word, _OTHER)
        pages = []
        _while_serving(self.day.programs, {}, lambda *_: pages.append(_ask(self.day.programs, "GET", "/subscribe")[1].decode()))
        form = re.search(r'name="form" value="([0-9a-z.]+)"', pages[0])[1]
        self.secrets = [_READER, _OTHER, form.partition(".")[2], "canary-title"]
        self.subscribe = _post("/subscribe", urllib.parse.urlencode({"address": _READER, "form": form}), _no_mail_waits)

    def confirming(self):
        """The second request, after the first."""
        self.subscribe(self.day, {}, (0,))
        link = _link(_mails(self.day, _READER), "confirm")
        self.secrets.append(link.partition("=")[2])
        return _post(link, "")

    def leaving(self):
        """The last one, after the others: the reader was told of one page, and is to be told of another in an hour. Its URL."""
        self.confirming()(self.day, {}, (0,))
        begun = datetime.now(timezone.utc) - timedelta(hours=1)
        urls = [self.peers.site.publish(PostMortem(name, "canary-title", start=begun, listed=False)) for name in (f"first-{id(self)}", f"second-{id(self)}")]
        self.day.call("notifier", "announce", urls[0], "--now", "--by", STAFF[0])
        _idle(self.day)
        self.day.call("notifier", "announce", urls[1], "--by", STAFF[0])
        _idle(self.day)  # staff know by now
        link = _link(_mails(self.day, _READER, urls[0]), "unsubscribe")
        self.secrets.append(link.partition("=")[2])
        return _post(link, "List-Unsubscribe=One-Click"), urls[1]

    def flow(self, name, step, state, faults, again=(200,), then=lambda cycle: None):
        """One request. Who got no answer repeats it and is answered as if it had been the first, or with one of `again`."""
        def settle(cycle, _, environment, expected):
            if cycle.answers[-1:] in ([], [None]):
                step(cycle, environment, expected)
            _idle(cycle)
            then(cycle)

        def found(cycle):
            url = _store(cycle)
            wrong = [] if cycle.answers[-1] in ((200,) if len(cycle.answers) == 1 else again) else [f"answers: {cycle.answers}"]
            people = rows(url, "SELECT address, state FROM subscriber ORDER BY address")
            wrong += [] if people == [(_READER, state), (_OTHER, "confirmed")] else [f"after {cycle.answers} subscribers are {people}"]
            return wrong + faults(cycle) + store_faults(url, cycle.relay, 1, "".join(cycle.said), self.secrets)

        return Flow(name, self.day.programs.folder, [step], settle, found)

    def subscribing(self):
        def faults(cycle):
            sent = rows(_store(cycle), "SELECT message_id, state FROM outbox WHERE kind = 'confirmation'")
            wrong = [] if len(sent) == 1 else [f"{len(sent)} mails that ask to confirm"]
            for message_id, state in sent:
                wrong += delivery_faults("the mail that asks", state, copies_at(cycle.relay)[_READER, message_id])
            good = rows(_store(cycle), "SELECT token_digest FROM confirmation WHERE spent = 0")
            digests = [hashlib.sha256(_link([mail], "confirm").partition("=")[2].encode()).hexdigest() for mail in _mails(cycle, _READER)]
            return wrong + ([] if all(good == [(digest,)] for digest in digests) else ["the link in the mail is not good"])

        return self.flow("subscribe", self.subscribe, "asked", faults)

    def swept(self, flow):
        """The sweep, and a cycle without a kill that the same judge finds well."""
        sweep = Sweep(self.peers, flow)
        self.assertEqual(sweep.run(_SECONDS), [])
        cycle = sweep.fresh("control")
        self.assertEqual(sweep.ended(cycle, 0), [])
        return sweep, cycle

    def first_fault(self, flow, calls, what):
        """Kills after these calls until the judge says `what`."""
        sweep = Sweep(self.peers, flow)
        found = []
        for point in (p for p in sweep.points()[1] if p.call in calls and p.after):
            cycle = sweep.kill_at(point)
            found += sweep.judged(point, cycle, lambda cycle=cycle: sweep.ended(cycle, 0))[0]
            if what in str(found):
                return
        self.fail(f"{what!r} is not among {found}")

    def test_who_subscribes_is_asked_once_wherever_the_program_dies(self):
        sweep, cycle = self.swept(self.subscribing())
        mail = cycle.relay.mails.pop()
        self.assertIn("0 copies", str(sweep.flow.faults(cycle)), "a lost mail")
        cycle.relay.mails += [mail, mail]
        self.assertIn("2 copies", str(sweep.flow.faults(cycle)), "a doubled mail")
        cycle.relay.mails.pop()
        change(_store(cycle), "UPDATE confirmation SET token_digest = 'another'")
        self.assertIn("link", str(sweep.flow.faults(cycle)), "a link that is not good")
        change(_store(cycle), f"UPDATE subscriber SET state = 'left' WHERE address = '{_READER}'")
        self.assertIn("subscribers are", str(sweep.flow.faults(cycle)), "a wish that is forgotten")

    def test_without_the_mark_before_the_dot_some_are_asked_twice(self):
        """The defence is taken away from outside: after the kill, rows marked `sending` are `claimed`, as if never marked."""
        flow = self.subscribing()
        settle = flow.settle

        def unmarked(cycle, *how):
            change(_store(cycle), "UPDATE outbox SET state = 'claimed' WHERE state = 'sending'")
            settle(cycle, *how)

        flow.settle = unmarked
        self.first_fault(flow, ("send", "sendto", "recv"), "2 copies")

    def test_who_confirms_is_on_the_list_wherever_the_program_dies(self):
        def faults(cycle):
            kept = rows(_store(cycle), f"SELECT consent_source FROM subscriber WHERE address = '{_READER}'")
            spent = rows(_store(cycle), "SELECT DISTINCT spent FROM confirmation")
            return [] if (kept, spent) == ([("page",)], [("1",)]) else [f"consent {kept}, spent {spent}"]

        # Done before the kill, it is not done once more: the link says that it is used.
        sweep, cycle = self.swept(self.flow("confirm", self.confirming(), "confirmed", faults, again=(200, 404)))
        change(_store(cycle), "UPDATE confirmation SET spent = 0")
        self.assertIn("spent", str(sweep.flow.faults(cycle)), "a link that is good twice")
        change(_store(cycle), f"UPDATE subscriber SET state = 'asked' WHERE address = '{_READER}'")
        self.assertIn("subscribers are", str(sweep.flow.faults(cycle)), "a reader lost")

    def leaving_flow(self):
        step, second = self.leaving()

        def an_hour_later(cycle):
            change(_store(cycle), "UPDATE announcement SET hold_until = 1 WHERE state = 'holding'")
            change(_store(cycle), "UPDATE outbox SET due_at = 1 WHERE state = 'queued'")
            _idle(cycle)

        def faults(cycle):
            told = rows(_store(cycle), f"""
                SELECT address, o.state FROM outbox o JOIN subscriber s ON s.id = o.reader JOIN announcement a ON a.id = o.batch
                WHERE a.url = '{second}' AND a.state = 'finished' ORDER BY address""")
            wrong = [] if told == [(_READER, "left"), (_OTHER, "accepted")] else [f"the second page was told: {told}"]
            copies = [len(_mails(cycle, reader, second)) for reader in (_READER, _OTHER)]
            return wrong + ([] if copies == [0, 1] else [f"{copies} copies of the second page"])

        return self.flow("leave", step, "left", faults, then=an_hour_later)

    def test_who_leaves_is_told_of_no_further_page_wherever_the_program_dies(self):
        sweep, cycle = self.swept(self.leaving_flow())
        cycle.relay.mails.append(_mails(cycle, _OTHER)[-1])
        self.assertIn("[0, 2] copies", str(sweep.flow.faults(cycle)), "a doubled mail")
        cycle.relay.mails.pop()
        change(_store(cycle), f"UPDATE subscriber SET state = 'confirmed' WHERE address = '{_READER}'")
        change(_store(cycle), "UPDATE outbox SET state = 'queued' WHERE state = 'left'")
        _idle(cycle)
        self.assertIn("[1, 1] copies", str(sweep.flow.faults(cycle)), "a mail to one who left")

    def test_if_the_answer_came_before_the_store_some_who_left_are_told(self):
        """The defence is taken away from outside: after an answer, the store is again what it was before the request."""
        flow = self.leaving_flow()
        settle = flow.settle

        def answered_first(cycle, *how):
            if cycle.answers[-1:] == [200]:
                for left in cycle.programs.folder.glob("notifier.sqlite*"):
                    left.unlink()
                for was in flow.template.glob("notifier.sqlite*"):
                    shutil.copy(was, cycle.programs.folder)
            settle(cycle, *how)

        flow.settle = answered_first
        self.first_fault(flow, ("send", "sendto", "write"), "[1, 1] copies")


if __name__ == "__main__":
    unittest.main()
