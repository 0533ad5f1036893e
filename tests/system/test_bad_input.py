"""What should not be done is answered with the right problem and leaves nothing behind."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from client import Answer, Reader, home, new_key, site
from world import Way, World, token_claims

TEN_MEGABYTES = 10 * 1024 * 1024
POSTS = ("/phone-codes", "/cards", "/sessions", "/sessions/refresh", "/me/addresses", "/orders", "/orders/quote", "/staff/sessions", "/staff/scans")


@dataclass
class Scene:
    """A reader with an order on the pick list, another reader, and somebody on the staff."""

    world: World
    reader: Reader
    other: Reader
    way: Way
    address: dict

    @property
    def parcel(self) -> dict:
        return self.way.parcels()[0]

    def post(self, path: str, body, *, token: str | None = None, key: str | None = "fresh", **headers) -> Answer:
        return self.world.library.api.call("POST", path, body, token=token, key=new_key() if key == "fresh" else key, headers=headers)

    def scan(self, duty: str, action: str, site_id: str | None = None, **what) -> Answer:
        return self.world.library.staff_at(site_id or self.parcel["site_id"], duty).try_scan(action, **what)


@pytest.fixture(scope="module")
def scene(world: World) -> Scene:
    way = world.home_order(books=2)
    other = world.reader()
    way.wait_accepted()
    way.wait_listed("pick", "pick")
    return Scene(world, way.reader, other, way, world.at_home(way.reader))


@pytest.fixture(autouse=True)
def leaves_nothing(world: World, scene: Scene) -> Iterator[None]:
    with world.nothing_written():
        yield


def problem(answer: Answer, *statuses: int) -> dict:
    """The refusal as problem+json, with the parts that a client relies on."""
    assert answer.status in statuses, (answer.status, answer.body[:500])
    assert answer.headers["content-type"].startswith("application/problem+json"), answer.headers
    document = answer.json()
    assert {"type", "title", "status", "code", "detail"} <= document.keys(), document
    assert document["status"] == answer.status
    assert document["code"] == document["code"].strip().lower() != ""
    return document


def token_for(scene: Scene, path: str) -> str | None:
    if path.startswith("/staff/scans"):
        return scene.world.library.staff_at(scene.parcel["site_id"], "pick").token
    return scene.reader.token if path.startswith(("/me", "/orders")) else None


FIELDS = ("phone", "name", "code", "document", "password", "consent", "card_no", "lines", "deliver_to", "if_missing", "action", "barcode",
          "recipient", "division", "street", "login", "refresh_token")
BROKEN = {
    "cut off": b'{"lines":[{"title_id":',
    "not json": b"lines=1&title=2",
    "empty": b"",
    "a number": b"42",
    "an array": b"[]",
    "null": b"null",
    "bad UTF-8": b'{"phone":"\xff\xfe"}',
    "deeply nested": b"[" * 100_000,
    "wrong types": json.dumps({field: {"a": [1]} for field in FIELDS}).encode(),
    "huge numbers": b'{"phone":1e999,"lines":[{"title_id":99999999999999999999999}],"action":-1,"card_no":1e400}',
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_body_that_cannot_be_read_is_a_problem_on_every_route(scene: Scene, name: str):
    for path in POSTS:
        answer = scene.post(path, BROKEN[name], token=token_for(scene, path))
        problem(answer, 400, 413, 415, 422)


def test_ten_megabytes_are_refused_and_the_functions_live(scene: Scene):
    body = json.dumps({"phone": "1" * TEN_MEGABYTES}).encode()
    for path in ("/phone-codes", "/orders", "/staff/scans"):
        answer = scene.post(path, body, token=token_for(scene, path))
        assert 400 <= answer.status < 500, (path, answer.status, answer.body[:300])
    assert scene.reader.me()["card_no"] == scene.reader.card_no
    assert scene.way.parcels()


def order(scene: Scene, *titles: str, deliver_to: dict | None = None, if_missing: str = "cancel") -> Answer:
    return scene.reader.try_order(list(titles), scene.address if deliver_to is None else deliver_to, if_missing)


def test_an_unknown_title_is_named(scene: Scene):
    answer = order(scene, "no-such-title")

    assert problem(answer, 404, 409, 422)["code"] == "order_refused"
    assert [(reason["code"], reason["title_id"]) for reason in answer.reasons] == [("unknown_title", "no-such-title")]
    problem(scene.world.library.anyone().api.call("GET", "/titles/no-such-title"), 404)
    assert scene.world.library.anyone().api.call("GET", "/titles/..%2F..%2FREADER%23x").status in (400, 404)


def test_all_obstacles_are_told_at_once_with_a_text_each(scene: Scene):
    had = scene.parcel["lines"][0]["title_id"]

    answer = order(scene, had, "no-such-title")

    problem(answer, 409)
    assert {reason["code"] for reason in answer.reasons} >= {"already_have", "unknown_title"}


def test_a_copy_that_is_out_cannot_be_ordered(scene: Scene, taken: str):
    answer = order(scene, taken)

    problem(answer, 409)
    assert [(reason["code"], reason["title_id"]) for reason in answer.reasons] == [("no_copy_available", taken)]


@pytest.fixture(scope="module")
def taken(world: World, scene: Scene) -> str:
    """A title whose only copy another reader has ordered."""
    title = world.shelf.single_copy()
    other = world.reader()
    Way.ordered(world, other, world.at_home(other), [title]).wait_accepted()
    return title


def test_destinations_that_are_not_the_readers_are_refused(scene: Scene, spare: str, foreign_address: dict):
    for deliver_to in (foreign_address, home("no-such-address"), site("no-such-site")):
        problem(order(scene, spare, deliver_to=deliver_to), 404, 409, 422)
    for broken in ({"kind": "moon"}, {"kind": "home"}, {}, {"kind": "site", "site_id": "READER#x"}):
        problem(order(scene, spare, deliver_to=broken), 400, 404, 409, 422)
    problem(order(scene, spare, if_missing="maybe"), 400, 422)
    problem(order(scene), 400, 409, 422)


@pytest.fixture(scope="module")
def spare(world: World) -> str:
    return world.shelf.title()


@pytest.fixture(scope="module")
def foreign_address(world: World, scene: Scene) -> dict:
    return world.at_home(scene.other)


def flipped(token: str, at: int) -> str:
    return token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1:]


def test_a_token_that_is_not_ours_is_401_everywhere(scene: Scene):
    good = scene.reader.token
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    middle = max(range(len(good)), key=lambda at: -abs(at - len(good) // 2))
    wrong = {
        "none": None, "empty": "", "garbled": "not.a.token", "long": "x" * 5000, "cut": good[:-4], "end changed": flipped(good, len(good) - 3),
        "middle changed": flipped(good, middle), "start changed": flipped(good, 3),
        "unsigned": good.rpartition(".")[0] + ".", "without a version": good.partition(".")[2], "of a JWT": f"{unsigned}.{good.split('.')[1]}.",
        "refresh as access": scene.reader.refresh_token,
    }
    routes = [("GET", "/me"), ("GET", "/orders"), ("GET", f"/orders/{scene.way.order_no}"), ("GET", "/loans"), ("GET", "/me/notices"),
              ("POST", "/orders"), ("GET", "/staff/work?stage=pick"), ("POST", "/staff/scans")]
    for name, token in wrong.items():
        for method, path in routes:
            answer = scene.world.library.api.call(method, path, {} if method == "POST" else None, token=token, key=new_key())
            assert answer.status == 401, (name, method, path, answer.status, answer.body[:200])
            problem(answer, 401)


def test_a_token_is_good_until_it_expires_and_no_longer(scene: Scene):
    claims = token_claims(scene.reader.token)
    still_good = scene.world.signed_token({**claims, "exp": int(time.time()) + 60})
    for name, wrong in {"expired": {"exp": int(time.time()) - 1}, "long expired": {"exp": 0}, "no expiry": {"exp": None}}.items():
        token = scene.world.signed_token({**claims, **wrong})
        for path in ("/me", "/orders", "/loans", "/staff/work?stage=pick"):
            answer = scene.world.library.api.call("GET", path, token=token)
            assert answer.status == 401, (name, path, answer.status)

    assert scene.world.library.api.call("GET", "/me", token=still_good).status == 200, "the test signs as the system does"


def test_another_readers_order_is_absent(scene: Scene):
    absent = scene.other.api.call("GET", f"/orders/{scene.way.order_no[:-4]}0000", token=scene.other.token)
    for path in (f"/orders/{scene.way.order_no}", f"/orders/{scene.way.order_no}/timeline"):
        answer = scene.other.api.call("GET", path, token=scene.other.token)
        assert problem(answer, 404) | {"request_id": ""} == problem(absent, 404) | {"request_id": ""}, "not to be told from none"
    assert scene.other.orders() == []
    for path in ("/orders/..%2F..%2F", "/orders/ORDER%23x", f"/orders/{'9' * 300}", "/orders/%00", f"/orders/{quote('订单')}"):
        answer = scene.reader.api.call("GET", path, token=scene.reader.token)
        assert 400 <= answer.status < 500, (path, answer.status)


def test_roles_stay_apart(scene: Scene):
    parcel, library = scene.parcel, scene.world.library
    barcode = parcel["lines"][0]["barcode"]
    staff = library.staff_at(parcel["site_id"], "pick")

    for method, path, body in (
        ("GET", "/staff/work?stage=pick", None), ("POST", "/staff/scans", {"action": "pick", "barcode": barcode}),
        ("GET", f"/staff/copies/{barcode}", None),
    ):
        answer = library.api.call(method, path, body, token=scene.reader.token, key=new_key())
        assert problem(answer, 403)["code"], path
    for method, path in (("GET", "/me"), ("GET", "/orders"), ("GET", f"/orders/{scene.way.order_no}"), ("GET", "/loans"), ("POST", "/orders")):
        answer = library.api.call(method, path, {} if method == "POST" else None, token=staff.token, key=new_key())
        problem(answer, 401, 403)


def test_a_role_does_only_its_own_duty(scene: Scene):
    parcel = scene.parcel
    barcode = parcel["lines"][0]["barcode"]
    duties = {"picker": "pick", "packer": "pack", "dispatcher": "dispatch", "librarian": "desk"}
    scans = {"pick": {"action": "pick", "barcode": barcode}, "pack": {"action": "pack", "parcel_no": parcel["parcel_no"], "barcode": barcode},
             "dispatch": {"action": "hand_over", "parcel_no": parcel["parcel_no"]}, "desk": {"action": "check_in", "barcode": barcode}}
    for entry in scene.world.library.logins:
        if entry["site"] == parcel["site_id"] and entry["role"] in duties:
            staff = scene.world.library.sign_in(entry)
            for duty, asked in scans.items():
                if duty != duties[entry["role"]]:
                    problem(staff.try_scan(**asked), 403)


def test_scans_that_make_no_sense_are_refused_by_name(scene: Scene, foreign_copy: str):
    parcel = scene.parcel
    number, barcode = parcel["parcel_no"], parcel["lines"][0]["barcode"]
    elsewhere = next(place for place in scene.world.library.staffed_sites("desk") if place != parcel["site_id"])

    assert problem(scene.scan("pack", "pack", parcel_no=number, barcode=foreign_copy), 409)["code"] == "wrong_parcel"
    problem(scene.scan("pack", "pack", parcel_no=number, barcode=barcode), 409)  # not picked yet
    problem(scene.scan("dispatch", "hand_over", parcel_no=number), 409)
    problem(scene.scan("dispatch", "depart", parcel_no=number), 409)
    problem(scene.scan("desk", "arrive", parcel_no=number), 403, 409)
    problem(scene.scan("desk", "collect", parcel_no=number, code="123456"), 409, 403)
    problem(scene.scan("desk", "check_in", barcode=barcode), 409)
    problem(scene.scan("desk", "check_in", elsewhere, barcode=barcode), 409)
    problem(scene.scan("pick", "pick", barcode="Y00000000"), 404, 409)
    problem(scene.scan("pick", "pick", barcode="' OR 1=1"), 400, 404, 409, 422)
    problem(scene.scan("dispatch", "hand_over", parcel_no=f"{scene.way.order_no}-9"), 404)
    problem(scene.scan("dispatch", "hand_over", parcel_no="#"), 400, 404, 422)
    problem(scene.scan("pick", "burn", barcode=barcode), 400, 422)
    problem(scene.scan("pick", "pick"), 400, 422)


@pytest.fixture(scope="module")
def foreign_copy(world: World, scene: Scene) -> str:
    """A copy that stands on a shelf and belongs to no parcel."""
    return scene.reader.title(world.shelf.title())["copies"][0]["barcode"]


def test_registration_asks_for_true_things(scene: Scene):
    person = scene.world.person()
    good = {"name": person.name, "phone": person.phone, "code": "000000", "document": {"kind": "resident_id", "number": person.id_number},
            "password": person.password, "consent": True}
    check = "0" if person.id_number[-1] != "0" else "1"
    changes = {
        "no code was sent": {}, "check digit": {"document": {"kind": "resident_id", "number": person.id_number[:-1] + check}},
        "no such day": {"document": {"kind": "resident_id", "number": "999999199002300015"}}, "phone": {"phone": "12345"},
        "consent": {"consent": False}, "password": {"password": "1"}, "name": {"name": ""}, "kind": {"document": {"kind": "horoscope"}},
    }
    for name, change in changes.items():
        answer = scene.post("/cards", {**good, **change})
        assert 400 <= answer.status < 500, (name, answer.status, answer.body[:300])
        problem(answer, answer.status)
    problem(scene.post("/cards", good, key=None), 400)
    problem(scene.post("/phone-codes", {"phone": "10086"}), 400, 422)


def test_sign_in_does_not_tell_which_part_was_wrong(scene: Scene):
    wrong_password = scene.post("/sessions", {"card_no": scene.other.card_no, "password": "Not-the-password-1"})
    unknown_card = scene.post("/sessions", {"card_no": flipped_digit(scene.other.card_no), "password": "Not-the-password-1"})
    refresh = scene.post("/sessions/refresh", {"refresh_token": "x" * 40})

    assert problem(wrong_password, 401)["code"] == problem(unknown_card, 401)["code"]
    assert wrong_password.json()["detail"] == unknown_card.json()["detail"]
    problem(refresh, 401)
    problem(scene.post("/staff/sessions", {"login": "nobody", "password": "x"}), 401)


def flipped_digit(card_no: str) -> str:
    return card_no[:-1] + str((int(card_no[-1]) + 5) % 10) if card_no[-1].isdigit() else card_no[:-1] + "0"


def test_a_problem_names_its_request(scene: Scene):
    api = scene.world.library.api
    for path in ("/me", "/orders", "/staff/work?stage=pick", "/titles/no-such-title"):
        document = problem(api.call("GET", path), 401, 404)
        assert document.get("request_id"), (path, document)


def test_an_unknown_route_or_method_is_404_or_405(scene: Scene):
    for method, path in (("GET", "/nowhere"), ("DELETE", "/orders"), ("PUT", "/me"), ("GET", "/webhooks/couriers/kuaidi100")):
        answer = scene.world.library.api.call(method, path, token=scene.reader.token)
        assert answer.status in (403, 404, 405), (method, path, answer.status)
    for query in ("limit=0", "limit=100000", "limit=abc", "cursor=%FF", "cursor=garbage"):
        answer = scene.reader.api.call("GET", f"/orders?{query}", token=scene.reader.token)
        assert answer.status == 200 or 400 <= answer.status < 500, (query, answer.status, answer.body[:200])
        answer = scene.reader.api.call("GET", f"/titles?q=a&{query}")
        assert answer.status == 200 or 400 <= answer.status < 500, (query, answer.status, answer.body[:200])
