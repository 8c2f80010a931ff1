"""The company's web site on loopback: the history page and post-mortems, as an Astro Starlight site serves them, and the
folder of Markdown files that such a site is built from."""

import html
import json
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


_RESERVED = "This URL is reserved. The post-mortem fills in within the window."


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
    listed: bool = True  # in the history table

    @property
    def id(self):
        return f"{self.start:%Y-%m-%d}-{self.slug}"

    @property
    def end(self):
        return self.start + timedelta(minutes=self.minutes)

    def sections(self):
        return (
            ("Summary", self.summary),
            ("Impact", f"About 1,240 users (3.1 %) in one region, for {self.minutes} minutes."),
            ("Root cause", self.root_cause),
            ("Detection", "Monitoring, after 8 minutes."),
            ("Resolution", "Logs were moved away and the resolver was restarted."),
            ("Follow-up actions", "The health check asks a question (network, 2026-12-15)."),
        )

    def article(self):
        """The page's HTML."""
        if not self.published:
            return f"<p>{_RESERVED}</p>"
        times = (f"<ul><li><strong>Start (UTC):</strong> {self.start:%Y-%m-%d %H:%M}</li><li><strong>End (UTC):</strong> {self.end:%Y-%m-%d %H:%M}</li>"
                 f"<li><strong>Duration:</strong> {self.minutes} minutes</li></ul>")
        return times + "".join(_section(name, text) for name, text in self.sections())

    def markdown(self):
        """The file it is built from."""
        head = (f"---\ntitle: {json.dumps(self.title, ensure_ascii=False)}\nincident:\n  id: {self.id}\n  schema: 1\n  type: {self.type.lower()}\n"
                f"  services: [{self.service}]\n  status: {'published' if self.published else 'reserved'}\n"
                f"  start: {self.start:%Y-%m-%dT%H:%M:00Z}\n  end: {self.end:%Y-%m-%dT%H:%M:00Z}\n  duration: PT{self.minutes}M\n---\n")
        return head + ("\n\n".join(f"## {name}\n\n{text}" for name, text in self.sections()) if self.published else _RESERVED) + "\n"


def _section(name, text):
    key = name.lower().replace(" ", "-")
    return (f'<div class="sl-heading-wrapper level-h2"><h2 id="{key}">{name}</h2><a class="sl-anchor-link" href="#{key}"><span aria-hidden="true" '
            f'class="sl-anchor-icon"></span><span class="sr-only">Section titled “{name}”</span></a></div><p>{html.escape(text)}</p>')


class Site:
    """Serves from a thread of its own until `stop`, with TLS if `certificates` is the folder of a server certificate.
    Pages may come and change while it serves."""

    def __init__(self, folder, certificates=None):
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.pages = {}
        self.instead = None  # (status, body) in place of every page: a site in trouble
        self._scheme = "https" if certificates else "http"
        site = self

        class Handler(BaseHTTPRequestHandler):
            disable_nagle_algorithm = True

            def do_GET(self):
                body = site._body(self.path)
                status = 404 if body is None else 200
                if site.instead:
                    status, body = site.instead
                body = (body if body is not None else _FRAME.format(title="404", url="", path=PATH, now="", article="<p>Page not found.</p>")).encode()
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
        return self._put(page, published=True)

    def placeholder(self, page):
        """Reserves the page's URL, as the site does while the post-mortem is not written."""
        return self._put(page, published=False)

    def clear(self):
        for path in self.folder.glob("*.mdx"):
            path.unlink()
        self.pages.clear()

    def _put(self, page, published):
        page.published = published
        self.pages[page.id] = page  # live first, as a site that is built elsewhere may be
        file = self.folder / f"{page.id}.mdx"
        file.with_suffix(".new").write_text(page.markdown(), encoding="utf-8")
        file.with_suffix(".new").rename(file)
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
            for page in sorted(list(self.pages.values()), key=lambda page: page.id, reverse=True) if page.listed)
        rows = rows or '<tr><td colspan="5">No reportable incidents to date</td></tr>'
        head = "".join(f"<th>{name}</th>" for name in ("Date (UTC)", "Service", "Duration", "Type", "Post-mortem"))
        return (f"<p>We publish post-mortems for incidents that affected users.</p>{_section('History', 'Newest first.')}"
                f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>")
