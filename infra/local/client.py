"""The system as people use it: one method for each thing that a reader, a member of staff or a courier does.

Plain HTTP over the standard library, so that the demo needs nothing installed. A refusal is raised as `Refused`; `Http.call`
gives the answer as it is.
"""

from __future__ import annotations

import http.client
import json
import random
import re
import time
import uuid
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import quote, urlencode, urlsplit

ANSWER_SECONDS = 60
ROLE_FOR = {"pick": "picker", "pack": "packer", "dispatch": "dispatcher", "desk": "librarian"}


@dataclass
class Answer:
    method: str
    path: str
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self):
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The stable code of a refusal, or nothing."""
        try:
            return self.json().get("code", "")
        except (ValueError, AttributeError):
            return ""

    @property
    def reasons(self) -> list[dict]:
        return self.json().get("reasons") or []

    def ok(self):
        """The document of a success; anything else is raised."""
        if not 200 <= self.status < 300:
            raise Refused(self)
        return self.json() if self.body else {}


class Refused(Exception):
    def __init__(self, answer: Answer) -> None:
        self.answer, self.status, self.code = answer, answer.status, answer.code
        text = answer.body.decode("utf-8", "replace")[:500]
        super().__init__(f"{answer.method} {answer.path} -> {answer.status} {text}")


class Unreachable(Exception):
    """Nothing listens at the address."""


class Http:
    """One address. Connections are not kept and no proxy is asked: everything here is on this machine."""

    def __init__(self, base: str) -> None:
        parts = urlsplit(base)
        self.base, self.host, self.port, self.prefix = base, parts.hostname, parts.port, parts.path.rstrip("/")

    def call(self, method: str, path: str, body=None, *, token: str | None = None, key: str | None = None,
             headers: dict[str, str] | None = None) -> Answer:
        """`body` is bytes as they are, or a document sent as JSON."""
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        if key is not None:
            sent["Idempotency-Key"] = key
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body, ensure_ascii=False).encode()
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection(self.host, self.port, timeout=ANSWER_SECONDS)
        try:
            connection.request(method, self.prefix + path, body, sent)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(method, path, response.status, found, response.read())
        except ConnectionRefusedError as error:
            raise Unreachable(f"nothing answers at {self.base}") from error
        finally:
            connection.close()


@dataclass
class Person:
    """A made-up person: region 999999 does not exist, and 138 000 numbers are not given out."""

    name: str
    phone: str
    id_number: str
    password: str = "Reader-2026-pass"

    @classmethod
    def invent(cls, chance: random.Random) -> Person:
        born = date(1950, 1, 1) + timedelta(days=chance.randrange(50 * 365))
        front = f"999999{born:%Y%m%d}{chance.randrange(1, 1000):03d}"
        name = chance.choice("赵钱孙李周吴郑王") + chance.choice(["晓雨", "小川", "书田", "念一", "清和", "明远"])
        return cls(name, f"138000{chance.randrange(100_000):05d}", front + check_character(front))


def check_character(first_seventeen: str) -> str:
    """The last character of a resident identity number (GB 11643)."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return "10X98765432"[sum(int(digit) * weight for digit, weight in zip(first_seventeen, weights, strict=True)) % 11]


class Phone:
    """The text messages that one number received, as the local stand-in for SNS shows them."""

    def __init__(self, endpoint: Http, number: str) -> None:
        self.endpoint, self.number = endpoint, number

    def messages(self) -> list[str]:
        number = f"+86{self.number}"
        answer = self.endpoint.call("GET", f"/_ministack/sns/sms-messages?phoneNumber={quote(number)}").ok()
        return [record["Message"] for record in answer["sms_messages"].get(number, [])]

    def last_code(self) -> str | None:
        codes = [found[1] for text in self.messages() if (found := re.search(r"验证码\D*(\d{4,8})", text))]
        return codes[-1] if codes else None


