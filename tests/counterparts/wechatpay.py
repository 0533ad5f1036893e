"""WeChat Pay (微信支付), API v3: takes payments and refunds, and tells what became of them.

The public face is the merchant interface below `/v3/`. Every reply is signed, every notice signed and sealed, as the real one's are.

Control face, under `/_control/wechatpay/`:

    GET  trades[?out_trade_no=]            what was asked for and how it stands
    GET  refunds[?out_refund_no=]
    GET  notices[?out_trade_no=]           each notice with its attempts and the last reply
    GET  refusals                          calls that were turned away, with the code
    POST pay {out_trade_no | prepay_id | code_url | cashier, …}     the reader pays: see `WeChatPay.pay`
    POST notify_again {out_trade_no | out_refund_no, times?, parallel?, manner?}   the last notice once more, under the same id
    POST drop_next {times?}                the next notices get lost
    POST refund_next {outcome, times?}     how the next refunds end: SUCCESS | PROCESSING (open, until `settle`) | ABNORMAL | CLOSED | NOT_ENOUGH
    POST settle {out_refund_no, outcome}   an open or abnormal refund ends, which is told
    POST rotate {to}                       signs with another key from now on: next (which the merchant has) | unknown | first
    POST fail_next {manner, on?, times?}   the next calls fail, those of one kind if `on` is prepay | query | close | refund:
                                           system_error | frequency | http_502 | done_http_502 | unsigned | forged | slow (done, but answered late)

A trade may be paid after it was closed (`after_close`), as happens to a reader whose cashier was open. `time_expire` in the past ends
nothing by itself: it is still NOTPAY, but cannot be paid.
"""

from __future__ import annotations

import base64
import http.client
import itertools
import json
import os
import re
import secrets
import ssl
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from party import ControlError, Party, Reply, Request

SHANGHAI = timezone(timedelta(hours=8))
REPLY_SECONDS = 5  # no answer within this is a failure to WeChat Pay
REPEATS = 3  # the real one repeats 15 times within a day
WINDOW_SECONDS = 300
SCHEME = "WECHATPAY2-SHA256-RSA2048"
WAYS = ("jsapi", "native", "h5")
OUTCOMES = ("SUCCESS", "PROCESSING", "ABNORMAL", "CLOSED", "NOT_ENOUGH")
FAILURES = ("system_error", "frequency", "http_502", "done_http_502", "unsigned", "forged", "slow")
# The manners in which a notice is wrong. Nothing of it belongs to the trade's history.
WRONG_MANNERS = {
    "wrong_amount", "wrong_mchid", "wrong_appid", "wrong_number",  # truly signed, and yet not about what was asked for
    "probe", "forged", "altered", "no_signature", "unknown_serial", "old", "other_api_v3_key", "not_json",
}
OTHER_MERCHANT, OTHER_APP = "1999999999", "wxffffffffffffffff"


# Keys

def new_keys(app_id: str = "wx0123456789abcdef", mch_id: str = "1900000001") -> dict:
    """Key pairs of both sides: `secret` is what the merchant keeps, `platform` what the platform signs with (two keys: the first one and
    the next, so that a change can be played)."""
    merchant, platform = rsa_key(), [rsa_key(), rsa_key()]
    serials = [f"PUB_KEY_ID_01{mch_id}20250{number}010000000001" for number in (1, 2)]
    return {
        "secret": {
            "app_id": app_id,
            "mch_id": mch_id,
            "serial_no": secrets.token_hex(20).upper(),
            "api_v3_key": secrets.token_hex(16),
            "private_key": private_pem(merchant),
            "keys": {serial: public_pem(key) for serial, key in zip(serials, platform)},
        },
        "platform": {serial: private_pem(key) for serial, key in zip(serials, platform)},
    }


