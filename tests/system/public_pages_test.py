"""The notifier's public pages behind the nginx sample with TLS: what a reader does, what scanners and attackers do."""

import contextlib
import http.client
import json
import re
import socket
import ssl
import sys
import threading
import unittest
import urllib.parse
import xml.etree.ElementTree as xml
from html.parser import HTMLParser
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from deploy.world.mailbox import body_of
from deploy.world.people import SUBSCRIBERS
from deploy.world.place import free_port
from deploy.world.site import PostMortem
from deploy.world.waiting import wait_for
from tests.system.privacy_test import leaks
from tests.world.nginx import Nginx
from tests.world.stage import Stage, change, rows

_FORM = "application/x-www-form-urlencoded"


class _Reader(HTMLParser):
    """The tags of a page with their attributes."""

    def __init__(self, page):
        super().__init__()
        self.tags = []
        self.feed(page.decode())

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


class PublicPages(Stage):
    def setUp(self):
        self.site.clear()
        port = free_port()
        self.made = self.programs(self.id().rsplit(".", 1)[-1][:40], notifier={
            "http": {"public_url": f"https://127.0.0.1:{port}", "trusted_proxies": ["127.0.0.1"]}})
        self.store = self.made.notifier["store"]["url"]
        self.first_look(self.made, "notifier")
        self.nginx = Nginx(self.world, self.world.servers / f"nginx-{port}", port, self.made.notifier["http"]["listen"])
        self.service = self.made.start("notifier")
        self.addCleanup(self.world.children.stop, self.service)
        wait_for("the pages to answer", lambda: self.get("/subscribe")[0] == 200, 20)

    def get(self, path, **fields):
        return self.nginx.ask("GET", path, **fields)

    def post(self, path, body, **fields):
        return self.nginx.ask("POST", path, body, **{"Content_Type": _FORM, **fields})

    def subscribe(self, address, origin=None, token=None, **more):
        token = token if token is not None else self.form_token()
        body = urllib.parse.urlencode({"address": address, "form": token, **more}, doseq=True)
        return self.post("/subscribe", body, Origin=origin or self.nginx.origin)

    def form_token(self):
        page = _Reader(self.get("/subscribe")[2])
        return next(field["value"] for field in page.all("input") if field.get("name") == "form")

    def state(self, address):
        return (rows(self.store, f"SELECT state FROM subscriber WHERE address = '{address}'") or [("none",)])[0][0]

    def link_in(self, address, word):
        mail = self.world.mailbox(address).wait_for_mail("the mail", lambda m: f"/{word}?t=" in body_of(m), 60)
        return mail, re.search(rf"{re.escape(self.nginx.origin)}(/{word}\?t=[0-9a-z]+)", body_of(mail))[1]

    def confirmed(self, address):
        self.must(self.made.call("notifier", "subscriber", "add", address))
        self.must(self.made.call("notifier", "subscriber", "confirm", address))

    def test_a_reader_subscribes_confirms_is_told_and_leaves_with_one_click(self):
        reader = SUBSCRIBERS[0]
        page = _Reader(self.get("/subscribe")[2])
        services = [field["value"] for field in page.all("input") if field.get("name") == "service"]
        self.assertIn("Haven DNS", services)
        self.assertEqual(self.subscribe(reader, service=["Haven DNS", "canary, not on the page"])[0], 200)
        self.assertEqual(self.state(reader), "asked")
        mail, link = self.link_in(reader, "confirm")
        self.assertEqual([name for name in mail.keys() if name.lower().startswith("list-")], [])
        self.assertEqual(mail["To"], reader)
        self.assertEqual(self.get(link)[0], 200)
        self.assertEqual(self.state(reader), "asked", "looking is not confirming")
        self.assertEqual(self.post(link, "")[0], 200)
        self.assertEqual(self.state(reader), "confirmed")
        self.assertEqual(rows(self.store, "SELECT service FROM subscriber_service"), [("haven dns",)])
        consent, source = rows(self.store, "SELECT consent_text, consent_source FROM subscriber")[0]
        self.assertIn(consent, self.get("/subscribe")[2].decode(), "kept is what was shown")
        self.assertEqual(source, "page")
        self.assertEqual(self.post(link, "")[0], 404, "once")

        self.site.publish(PostMortem("first-of-all", "The first"))
        told = self.world.mailbox(reader).wait_for_mail("the announcement", lambda m: "The first" in m["Subject"], 60)
        self.assertEqual(told["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click")
        url = re.search(r"<(https://[^>]+)>", "".join(told["List-Unsubscribe"].split()))[1]
        path = url.removeprefix(self.nginx.origin)
        # RFC 8058, 8.2: no cookie, no origin; the other encoding than the page's.
        boundary = "---FormBoundaryjWmhtjORrn"
        body = f'--{boundary}\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--{boundary}--\r\n'
        status, fields, _ = self.post(path, body, Content_Type=f"multipart/form-data; boundary={boundary}")
        self.assertEqual((status, fields.get("Location"), fields.get("Set-Cookie")), (200, None, None))
        self.assertEqual(self.state(reader), "left")
        self.assertEqual(self.post(link, "")[0], 404, "SEC-69: the old link does not bring them back")
        self.assertEqual(self.state(reader), "left")

        self.confirmed(SUBSCRIBERS[1])
        self.site.publish(PostMortem("second-of-all", "The second"))
        self.world.mailbox(SUBSCRIBERS[1]).wait_for_mail("the second", lambda m: "The second" in m["Subject"], 60)
        wait_for("the second to be settled", lambda: rows(self.store, "SELECT DISTINCT state FROM announcement") == [("finished",)], 60)
        self.assertEqual([m["Subject"] for m in self.world.mailbox(reader).mails() if "second" in m["Subject"]], [])

    def test_SEC_41_fetching_changes_nothing_and_posting_does(self):
        reader = SUBSCRIBERS[2]
        self.confirmed(reader)
        self.site.publish(PostMortem("fetched", "Fetched"))
        leave = self.link_in(reader, "unsubscribe")[1]
        other = SUBSCRIBERS[3]
        self.subscribe(other)
        confirm = self.link_in(other, "confirm")[1]
        wait_for("all mail to be out", lambda: rows(self.store, "SELECT DISTINCT state FROM outbox") == [("accepted",)], 60)
        tables = ("subscriber", "confirmation", "counter", "outbox", "suppression", "subscriber_service")
        content = lambda: [rows(self.store, f"SELECT * FROM {table}") for table in tables]
        before = content()
        connection = http.client.HTTPSConnection("127.0.0.1", self.nginx.port, timeout=30, context=self.nginx.context)
        for number in range(1000):
            path = (leave, confirm, leave + "&List-Unsubscribe=One-Click", confirm + "&confirm=1")[number % 4]
            connection.request("HEAD" if number % 3 else "GET", path, headers={"User-Agent": "scanner", "Purpose": "prefetch"})
            answer = connection.getresponse()
            answer.read()
            self.assertEqual(answer.status, 200)
        connection.close()
        self.assertEqual(self.post(leave, "anything=else")[0], 200)
        self.assertEqual(content(), before)
        self.assertEqual(self.post(leave, "List-Unsubscribe=One-Click")[0], 200)
        self.assertEqual(self.post(confirm, "")[0], 200)
        self.assertEqual((self.state(reader), self.state(other)), ("left", "confirmed"))

    def test_SEC_43_the_answer_tells_nothing_about_an_address(self):
        known, pending, never = SUBSCRIBERS[4], SUBSCRIBERS[5], SUBSCRIBERS[6]
        self.confirmed(known)
        self.subscribe(pending)
        self.confirmed(never)
        change(self.store, f"UPDATE subscriber SET state = 'suppressed' WHERE address = '{never}'")
        answers = {address: self.subscribe(address) for address in (known, pending, never, SUBSCRIBERS[7], "plausible@no_domain", "a..b@example.org")}
        self.assertEqual({(status, body) for status, _, body in answers.values()}, {(200, answers[known][2])})
        names = {tuple(sorted(name for name in fields if name != "Date")) for _, fields, _ in answers.values()}
        self.assertEqual(len(names), 1)
        self.assertEqual(self.state(SUBSCRIBERS[7]), "asked", "and yet the unknown one is asked")
        self.world.mailbox(SUBSCRIBERS[7]).wait_for_mail("the question")
        for address in (known, never):
            self.assertEqual(self.world.mailbox(address).count(), 0)
        self.assertEqual(self.subscribe("no address")[0], 422, "a slip of the hand is told")
        token = "7" * 34
        bodies = {self.post(f"/unsubscribe?t={t}", "List-Unsubscribe=One-Click")[::2] for t in (token, "", "%ff", "a" * 3000)}
        self.assertEqual(len(bodies), 1)
        self.assertEqual(bodies.pop()[0], 200)

    def test_SEC_33_and_44_only_our_own_form_is_taken(self):
        reader, good = SUBSCRIBERS[8], self.form_token()
        for origin, token in (("https://evil.example.net", good), ("null", good), (self.nginx.origin, ""), (self.nginx.origin, "1.0"),
                              (self.nginx.origin, good[:-1] + ("0" if good[-1] != "0" else "1"))):
            self.assertEqual(self.subscribe(reader, origin, token)[0], 403, (origin, token))
        self.assertEqual(self.nginx.ask("PUT", "/subscribe", "x")[0], 405)
        self.assertEqual(self.state(reader), "none")
        self.assertEqual(self.subscribe(reader, token=good)[0], 200)
        self.assertEqual(self.state(reader), "asked")

    def test_SEC_45_a_token_is_good_for_one_thing(self):
        self.confirmed(SUBSCRIBERS[9])
        self.site.publish(PostMortem("crossed", "Crossed"))
        leave = self.link_in(SUBSCRIBERS[9], "unsubscribe")[1].partition("=")[2]
        self.subscribe(SUBSCRIBERS[10])
        confirm = self.link_in(SUBSCRIBERS[10], "confirm")[1].partition("=")[2]
        self.assertEqual(self.post(f"/confirm?t={leave}", "")[0], 404)
        self.assertEqual(self.get(f"/confirm?t={leave}")[0], 404)
        self.assertEqual(self.post(f"/unsubscribe?t={confirm}", "List-Unsubscribe=One-Click")[0], 200)
        self.assertEqual((self.state(SUBSCRIBERS[9]), self.state(SUBSCRIBERS[10])), ("confirmed", "asked"))
        self.assertEqual(self.post(f"/confirm?t={confirm}", "")[0], 200)
        self.assertEqual(self.state(SUBSCRIBERS[10]), "confirmed")

    def test_SEC_46_no_token_or_address_is_logged_and_no_page_asks_elsewhere(self):
        reader = SUBSCRIBERS[11]
        form = self.form_token()
        self.subscribe(reader, token=form)
        confirm = self.link_in(reader, "confirm")[1]
        self.post(confirm, "")
        self.site.publish(PostMortem("logged", "Logged"))
        leave = self.link_in(reader, "unsubscribe")[1]
        pages = [self.get(path)[:3] for path in ("/subscribe", "/confirm?t=canary-token", leave, confirm, "/canary-path", f"/canary/{reader}", "/feed.xml")]
        # What breaks a limit, or is no request, must not be quoted either.
        self.get("/confirm?t=canary-long" + "x" * 9000)
        self.nginx.ask("GET", confirm, Cookie="canary-cookie=" + "c" * 9000)
        self.nginx.ask("POST", leave + "&canary", b"x" * 20000)
        with socket.create_connection(("127.0.0.1", self.nginx.port)) as plain:
            plain.sendall(f"GET {leave} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            plain.recv(1000)
        self.world.children.stop(self.service)
        self.assertEqual(self.get(leave)[0], 502, "the program is away")
        secrets = [reader, form, confirm.partition("=")[2], leave.partition("=")[2], "canary-token", "canary-path", "canary-long", "canary-cookie", "&canary"]
        logged = self.nginx.logged() + self.made.logs["notifier"].read_bytes()
        self.assertIn(b"http_answered", logged)
        self.assertGreater(len((self.nginx.folder / "access.log").read_bytes().splitlines()), 10)
        self.assertEqual(leaks(logged, secrets), [])
        for _, fields, page in pages[:4]:
            self.assertEqual(fields["Referrer-Policy"], "no-referrer")
            self.assertNotIn(b"//", page.replace(b"<!doctype html>", b""), "every reference stays here")
            self.assertEqual([tag for tag, _ in _Reader(page).tags if tag in ("script", "img", "iframe", "object")], [])

    def test_SEC_46_the_eye_sees_the_token_where_the_sample_is_not_kept(self):
        """Positive control: nginx's usual log names it."""
        conf = self.nginx.folder / "trust-notifier.conf"
        conf.write_text(conf.read_text().replace("access.log trust_notifier", "access.log combined"))
        other = self.world.children.start("nginx", ["/usr/sbin/nginx", "-c", self.nginx.folder / "nginx.conf", "-s", "reload"], self.nginx.folder / "said")
        other.wait(20)
        wait_for("the token in the log", lambda: self.get("/confirm?t=canary-token") and leaks(self.nginx.logged(), ["canary-token"]), 20, 0.5)

    def test_limits_and_fields_hold_through_nginx(self):
        status, fields, body = self.get("/subscribe")
        self.assertEqual(status, 200)
        for name, start in (("Content-Security-Policy", "default-src 'none'; "), ("Strict-Transport-Security", "max-age=31536000"), ("X-Content-Type-Options", "nosniff"),
                            ("Cross-Origin-Opener-Policy", "same-origin"), ("Cross-Origin-Resource-Policy", "same-origin"), ("Cache-Control", "no-store")):
            self.assertTrue(fields[name].startswith(start), name)
        page = _Reader(body)
        labelled = {label.get("for") for label in page.all("label")}
        self.assertIn("address", labelled)
        self.assertEqual(page.all("html")[0]["lang"], "en")
        self.assertEqual(self.nginx.ask("HEAD", "/subscribe")[2], b"")
        self.assertEqual(self.get("/nowhere")[0], 404)
        self.assertEqual(self.post("/subscribe", "x" * 16385)[0], 413)
        self.assertIn(self.get("/subscribe?" + "q" * 9000)[0], (400, 414, 431))
        self.assertEqual(self.get("/metrics")[0], 404, "they are private")
        with self.assertRaises(ssl.SSLError):
            old = ssl.create_default_context(cafile=self.world.ca_file)
            old.maximum_version = ssl.TLSVersion.TLSv1_1
            with socket.create_connection(("127.0.0.1", self.nginx.port)) as plain:
                old.wrap_socket(plain, server_hostname="127.0.0.1")

    def test_SEC_54_slow_clients_hold_nobody_up(self):
        host, port = self.made.notifier["http"]["listen"].split(":")
        slow = [socket.create_connection((host, int(port))) for _ in range(200)]
        slow += [self.nginx.context.wrap_socket(socket.create_connection(("127.0.0.1", self.nginx.port)), server_hostname="127.0.0.1") for _ in range(50)]
        with _slow(slow):
            for _ in range(10):
                self.assertEqual(self.get("/confirm?t=x")[0], 404)
                self.assertEqual(_get(host, int(port), "/confirm?t=x"), 404)

        # Positive control: a server whose threads wait for the requests they will answer, as many as ours.
        with _waiting_server() as port:
            self.assertEqual(_get(host, port, "/"), 404)
            with _slow([socket.create_connection((host, port)) for _ in range(20)]), self.assertRaises(TimeoutError):
                _get(host, port, "/", 3)

    def test_the_feeds_are_served_and_read_again_only_when_they_changed(self):
        self.site.publish(PostMortem("in-the-feed", "In the feed"))
        wait_for("the feed", lambda: b"in-the-feed" in self.get("/feed.xml")[2], 60)
        status, fields, body = self.get("/feed.xml")
        self.assertEqual(status, 200)
        self.assertEqual([item.findtext("title") for item in xml.fromstring(body).iter("item")], ["In the feed"])
        self.assertEqual(self.get("/feed.xml", If_None_Match=fields["ETag"])[::2], (304, b""))
        self.assertEqual(self.get("/feed.xml", If_None_Match='"other"')[0], 200)
        listed = json.loads(self.get("/incidents.json")[2])["incidents"]
        self.assertEqual([incident["title"] for incident in listed], ["In the feed"])

    def test_health_is_told_on_the_private_port(self):
        host, port = self.made.notifier["http"]["private_listen"].split(":")

        def ask(path):
            connection = http.client.HTTPConnection(host, int(port), timeout=30)
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

        self.confirmed(SUBSCRIBERS[0])
        self.subscribe(SUBSCRIBERS[1])  # the relay has something to answer
        self.assertEqual(ask("/healthz"), (200, "alive\n"))
        wait_for("a look, and the relay's answer to be recorded", lambda: ask("/readyz")[1].count(" s ago\n") == 3, 20)
        status, said = ask("/readyz")
        self.assertEqual(status, 200)
        self.assertRegex(said, r"\Astore well: last written \d+ s ago\nsite well: last looked at \d+ s ago\nrelay well: last answered \d+ s ago\n\Z")
        metrics = ask("/metrics")[1]
        self.assertIn("trust_store_up 1\n", metrics)
        self.assertIn('trust_subscribers{state="confirmed"} 1\n', metrics)
        self.assertRegex(metrics, r"(?m)^trust_last_look_age_seconds \d+$")
        for line in metrics.splitlines():
            self.assertRegex(line, r'^(# TYPE [a-z_]+ gauge|[a-z_]+(\{state="[a-z]+"\})? -?\d+)$')
        self.assertEqual(ask("/subscribe")[0], 404)
        # A relay that answers nothing while mail is due, and a store that does not answer.
        self.world.children.stop(self.service)
        change(self.store, "UPDATE meta SET value = '1000' WHERE key = 'last_look'")
        self.made.notifier["site"]["base_url"] = "https://127.0.0.1:1/trust/incidents/"
        self.made.notifier["site"]["folder"] = None
        self.made.write()
        self.made.start("notifier")
        wait_for("no look to have succeeded", lambda: _answers(host, port) and ask("/readyz")[0] == 503, 20)
        self.assertRegex(ask("/readyz")[1], "(?m)^site NOT WELL: NOT LOOKED AT since 1970")

    def test_a_port_in_use_ends_the_start_with_a_sentence(self):
        self.world.children.stop(self.service)
        for key in ("listen", "private_listen"):
            with socket.create_server(tuple(part if index == 0 else int(part) for index, part in enumerate(self.made.notifier["http"][key].split(":")))):
                done = self.made.call("notifier", "run")
                self.assertEqual(done.returncode, 1)
                self.assertRegex(done.stderr, rf"^http\.{key}: .*another program may have it")


@contextlib.contextmanager
def _slow(sockets):
    """Requests that begin and do not end."""
    try:
        for number, one in enumerate(sockets):
            one.sendall(b"POST /subscribe HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\nx" if number % 2 else b"GET /subs")
        yield
    finally:
        for one in sockets:
            one.close()


def _get(host, port, path, timeout=30):
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    connection.request("GET", path)
    with contextlib.closing(connection):
        return connection.getresponse().status


@contextlib.contextmanager
def _waiting_server(threads=8):
    def serve():
        while True:
            try:
                connection = listener.accept()[0]
            except OSError:
                return
            with connection, connection.makefile("rb") as lines, contextlib.suppress(OSError):
                while lines.readline() not in (b"\r\n", b""):
                    pass
                connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        for _ in range(threads):
            threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def _answers(host, port):
    try:
        socket.create_connection((host, int(port)), 1).close()
        return True
    except OSError:
        return False


if __name__ == "__main__":
    unittest.main()
