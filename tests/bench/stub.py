"""What a function meets between exec and its first poll: the Lambda Runtime API, and AWS services that answer what initialisation asks."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = json.dumps({"master": "m" * 64, "kuaidi100_key": "key", "kuaidi100_secret": "secret", "kuaidi100_salt": "salt"})
ANSWERS = {
    "GetSecretValue": {"ARN": "arn:aws:secretsmanager:us-east-1:000000000000:secret:bench-000000", "Name": "bench", "SecretString": SECRET},
    "Query": {"Items": [], "Count": 0, "ScannedCount": 0},
    "BatchGetItem": {"Responses": {}, "UnprocessedKeys": {}},
}
NO_SUCH_KEY = b"<?xml version='1.0'?><Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>"


class Stub:
    """One per measured run, so that nothing is left over from the run before."""

    def __init__(self) -> None:
        self.polled = threading.Event()
        self.failure: str | None = None
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self):
                if self.path.endswith("/runtime/invocation/next"):
                    # Never answered: the run ends here.
                    stub.polled.set()
                    threading.Event().wait(60)
                else:
                    self.answer(404, NO_SUCH_KEY, "application/xml")

            do_HEAD = do_GET

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if self.path.endswith("/runtime/init/error"):
                    stub.failure = body.decode("utf-8", "replace")
                    stub.polled.set()
                action = (self.headers.get("X-Amz-Target") or "").rpartition(".")[2]
                self.answer(200, json.dumps(ANSWERS.get(action, {})).encode(), "application/x-amz-json-1.0")

            def answer(self, status: int, body: bytes, kind: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def log_message(self, *_):
                """Silent: the table is the output."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        # A closed socket at the end of a run is what is meant to happen.
        self.server.handle_error = lambda *_: None
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server.server_address[1]}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
