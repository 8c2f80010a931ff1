"""nginx with the file we ship; only ports, names and paths of it are put in."""

import os
import ssl
import http.client
from pathlib import Path

from deploy.world.place import free_port
from deploy.world.waiting import wait_for

_SHIPPED = Path(__file__).resolve().parents[2] / "deploy" / "nginx" / "trust-notifier.conf"
_MAIN = """daemon off;
{user}
pid {folder}/pid;
error_log {folder}/error.log info;
events {{ worker_connections 1024; }}
http {{
    access_log {folder}/all.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/trust-notifier.conf;
}}
"""


class Nginx:
    """In front of a notifier that listens at `backend`. Ends with the world's children."""

    def __init__(self, world, folder, port, backend):
        self.folder, self.port, self._world = Path(folder), port, world
        self.folder.mkdir(parents=True)
        self.folder.chmod(0o755)
        text = _SHIPPED.read_text(encoding="utf-8")
        for what, instead in {"listen 80;": f"listen 127.0.0.1:{free_port()};", "listen 443 ssl http2;": f"listen 127.0.0.1:{port} ssl http2;",
                              "127.0.0.1:8026": backend, "server_name lists.example.org;": "server_name 127.0.0.1;",
                              "/etc/letsencrypt/live/lists.example.org/fullchain.pem": str(world.certificates / "server.pem"),
                              "/etc/letsencrypt/live/lists.example.org/privkey.pem": str(world.certificates / "server.key"),
                              "/var/log/nginx/trust-notifier.log": f"{self.folder}/access.log"}.items():
            if what not in text:
                raise AssertionError(f"the shipped file has no {what}")
            text = text.replace(what, instead)
        (self.folder / "trust-notifier.conf").write_text(text, encoding="utf-8")
        main = _MAIN.format(folder=self.folder, user="user nobody nogroup;" if os.geteuid() == 0 else "")
        (self.folder / "nginx.conf").write_text(main, encoding="utf-8")
        self.context = ssl.create_default_context(cafile=world.ca_file)
        world.children.start("nginx", ["/usr/sbin/nginx", "-c", self.folder / "nginx.conf", "-e", self.folder / "error.log"], self.folder / "said")
        wait_for("nginx to answer", self._answers, 20)

    @property
    def origin(self):
        return f"https://127.0.0.1:{self.port}"

    def ask(self, method, path, body=None, **fields):
        """(status, fields, body) of one request; `fields` as Content_Type="…"."""
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30, context=self.context)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in fields.items()})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def logged(self):
        return b"".join(path.read_bytes() for path in self.folder.iterdir() if path.is_file() and path.suffix in (".log", ""))

    def _answers(self):
        try:
            return self.ask("GET", "/style.css")[0] in (200, 502)
        except OSError:
            return False
