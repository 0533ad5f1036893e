"""The main job, driven through the running system as a reader, a member of staff and a courier would.

    make run        (in one terminal)
    make demo       (in another)
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
import unicodedata
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path

from client import Courier, Library, Person, Reader, Refused, Staff, Unreachable, home, site, wait_for

RUN_FILE = Path(__file__).resolve().parents[2] / ".local" / "run.json"
WANTED = ("解忧杂货店", "秃秃大王")
# With another catalogue these may not be there: words that any Chinese catalogue answers.
ELSE_WORDS = ("中国", "人", "文学", "历史", "儿童", "小说", "the")
NEAR = "39.9219,116.4430"
BY = {"system": "系统", "staff": "馆员", "courier": "快递", "reader": "读者"}
SHANGHAI = timezone(timedelta(hours=8))


class Story:
    """Prints what happens, in Chinese with English beside it."""

    def __init__(self) -> None:
        self.number = 0
        self.started = time.monotonic()

    def chapter(self, chinese: str, english: str) -> None:
        self.number += 1
        print(f"\n{self.number:>2}. {chinese} · {english}  [{time.monotonic() - self.started:.1f} s]", flush=True)

    def line(self, text: str) -> None:
        print(f"    {text}", flush=True)


def width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def padded(text: str, columns: int) -> str:
    return text + " " * max(0, columns - width(text))


def clock(instant: str) -> str:
    return datetime.fromisoformat(instant).astimezone(SHANGHAI).strftime("%m-%d %H:%M:%S")


def two_books(reader: Reader, story: Story) -> list[dict]:
    """The two that the demo is about, or the first two orderable ones of another catalogue."""
    found: list[dict] = []
    for words in WANTED + ELSE_WORDS:
        hits = [hit for hit in reader.search(words) if hit["copies_available"] and hit["id"] not in {book["id"] for book in found}]
        if words in WANTED:
            story.line(f"搜索 search “{words}”: {len(hits)} 种可借 orderable")
        if hits:
            found.append(hits[0])
        if len(found) == 2:
            return found
    raise LookupError("the catalogue has no two titles with a copy on the shelf")


def show_book(story: Story, book: dict) -> None:
    authors = "、".join(book.get("authors") or [])
    counts = f"可借 available {book['copies_available']}/{book['copies_total']}"
    story.line(f"《{book['title']}》 {authors} {book.get('publisher') or ''} {book.get('year') or ''}  {counts}")


def site_names(reader: Reader) -> dict[str, str]:
    return {place["id"]: place["name"] for place in reader.sites()}


def show_timeline(story: Story, reader: Reader, order_no: str) -> None:
    names = site_names(reader)
    for book in reader.timeline(order_no):
        story.line(f"《{book['title']}》 条码 barcode {book['barcode']}")
        for entry in book["entries"]:
            by = f"{BY.get(entry['by'], '')} {entry['by']}"
            place = names.get(entry.get("place"), entry.get("place") or "")
            story.line(f"  {clock(entry['at'])}  {entry['label']} {entry['step']:<17} {padded(by, 14)} {place}")


def show_notices(story: Story, reader: Reader) -> None:
    story.line("站内通知 inbox (newest first):")
    for notice in reader.notices():
        story.line(f"  {clock(notice['at'])}  {notice['text']}  [短信 SMS: {notice['sms']}]")
    story.line(f"手机短信 SMS on {reader.phone.number}:")
    for text in reader.phone.messages():
        story.line(f"  {text}")


def new_card(library: Library, story: Story) -> tuple[Reader, Person]:
    """A new reader at each run: the data of earlier runs stays, so an invented number may be taken already."""
    chance = random.Random()
    for _ in range(20):
        person = Person.invent(chance)
        try:
            return library.new_reader(person), person
        except Refused as refused:
            if refused.status not in (409, 429):
                raise
            story.line(f"{refused.answer.json().get('detail', refused.code)} – 换一位 another person")
    raise LookupError("no free phone number among twenty")


def parcel_states(reader: Reader, order_no: str) -> dict[str, str]:
    return {parcel["parcel_no"]: parcel["status"] for parcel in reader.order_view(order_no)["parcels"]}


def wait_parcels(reader: Reader, order_no: str, *states: str) -> None:
    wait_for(
        f"order {order_no} to be {states[0]}",
        lambda: set(parcel_states(reader, order_no).values()) <= set(states),
        pause=0.2,
    )


def listed(staff: Staff, stage: str, parcel_no: str, ready=lambda item: True) -> dict:
    """The parcel's entry on the staff's work list, as soon as it is there."""
    return wait_for(
        f"{parcel_no} on the {stage} list",
        lambda: next((item for item in staff.work(stage) if item["parcel_no"] == parcel_no and ready(item)), None),
        pause=0.2,
    )


def pick_and_pack(library: Library, story: Story, reader: Reader, order_no: str) -> None:
    for parcel in reader.order_view(order_no)["parcels"]:
        number, place = parcel["parcel_no"], parcel["site_id"]
        picker = library.staff_at(place, "pick")
        lines = listed(picker, "pick", number)["lines"]
        for line in lines:
            picker.pick(line["barcode"])
            story.line(f"分拣 picked  {line['barcode']}  架位 shelf {line.get('call_number') or '-'}  《{line['title']}》")
        packer = library.staff_at(place, "pack")
        listed(packer, "pack", number)
        for line in lines:
            packer.pack(number, line["barcode"])
            story.line(f"装箱 packed  {line['barcode']} → 包裹 parcel {number}")
        dispatcher = library.staff_at(place, "dispatch")
        ready = listed(dispatcher, "dispatch", number, lambda item: item.get("carrier"))
        dispatcher.hand_over(number)
        story.line(f"出库 handed over  {number}  {ready['carrier']} {ready.get('waybill') or ''}")


def to_the_door(library: Library, story: Story, reader: Reader, address_id: str, books: list[dict]) -> None:
    deliver_to = home(address_id)
    ids = [book["id"] for book in books]
    story.chapter("下单：送书到家", "Order two books to the door")
    quoted = reader.quote(ids, deliver_to)
    story.line(f"试算 quote: 运费 fee {quoted['fee_fen'] / 100:.2f} 元, 承诺 promised by {clock(quoted['promised_by'])}")
    order = reader.order(ids, deliver_to)
    order_no = order["order_no"]
    story.line(f"订单 order {order_no}, 状态 status {order['status']}, 承诺送达 promised by {clock(order['promised_by'])}")

    story.chapter("接单", "The chain accepts it by itself")
    wait_for("接单", lambda: all(state != "reserved" for state in parcel_states(reader, order_no).values()))
    story.line("接单 accepted: " + "、".join(parcel_states(reader, order_no)))

    story.chapter("馆员：分拣、装箱、出库", "Staff pick, pack and hand over")
    pick_and_pack(library, story, reader, order_no)

    story.chapter("快递：揽收、运输、派送、签收", "The courier collects, carries, delivers")
    for parcel in reader.order_view(order_no)["parcels"]:
        for code, label in ((Courier.COLLECTED, "揽收 collected"), (Courier.IN_TRANSIT, "运输 in transit"),
                            (Courier.OUT_FOR_DELIVERY, "派送 out for delivery"), (Courier.SIGNED, "签收 signed")):
            push = library.courier.report(parcel["waybill"], code)[0]
            story.line(f"{label:<24} 运单 waybill {parcel['waybill']}  → 图书馆回复 answer {push['reply']}")
    wait_parcels(reader, order_no, "delivered")

    story.chapter("每本书的时间线", "The timeline of each book")
    show_timeline(story, reader, order_no)

    story.chapter("在借与通知", "Loans and notices")
    loans = wait_for("the loans", lambda: len(reader.loans()) >= len(books) and reader.loans())
    for loan in loans:
        story.line(f"在借 on loan 《{loan['title']}》 {loan['barcode']}  应还 due {loan['due']}")
    wait_for("every notice as SMS", lambda: all(notice["sms"] == "sent" for notice in reader.notices()), pause=0.3)
    show_notices(story, reader)


def copy_of(reader: Reader, title_id: str, barcode: str) -> dict:
    return next(copy for copy in reader.title(title_id)["copies"] if copy["barcode"] == barcode)


def copy_is(reader: Reader, title_id: str, expected: dict) -> bool:
    return copy_of(reader, title_id, expected["barcode"]).items() >= expected.items()


def back_elsewhere(library: Library, story: Story, reader: Reader) -> None:
    story.chapter("在另一处还书", "Check-in at another site")
    names = site_names(reader)
    for loan in reader.loans():
        barcode, title_id = loan["barcode"], loan["title_id"]
        origin = copy_of(reader, title_id, barcode)["site_id"]
        other = next(place for place in library.staffed_sites("desk") if place != origin)
        library.staff_at(other, "desk").check_in(barcode)
        there = {"barcode": barcode, "site_id": other, "status": "available"}
        wait_for(f"{barcode} at {other}", partial(copy_is, reader, title_id, there), pause=0.2)
        story.line(f"《{loan['title']}》 {barcode}: {names.get(origin, origin)} → {names.get(other, other)}  状态 status available")
    wait_for("no loan left", lambda: not reader.loans())
    story.line("在借 loans: 0")


def to_a_site(library: Library, story: Story, reader: Reader, book: dict) -> None:
    story.chapter("第二种方式：到附近的点自取", "The second way: pickup at a site nearby")
    staffed = library.staffed_sites("desk")
    origins = {copy["site_id"] for copy in reader.title(book["id"])["copies"] if copy["status"] == "available"}
    nearby = [place for place in reader.sites(near=NEAR) if place["id"] in staffed]
    place = next((one for one in nearby if one["id"] not in origins), nearby[0])
    story.line(f"最近的点 nearest: {place['name']} ({place['distance_m']} m)")
    order_no = reader.order([book["id"]], site(place["id"]))["order_no"]
    story.line(f"订单 order {order_no}")
    pick_and_pack(library, story, reader, order_no)
    for parcel in reader.order_view(order_no)["parcels"]:
        number = parcel["parcel_no"]
        library.staff_at(parcel["site_id"], "dispatch").depart(number)
        story.line(f"配送 the van left with {number}")
        library.staff_at(place["id"], "desk").arrive(number)
        story.line(f"送达 arrived at {place['name']}")

        def code_for(number=number):
            parcels = reader.order_view(order_no)["parcels"]
            return next((parcel["pickup_code"] for parcel in parcels if parcel["parcel_no"] == number and parcel.get("pickup_code")), None)

        code = wait_for("the pickup code", code_for)
        library.staff_at(place["id"], "desk").collect(number, code)
        story.line(f"取书 collected with code {code}")
    wait_parcels(reader, order_no, "collected")
    show_timeline(story, reader, order_no)


def run(library: Library) -> None:
    story = Story()
    visitor = library.anyone()
    story.chapter("找书", "Find the books")
    books = two_books(visitor, story)
    for book in books:
        show_book(story, book)

    story.chapter("办证", "A card by phone code and ID number")
    reader, person = new_card(library, story)
    me = reader.me()
    story.line(f"证号 card {reader.card_no}  {me['name']}  {me['phone']}  在借及在途 open {me['open_items']}, 上限 limit {me['open_items_limit']}")
    address_id = reader.add_address(person.name, person.phone)

    to_the_door(library, story, reader, address_id, books)
    back_elsewhere(library, story, reader)
    to_a_site(library, story, reader, books[0])
    print(f"\n全程 whole way: {time.monotonic() - story.started:.1f} s")


def main() -> int:
    parser = argparse.ArgumentParser(description="Drives the main job through the running system.")
    parser.add_argument("--run-file", type=Path, default=RUN_FILE, help="written by `make run`")
    options = parser.parse_args()
    try:
        library = Library(json.loads(options.run_file.read_text(encoding="utf-8")))
        library.anyone().api.call("GET", "/health").ok()
    except (FileNotFoundError, Unreachable, Refused):
        print("demo: the library is not running: start it with `make run` and try again", file=sys.stderr)
        return 1
    try:
        run(library)
    except (Refused, TimeoutError, LookupError, Unreachable) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
