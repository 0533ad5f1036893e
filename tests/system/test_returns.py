"""Loans that go back: collected at the door, and credited at that moment."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from client import Answer, Courier, Reader, new_key, wait_for
from world import World


def loan_of(reader: Reader, barcode: str) -> dict:
    return next(loan for loan in reader.loans() if loan["barcode"] == barcode)


def book(reader: Reader, barcodes: list[str], way: dict) -> Answer:
    body = {"barcodes": barcodes, **way}
    return reader.api.call("POST", "/returns", body, token=reader.token, key=new_key())


def test_a_courier_collects_what_is_then_no_longer_on_loan(world: World):
    way = world.home_order(books=2)
    way.to_the_end()
    barcodes = [line["barcode"] for parcel in way.parcels() for line in parcel["lines"]]
    tomorrow = (datetime.now(timezone(timedelta(hours=8))) + timedelta(days=1)).date().isoformat()

    booked = book(way.reader, barcodes, {"way": {"kind": "courier", "address_id": way.destination["address_id"], "day": tomorrow}}).ok()
    no = booked["return_no"]

    def waybill() -> str | None:
        return way.reader.get(f"/returns/{no}").get("waybill")

    collection = wait_for("the courier's waybill", waybill)
    world.courier.report(collection, Courier.COLLECTED)
    for barcode in barcodes:
        wait_for("credit", lambda barcode=barcode: loan_of(way.reader, barcode).get("handed_over_at"))
    renewed = way.reader.api.call("POST", f"/loans/{barcodes[0]}/renewals", token=way.reader.token)
    assert (renewed.status, [reason["code"] for reason in renewed.reasons][-1]) == (409, "given_back")
    assert way.reader.api.call("DELETE", f"/returns/{no}", token=way.reader.token).status == 409

    desk = world.library.staff_at(way.parcels()[0]["site_id"], "desk")
    for barcode in barcodes:
        desk.check_in(barcode)
    assert way.reader.loans() == []
    wait_for("the end of the return", lambda: way.reader.get(f"/returns/{no}")["state"] == "back")


def test_a_return_that_is_called_off_leaves_the_loan_as_it_was(world: World):
    way = world.home_order()
    way.to_the_end()
    [barcode] = [line["barcode"] for parcel in way.parcels() for line in parcel["lines"]]
    before = loan_of(way.reader, barcode)
    site = way.parcels()[0]["site_id"]

    no = book(way.reader, [barcode], {"way": {"kind": "site", "site_id": site}}).ok()["return_no"]
    assert book(way.reader, [barcode], {"way": {"kind": "site", "site_id": site}}).status == 409
    assert way.reader.api.call("DELETE", f"/returns/{no}", token=way.reader.token).status == 204

    assert loan_of(way.reader, barcode) == before
