"""The company's web site on loopback: the history page and post-mortems, as an Astro Starlight site serves them."""

import html
import ssl
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .place import free_port

PATH = "/trust/incidents/"

_FRAME = """<!DOCTYPE html><html lang="en" dir="ltr" data-has-toc data-has-sidebar data-theme="dark"><head><meta charset="utf-8">
<title>{title} | Docs</title><link rel="canonical" href="{url}"><meta name="generator" content="Astro v4.16.0"><meta name="generator" content="Starlight v0.29.0"></head>
<body><a href="#_top">Skip to content</a><div class="page"><header class="header"><a href="/" class="site-title">Docs</a></header>
<nav class="sidebar" aria-label="Main"><ul class="top-level"><li><a href="/trust/">Trust</a></li><li><a href="{path}">Incidents</a></li></ul></nav>
<div class="main-frame"><main data-pagefind-body lang="en" dir="ltr"><div class="content-panel"><div class="sl-container"><h1 id="_top">{title}</h1></div></div>
<div class="content-panel"><div class="sl-container"><div class="sl-markdown-content">{article}</div>
<footer class="sl-flex"><div class="meta sl-flex"><p>Last updated: <time datetime="{now}">{now}</time></p></div>
<div class="pagination-links print:hidden" dir="ltr"><a href="/trust/" rel="prev"><span>Previous<br><span class="link-title">Trust</span></span></a></div></footer>
</div></div></main></div></div></body></html>
"""


@dataclass
class PostMortem:
    slug: str
    title: str
    service: str = "Haven DNS"
    type: str = "Outage"
    start: datetime = field(default_factory=lambda: datetime.now(timezone.utc) - timedelta(hours=2))
    minutes: int = 51
    summary: str = "For 51 minutes about every third DNS query of users in Nuremberg got no answer."
    root_cause: str = "A full disk on one resolver; its health check looked at the port only."
    published: bool = True

    @property
    def id(self):
        return f"{self.start:%Y-%m-%d}-{self.slug}"

    def article(self):
        if not self.published:
            return "<p>This URL is reserved. The post-mortem fills in within the window.</p>"
        end = self.start + timedelta(minutes=self.minutes)
        times = (f"<ul><li><strong>Start (UTC):</strong> {self.start:%Y-%m-%d %H:%M}</li><li><strong>End (UTC):</strong> {end:%Y-%m-%d %H:%M}</li>"
                 f"<li><strong>Duration:</strong> {self.minutes} minutes</li></ul>")
        return times + "".join(_section(name, text) for name, text in (
            ("Summary", self.summary),
            ("Impact", "About 1,240 users (3.1 %) in one region, for 51 minutes."),
            ("Root cause", self.root_cause),
            ("Detection", "Monitoring, after 8 minutes."),
            ("Resolution", "Logs were moved away and the resolver was restarted."),
            ("Follow-up actions", "The health check asks a question (network, 2026-12-15)."),
        ))


def _section(name, text):
    key = name.lower().replace(" ", "-")
    return (f'<div class="sl-heading-wrapper level-h2"><h2 id="{key}">{name}</h2><a class="sl-anchor-link" href="#{key}"><span aria-hidden="true" '
            f'class="sl-anchor-icon"></span><span class="sr-only">Section titled “{name}”</span></a></div><p>{html.escape(text)}</p>')


class Site:
    """Serves from a thread of its own until `stop`, with TLS if `certificates` is the folder of a server certificate.
    Pages may come and change while it serves."""

    def __init__(self, certificates=None):
        self.pages = {}
        self._scheme = "https" if certificates else "http"
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                body = site._body(self.path)
                status = 404 if body is None else 200
                body = (body or _FRAME.format(title="404", url="", path=PATH, now="", article="<p>Page not found.</p>")).encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            do_HEAD = do_GET

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
        self._server.daemon_threads = True
        if certificates:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
            # The handshake is the visitor's thread's business: one who says nothing stops nobody else.
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    @property
    def base_url(self):
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}{PATH}"

    def url(self, page):
        return f"{self.base_url}{page.id}/"

    def publish(self, page):
        """Puts a page there, or in the place of its placeholder; returns its URL."""
        page.published = True
        self.pages[page.id] = page
        return self.url(page)

    def placeholder(self, page):
        """Reserves the page's URL, as the site does while the post-mortem is not written."""
        page.published = False
        self.pages[page.id] = page
        return self.url(page)

    def _body(self, path):
        if path == PATH:
            return self._frame("Trust — incidents", self.base_url, self._history())
        page = self.pages.get(path.removeprefix(PATH).removesuffix("/")) if path.startswith(PATH) else None
        return self._frame(page.title, self.url(page), page.article()) if page else None

    @staticmethod
    def _frame(title, url, article):
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return _FRAME.format(title=html.escape(title), url=url, path=PATH, now=now, article=article)

    def _history(self):
        rows = "".join(
            f'<tr><td>{page.start:%Y-%m-%d}</td><td>{html.escape(page.service)}</td><td>{page.minutes} min</td><td>{page.type}</td>'
            f'<td><a href="{PATH}{page.id}/">{html.escape(page.title)}</a></td></tr>'
            for page in sorted(list(self.pages.values()), key=lambda page: page.id, reverse=True))
        rows = rows or '<tr><td colspan="5">No reportable incidents to date</td></tr>'
        head = "".join(f"<th>{name}</th>" for name in ("Date (UTC)", "Service", "Duration", "Type", "Post-mortem"))
        return (f"<p>We publish post-mortems for incidents that affected users.</p>{_section('History', 'Newest first.')}"
                f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>")