class Reader:
    def __init__(self, api: Http, phone: Phone | None = None) -> None:
        self.api, self.phone = api, phone
        self.card_no = ""
        self.token: str | None = None
        self.refresh_token: str | None = None

    def get(self, path: str):
        return self.api.call("GET", path, token=self.token).ok()

    def post(self, path: str, body, *, key: str | None = None):
        return self.api.call("POST", path, body, token=self.token, key=key).ok()

    # A card

    def ask_for_phone_code(self, number: str):
        return self.post("/phone-codes", {"phone": number})

    def get_card(self, person: Person, code: str) -> str:
        document = {"kind": "resident_id", "number": person.id_number}
        asked = {"name": person.name, "phone": person.phone, "code": code, "document": document, "password": person.password,
                 "consent": True}
        self.card_no = self.post("/cards", asked, key=new_key())["card_no"]
        return self.card_no

    def sign_in(self, card_no: str, password: str) -> None:
        self.card_no = card_no
        session = self.post("/sessions", {"card_no": card_no, "password": password})
        self.token, self.refresh_token = session["access_token"], session["refresh_token"]

    def register(self, person: Person) -> str:
        """From a phone number to a signed-in card; the code is read from the phone."""
        before = len(self.phone.messages())
        self.ask_for_phone_code(person.phone)
        wait_for("the phone code as SMS", lambda: len(self.phone.messages()) > before and self.phone.last_code())
        self.get_card(person, self.phone.last_code())
        self.sign_in(self.card_no, person.password)
        return self.card_no

    def me(self) -> dict:
        return self.get("/me")

    def add_address(self, recipient: str, phone: str, street: str = "朝阳门外小街6号楼2单元301室", division: str = "110105") -> str:
        asked = {"recipient": recipient, "phone": phone, "division": division, "street": street}
        return self.post("/me/addresses", asked, key=new_key())["address_id"]

    # Books

    def search(self, words: str, limit: int = 20) -> list[dict]:
        return self.get(f"/titles?{urlencode({'q': words, 'limit': limit})}")["items"]

    def title(self, title_id: str) -> dict:
        return self.get(f"/titles/{quote(title_id, safe='')}")

    def sites(self, near: str | None = None, limit: int = 100) -> list[dict]:
        wanted = {"limit": limit} | ({"near": near} if near else {})
        return self.get(f"/sites?{urlencode(wanted)}")["items"]

    # Orders

    def quote(self, title_ids: list[str], deliver_to: dict, if_missing: str = "ship_found") -> dict:
        return self.post("/orders/quote", order_of(title_ids, deliver_to, if_missing))

    def try_order(self, title_ids: list[str], deliver_to: dict, if_missing: str = "ship_found", key: str | None = None) -> Answer:
        asked = order_of(title_ids, deliver_to, if_missing)
        return self.api.call("POST", "/orders", asked, token=self.token, key=key or new_key())

    def order(self, title_ids: list[str], deliver_to: dict, if_missing: str = "ship_found", key: str | None = None) -> dict:
        return self.try_order(title_ids, deliver_to, if_missing, key).ok()

    def order_view(self, order_no: str) -> dict:
        return self.get(f"/orders/{order_no}")

    def timeline(self, order_no: str) -> list[dict]:
        return self.get(f"/orders/{order_no}/timeline")["books"]

    def orders(self) -> list[dict]:
        return self.pages("/orders")

    def loans(self) -> list[dict]:
        return self.get("/loans")["items"]

    def notices(self) -> list[dict]:
        """The whole inbox, newest first."""
        return self.pages("/me/notices")

    def pages(self, path: str) -> list[dict]:
        items, cursor = [], ""
        while True:
            wanted = {"limit": 100} | ({"cursor": cursor} if cursor else {})
            page = self.get(f"{path}?{urlencode(wanted)}")
            items += page["items"]
            cursor = page.get("next_cursor")
            if not cursor:
                return items


class Staff:
    """A member of staff at one site."""

    def __init__(self, api: Http, login: str, password: str, site: str = "", role: str = "") -> None:
        self.api, self.login, self.site, self.role = api, login, site, role
        signed_in = api.call("POST", "/staff/sessions", {"login": login, "password": password}).ok()
        self.token = signed_in["access_token"]
        self.good_until = time.monotonic() + signed_in["expires_in"] - 300

    def work(self, stage: str) -> list[dict]:
        return self.api.call("GET", f"/staff/work?stage={stage}", token=self.token).ok()["items"]

    def try_scan(self, action: str, **what) -> Answer:
        return self.api.call("POST", "/staff/scans", {"action": action, **what}, token=self.token, key=new_key())

    def pick(self, barcode: str) -> dict:
        return self.try_scan("pick", barcode=barcode).ok()

    def pack(self, parcel_no: str, barcode: str) -> dict:
        return self.try_scan("pack", parcel_no=parcel_no, barcode=barcode).ok()

    def hand_over(self, parcel_no: str) -> dict:
        return self.try_scan("hand_over", parcel_no=parcel_no).ok()

    def depart(self, parcel_no: str) -> dict:
        return self.try_scan("depart", parcel_no=parcel_no).ok()

    def arrive(self, parcel_no: str) -> dict:
        return self.try_scan("arrive", parcel_no=parcel_no).ok()

    def collect(self, parcel_no: str, code: str) -> dict:
        return self.try_scan("collect", parcel_no=parcel_no, code=code).ok()

    def check_in(self, barcode: str) -> dict:
        return self.try_scan("check_in", barcode=barcode).ok()

    def where_is(self, barcode: str) -> dict:
        return self.api.call("GET", f"/staff/copies/{quote(barcode, safe='')}", token=self.token).ok()


