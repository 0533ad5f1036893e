"""WeChat's service account (微信公众号): says who reads a page, gives out tokens, and takes messages to readers.

The public face is that of `api.weixin.qq.com` (`/sns/`, `/cgi-bin/`) and of `open.weixin.qq.com` (`/connect/oauth2/authorize`). Refusals are
HTTP 200 with an `errcode`, as the real one's are. A browser that is sent to be known is asked by a page who it is, unless `at_the_phone`
has said so; whoever was known once follows the account.

Control face, under `/_control/wechat_mp/`:

    GET  messages[?openid=|?client_msg_id=]  what was taken, how often it was asked for, and what its receipt said
    GET  readers | templates | receipts | refusals | tokens
    POST at_the_phone {openid?, snapshot?, declines?}      who reads pages from now on; without openid the browser is asked again
    POST reader {openid, follows?, blocks?, declined?: [template_id], allowed?: {template_id: times}, unionid?}      changes or adds a reader
    POST template {template_id, keys, way?, kind?, consts?}                  adds a template
    POST callback {url, check?}             where receipts go; with `check` it is tried first, as the console does
    POST receipt {msgid, status?, manner?, times?, parallel?}                a receipt (once more): see `MANNERS`
    POST receipt_next {status, times?}      how the next messages end: success | failed:user block | failed: system failed | lost
    POST expire_token {after?, code?, sticky?}     the token is refused from now on, or after so many more messages: code 42001 | 40001 | 40014;
                                            sticky: it is given out again until it is renewed by force
    POST quota {left}                       so many messages are taken yet today
    POST page {url, config}                 a page calls `wx.config`; what WeChat says to it
    POST fail_next {errcode | manner, on?, times?}     the next calls fail, those of one kind if `on` is exchange | token | ticket | send | notice.
                                            errcode: one of `ERRORS`; manner: http_502 | done_http_502 | not_json | slow (done, but answered late)

Where the real one's behaviour is not documented, this one is strict: a field that the template does not have is refused, and a message
that is repeated under its `client_msg_id` is answered like the first one.
"""

from __future__ import annotations

import hashlib
import html
import http.client
import itertools
import json
import os
import re
import secrets
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from party import ControlError, Party, Reply, Request

SHANGHAI = timezone(timedelta(hours=8))
REPLY_SECONDS = 5  # no answer within this is a failure to WeChat
TRIES = 3
CODE_SECONDS = 300
TOKEN_SECONDS = 7200
OVERLAP_SECONDS = 300
FORCED_A_DAY, FORCED_SECONDS = 20, 30
SAME_MESSAGE_SECONDS = 600
ERRORS = {
    -1: "system error", 40001: "invalid credential, access_token is invalid or not latest", 40002: "invalid grant_type", 40003: "invalid openid",
    40013: "invalid appid", 40014: "invalid access_token", 40029: "invalid code", 40036: "invalid template_id size", 40037: "invalid template_id",
    40038: "reach max push limit", 40039: "invalid url size", 40048: "invalid url domain", 40125: "invalid appsecret", 40163: "code been used",
    40164: "invalid ip 203.0.113.7, not in whitelist", 41001: "access_token missing", 41002: "appid missing", 41004: "appsecret missing",
    41008: "missing code", 41030: "invalid page", 42001: "access_token expired", 42003: "code expired", 43002: "require POST method",
    43004: "require subscribe", 43101: "user refuse to accept the msg", 43107: "subscribe message ability is blocked",
    43108: "concurrent sending to one user", 45009: "reach max api daily quota limit", 45011: "api minute-quota reach limit",
    45168: "contains sensitive word", 47001: "data format error", 47003: "argument invalid!", 48001: "api unauthorized",
    48004: "api forbidden", 50001: "user unauthorized", 50002: "user limited",
}
KINDS = ("exchange", "token", "ticket", "send", "notice")
FAILURES = ("http_502", "done_http_502", "not_json", "slow")
STATUSES = ("success", "failed:user block", "failed: system failed", "lost")
# How a receipt may come. Nothing of the wrong ones belongs to the message's history.
MANNERS = ("normal", "forged", "unsigned", "old", "other_token", "doctype", "entity", "not_xml", "not_utf8", "encrypted", "huge")
PATHS = {
    "/sns/oauth2/access_token": "exchange", "/cgi-bin/stable_token": "token", "/cgi-bin/ticket/getticket": "ticket",
    "/cgi-bin/message/template/send": "send", "/cgi-bin/message/subscribe/bizsend": "notice",
}
AUTHORISE = "/connect/oauth2/authorize"
ASKED = ("appid", "redirect_uri", "response_type", "scope", "state")


