"""Files at an address of this machine, with an address that leads to another one."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Server(BaseHTTPRequestHandler):
    folder = None

    def do_GET(self):
        place = self.path.strip("/")
        if place.startswith("moved/"):
            self.send_response(302)
            self.send_header("Location", f"/{place[6:]}")
            self.end_headers()
            return
        data = (self.folder / place).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


class Served:
    """The files of a folder, at an address of this machine."""

    def __init__(self, folder):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Here", (Server,), {"folder": folder}))

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}"

    def __exit__(self, *error):
        self.server.shutdown()
        self.server.server_close()