class Courier:
    """The carrier's side, steered through the counterpart that plays Kuaidi100."""

    COLLECTED, IN_TRANSIT, OUT_FOR_DELIVERY, SIGNED, REFUSED = "103", "1002", "5", "301", "203"

    def __init__(self, counterparts: Http) -> None:
        self.counterparts = counterparts

    def bookings(self, parcel_no: str | None = None) -> list[dict]:
        query = f"?third_order_id={quote(parcel_no)}" if parcel_no else ""
        return self.counterparts.call("GET", f"/_control/kuaidi100/bookings{query}").ok()["items"]

    def report(self, waybill: str, *codes: str, **options) -> list[dict]:
        """Lets these states happen to the parcel, each pushed to the library; the options are the counterpart's."""
        asked = {"waybill": waybill, "nodes": [{"code": code} for code in codes], **options}
        return self.counterparts.call("POST", "/_control/kuaidi100/advance", asked).ok()["pushes"]

    def order_callback(self, waybill: str, status: int) -> dict:
        asked = {"waybill": waybill, "status": status}
        return self.counterparts.call("POST", "/_control/kuaidi100/order_callback", asked).ok()["push"]

    def fail_next(self, manner: str, times: int = 1) -> None:
        self.counterparts.call("POST", "/_control/kuaidi100/fail_next", {"manner": manner, "times": times}).ok()


class Library:
    """A running system: where it answers and who works there. The launcher writes both to `.local/run.json`."""

    def __init__(self, run: dict) -> None:
        self.api, self.endpoint = Http(run["api_url"]), Http(run["endpoint_url"])
        self.courier = Courier(Http(run["counterparts_url"]))
        self.logins = run["staff"]
        self.signed_in: dict[str, Staff] = {}

    def anyone(self) -> Reader:
        """A visitor without a card."""
        return Reader(self.api)

    def new_reader(self, person: Person) -> Reader:
        reader = Reader(self.api, Phone(self.endpoint, person.phone))
        reader.register(person)
        return reader

    def staff_at(self, site: str, duty: str) -> Staff:
        """Somebody at the site who may do it: the one whose job it is, else an administrator."""
        for role in (ROLE_FOR[duty], "administrator"):
            for entry in self.logins:
                if (entry["site"], entry["role"]) == (site, role):
                    return self.sign_in(entry)
        raise LookupError(f"nobody at {site} may {duty}")

    def sign_in(self, entry: dict) -> Staff:
        login = entry["login"]
        if login not in self.signed_in or time.monotonic() > self.signed_in[login].good_until:
            self.signed_in[login] = Staff(self.api, login, entry["password"], entry["site"], entry["role"])
        return self.signed_in[login]

    def staffed_sites(self, duty: str) -> list[str]:
        """Where somebody may do it, each site once."""
        return list(dict.fromkeys(entry["site"] for entry in self.logins if entry["role"] in (ROLE_FOR[duty], "administrator")))


def order_of(title_ids: list[str], deliver_to: dict, if_missing: str) -> dict:
    return {"lines": [{"title_id": title_id} for title_id in title_ids], "deliver_to": deliver_to, "if_missing": if_missing}


def home(address_id: str) -> dict:
    return {"kind": "home", "address_id": address_id}


def site(site_id: str) -> dict:
    return {"kind": "site", "site_id": site_id}


def new_key() -> str:
    return uuid.uuid4().hex


def wait_for(what: str, seen, seconds: float = 90, pause: float = 0.05):
    """Asks until the answer is true and returns it. The system is eventually consistent; the deadline is only a way out."""
    deadline = time.monotonic() + seconds
    while True:
        answer = seen()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}")
        time.sleep(pause)