def keys_in(path: Path) -> dict:
    """The keys of this file; new ones if there is none yet."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(new_keys(), indent=1)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    return json.loads(path.read_text(encoding="utf-8"))


def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def private_key(pem: str) -> rsa.RSAPrivateKey:
    return serialization.load_pem_private_key(pem.encode(), None)


def private_pem(key: rsa.RSAPrivateKey) -> str:
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption()).decode()


def public_pem(key: rsa.RSAPrivateKey) -> str:
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(encoding, form).decode()


# Signatures and seals

def message(*lines: str | bytes) -> bytes:
    """What is signed: each line ended by a line feed, the last one too."""
    return b"".join((line if isinstance(line, bytes) else line.encode("utf-8")) + b"\n" for line in lines)


def sign(key: rsa.RSAPrivateKey, signed: bytes) -> str:
    return base64.b64encode(key.sign(signed, padding.PKCS1v15(), hashes.SHA256())).decode()


def is_signed(key: rsa.RSAPublicKey, signed: bytes, signature: str) -> bool:
    try:
        key.verify(base64.b64decode(signature, validate=True), signed, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def seal(api_v3_key: str, associated: str, content: dict, nonce: str | None = None) -> dict:
    nonce = nonce or secrets.token_hex(6)
    plain = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    sealed = AESGCM(api_v3_key.encode()).encrypt(nonce.encode(), plain, associated.encode())
    return {"algorithm": "AEAD_AES_256_GCM", "ciphertext": base64.b64encode(sealed).decode(), "associated_data": associated, "nonce": nonce}


def unseal(api_v3_key: str, resource: dict) -> dict:
    sealed = base64.b64decode(resource["ciphertext"])
    return json.loads(AESGCM(api_v3_key.encode()).decrypt(resource["nonce"].encode(), sealed, resource["associated_data"].encode()))


def shanghai_now() -> str:
    return datetime.now(SHANGHAI).isoformat(timespec="seconds")


class Refused(Exception):
    """A call that is turned away."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(text)
        self.status, self.code, self.text = status, code, text


@dataclass
class Trade:
    way: str
    request: dict
    prepay_id: str
    state: str = "NOTPAY"
    times_asked: int = 1
    paid_total: int = 0
    transaction_id: str = ""
    success_time: str = ""

    @property
    def out_trade_no(self) -> str:
        return self.request["out_trade_no"]

    @property
    def paid(self) -> bool:
        return self.state in ("SUCCESS", "REFUND")

    @property
    def expired(self) -> bool:
        expires = self.request.get("time_expire")
        return bool(expires) and datetime.fromisoformat(expires) <= datetime.now(SHANGHAI)

    @property
    def checkout(self) -> dict:
        """What the merchant gets, by the way of paying."""
        if self.way == "native":
            return {"code_url": f"weixin://wxpay/bizpayurl?pr={self.prepay_id[-9:]}"}
        if self.way == "h5":
            return {"h5_url": f"https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id={self.prepay_id}"}
        return {"prepay_id": self.prepay_id}

    def document(self) -> dict:
        names = ("appid", "mchid", "out_trade_no", "attach")
        document = {name: self.request[name] for name in names if name in self.request}
        words = {"SUCCESS": "支付成功", "REFUND": "订单发生过退款", "NOTPAY": "订单未支付", "CLOSED": "订单已关闭"}
        document |= {"trade_state": self.state, "trade_state_desc": words[self.state], "payer": self.request.get("payer", {})}
        total = self.paid_total if self.paid else self.request["amount"]["total"]
        document["amount"] = {"total": total, "currency": "CNY"}
        if self.paid:
            document |= {"transaction_id": self.transaction_id, "success_time": self.success_time, "bank_type": "OTHERS"}
            document["trade_type"] = {"jsapi": "JSAPI", "native": "NATIVE", "h5": "MWEB"}[self.way]
            document["amount"] |= {"payer_total": total, "payer_currency": "CNY"}
        return document

    def view(self) -> dict:
        return {**asdict(self), **self.checkout, "out_trade_no": self.out_trade_no, "total": self.request["amount"]["total"]}


@dataclass
class Refund:
    request: dict
    refund_id: str
    out_trade_no: str
    transaction_id: str
    status: str = "PROCESSING"
    times_asked: int = 1
    create_time: str = field(default_factory=shanghai_now)
    success_time: str = ""

    @property
    def out_refund_no(self) -> str:
        return self.request["out_refund_no"]

    def document(self) -> dict:
        total, refund = self.request["amount"]["total"], self.request["amount"]["refund"]
        document = {
            "refund_id": self.refund_id, "out_refund_no": self.out_refund_no, "transaction_id": self.transaction_id,
            "out_trade_no": self.out_trade_no, "channel": "ORIGINAL", "user_received_account": "支付用户零钱",
            "create_time": self.create_time, "status": self.status,
            "amount": {"total": total, "refund": refund, "payer_total": total, "payer_refund": refund, "currency": "CNY"},
        }
        return document | ({"success_time": self.success_time} if self.success_time else {})

    def told(self, mch_id: str) -> dict:
        """As a notice has it: under another name, and with the merchant."""
        document = self.document()
        document["refund_status"] = document.pop("status")
        del document["create_time"], document["channel"], document["amount"]["currency"]
        return {"mchid": mch_id, **document}


