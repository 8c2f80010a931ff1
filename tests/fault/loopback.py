"""The frame of a server on loopback: a thread for each connection, from the making of the object to the end of its `with`."""

import socketserver
import threading


class Loopback:
    """Subclasses have `_converse(lines, out)`, one connection; what they set up for it precedes `listen`."""

    def listen(self):
        peer = self

        class Handler(socketserver.StreamRequestHandler):
            timeout = 120
            disable_nagle_algorithm = True  # answers of several parts do not wait for the client's next word

            def handle(self):
                try:
                    peer._converse(self.rfile, self.wfile)
                except OSError:
                    pass

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True
            block_on_close = False

        self._server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    @property
    def port(self):
        return self._server.server_address[1]