# The account

def new_account(app_id: str = "wx0123456789abcdef") -> dict:
    """`secret` is what the library keeps; the rest is what its operator has entered in WeChat's console."""
    return {
        "secret": {"app_id": app_id, "app_secret": secrets.token_hex(16), "callback_token": secrets.token_hex(12)},
        "domains": ["127.0.0.1", "localhost"],
        "templates": [
            {"template_id": "TPL-parcel-0000000000000000000000000000000001", "keys": ["character_string1", "phrase2", "thing3", "time4"]},
            {"template_id": "TPL-due-00000000000000000000000000000000000002", "keys": ["thing1", "date2", "number3", "amount4"]},
            {"template_id": "TPL-hold-0000000000000000000000000000000000003", "way": "notice", "keys": ["thing1", "thing2", "date3"]},
        ],
    }


def account_in(path: Path, app_id: str = "wx0123456789abcdef") -> dict:
    """The account of this file; a new one if there is none yet."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(json.dumps(new_account(app_id), indent=1))
    return json.loads(path.read_text(encoding="utf-8"))


# Signatures

def sha1(text: str) -> str:
    return hashlib.sha1(text.encode("utf-8")).hexdigest()


def callback_signature(token: str, timestamp: str, nonce: str) -> str:
    return sha1("".join(sorted((token, timestamp, nonce))))


def page_signature(ticket: str, nonce: str, timestamp: int, url: str) -> str:
    return sha1(f"jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url={url.partition('#')[0]}")


# What may stand in a field

CHINESE = r"[〇㐀-䶿一-鿿]"
CLOCK = r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?"
YEAR, MONTH, DAY = r"\d{4}", r"(?:0?[1-9]|1[0-2])", r"(?:0?[1-9]|[12]\d|3[01])"
DATE = "(?:" + "|".join(
    [f"{YEAR}年{MONTH}月(?:{DAY}日)?", f"{MONTH}月{DAY}日"]
    + [f"{YEAR}{s}{MONTH}(?:{s}{DAY})?|{MONTH}{s}{DAY}" for s in ("-", "/", r"\.")]
) + ")"
FORMS = {
    "thing": r".+", "number": r"\d+(\.\d+)?", "letter": r"[A-Za-z]{1,32}", "symbol": r"[^\w\s]+", "character_string": r"[!-~]{1,32}",
    "time": f"(?:{DATE} )?{CLOCK}(?:~(?:{DATE} )?{CLOCK})?", "date": f"{DATE}(?: {CLOCK})?(?:~{DATE}(?: {CLOCK})?)?",
    "amount": r"[¥￥$€£]?\d+(\.\d+)?元?", "phone_number": r"[!-@\[-`{-~]*\d[!-@\[-`{-~]*",
    "car_number": f"({CHINESE}|[A-Za-z0-9])([A-Za-z0-9]*({CHINESE}|[A-Za-z0-9]))?", "name": r"(?=.*[^\W\d_])[^\d]+", "phrase": f"{CHINESE}+", "const": r".+",
}
LONGEST = {"thing": 20, "symbol": 5, "phone_number": 17, "car_number": 8, "name": 20, "phrase": 5}
MOST_DIGITS = {"number": 32, "amount": 10}


def field_fault(key: str, value, consts: dict) -> str:
    """What WeChat would not accept about a field, or nothing."""
    kind = key.rstrip("0123456789")
    if not isinstance(value, str) or not value.strip():
        return "is empty"
    if kind not in FORMS or any(ord(c) < 32 or c in "\x7f\u2028\u2029" for c in value):
        return "is invalid"
    if not re.fullmatch(FORMS[kind], value, 0 if kind in ("thing", "symbol", "name", "const") else re.ASCII):
        return "is invalid"
    longest = 10 if kind == "name" and re.search(CHINESE, value) else LONGEST.get(kind)
    if longest and len(value.encode("utf-16-le")) // 2 > longest:
        return "is too long"
    if sum(c in "0123456789" for c in value) > MOST_DIGITS.get(kind, 1000):
        return "is too long"
    if kind == "const" and value not in consts.get(key, [value]):
        return "is none of the list"
    return ""


class Refused(Exception):
    """A call that is turned away."""

    def __init__(self, code: int, more: str = "") -> None:
        super().__init__(f"{ERRORS[code]}{more}")
        self.code = code


@dataclass
class Reader:
    openid: str
    follows: bool = True
    blocks: bool = False
    declined: list[str] = field(default_factory=list)
    allowed: dict[str, int] = field(default_factory=dict)  # how often yet, by template; long-term ones are never used up
    unionid: str = ""


@dataclass
class Message:
    msgid: int
    way: str
    openid: str
    template_id: str
    data: dict
    opens: str
    client_msg_id: str
    at: float
    times_asked: int = 1
    status: str = ""  # what its receipts said last


@dataclass
class Receipt:
    msgid: int
    status: str
    manner: str
    attempts: int = 0
    http_status: int = 0
    reply: str = ""
    accepted: bool = False


class WeChatMp(Party):
    name = "wechat_mp"

    def __init__(self, account: dict, retry_seconds: float = 0.3, slow_seconds: float = REPLY_SECONDS, journal: Path | None = None) -> None:
        secret = account["secret"]
        self.app_id, self.app_secret, self.callback_token = secret["app_id"], secret["app_secret"], secret["callback_token"]
        self.domains = set(account.get("domains", ()))
        self.retry_seconds, self.slow_seconds, self.journal = retry_seconds, slow_seconds, journal
        self.lock = threading.RLock()
        self.templates: dict[str, dict] = {}
        for template in account.get("templates", ()):
            self.add_template(**template)
        self.readers: dict[str, Reader] = {}
        self.messages: list[Message] = []
        self.receipts: list[Receipt] = []
        self.refusals: list[dict] = []
        self.failures: list[tuple[str, int | str]] = []  # (kind of call or nothing, errcode or manner)
        self.endings: list[str] = []
        self.at_the_phone: dict = {}
        self.codes: dict[str, dict] = {}
        self.token, self.ticket = "", ""  # those that are given out
        self.tokens: dict[str, float] = {}  # until when each is good
        self.tickets: dict[str, float] = {}
        self.dead: dict[str, int] = {}  # tokens that are refused, and how
        self.forced: list[float] = []
        self.dying: tuple[int, int, bool] | None = None  # after how many messages the token is refused, how, and whether it sticks
        self.left: int | None = None
        self.callback_url = ""
        # Starts from the clock, so that a number is not given out again after a restart.
        self.numbers = itertools.count(int(time.time() * 1000))
        if journal:
            journal.parent.mkdir(parents=True, exist_ok=True)
            self._load()

    # The public face

    def serves(self, request: Request) -> bool:
        return request.path in PATHS or request.path in (AUTHORISE, f"{AUTHORISE}/chosen")

    def handle(self, request: Request) -> Reply:
        if request.path not in PATHS:
            return self.authorise(request)
        kind, manner = PATHS[request.path], ""
        with self.lock:
            for at, (on, wanted) in enumerate(self.failures):
                if on in ("", kind):
                    manner = wanted
                    del self.failures[at]
                    break
        if manner == "http_502":
            return Reply(502, b"<html>502 Bad Gateway</html>", "text/html")
        try:
            if isinstance(manner, int):
                raise Refused(manner)
            with self.lock:
                document = self.interface(kind, request)
        except Refused as refused:
            document = {"errcode": refused.code, "errmsg": f"{refused} rid: {secrets.token_hex(4)}"}
            with self.lock:
                self.refusals.append({"path": request.path, **document})
        if manner == "slow":
            time.sleep(self.slow_seconds)
        if manner == "done_http_502":
            return Reply(502, b"<html>502 Bad Gateway</html>", "text/html")
        if manner == "not_json":
            return Reply(200, b"<html>\xe7\xb3\xbb\xe7\xbb\x9f\xe7\xb9\x81\xe5\xbf\x99</html>", "text/html")
        return Reply.json(document)

    def interface(self, kind: str, request: Request) -> dict:
        if kind == "exchange":
            return self.exchange(request)
        if kind == "token":
            return self.stable_token(request)
        if kind == "ticket":
            return self.get_ticket(request)
        return self.send(request) if kind == "send" else self.notice(request)

    # Who reads a page

    def authorise(self, request: Request) -> Reply:
        pairs = parse_qsl(urlsplit(request.target).query, keep_blank_values=True)
        asked = dict(pairs)
        fault = self._authorise_fault(request, pairs)
        if fault:
            with self.lock:
                self.refusals.append({"path": request.path, "errcode": fault[0], "errmsg": fault[1]})
            return Reply(200, f"<html><meta charset=utf-8><p>错误 {fault[0]}：{html.escape(fault[1])}</html>".encode(), "text/html; charset=utf-8")
        with self.lock:
            chosen = dict(self.at_the_phone)
            known = list(self.readers)
        if request.path != AUTHORISE:
            chosen = {"openid": asked.get("openid", ""), "snapshot": asked.get("snapshot") == "1", "declines": asked.get("declines") == "1"}
            if not re.fullmatch(r"[0-9A-Za-z_\-]{1,128}", chosen["openid"]):
                chosen = {}
        if not chosen:
            return Reply(200, choice(asked, known).encode(), "text/html; charset=utf-8")
        came = {"state": asked["state"]}
        if not (chosen.get("declines") and asked["scope"] == "snsapi_userinfo"):
            came = {"code": self._code(chosen, asked["scope"]), **came}
        back = urlsplit(asked["redirect_uri"])
        query = "&".join(filter(None, (back.query, urlencode(came))))
        return Reply(302, b"", headers={"Location": urlunsplit(back._replace(query=query))})

    def _authorise_fault(self, request: Request, pairs: list[tuple[str, str]]) -> tuple[int, str] | None:
        asked = dict(pairs)
        names = tuple(name for name, _ in pairs)
        if request.method != "GET" or names[: len(ASKED)] != ASKED or (request.path == AUTHORISE and len(names) != len(ASKED)):
            return 10002, "参数错误"
        if asked["appid"] != self.app_id:
            return 10013, "appid 错误"
        back = urlsplit(asked["redirect_uri"])
        if back.scheme not in ("http", "https") or back.hostname not in self.domains:
            return 10003, "redirect_uri 域名与后台配置不一致"
        if asked["scope"] not in ("snsapi_base", "snsapi_userinfo"):
            return 10005, "该公众号没有这个 scope 的权限"
        if asked["response_type"] != "code" or not re.fullmatch(r"[0-9A-Za-z]{1,128}", asked["state"]):
            return 10002, "参数错误"
        return None

    def _code(self, chosen: dict, scope: str) -> str:
        code = secrets.token_urlsafe(24)
        with self.lock:
            snapshot = bool(chosen.get("snapshot"))
            openid = f"oSNAPSHOT{secrets.token_hex(8)}" if snapshot else chosen["openid"]
            if not snapshot:
                self.readers.setdefault(openid, Reader(openid))
            self.codes[code] = {"openid": openid, "at": time.time(), "used": False, "snapshot": snapshot, "scope": scope}
            self._save()
        return code

    def exchange(self, request: Request) -> dict:
        given = request.query
        if request.method != "GET":
            raise Refused(47001)
        self._credentials(given)
        if not given.get("code"):
            raise Refused(41008)
        if given.get("grant_type") != "authorization_code":
            raise Refused(40002)
        code = self.codes.get(given["code"])
        if code is None:
            raise Refused(40029)
        if code["used"]:
            raise Refused(40163)
        if time.time() - code["at"] >= CODE_SECONDS:
            raise Refused(42003)
        code["used"] = True
        document = {
            "access_token": f"USER_{secrets.token_urlsafe(40)}", "expires_in": TOKEN_SECONDS, "refresh_token": f"USER_{secrets.token_urlsafe(40)}",
            "openid": code["openid"], "scope": code["scope"],
        }
        if code["snapshot"]:
            return {**document, "is_snapshotuser": 1}
        unionid = self.readers[code["openid"]].unionid
        return {**document, "unionid": unionid} if unionid else document

    def _credentials(self, given: dict) -> None:
        for name, missing, wrong, ours in (("appid", 41002, 40013, self.app_id), ("secret", 41004, 40125, self.app_secret)):
            if not given.get(name):
                raise Refused(missing)
            if given[name] != ours:
                raise Refused(wrong)

    # Tokens

    def stable_token(self, request: Request) -> dict:
        if request.method != "POST":
            raise Refused(43002)
        body = json_body(request)
        if body.get("grant_type") != "client_credential":
            raise Refused(40002)
        self._credentials(body)
        force, now = body.get("force_refresh", False) is True, time.time()
        until = self.tokens.get(self.token, 0)
        if force and not (self.forced and now - self.forced[-1] < FORCED_SECONDS):
            today = datetime.fromtimestamp(now, SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
            if sum(at >= today for at in self.forced) >= FORCED_A_DAY:
                raise Refused(45009)
            self.forced.append(now)
            self.dead.update({token: 40001 for token in self.tokens})
            self._new_token()
        elif until - now <= OVERLAP_SECONDS:
            self._new_token()
        return {"access_token": self.token, "expires_in": int(self.tokens[self.token] - now)}

    def _new_token(self) -> None:
        self.token = f"{secrets.randbelow(90) + 10}_{secrets.token_urlsafe(390)}"[:512]
        self.tokens[self.token] = time.time() + TOKEN_SECONDS
        self._save()

    def _check_token(self, request: Request) -> None:
        token = request.query.get("access_token")
        if not token:
            raise Refused(41001)
        if token in self.dead:
            raise Refused(self.dead[token])
        if token not in self.tokens:
            raise Refused(40001)
        if self.tokens[token] <= time.time():
            raise Refused(42001)

    def expire_token(self, after: int = 0, code: int = 42001, sticky: bool = False) -> None:
        if code not in (42001, 40001, 40014) or after < 0:
            raise ControlError("the token is refused with 42001, 40001 or 40014, after 0 or more messages")
        if after:
            self.dying = (after, code, sticky)
            return
        self.dying = None
        if self.token:
            self.dead[self.token] = code
            if not sticky:
                self.token = ""
            self._save()

    def get_ticket(self, request: Request) -> dict:
        self._check_token(request)
        if request.query.get("type") != "jsapi":
            raise Refused(47003, " type")
        now = time.time()
        if self.tickets.get(self.ticket, 0) <= now:
            self.ticket = secrets.token_urlsafe(64)
            self.tickets[self.ticket] = now + TOKEN_SECONDS
            self._save()
        return {"errcode": 0, "errmsg": "ok", "ticket": self.ticket, "expires_in": int(self.tickets[self.ticket] - now)}

    def page(self, url: str, config: dict) -> dict:
        """What `wx.config` says to the page at this address."""
        known = [ticket for ticket, until in self.tickets.items() if until > time.time()]
        forms = {"appId": str, "timestamp": int, "nonceStr": str, "signature": str, "jsApiList": list}
        if any(not isinstance(config.get(name), form) for name, form in forms.items()) or not config["jsApiList"]:
            return {"errMsg": "config:fail"}
        if config["appId"] != self.app_id:
            return {"errMsg": "config:invalid appid"}
        if urlsplit(url).hostname not in self.domains:
            return {"errMsg": "config:invalid url domain"}
        signed = {page_signature(ticket, config["nonceStr"], config["timestamp"], url) for ticket in known}
        return {"errMsg": "config:ok" if config["signature"] in signed else "config:invalid signature"}

    # Messages

    def send(self, request: Request) -> dict:
        body = self._body(request)
        reader, template = self._addressed(body, "send")
        if not reader.follows:
            raise Refused(43004)
        if template["template_id"] in reader.declined:
            raise Refused(43101)
        self._check_data(body, template)
        url = body.get("url", "")
        if not isinstance(url, str) or len(url) > 1024:
            raise Refused(40039)
        if url and urlsplit(url).scheme not in ("http", "https"):
            raise Refused(40048)
        client_msg_id = body.get("client_msg_id", "")
        if not isinstance(client_msg_id, str) or len(client_msg_id) > 32:
            raise Refused(47003, " client_msg_id")
        before = next((message for message in reversed(self.messages) if client_msg_id and message.client_msg_id == client_msg_id
                       and message.openid == reader.openid and time.time() - message.at < SAME_MESSAGE_SECONDS), None)
        if before:
            before.times_asked += 1
            return {"errcode": 0, "errmsg": "ok", "msgid": before.msgid}
        message = self._take("send", reader, template, body, url, client_msg_id)
        self._settle(message, reader)
        return {"errcode": 0, "errmsg": "ok", "msgid": message.msgid}

    def notice(self, request: Request) -> dict:
        body = self._body(request)
        reader, template = self._addressed(body, "notice")
        if reader.allowed.get(template["template_id"], 0) < 1 or template["template_id"] in reader.declined:
            raise Refused(43101)
        self._check_data(body, template)
        page = body.get("page", "")
        if not isinstance(page, str) or page and urlsplit(page).scheme not in ("http", "https"):
            raise Refused(41030)
        self._take("notice", reader, template, body, page, "")
        if template["kind"] == 2:
            reader.allowed[template["template_id"]] -= 1
        self._save()
        return {"errcode": 0, "errmsg": "ok"}

    def _body(self, request: Request) -> dict:
        if request.method != "POST":
            raise Refused(43002)
        self._check_token(request)
        return json_body(request)

    def _addressed(self, body: dict, way: str) -> tuple[Reader, dict]:
        reader = self.readers.get(body.get("touser")) if isinstance(body.get("touser"), str) else None
        if reader is None:
            raise Refused(40003)
        if not isinstance(body.get("template_id"), str) or len(body["template_id"]) > 64:
            raise Refused(40036)
        template = self.templates.get(body["template_id"])
        if template is None or template["way"] != way:
            raise Refused(40037)
        return reader, template

    def _check_data(self, body: dict, template: dict) -> None:
        data = body.get("data")
        if not isinstance(data, dict):
            raise Refused(47003, " data")
        for key in [*template["keys"], *data]:
            value = data.get(key)
            value = value.get("value") if isinstance(value, dict) else None
            fault = field_fault(key, value, template["consts"]) if key in template["keys"] else "is not of this template"
            if fault:
                raise Refused(47003, f" data.{key}.value {fault}")

    def _take(self, way: str, reader: Reader, template: dict, body: dict, opens: str, client_msg_id: str) -> Message:
        if self.left is not None:
            if self.left < 1:
                raise Refused(45009)
            self.left -= 1
        data = {key: item["value"] for key, item in body["data"].items()}
        message = Message(next(self.numbers), way, reader.openid, template["template_id"], data, opens, client_msg_id, time.time())
        self.messages.append(message)
        if self.dying:
            after, code, sticky = self.dying
            self.dying = (after - 1, code, sticky)
            if after <= 1:
                self.expire_token(0, code, sticky)
        self._save()
        return message

    def _settle(self, message: Message, reader: Reader) -> None:
        ending = self.endings.pop(0) if self.endings else "failed:user block" if reader.blocks else "success"
        if ending == "lost":
            return
        message.status = ending
        self._save()
        if self.callback_url:
            receipt = Receipt(message.msgid, ending, "normal")
            self.receipts.append(receipt)
            threading.Thread(target=self._deliver, args=(receipt, message.openid), daemon=True).start()

    # Receipts

    def receipt(self, msgid: int, status: str = "", manner: str = "normal", times: int = 1, parallel: bool = False) -> list[dict]:
        if manner not in MANNERS or status not in ("", *STATUSES[:-1]):
            raise ControlError(f"unknown manner {manner!r} or status {status!r}")
        with self.lock:
            message = next((message for message in self.messages if message.msgid == msgid), None)
            if message is None or not self.callback_url:
                raise ControlError("there is no such message, or nowhere to tell it")
            receipts = [Receipt(msgid, status or message.status or "success", manner) for _ in range(times)]
            if manner == "normal":
                message.status = receipts[0].status
            self.receipts.extend(receipts)
        with ThreadPoolExecutor(max_workers=min(times, 16) if parallel else 1) as pool:
            list(pool.map(lambda receipt: self._deliver(receipt, message.openid), receipts))
        return [asdict(receipt) for receipt in receipts]

    def _deliver(self, receipt: Receipt, openid: str) -> None:
        for attempt in range(TRIES if receipt.manner == "normal" else 1):
            if attempt:
                time.sleep(self.retry_seconds)
            receipt.attempts += 1
            query = self._query(receipt.manner)
            query = query if receipt.manner in ("unsigned", "encrypted") else {**query, "openid": openid}
            if receipt.manner == "encrypted":
                query["encrypt_type"] = "aes"
            receipt.http_status, receipt.reply = call("POST", self.callback_url, query, receipt_body(receipt, openid))
            receipt.accepted = receipt.http_status == 200 and receipt.reply in ("success", "")
            if receipt.accepted:
                break

    def _query(self, manner: str = "normal") -> dict[str, str]:
        timestamp = str(int(time.time()) - (300 if manner == "old" else 0))
        nonce = str(secrets.randbelow(9 * 10**9) + 10**9)
        signature = callback_signature("another" if manner == "other_token" else self.callback_token, timestamp, nonce)
        if manner == "forged":
            signature = secrets.token_hex(20)
        return {} if manner == "unsigned" else {"signature": signature, "timestamp": timestamp, "nonce": nonce}

    def set_callback(self, url: str, check: bool = False) -> None:
        if check:
            echostr = str(secrets.randbelow(9 * 10**18) + 10**18)
            status, reply = call("GET", url, {**self._query(), "echostr": echostr})
            if (status, reply) != (200, echostr):
                raise ControlError(f"the address does not give the token's proof: {status} {reply[:200]!r}")
        with self.lock:
            self.callback_url = url
            self._save()

    # The control face

    def control(self, action: str, request: Request):
        if request.method == "GET":
            with self.lock:
                return self._look(action, request.query)
        if request.method != "POST":
            raise ControlError(f"no such action: {request.method} {action}")
        asked = request.json()
        if action == "callback":
            self.set_callback(**asked)
            return {}
        if action == "receipt":
            return {"receipts": self.receipt(**asked)}
        with self.lock:
            return self._steer(action, asked)

    def _look(self, what: str, query: dict):
        if what == "messages":
            openid, client_msg_id = query.get("openid"), query.get("client_msg_id")
            items = [message for message in self.messages if openid in (None, message.openid) and client_msg_id in (None, message.client_msg_id)]
            return {"items": [asdict(message) for message in items]}
        if what == "readers":
            return {"items": [asdict(reader) for reader in self.readers.values()]}
        if what == "receipts":
            return {"items": [asdict(receipt) for receipt in self.receipts]}
        if what == "templates":
            return {"items": list(self.templates.values())}
        if what == "refusals":
            return {"items": list(self.refusals)}
        if what == "tokens":
            now = time.time()
            good = sum(until > now and token not in self.dead for token, until in self.tokens.items())
            return {"given": len(self.tokens), "good": good, "forced": len(self.forced)}
        raise ControlError(f"no such action: GET {what}")

    def _steer(self, action: str, asked: dict):
        times = int(asked.get("times", 1))
        if action == "at_the_phone":
            if unknown := set(asked) - {"openid", "snapshot", "declines"}:
                raise ControlError(f"unknown: {unknown}")
            self.at_the_phone = dict(asked) if asked.get("openid") else {}
        elif action == "reader":
            reader = self.readers.get(asked["openid"]) or Reader(asked["openid"])
            self.readers[reader.openid] = Reader(**{**asdict(reader), **asked})
            self._save()
            return asdict(self.readers[reader.openid])
        elif action == "template":
            self.add_template(**asked)
        elif action == "receipt_next":
            if asked["status"] not in STATUSES:
                raise ControlError(f"unknown status {asked['status']!r}")
            self.endings.extend([asked["status"]] * times)
        elif action == "expire_token":
            self.expire_token(**asked)
        elif action == "quota":
            self.left = int(asked["left"])
        elif action == "page":
            return self.page(**asked)
        elif action == "fail_next":
            failure = asked.get("errcode", asked.get("manner"))
            if failure not in ERRORS and failure not in FAILURES or asked.get("on", "") not in ("", *KINDS):
                raise ControlError(f"unknown failure {asked!r}")
            self.failures.extend([(asked.get("on", ""), failure)] * times)
        else:
            raise ControlError(f"no such action: POST {action}")
        return {}

    def add_template(self, template_id: str, keys: list[str], way: str = "send", kind: int = 2, consts: dict | None = None) -> None:
        """`way` is `send` (a template message) or `notice` (by subscription; `kind` 2 is one-time, 3 long-term). `consts` lists what a
        `const` field takes."""
        if way not in ("send", "notice") or kind not in (2, 3) or any(key.rstrip("0123456789") not in FORMS for key in keys):
            raise ControlError("unknown way, kind or key")
        self.templates[template_id] = {"template_id": template_id, "keys": list(keys), "way": way, "kind": kind, "consts": consts or {}}

    # Readers, messages and tokens outlive a restart, as they do at the real one

    def _save(self) -> None:
        if self.journal:
            state = {
                "readers": [asdict(reader) for reader in self.readers.values()], "messages": [asdict(message) for message in self.messages],
                "token": self.token, "tokens": self.tokens, "dead": self.dead, "ticket": self.ticket, "tickets": self.tickets,
                "forced": self.forced, "callback_url": self.callback_url,
            }
            fresh = self.journal.with_suffix(".new")
            fresh.write_text(json.dumps(state, ensure_ascii=False), encoding="utf-8")
            fresh.replace(self.journal)

    def _load(self) -> None:
        if self.journal.exists():
            state = json.loads(self.journal.read_text(encoding="utf-8"))
            self.readers = {item["openid"]: Reader(**item) for item in state.pop("readers")}
            self.messages = [Message(**item) for item in state.pop("messages")]
            for name, value in state.items():
                setattr(self, name, value)


def json_body(request: Request) -> dict:
    try:
        body = json.loads(request.body.decode("utf-8"))
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refused(47001)
    return body


def choice(asked: dict, known: list[str]) -> str:
    """The page that asks a browser who it is; a phone would know."""
    hidden = "".join(f'<input type=hidden name={name} value="{html.escape(asked[name])}">' for name in ASKED)
    names = "".join(f'<option value="{html.escape(openid)}">' for openid in known)
    return (
        "<!doctype html><html lang=zh-CN><meta charset=utf-8><meta name=viewport content='width=device-width'><title>微信授权（本机）</title>"
        f"<h1>以哪位微信用户打开？</h1><form action={AUTHORISE}/chosen>{hidden}"
        f"<label>openid <input name=openid list=known required pattern='[0-9A-Za-z_\\-]{{1,128}}' value=oLOCALreader0001></label>"
        f"<datalist id=known>{names}</datalist><label><input type=checkbox name=snapshot value=1> 快照页</label>"
        "<label><input type=checkbox name=declines value=1> 拒绝授权</label> <button>继续</button></form></html>"
    )


def receipt_body(receipt: Receipt, openid: str) -> bytes:
    body = (
        f"<xml><ToUserName><![CDATA[gh_library]]></ToUserName><FromUserName><![CDATA[{openid}]]></FromUserName>"
        f"<CreateTime>{int(time.time())}</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[TEMPLATESENDJOBFINISH]]></Event>"
        f"<MsgID>{receipt.msgid}</MsgID><Status><![CDATA[{receipt.status}]]></Status></xml>"
    )
    if receipt.manner == "doctype":
        body = f'<!DOCTYPE xml [<!ENTITY a "event">]>{body}'
    elif receipt.manner == "entity":
        body = body.replace("<![CDATA[event]]>", "&event;")
    elif receipt.manner == "not_xml":
        body = body.removesuffix("</xml>")
    elif receipt.manner == "huge":
        body = body.replace("</xml>", f"<Rest>{'x' * 1024 * 1024}</Rest></xml>")
    elif receipt.manner == "encrypted":
        body = f"<xml><ToUserName><![CDATA[gh_library]]></ToUserName><Encrypt><![CDATA[{secrets.token_urlsafe(200)}]]></Encrypt></xml>"
    encoded = body.encode("utf-8")
    return encoded.replace(b"success", b"\xb3\xc9\xb9\xa6") if receipt.manner == "not_utf8" else encoded


def call(method: str, url: str, query: dict[str, str], body: bytes = b"") -> tuple[int, str]:
    """One call, never through a proxy; status 0 when nothing came back."""
    parts = urlsplit(url)
    connection = (
        http.client.HTTPSConnection(parts.hostname, parts.port, timeout=REPLY_SECONDS, context=ssl.create_default_context())
        if parts.scheme == "https"
        else http.client.HTTPConnection(parts.hostname, parts.port, timeout=REPLY_SECONDS)
    )
    try:
        target = urlunsplit(("", "", parts.path or "/", "&".join(filter(None, (parts.query, urlencode(query)))), ""))
        connection.request(method, target, body or None, {"Content-Type": "text/xml", "User-Agent": "Mozilla/4.0"} if body else {})
        response = connection.getresponse()
        return response.status, response.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        return 0, f"{type(error).__name__}: {error}"
    finally:
        connection.close()