@dataclass
class Notice:
    id: str
    event: str
    out_trade_no: str
    out_refund_no: str
    manner: str
    attempts: int = 0
    http_status: int = 0
    reply: str = ""
    accepted: bool = False
    lost: bool = False


class WeChatPay(Party):
    name = "wechatpay"

    def __init__(self, keys: dict, retry_seconds: float = 0.3, settle_seconds: float | None = 0.2, journal: Path | None = None) -> None:
        """`settle_seconds` is how long a refund takes; `None` leaves all of them to `settle`."""
        secret = keys["secret"]
        self.app_id, self.mch_id, self.serial_no = secret["app_id"], secret["mch_id"], secret["serial_no"]
        self.api_v3_key = secret["api_v3_key"]
        self.merchant = private_key(secret["private_key"]).public_key()
        self.platform = {serial: private_key(pem) for serial, pem in keys["platform"].items()}
        self.serials = list(self.platform)
        self.serial = self.serials[0]
        self.retry_seconds, self.settle_seconds, self.journal = retry_seconds, settle_seconds, journal
        self.lock = threading.RLock()
        self.trades: dict[str, Trade] = {}
        self.refunds: dict[str, Refund] = {}
        self.notices: list[Notice] = []
        self.bodies: dict[str, tuple[str, bytes]] = {}  # by a notice's id: where it went, and what
        self.refusals: list[dict] = []
        self.failures: list[tuple[str, str]] = []  # (kind of call or nothing, manner)
        self.outcomes: list[str] = []
        self.to_lose = 0
        # Starts from the clock, so that a number is not given out again after a restart.
        self.numbers = itertools.count(int(time.time() * 1000))
        if journal:
            journal.parent.mkdir(parents=True, exist_ok=True)
            self._load()

    # The public face

    def serves(self, request: Request) -> bool:
        return request.path.startswith(("/v3/pay/transactions/", "/v3/refund/domestic/refunds"))

    def handle(self, request: Request) -> Reply:
        kind, manner = self._kind(request), ""
        with self.lock:
            for at, (on, wanted) in enumerate(self.failures):
                if on in ("", kind):
                    manner = wanted
                    del self.failures[at]
                    break
        if manner == "http_502":
            return Reply(502, b"<html>502 Bad Gateway</html>", "text/html")
        try:
            if manner == "system_error":
                raise Refused(500, "SYSTEM_ERROR", "系统异常，请稍后重试")
            if manner == "frequency":
                raise Refused(429, "FREQUENCY_LIMITED", "频率限制")
            self.authenticate(request)
            status, document = self.interface(request)
        except Refused as refused:
            status, document = refused.status, {"code": refused.code, "message": refused.text, "detail": {}}
            with self.lock:
                self.refusals.append({"path": request.path, "status": refused.status, "code": refused.code, "message": refused.text})
        if manner == "slow":
            time.sleep(REPLY_SECONDS)
        if manner == "done_http_502":
            return Reply(502, b"<html>502 Bad Gateway</html>", "text/html")
        body = b"" if document is None else json.dumps(document, ensure_ascii=False).encode("utf-8")
        asked = request.headers.get("wechatpay-serial", "")
        serial = asked if asked in self.platform and self.serial in self.serials else self.serial
        headers = {} if manner == "unsigned" else self.signature(body, serial)
        if manner == "forged":
            headers["Wechatpay-Signature"] = sign(rsa_key(), b"another")
        return Reply(status, body, headers={**headers, "Request-ID": uuid.uuid4().hex.upper()})

    @staticmethod
    def _kind(request: Request) -> str:
        if "/refund/" in request.path:
            return "refund" if request.method == "POST" else "query"
        if request.method == "GET":
            return "query"
        return "close" if request.path.endswith("/close") else "prepay"

    def authenticate(self, request: Request) -> None:
        """What the real one checks before it looks at a call: whose it is, and that nobody else can have made it."""
        scheme, _, rest = request.headers.get("authorization", "").partition(" ")
        given = dict(re.findall(r'(\w+)="([^"]*)"', rest))
        if scheme != SCHEME or set(given) != {"mchid", "nonce_str", "timestamp", "serial_no", "signature"}:
            raise Refused(401, "SIGN_ERROR", "Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》")
        if given["mchid"] != self.mch_id or given["serial_no"] != self.serial_no:
            raise Refused(401, "SIGN_ERROR", "商户证书序列号有误")
        if not re.fullmatch(r"\d{10}", given["timestamp"]) or abs(time.time() - int(given["timestamp"])) >= WINDOW_SECONDS:
            raise Refused(401, "SIGN_ERROR", "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟")
        if not re.fullmatch(r"[0-9A-Za-z]{1,32}", given["nonce_str"]):
            raise Refused(401, "SIGN_ERROR", "nonce_str格式错误")
        signed = message(request.method, request.target, given["timestamp"], given["nonce_str"], request.body)
        if not is_signed(self.merchant, signed, given["signature"]):
            raise Refused(401, "SIGN_ERROR", "错误的签名，验签失败")
        if "application/json" not in request.headers.get("accept", "") or not request.headers.get("user-agent"):
            raise Refused(400, "PARAM_ERROR", "Http头Accept或User-Agent缺失")
        asked = request.headers.get("wechatpay-serial")
        if asked is not None and asked not in self.platform:
            raise Refused(400, "PARAM_ERROR", "Wechatpay-Serial不正确")

    def interface(self, request: Request) -> tuple[int, dict | None]:
        path = request.path
        if request.method == "POST":
            body = json_body(request)
            if path.removeprefix("/v3/pay/transactions/") in WAYS:
                return 200, self.prepay(path.rpartition("/")[2], body)
            if found := re.fullmatch(r"/v3/pay/transactions/out-trade-no/([^/]+)/close", path):
                self.close(found[1], body)
                return 204, None
            if path == "/v3/refund/domestic/refunds":
                return 200, self.refund(body)
        elif request.method == "GET":
            if found := re.fullmatch(r"/v3/pay/transactions/(out-trade-no|id)/([^/]+)", path):
                if request.query.get("mchid") != self.mch_id:
                    raise Refused(400, "PARAM_ERROR", "mchid不正确")
                return 200, self.query(found[1], found[2])
            if found := re.fullmatch(r"/v3/refund/domestic/refunds/([^/]+)", path):
                return 200, self.query_refund(found[1])
        raise Refused(404, "RESOURCE_NOT_EXISTS", "接口不存在")

    def prepay(self, way: str, body: dict) -> dict:
        fault = prepay_fault(way, body)
        if fault:
            raise Refused(400, "PARAM_ERROR", fault)
        if (body["appid"], body["mchid"]) != (self.app_id, self.mch_id):
            raise Refused(400, "APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配")
        with self.lock:
            trade = self.trades.get(body["out_trade_no"])
            if trade is None:
                number = f"wx{datetime.now(SHANGHAI):%d%H%M%S}{next(self.numbers)}{secrets.token_hex(5)}0000"
                trade = self.trades[body["out_trade_no"]] = Trade(way, body, number)
            elif trade.paid:
                raise Refused(400, "ORDER_PAID", "订单已支付")
            elif trade.state == "CLOSED":
                raise Refused(400, "ORDER_CLOSED", "订单已关闭")
            elif (trade.way, trade.request) != (way, body):
                raise Refused(403, "OUT_TRADE_NO_USED", "商户订单号重复")
            else:
                trade.times_asked += 1
            self._save()
            return trade.checkout

    def query(self, by: str, number: str) -> dict:
        with self.lock:
            for trade in self.trades.values():
                if number == (trade.out_trade_no if by == "out-trade-no" else trade.transaction_id):
                    return trade.document()
        raise Refused(404, "ORDER_NOT_EXIST", "订单不存在")

    def close(self, number: str, body: dict) -> None:
        if body.get("mchid") != self.mch_id:
            raise Refused(400, "PARAM_ERROR", "mchid不正确")
        with self.lock:
            trade = self.trades.get(number)
            if trade is None:
                raise Refused(404, "ORDER_NOT_EXIST", "订单不存在")
            if trade.paid:
                raise Refused(400, "ORDER_PAID", "订单已支付")
            trade.state = "CLOSED"
            self._save()

    def refund(self, body: dict) -> dict:
        fault = refund_fault(body)
        if fault:
            raise Refused(400, "PARAM_ERROR", fault)
        with self.lock:
            before = self.refunds.get(body["out_refund_no"])
            if before:
                if before.request != body:
                    raise Refused(400, "INVALID_REQUEST", "订单信息不一致，请核实后重试")
                before.times_asked += 1
                return before.document()
            trade = next((trade for trade in self.trades.values() if trade.out_trade_no == body.get("out_trade_no")
                          or trade.transaction_id and trade.transaction_id == body.get("transaction_id")), None)
            if trade is None:
                raise Refused(404, "RESOURCE_NOT_EXISTS", "订单不存在")
            if not trade.paid:
                raise Refused(400, "INVALID_REQUEST", "订单未支付")
            if body["amount"]["total"] != trade.paid_total:
                raise Refused(400, "INVALID_REQUEST", "订单金额与原订单不一致")
            others = [refund for refund in self.refunds.values() if refund.out_trade_no == trade.out_trade_no and refund.status != "CLOSED"]
            given = sum(refund.request["amount"]["refund"] for refund in others)
            if given + body["amount"]["refund"] > trade.paid_total or len(others) >= 50:
                raise Refused(400, "INVALID_REQUEST", "订单已全额退款或退款金额超过可退金额")
            outcome = self.outcomes.pop(0) if self.outcomes else ("SUCCESS" if self.settle_seconds is not None else "PROCESSING")
            if outcome == "NOT_ENOUGH":
                raise Refused(403, "NOT_ENOUGH", "基本账户余额不足，请充值后重新发起")
            refund = Refund(body, f"503{next(self.numbers)}", trade.out_trade_no, trade.transaction_id)
            self.refunds[refund.out_refund_no] = refund
            trade.state = "REFUND"
            self._save()
            # Decided later: the reply says PROCESSING, as almost all of the real ones do.
            if outcome != "PROCESSING":
                timer = threading.Timer(self.settle_seconds or 0, self.settle, (refund.out_refund_no, outcome))
                timer.daemon = True
                timer.start()
            return refund.document()

    def query_refund(self, number: str) -> dict:
        with self.lock:
            if number not in self.refunds:
                raise Refused(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
            return self.refunds[number].document()

    def signature(self, body: bytes, serial: str | None = None, at: float | None = None) -> dict[str, str]:
        serial = serial or self.serial
        timestamp, nonce = str(int(time.time() if at is None else at)), secrets.token_hex(16)
        return {
            "Wechatpay-Timestamp": timestamp, "Wechatpay-Nonce": nonce, "Wechatpay-Serial": serial,
            "Wechatpay-Signature": sign(self.platform[serial], message(timestamp, nonce, body)), "Wechatpay-Signature-Type": SCHEME,
        }

    # The control face

    def control(self, action: str, request: Request):
        if request.method == "GET":
            number, refund_no = request.query.get("out_trade_no"), request.query.get("out_refund_no")
            with self.lock:
                if action == "trades":
                    return {"items": [trade.view() for trade in self.trades.values() if number in (None, trade.out_trade_no)]}
                if action == "refunds":
                    refunds = [refund for refund in self.refunds.values() if refund_no in (None, refund.out_refund_no)]
                    return {"items": [{**asdict(refund), **refund.document()} for refund in refunds]}
                if action == "notices":
                    return {"items": [asdict(notice) for notice in self.notices if number in (None, notice.out_trade_no)]}
                if action == "refusals":
                    return {"items": list(self.refusals)}
        elif request.method == "POST":
            asked = request.json()
            if action == "pay":
                return {"notices": self.pay(**asked)}
            if action == "notify_again":
                return {"notices": self.notify_again(**asked)}
            if action == "settle":
                return {"notice": self.settle(asked["out_refund_no"], asked["outcome"])}
            if action == "rotate":
                return {"serial": self.rotate(asked["to"])}
            times = int(asked.get("times", 1))
            if action == "drop_next":
                with self.lock:
                    self.to_lose += times
                return {}
            if action == "refund_next":
                if asked["outcome"] not in OUTCOMES:
                    raise ControlError(f"unknown outcome {asked['outcome']!r}")
                with self.lock:
                    self.outcomes.extend([asked["outcome"]] * times)
                return {}
            if action == "fail_next":
                if asked["manner"] not in FAILURES or asked.get("on", "") not in ("", "prepay", "query", "close", "refund"):
                    raise ControlError(f"unknown failure {asked!r}")
                with self.lock:
                    self.failures.extend([(asked.get("on", ""), asked["manner"])] * times)
                return {}
        raise ControlError(f"no such action: {request.method} {action}")

    def pay(
        self,
        out_trade_no: str | None = None,
        prepay_id: str | None = None,
        code_url: str | None = None,
        cashier: dict | None = None,
        manner: str = "normal",
        total: int | None = None,
        after_close: bool = False,
        times: int = 1,
        parallel: bool = False,
        background: bool = False,
    ) -> list[dict]:
        """The reader pays, and the merchant is told, `times` times over (`parallel`: all at once).

        The trade is found by its number, by what the reader was shown, or by the page's `cashier` parameters, whose signature is
        checked. `manner` is `normal`, `silent` (paid, nobody is told) or one of `WRONG_MANNERS` (the notice is made up and the trade
        stays as it was). `total` lets the reader pay another amount than was asked for.
        """
        if manner not in {"normal", "silent"} | WRONG_MANNERS:
            raise ControlError(f"unknown manner {manner!r}")
        if cashier:
            prepay_id = self._cashier(cashier)
        with self.lock:
            for trade in self.trades.values():
                shown = trade.checkout.get("code_url")
                if out_trade_no == trade.out_trade_no or prepay_id == trade.prepay_id or code_url and code_url == shown:
                    break
            else:
                raise ControlError("there is no such trade")
            if manner in WRONG_MANNERS:
                paid = Trade(**asdict(trade))
            else:
                if trade.paid:
                    raise ControlError(f"trade {trade.out_trade_no!r} is paid already")
                if not after_close and (trade.state == "CLOSED" or trade.expired):
                    raise ControlError(f"trade {trade.out_trade_no!r} is closed or over")
                paid = trade
            paid.state, paid.success_time = "SUCCESS", shanghai_now()
            paid.paid_total = trade.request["amount"]["total"] if total is None else total
            paid.transaction_id = f"42000{next(self.numbers)}"
            self._save()
            content = paid.document()
        if manner == "silent":
            return []
        if manner == "wrong_amount":
            content["amount"]["total"] += 1
        elif manner == "wrong_mchid":
            content["mchid"] = OTHER_MERCHANT
        elif manner == "wrong_appid":
            content["appid"] = OTHER_APP
        elif manner == "wrong_number":
            content["out_trade_no"] = content["out_trade_no"][:-1] + ("0" if content["out_trade_no"][-1] != "0" else "1")
        notice_id = self._write("TRANSACTION.SUCCESS", "transaction", content, trade.request["notify_url"], manner)
        return self._tell(notice_id, "TRANSACTION.SUCCESS", trade.out_trade_no, "", manner, times, parallel, background)

    def _cashier(self, cashier: dict) -> str:
        """The prepay_id that these parameters of a page open, if the merchant signed them."""
        missing = [name for name in ("appId", "timeStamp", "nonceStr", "package", "signType", "paySign") if not isinstance(cashier.get(name), str)]
        if missing:
            raise ControlError(f"the cashier misses {missing}")
        if cashier["signType"] != "RSA" or cashier["appId"] != self.app_id:
            raise ControlError("the cashier is another app's, or not signed with RSA")
        signed = message(*(cashier[name] for name in ("appId", "timeStamp", "nonceStr", "package")))
        if not is_signed(self.merchant, signed, cashier["paySign"]) or not cashier["package"].startswith("prepay_id="):
            raise ControlError("the cashier's signature does not fit")
        return cashier["package"].removeprefix("prepay_id=")

    def notify_again(self, out_trade_no: str = "", out_refund_no: str = "", times: int = 1, parallel: bool = False, manner: str = "normal") -> list[dict]:
        with self.lock:
            last = next((notice for notice in reversed(self.notices) if notice.manner == "normal"
                         and (out_refund_no == notice.out_refund_no if out_refund_no else out_trade_no == notice.out_trade_no)), None)
        if last is None:
            raise ControlError("nothing was told about it")
        return self._tell(last.id, last.event, last.out_trade_no, last.out_refund_no, manner, times, parallel)

    def settle(self, out_refund_no: str, outcome: str) -> dict | None:
        """A refund ends; an abnormal one may still be settled otherwise."""
        if outcome not in ("SUCCESS", "ABNORMAL", "CLOSED"):
            raise ControlError(f"no end of a refund: {outcome!r}")
        with self.lock:
            refund = self.refunds.get(out_refund_no)
            if refund is None:
                raise ControlError(f"there is no refund {out_refund_no!r}")
            if refund.status in ("SUCCESS", "CLOSED"):
                raise ControlError(f"refund {out_refund_no!r} has ended: {refund.status}")
            refund.status = outcome
            refund.success_time = shanghai_now() if outcome == "SUCCESS" else ""
            self._save()
            content, url = refund.told(self.mch_id), refund.request.get("notify_url")
        if not url:
            return None
        event = f"REFUND.{outcome}"
        notice_id = self._write(event, "refund", content, url, "normal")
        return self._tell(notice_id, event, refund.out_trade_no, out_refund_no, "normal")[0]

    def rotate(self, to: str) -> str:
        with self.lock:
            if to == "unknown":
                self.serial = f"PUB_KEY_ID_UNKNOWN_{secrets.token_hex(4)}"
                self.platform[self.serial] = rsa_key()
            elif to in ("first", "next"):
                self.serial = self.serials[0 if to == "first" else 1]
            else:
                raise ControlError(f"no such key: {to!r}")
            return self.serial

    # Notices

    def _write(self, event: str, kind: str, content: dict, url: str, manner: str) -> str:
        key = secrets.token_hex(16) if manner == "other_api_v3_key" else self.api_v3_key
        notice = {
            "id": str(uuid.uuid4()), "create_time": shanghai_now(), "resource_type": "encrypt-resource", "event_type": event,
            "summary": "支付成功" if kind == "transaction" else "退款通知", "resource": {"original_type": kind, **seal(key, kind, content)},
        }
        with self.lock:
            self.bodies[notice["id"]] = (url, json.dumps(notice, ensure_ascii=False).encode("utf-8"))
        return notice["id"]

    def _tell(self, notice_id: str, event: str, trade_no: str, refund_no: str, manner: str, times=1, parallel=False, background=False) -> list[dict]:
        notices = [Notice(notice_id, event, trade_no, refund_no, manner) for _ in range(times)]
        with self.lock:
            for notice in notices:
                notice.lost = self.to_lose > 0
                self.to_lose -= notice.lost
            self.notices.extend(notices)
        if background:
            threading.Thread(target=lambda: [self._deliver(notice) for notice in notices], daemon=True).start()
        elif parallel:
            with ThreadPoolExecutor(max_workers=min(times, 16)) as pool:
                list(pool.map(self._deliver, notices))
        else:
            for notice in notices:
                self._deliver(notice)
        return [asdict(notice) for notice in notices]

    def _deliver(self, notice: Notice) -> None:
        if notice.lost:
            return
        url, body = self.bodies[notice.id]
        for attempt in range(REPEATS + 1 if notice.manner == "normal" else 1):
            if attempt:
                time.sleep(self.retry_seconds)
            headers, sent = self._headers(notice.manner, body)
            notice.attempts += 1
            notice.http_status, notice.reply = post(url, sent, headers)
            notice.accepted = notice.http_status in (200, 204)
            if notice.accepted:
                break

    def _headers(self, manner: str, body: bytes) -> tuple[dict[str, str], bytes]:
        """The headers of one attempt, and the body that goes with them."""
        if manner == "not_json":
            body = body[:-1]
        headers = self.signature(body, at=time.time() - WINDOW_SECONDS if manner == "old" else None)
        if manner == "probe":
            headers["Wechatpay-Signature"] = "WECHATPAY/SIGNTEST/" + headers["Wechatpay-Signature"][19:]
        elif manner == "forged":
            headers["Wechatpay-Signature"] = sign(rsa_key(), message(headers["Wechatpay-Timestamp"], headers["Wechatpay-Nonce"], body))
        elif manner == "unknown_serial":
            headers["Wechatpay-Serial"] = "PUB_KEY_ID_UNKNOWN"
        elif manner == "no_signature":
            headers = {}
        elif manner == "altered":
            body = body.replace("支付成功".encode(), "支付失败".encode()).replace("退款通知".encode(), "退款失败".encode())
        return headers, body

    # Trades outlive a restart, as they do at the real one

    def _save(self) -> None:
        if self.journal:
            state = {"trades": [asdict(trade) for trade in self.trades.values()], "refunds": [asdict(refund) for refund in self.refunds.values()]}
            fresh = self.journal.with_suffix(".new")
            fresh.write_text(json.dumps(state, ensure_ascii=False), encoding="utf-8")
            fresh.replace(self.journal)

    def _load(self) -> None:
        if self.journal.exists():
            state = json.loads(self.journal.read_text(encoding="utf-8"))
            self.trades = {trade.out_trade_no: trade for trade in (Trade(**item) for item in state["trades"])}
            self.refunds = {refund.out_refund_no: refund for refund in (Refund(**item) for item in state["refunds"])}


def json_body(request: Request) -> dict:
    if "application/json" not in request.headers.get("content-type", ""):
        raise Refused(400, "PARAM_ERROR", "Content-Type应为application/json")
    try:
        body = json.loads(request.body.decode("utf-8"))
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refused(400, "PARAM_ERROR", "请求体不是正确的JSON")
    return body


def is_fen(value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def url_fault(url) -> bool:
    if not isinstance(url, str) or len(url) > 255:
        return True
    parts = urlsplit(url)
    return parts.scheme not in ("http", "https") or not parts.netloc or "?" in url or "#" in url


def prepay_fault(way: str, body: dict) -> str:
    """The first thing that WeChat Pay would not accept about a payment, or nothing."""
    for name, longest in (("appid", 32), ("mchid", 32), ("description", 127), ("out_trade_no", 32), ("notify_url", 255)):
        if not isinstance(body.get(name), str) or not 1 <= len(body[name]) <= longest:
            return f"{name}格式不正确"
    if not re.fullmatch(r"[0-9A-Za-z_\-|*]{6,32}", body["out_trade_no"]):
        return "out_trade_no格式不正确"
    if url_fault(body["notify_url"]):
        return "notify_url格式不正确"
    if any(value is None for value in body.values()):
        return "不使用的参数不应传null"
    if "time_expire" in body:
        expires = body["time_expire"]
        if not isinstance(expires, str) or not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00", expires):
            return "time_expire格式不正确"
        if datetime.fromisoformat(expires) <= datetime.now(SHANGHAI):
            return "time_expire已过期"
    amount = body.get("amount")
    if not isinstance(amount, dict) or not is_fen(amount.get("total")) or amount.get("currency", "CNY") != "CNY":
        return "amount格式不正确"
    payer = body.get("payer")
    openid = payer.get("openid") if isinstance(payer, dict) else None
    if way == "jsapi" and not (isinstance(openid, str) and re.fullmatch(r"[0-9A-Za-z_\-]{1,128}", openid)):
        return "payer.openid格式不正确"
    if way == "h5":
        scene = body.get("scene_info")
        h5_info = scene.get("h5_info") if isinstance(scene, dict) else None
        if not isinstance(h5_info, dict) or h5_info.get("type") not in ("iOS", "Android", "Wap") or not scene.get("payer_client_ip"):
            return "scene_info格式不正确"
    return ""


def refund_fault(body: dict) -> str:
    """The first thing that WeChat Pay would not accept about a refund, or nothing."""
    if not re.fullmatch(r"[0-9A-Za-z_\-|*@]{1,64}", str(body.get("out_refund_no", ""))):
        return "out_refund_no格式不正确"
    if bool(body.get("transaction_id")) == bool(body.get("out_trade_no")):
        return "transaction_id和out_trade_no必须且只能传一个"
    if len(str(body.get("reason", ""))) > 80:
        return "reason过长"
    if "notify_url" in body and url_fault(body["notify_url"]):
        return "notify_url格式不正确"
    amount = body.get("amount")
    if not isinstance(amount, dict) or not is_fen(amount.get("refund")) or not is_fen(amount.get("total")) or amount.get("currency") != "CNY":
        return "amount格式不正确"
    return "退款金额大于订单金额" if amount["refund"] > amount["total"] else ""


def post(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    """One POST, never through a proxy; status 0 when nothing came back."""
    parts = urlsplit(url)
    connection = (
        http.client.HTTPSConnection(parts.hostname, parts.port, timeout=REPLY_SECONDS, context=ssl.create_default_context())
        if parts.scheme == "https"
        else http.client.HTTPConnection(parts.hostname, parts.port, timeout=REPLY_SECONDS)
    )
    try:
        target = urlunsplit(("", "", parts.path or "/", parts.query, ""))
        connection.request("POST", target, body, {"Content-Type": "application/json", "User-Agent": "Mozilla/4.0", **headers})
        response = connection.getresponse()
        return response.status, response.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        return 0, f"{type(error).__name__}: {error}"
    finally:
        connection.close()
