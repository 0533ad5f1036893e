"""Plays the outside parties over HTTP, so that the system under test meets their real protocols on loopback.

    python server.py --port 9100 --key KEY --secret SECRET

The public faces are at the parties' own paths. Tests steer them at `/_control/<party>/<action>`.
A new party is one more file with a `Party` in it, and one more line in `parties`.
"""

from __future__ import annotations

import argparse
import json
import signal
import socketserver
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from kuaidi100 import Kuaidi100
from party import ControlError, Party, Reply, Request
from sms import Sms, accounts_in
from wechat_mp import WeChatMp, account_in
from wechatpay import WeChatPay, keys_in

MAX_BODY = 32 * 1024 * 1024


def parties(options: argparse.Namespace) -> list[Party]:
    cast: list[Party] = [
        Kuaidi100(
            key=options.key,
            secret=options.secret,
            retry_seconds=options.retry_seconds,
            journal=Path(options.state) / "kuaidi100.jsonl" if options.state else None,
        )
    ]
    if options.wechatpay:
        journal = Path(options.state) / "wechatpay.json" if options.state else None
        cast.append(WeChatPay(keys_in(Path(options.wechatpay)), options.retry_seconds, journal=journal))
    if options.sms:
        journal = Path(options.state) / "sms.json" if options.state else None
        cast.append(Sms(accounts_in(Path(options.sms)), options.retry_seconds, journal=journal))
    if options.wechat_mp:
        journal = Path(options.state) / "wechat_mp.json" if options.state else None
        cast.append(WeChatMp(account_in(Path(options.wechat_mp)), options.retry_seconds, journal=journal))
    return cast


def answer(cast: list[Party], request: Request) -> Reply:
    if request.path.startswith("/_control/"):
        return control(cast, request)
    for party in cast:
        if party.serves(request):
            return party.handle(request)
    return Reply.json({"message": "no party serves this path"}, 404)


def control(cast: list[Party], request: Request) -> Reply:
    name, _, action = request.path.removeprefix("/_control/").partition("/")
    if name == "health":
        return Reply.json({"parties": [party.name for party in cast]})
    for party in cast:
        if party.name == name:
            try:
                return Reply.json(party.control(action, request))
            except (ControlError, KeyError, TypeError, ValueError) as error:
                return Reply.json({"error": f"{type(error).__name__}: {error}"}, 400)
    return Reply.json({"error": f"no party named {name!r}"}, 404)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body leave in two writes; with Nagle's algorithm each answer would wait for a delayed ACK.
    disable_nagle_algorithm = True
    server: Server

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY:
            self.close_connection = True
            self._send(Reply.json({"message": "too large"}, 413))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, self.rfile.read(length))
        self._send(answer(self.server.cast, request))

    do_GET = do_POST = do_PUT = do_DELETE = _serve

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status != 204:
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, format: str, *args) -> None:
        """Silent: bookings carry names and addresses, and the control face shows what tests need."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    # Fifty callers at once are normal in the tests; the default backlog of 5 would reset some of them.
    request_queue_size = 256

    def __init__(self, port: int, cast: list[Party]) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.cast = cast

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def server_bind(self) -> None:
        # HTTPServer's own bind looks the host's name up, which stalls on a machine without a resolver.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Plays the outside parties of the system on loopback.")
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one")
    parser.add_argument("--key", required=True, help="the customer key at Kuaidi100")
    parser.add_argument("--secret", required=True, help="the customer secret at Kuaidi100")
    parser.add_argument("--wechatpay", help="file with the keys of WeChat Pay's both sides, made if it is not there; without it that party is away")
    parser.add_argument("--sms", help="file with the accounts at both SMS clouds, made if it is not there; without it those parties are away")
    parser.add_argument("--wechat-mp", help="file with the account at WeChat's service accounts, made if it is not there; without it that party is away")
    parser.add_argument("--retry-seconds", type=float, default=0.3, help="pause before a push is repeated (real: 1800)")
    parser.add_argument("--state", help="folder in which bookings outlive a restart")
    options = parser.parse_args(arguments)

    try:
        server = Server(options.port, parties(options))
    except OSError as error:
        print(f"counterparts: cannot listen on port {options.port}: {error.strerror}", file=sys.stderr)
        return 1
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    print(json.dumps({"ready": server.url, "parties": [party.name for party in server.cast]}), flush=True)
    stop.wait()
    server.shutdown()
    server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
