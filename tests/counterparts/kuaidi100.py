"""Kuaidi100 (快递100): books waybills and pushes what happens to them.

The public face is the merchant order interface, `POST /order/borderapi.do` with `method=bOrder|cancel`.
Its replies are HTTP 200 with `result` true or false, refusals too, as the real one's are.

Control face, under `/_control/kuaidi100/`:

    GET  bookings[?waybill=|?third_order_id=]   what was booked, with the fields of the request
    GET  refusals                               calls that were turned away, with the code
    GET  pushes[?waybill=]                      each push with its attempts and the last reply
    POST advance {waybill, nodes:[{code, context?, time?, area?}], …}      see `Kuaidi100.advance`
    POST order_callback {waybill, status}       the order's own callback (accepted, picked up, settled …)
    POST fail_next {times, manner}              the next calls fail: busy | http_500 | garbage | slow (done, but answered late)

A booking can be cancelled until the courier has collected the parcel, as a node or the order's status tells. Once it is cancelled
nothing more is pushed for its waybill, except status 9 (cancelled by the sender), and its `thirdOrderId` books anew.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import itertools
import json
import random
import re
import ssl
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, quote, urlencode, urlsplit, urlunsplit

from party import ControlError, Party, Reply, Request

SHANGHAI = timezone(timedelta(hours=8))
REPLY_SECONDS = 20  # no answer within this is a failure to Kuaidi100
REPEATS = 3
SAME_ORDER_SECONDS = 48 * 3600
ACCEPTED = {"result": True, "returnCode": "200"}

# code: (state name, what the carrier writes)
NODES = {
    "0": ("在途", "快件在途中"),
    "1": ("揽收", "快件已揽收"),
    "2": ("疑难", "快件派送遇到问题"),
    "3": ("签收", "快件已签收"),
    "5": ("派件", "正在派送"),
    "6": ("退回", "快件退回中"),
    "101": ("已下单", "已下单"),
    "102": ("待揽收", "等待揽收"),
    "103": ("已揽收", "快件已揽收"),
    "1001": ("到达派件城市", "快件到达派件城市"),
    "1002": ("干线", "快件运输中"),
    "1003": ("转递", "快件转递中"),
    "203": ("拒收", "收件人拒收"),
    "204": ("派件异常", "派件异常，将再次派送"),
    "206": ("无法联系", "无法联系收件人"),
    "301": ("本人签收", "已由本人签收"),
    "303": ("代签", "家人代签"),
    "304": ("投柜或站签收", "已从快递柜取出"),
    "401": ("已销单", "已销单"),
    "501": ("投柜或驿站", "已投入快递柜，请及时取件"),
}
# Nodes and order statuses before the collection, and those by which the carrier itself ended the booking.
WAITING, ENDED = {"101", "102"}, {"210", "401"}
STATUS_COLLECTED, STATUS_CANCELLED, STATUS_ENDED = {10, 12, 13, 14, 15, 101, 155}, 9, {11, 99, 610}
FINISHED = {"3", "301", "302", "303", "304", "4", "14"}
WAYBILL_PREFIX = {"shunfeng": "SF", "jd": "JDVB", "yuantong": "YT", "zhongtong": "7", "ems": "11", "youzhengguonei": "98"}
# The manners in which a push is wrong. Nothing of it belongs to the waybill's history.
WRONG_MANNERS = {
    "forged_sign", "forged_salt", "altered_param", "no_sign", "wrong_token", "wrong_parcel",
    "gbk", "json_body", "not_json", "empty", "huge",
}


def md5_upper(text: str | bytes) -> str:
    return hashlib.md5(text if isinstance(text, bytes) else text.encode("utf-8")).hexdigest().upper()


def order_sign(param: str, t: str, key: str, secret: str) -> str:
    return md5_upper(param + t + key + secret)


def push_sign(param: str | bytes, salt: str) -> str:
    return md5_upper((param if isinstance(param, bytes) else param.encode("utf-8")) + salt.encode("utf-8"))


def basic_state(code: str) -> str:
    """The one-digit family of an advanced code: 301 → 3, 103 → 1, but 1001…1003 are 在途."""
    if len(code) == 4:
        return "0"
    return code if len(code) < 3 else code[0]


def refusal(code: str, message: str) -> dict:
    return {"result": False, "returnCode": code, "message": message}


@dataclass
class Booking:
    task_id: str
    order_id: str
    waybill: str
    request: dict
    booked_at: float
    times_asked: int = 1
    cancelled: bool = False
    nodes: list[dict] = field(default_factory=list)  # oldest first
    statuses: list[int] = field(default_factory=list)  # of the order, as its callback told them

    @property
    def ended(self) -> bool:
        by_carrier = any(node["code"] in ENDED for node in self.nodes) or not STATUS_ENDED.isdisjoint(self.statuses)
        return self.cancelled or by_carrier

    @property
    def collected(self) -> bool:
        return any(node["code"] not in WAITING | ENDED for node in self.nodes) or not STATUS_COLLECTED.isdisjoint(self.statuses)

    def tell(self, status: int) -> None:
        self.statuses.append(status)
        self.cancelled |= status == STATUS_CANCELLED  # by hand, in the platform's own pages

    @property
    def reply(self) -> dict:
        data = {"taskId": self.task_id, "orderId": self.order_id, "kuaidinum": self.waybill, "eOrder": ""}
        return {**ACCEPTED, "message": "成功", "data": data}

    def view(self) -> dict:
        known = {"third_order_id": self.request.get("thirdOrderId", ""), "poll_url": self.request.get("pollCallBackUrl", "")}
        return {**asdict(self), **known}


@dataclass
class Push:
    waybill: str
    manner: str
    state: str
    attempts: int = 0
    http_status: int = 0
    reply: str = ""
    accepted: bool = False


class Kuaidi100(Party):
    name = "kuaidi100"

    def __init__(self, key: str, secret: str, retry_seconds: float = 0.3, journal: Path | None = None) -> None:
        self.key, self.secret, self.retry_seconds = key, secret, retry_seconds
        self.lock = threading.Lock()
        self.bookings: dict[str, Booking] = {}
        self.refusals: list[dict] = []
        self.pushes: list[Push] = []
        self.failures: list[str] = []
        # Starts from the clock, so that a waybill number is not given out again after a restart.
        self.numbers = itertools.count(int(time.time() * 1000))
        self.journal = journal
        if journal:
            journal.parent.mkdir(parents=True, exist_ok=True)
            self._replay()

    # The public face

    def serves(self, request: Request) -> bool:
        return request.path == "/order/borderapi.do"

    def handle(self, request: Request) -> Reply:
        with self.lock:
            manner = self.failures.pop(0) if self.failures else ""
        if manner == "http_500":
            return Reply(500, b"<html>Internal Server Error</html>", "text/html")
        if manner == "garbage":
            return Reply(200, b"<html>\xcf\xb5\xcd\xb3\xb7\xb1\xc3\xa6</html>", "text/html")
        if manner == "busy":
            return Reply.json(refusal("500", "服务器繁忙"))
        if manner == "slow":
            time.sleep(REPLY_SECONDS / 2)
        document = self.order_interface(request)
        if not document["result"]:
            with self.lock:
                self.refusals.append({"returnCode": document["returnCode"], "message": document["message"]})
        return Reply.json(document)

    def order_interface(self, request: Request) -> dict:
        if request.method != "POST":
            return refusal("400", "只支持POST请求")
        try:
            form = dict(parse_qsl(request.body.decode("ascii"), keep_blank_values=True, errors="strict"))
        except UnicodeDecodeError:
            return refusal("400", "提交的数据格式不正确")
        form = {**request.query, **form}
        missing = [name for name in ("method", "key", "t", "param", "sign") if not form.get(name)]
        if missing:
            return refusal("400", f"提交的数据不完整：{','.join(missing)}")
        if form["key"] != self.key:
            return refusal("600", "key不存在或无效")
        expected = order_sign(form["param"], form["t"], self.key, self.secret)
        if not hmac.compare_digest(expected, form["sign"]):
            return refusal("503", "验证签名失败")
        if not re.fullmatch(r"\d{13}", form["t"]):
            return refusal("400", "t应为毫秒时间戳")
        try:
            param = json.loads(form["param"])
        except ValueError:
            return refusal("400", "param不是正确的JSON")
        if not isinstance(param, dict):
            return refusal("400", "param不是正确的JSON")
        if form["method"] == "bOrder":
            return self.book(param)
        if form["method"] == "cancel":
            return self.cancel(param)
        return refusal("400", "method不支持")

    def book(self, param: dict) -> dict:
        fault = booking_fault(param)
        if fault:
            return refusal("400", fault)
        third = param.get("thirdOrderId", "")
        now = time.time()
        with self.lock:
            if third:
                for booking in self.bookings.values():
                    fresh = now - booking.booked_at < SAME_ORDER_SECONDS
                    if booking.request.get("thirdOrderId") == third and fresh and not booking.cancelled:
                        booking.times_asked += 1
                        return booking.reply
            number = next(self.numbers)
            prefix = WAYBILL_PREFIX.get(param["kuaidicom"], "YJ")
            booking = Booking(uuid.uuid4().hex.upper(), str(number), f"{prefix}{number}", param, now)
            self.bookings[booking.waybill] = booking
            self._note({"booked": asdict(booking)})
            return booking.reply

    def cancel(self, param: dict) -> dict:
        """The real one documents the codes, and that a repeated cancellation gets 500 like a fault of its own; the words are ours."""
        wanted = {name: str(param.get(name) or "").strip() for name in ("taskId", "orderId", "cancelMsg")}
        missing = [name for name, value in wanted.items() if not value]
        if missing:
            return refusal("400", f"参数不完整：{','.join(missing)}")
        if len(wanted["cancelMsg"]) > 30:
            return refusal("400", "cancelMsg过长")
        with self.lock:
            for booking in self.bookings.values():
                if (booking.task_id, booking.order_id) != (wanted["taskId"], wanted["orderId"]):
                    continue
                if booking.ended:
                    return refusal("500", "订单已取消，请勿重复操作")
                if booking.collected:
                    return refusal("500", "快件已揽收，不能取消")
                booking.cancelled = True
                self._note({"cancelled": booking.waybill})
                return {**ACCEPTED, "message": "成功", "data": None}
        return refusal("500", "订单不存在")

    # The control face

    def control(self, action: str, request: Request):
        if request.method == "GET":
            wanted = request.query.get("waybill")
            if action == "bookings":
                third = request.query.get("third_order_id")
                with self.lock:
                    views = [booking.view() for booking in self.bookings.values()]
                return {"items": [view for view in views
                                  if wanted in (None, view["waybill"]) and third in (None, view["third_order_id"])]}
            if action == "refusals":
                with self.lock:
                    return {"items": list(self.refusals)}
            if action == "pushes":
                with self.lock:
                    return {"items": [asdict(push) for push in self.pushes if wanted in (None, push.waybill)]}
        elif request.method == "POST":
            asked = request.json()
            if action == "advance":
                return {"pushes": self.advance(**asked)}
            if action == "order_callback":
                return {"push": self.order_callback(asked["waybill"], int(asked["status"]))}
            if action == "fail_next":
                if asked["manner"] not in ("busy", "http_500", "garbage", "slow"):
                    raise ControlError(f"unknown manner {asked['manner']!r}")
                with self.lock:
                    self.failures.extend([asked["manner"]] * int(asked.get("times", 1)))
                return {}
        raise ControlError(f"no such action: {request.method} {action}")

    def advance(
        self,
        waybill: str,
        nodes: list[dict],
        manner: str = "normal",
        order: str = "as_happened",
        seed: int = 0,
        duplicate: int = 1,
        parallel: bool = False,
        together: bool = False,
        status: str | None = None,
        pad_bytes: int = 1_000_000,
        background: bool = False,
    ) -> list[dict]:
        """Lets the nodes happen to the parcel and pushes each, with the complete list so far.

        `manner` is `normal`, `silent` (it happens, nobody is told) or one of `WRONG_MANNERS` (the push is made up and the
        parcel's true history stays as it was). `order` sends the pushes `as_happened`, `reversed` or `shuffled` (by `seed`);
        `duplicate` sends each that many times, `parallel` all at once; `together` sends one push for all nodes.
        """
        if manner not in {"normal", "silent"} | WRONG_MANNERS:
            raise ControlError(f"unknown manner {manner!r}")
        if order not in ("as_happened", "reversed", "shuffled"):
            raise ControlError(f"unknown order {order!r}")
        with self.lock:
            booking = self.bookings.get(waybill)
            if booking is None:
                raise ControlError(f"no booking has waybill {waybill!r}")
            if booking.cancelled:
                raise ControlError(f"waybill {waybill!r} was cancelled")
            history = booking.nodes if manner in ("normal", "silent") else deepcopy(booking.nodes)
            snapshots = []
            for node in nodes:
                history.append(make_node(node))
                snapshots.append(list(history))
            if history is booking.nodes and nodes:
                self._note({"nodes": history[-len(nodes):], "waybill": waybill})
            request = dict(booking.request)
        if not snapshots:
            snapshots = [list(history)]  # nothing new: the last push again
        if manner == "silent":
            return []
        if together:
            snapshots = snapshots[-1:]
        snapshots = [snapshot for snapshot in snapshots for _ in range(duplicate)]
        if order == "reversed":
            snapshots.reverse()
        elif order == "shuffled":
            random.Random(seed).shuffle(snapshots)

        def send(snapshot: list[dict]) -> Push:
            param = push_param(waybill, request, snapshot, status)
            return self._push(waybill, manner, snapshot, param, request, pad_bytes)

        if background:
            threading.Thread(target=lambda: [send(snapshot) for snapshot in snapshots], daemon=True).start()
            return []
        if parallel:
            with ThreadPoolExecutor(max_workers=min(len(snapshots), 16)) as pool:
                return [asdict(push) for push in pool.map(send, snapshots)]
        return [asdict(send(snapshot)) for snapshot in snapshots]

    def order_callback(self, waybill: str, status: int) -> dict:
        with self.lock:
            booking = self.bookings.get(waybill)
            if booking is None:
                raise ControlError(f"no booking has waybill {waybill!r}")
            if booking.cancelled and status != STATUS_CANCELLED:
                raise ControlError(f"waybill {waybill!r} was cancelled")
            self._note({"status": status, "waybill": waybill})
            booking.tell(status)
        url = booking.request.get("callBackUrl") or booking.request.get("pollCallBackUrl", "")
        data = {"orderId": booking.order_id, "status": status, "courierName": "", "courierMobile": "",
                "weight": "1.0", "freight": "8.00"}
        document = {"kuaidicom": booking.request["kuaidicom"], "kuaidinum": waybill, "status": "200", "message": "成功", "data": data}
        param = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        sign = push_sign(param, booking.request.get("salt", ""))
        push = Push(waybill, "order_callback", str(status))
        return asdict(self._deliver(push, url, urlencode({"taskId": booking.task_id, "param": param, "sign": sign}).encode(), REPEATS))

    def _push(self, waybill: str, manner: str, snapshot: list[dict], document: dict, request: dict, pad_bytes: int) -> Push:
        salt, url = request.get("salt"), request["pollCallBackUrl"]
        if manner == "huge":
            document["message"] = "長" * (pad_bytes // 3)
        param = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        if manner == "not_json":
            param = param[:-1]
        raw = param.encode("gbk" if manner == "gbk" else "utf-8")
        sign = push_sign(raw, salt or "")
        content_type = "application/x-www-form-urlencoded"
        if manner == "forged_sign":
            sign = md5_upper(f"forged{time.monotonic_ns()}")
        elif manner == "forged_salt":
            sign = push_sign(raw, "not-the-salt")
        elif manner == "altered_param":
            result = document["lastResult"]
            altered = {**document, "status": "shutdown", "lastResult": {**result, "state": "301", "ischeck": "1", "isLoop": True}}
            raw = json.dumps(altered, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
        elif manner == "wrong_token":
            url = with_query(url, "token", lambda token: token[::-1] + "0")
        elif manner == "wrong_parcel":
            url = with_query(url, "parcel", lambda parcel: parcel + "9")
        fields = [("param", raw)]
        # Without a salt in the booking the real pushes are unsigned.
        if manner != "no_sign" and salt is not None:
            fields.append(("sign", sign.encode()))
        body = "&".join(f"{name}={quote(value, safe='')}" for name, value in fields).encode()
        if manner == "json_body":
            body, content_type = raw, "application/json"
        elif manner == "empty":
            body = b""
        push = Push(waybill, manner, snapshot[-1]["code"] if snapshot else "")
        return self._deliver(push, url, body, REPEATS if manner == "normal" else 0, content_type)

    def _deliver(self, push: Push, url: str, body: bytes, repeats: int, content_type="application/x-www-form-urlencoded") -> Push:
        with self.lock:
            self.pushes.append(push)
        for attempt in range(repeats + 1):
            if attempt:
                time.sleep(self.retry_seconds)
            # What was under way when the booking was cancelled stops there; the order's status 9 tells of the cancellation itself.
            last_word = (push.manner, push.state) == ("order_callback", str(STATUS_CANCELLED))
            if self.bookings[push.waybill].cancelled and not last_word:
                break
            push.attempts += 1
            push.http_status, push.reply = post(url, body, content_type)
            push.accepted = reply_is_right(push.reply)
            if push.accepted:
                break
        return push

    # Bookings outlive a restart, as they do at the real one

    def _note(self, event: dict) -> None:
        if self.journal:
            with self.journal.open("a", encoding="utf-8") as file:
                file.write(json.dumps(event, ensure_ascii=False) + "\n")

    def _replay(self) -> None:
        if not self.journal.exists():
            return
        for line in self.journal.read_text(encoding="utf-8").splitlines():
            try:
                event = json.loads(line)
            except ValueError:
                continue  # the line that was being written when the process was killed
            if "booked" in event:
                booking = Booking(**event["booked"])
                self.bookings[booking.waybill] = booking
            elif "cancelled" in event:
                self.bookings[event["cancelled"]].cancelled = True
            elif "status" in event:
                self.bookings[event["waybill"]].tell(event["status"])
            else:
                self.bookings[event["waybill"]].nodes.extend(event["nodes"])


def booking_fault(param: dict) -> str:
    """The first thing that Kuaidi100 would not accept about a booking, or nothing."""
    mandatory = ["kuaidicom", "recManName", "recManMobile", "recManPrintAddr", "sendManName", "sendManMobile", "sendManPrintAddr"]
    if param.get("kuaidicom") == "shunfeng":
        mandatory += ["pickupStartTime", "pickupEndTime"]
    if param.get("kuaidicom") in ("jd", "yuantong"):
        mandatory += ["cargo"]
    if str(param.get("op", "0")) == "1":
        mandatory += ["pollCallBackUrl"]
    missing = [name for name in mandatory if not isinstance(param.get(name), str) or not param[name].strip()]
    if missing:
        return f"参数不完整：{','.join(missing)}"
    for name in ("recManMobile", "sendManMobile"):
        if not re.fullmatch(r"1[3-9]\d{9}|0\d{2,3}-?\d{7,8}", param[name]):
            return f"{name}格式不正确"
    for name in ("pickupStartTime", "pickupEndTime"):
        if param.get(name) and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", param[name]):
            return f"{name}格式不正确"
    if param.get("dayType") not in (None, "", "今天", "明天", "后天"):
        return "dayType格式不正确"
    if param.get("payment") not in (None, "", "SHIPPER"):
        return "payment只支持SHIPPER"
    try:
        if float(param.get("weight") or 1) <= 0:
            return "weight格式不正确"
    except (TypeError, ValueError):
        return "weight格式不正确"
    for name in ("callBackUrl", "pollCallBackUrl"):
        if param.get(name) and urlsplit(param[name]).scheme not in ("http", "https"):
            return f"{name}格式不正确"
        if len(str(param.get(name) or "").encode()) > 200:
            return f"{name}过长"
    if len(str(param.get("thirdOrderId", ""))) > 32:
        return "thirdOrderId过长"
    return ""


def make_node(node: dict) -> dict:
    code = str(node["code"])
    if not code.isdigit():
        raise ControlError(f"not a state code: {code!r}")
    _, context = NODES.get(code, ("", "快件状态更新"))
    when = node.get("time") or datetime.now(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
    return {"code": code, "context": node.get("context") or context, "time": when, "area": node.get("area", "北京,北京市,朝阳区")}


def push_param(waybill: str, request: dict, nodes: list[dict], status: str | None) -> dict:
    """The `param` document: the complete list, newest first, as rich as `resultv2` of the booking asked for."""
    detail = str(request.get("resultv2") or "")
    newest_first = sorted(nodes, key=lambda node: node["time"])[::-1]
    data = []
    for node in newest_first:
        entry = {"time": node["time"], "context": node["context"], "ftime": node["time"]}
        if detail:
            entry |= {"areaCode": "CN110105000000", "areaName": node["area"], "status": NODES.get(node["code"], ("", ""))[0]}
        if detail in ("4", "8"):
            entry |= {"location": "", "areaCenter": "116.486409,39.921489", "areaPinYin": "chao yang qu", "statusCode": node["code"]}
        data.append(entry)
    state = newest_first[0]["code"] if newest_first else "0"
    signed = state in FINISHED
    result = {
        "message": "ok", "nu": waybill, "ischeck": "1" if signed else "0", "com": request["kuaidicom"], "status": "200",
        "data": data, "state": state if detail in ("4", "8") else basic_state(state), "condition": "00", "isLoop": False,
    }
    if detail in ("4", "8"):
        here = {"number": "CN110105000000", "name": "北京,北京市,朝阳区"}
        result["routeInfo"] = {"from": here, "cur": here, "to": here}
    return {
        "status": status or ("shutdown" if signed else "polling"), "billstatus": "check" if signed else "sending", "message": "",
        "autoCheck": "0", "comOld": "", "comNew": "", "lastResult": result,
    }


def with_query(url: str, name: str, change) -> str:
    parts = urlsplit(url)
    query = parse_qs(parts.query, keep_blank_values=True)
    query[name] = [change(query.get(name, [""])[0])]
    return urlunsplit(parts._replace(query=urlencode(query, doseq=True)))


def post(url: str, body: bytes, content_type: str) -> tuple[int, str]:
    """One POST, never through a proxy; status 0 when nothing came back."""
    parts = urlsplit(url)
    connection = (
        http.client.HTTPSConnection(parts.hostname, parts.port, timeout=REPLY_SECONDS, context=ssl.create_default_context())
        if parts.scheme == "https"
        else http.client.HTTPConnection(parts.hostname, parts.port, timeout=REPLY_SECONDS)
    )
    try:
        target = urlunsplit(("", "", parts.path or "/", parts.query, ""))
        connection.request("POST", target, body, {"Content-Type": content_type, "User-Agent": "kuaidi100"})
        response = connection.getresponse()
        return response.status, response.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        return 0, f"{type(error).__name__}: {error}"
    finally:
        connection.close()


def reply_is_right(text: str) -> bool:
    try:
        reply = json.loads(text)
    except ValueError:
        return False
    return isinstance(reply, dict) and reply.get("result") is True and reply.get("returnCode") == "200"
