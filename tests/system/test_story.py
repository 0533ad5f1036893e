"""The whole way of a book, as a reader, the staff and a courier live it."""

from __future__ import annotations

from datetime import datetime, timedelta

from client import Courier, home, site, wait_for
from world import Way, World, refused

WANTED = ("解忧杂货店", "秃秃大王")


def found(world: World, words: str) -> dict:
    """The title of that name, once the index has it."""
    visitor = world.library.anyone()
    hit = wait_for(f"{words} in the catalogue", lambda: next(iter(visitor.search(words)), None), 120, pause=0.3)
    assert hit["title"] == words
    world.shelf.reserve(hit["id"])
    return hit


def test_two_books_go_to_the_door_and_come_back_at_another_site(world: World):
    books = [found(world, words) for words in WANTED]
    assert all(book["copies_available"] >= 1 for book in books)
    person = world.person()
    reader = world.library.new_reader(person)
    me = reader.me()
    assert (me["card_no"], me["open_items"]) == (reader.card_no, 0)
    assert person.phone not in str(me) and person.name not in str(me), "name and phone are masked"

    destination = home(reader.add_address(person.name, person.phone))
    quoted = reader.quote([book["id"] for book in books], destination)
    way = Way.ordered(world, reader, destination, [book["id"] for book in books])
    placed = reader.order_view(way.order_no)
    assert abs(datetime.fromisoformat(placed["promised_by"]) - datetime.fromisoformat(quoted["promised_by"])) < timedelta(minutes=1)
    assert sorted(line["title_id"] for parcel in placed["parcels"] for line in parcel["lines"]) == sorted(book["id"] for book in books)
    for book in books:
        wait_for("one copy less", lambda book=book: reader.title(book["id"])["copies_available"] == book["copies_available"] - 1)

    way.wait_accepted()
    way.pick()
    way.wait_status("picked")
    way.pack()
    way.wait_status("packed")
    way.hand_over()
    way.wait_status("dispatched")
    assert reader.loans() == [], "no clock runs while the book is with us or the courier"
    way.courier(Courier.COLLECTED)
    way.courier(Courier.OUT_FOR_DELIVERY)
    way.wait_status("delivering")
    way.courier(Courier.SIGNED)
    way.wait_status("delivered")
    way.check_complete()
    assert len(reader.notices()) == len(placed["parcels"]) * len(way.steps)
    assert reader.me()["open_items"] == 2

    for loan in reader.loans():
        origin = next(parcel["site_id"] for parcel in way.parcels() if loan["barcode"] in str(parcel["lines"]))
        other = next(place for place in world.library.staffed_sites("desk") if place != origin)
        desk = world.library.staff_at(other, "desk")
        assert desk.check_in(loan["barcode"])["outcome"] == "done"
        assert desk.check_in(loan["barcode"])["outcome"] == "already"
        assert desk.where_is(loan["barcode"])["site_id"] == other
        wait_for(
            f"{loan['barcode']} on the shelf of {other}",
            lambda loan=loan, other=other: {"barcode": loan["barcode"], "site_id": other, "status": "available"}.items()
            <= next(copy for copy in reader.title(loan["title_id"])["copies"] if copy["barcode"] == loan["barcode"]).items(),
        )
    assert reader.loans() == []
    assert reader.me()["open_items"] == 0
    for words, before in zip(WANTED, books, strict=True):
        wait_for(
            f"{words} shown as available again",
            lambda words=words, before=before: reader.search(words)[0]["copies_available"] == before["copies_available"], 120, pause=0.3,
        )
    way.check_timeline()


def test_a_book_goes_to_a_site_and_is_collected_with_the_code(world: World):
    reader = world.reader()
    nearest = reader.sites(near="39.9219,116.4430")
    assert [place["distance_m"] for place in nearest] == sorted(place["distance_m"] for place in nearest)
    title = world.shelf.title()
    origins = {copy["site_id"] for copy in reader.title(title)["copies"]}
    staffed = world.library.staffed_sites("desk")
    place = next(place["id"] for place in nearest if place["id"] in staffed and place["id"] not in origins)

    way = Way.ordered(world, reader, site(place), [title])
    way.to_dispatched()
    [parcel] = way.parcels()
    number = parcel["parcel_no"]
    assert parcel["carrier"] == "van" and world.courier.bookings(number) == [], "no courier is booked for the van"
    way.staff(parcel, "dispatch").depart(number)
    way.wait_status("delivering")
    assert "pickup_code" not in {name for name, value in way.parcels()[0].items() if value}, "the code comes with the book"
    elsewhere = next(one for one in staffed if one not in (place, parcel["site_id"]))
    assert world.library.staff_at(elsewhere, "desk").try_scan("arrive", parcel_no=number).status in (403, 404, 409)
    way.desk().arrive(number)
    way.wait_status("ready_for_pickup")
    code = way.pickup_code(number)
    wait_for("the code by SMS", lambda: any(code in text for text in reader.phone.messages() if way.order_no in text))
    assert any(item["parcel_no"] == number for item in way.desk().work("pickup"))
    assert reader.loans() == []

    wrong = refused(lambda: way.desk().collect(number, "0000" if code != "0000" else "1111"))
    assert 400 <= wrong.status < 500 and wrong.code
    assert way.desk().collect(number, code)["outcome"] == "done"
    assert way.desk().collect(number, code)["outcome"] == "already"
    way.wait_status("collected")
    way.check_complete()
