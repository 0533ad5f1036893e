"""A librarian brings a file of the library's own records, and readers find its books."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from client import Answer, Http, Staff, new_key, wait_for
from world import World

NEW_BOOKS = Path(__file__).resolve().parents[2] / "infra" / "demo" / "new-books.mrc"
FIGURES = ("read", "loaded", "rejected", "warnings", "copies")


def propose(librarian: Staff, name: str) -> dict:
    return librarian.api.call("POST", "/staff/imports", {"file_name": name}, token=librarian.token, key=new_key()).ok()


def upload(asked: dict, content: bytes) -> Answer:
    address = urlsplit(asked["upload"]["url"])
    store = Http(f"{address.scheme}://{address.netloc}")
    return store.call("PUT", f"{address.path}?{address.query}", content, headers={"Content-Type": "application/octet-stream"})


def begin(librarian: Staff, asked: dict) -> dict:
    return librarian.api.call("POST", f"/staff/imports/{asked['import_id']}/start", token=librarian.token).ok()


def ended(librarian: Staff, asked: dict) -> dict:
    def looked_at() -> dict | None:
        found = librarian.api.call("GET", f"/staff/imports/{asked['import_id']}", token=librarian.token).ok()
        return found if found["status"] in ("done", "failed") else None

    return wait_for("the end of the import", looked_at, 120, pause=0.3)


def bring(librarian: Staff, name: str, content: bytes) -> dict:
    asked = propose(librarian, name)
    assert upload(asked, content).status == 200
    assert begin(librarian, asked)["status"] == "running"
    return ended(librarian, asked)


def test_a_file_of_records_is_brought_twice_and_is_the_same_books(world: World):
    librarian = world.library.staff_at("C01", "desk")

    first = bring(librarian, "new-books.mrc", NEW_BOOKS.read_bytes())
    again = bring(librarian, "new-books.mrc", NEW_BOOKS.read_bytes())

    assert (first["status"], [first[name] for name in FIGURES]) == ("done", [15, 15, 0, 0, 23])
    assert (again["status"], [again[name] for name in FIGURES]) == ("done", [15, 15, 0, 0, 0])
    visitor = world.library.anyone()
    found = wait_for("the book in the catalogue", lambda: next(iter(visitor.search("茶经")), None), 120, pause=0.3)
    world.shelf.reserve(found["id"])
    wait_for("its free copies", lambda: visitor.title(found["id"])["copies_available"] == 3)
    places = {copy["site_id"] for copy in visitor.title(found["id"])["copies"]}
    assert places == {"C01", "L02", "L03"}


def test_a_bad_record_is_listed_and_a_picture_is_no_catalogue(world: World):
    librarian = world.library.staff_at("C01", "desk")
    content = NEW_BOOKS.read_bytes()
    second = content.index(b"\x1d") + 1
    torn = content[:second] + content[second : content.index(b"\x1d", second)].replace(b"\x1e", b" ") + b"\x1d"

    done = bring(librarian, "torn.mrc", torn)
    failed = bring(librarian, "cover.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + b"\x1e" * 500)

    assert (done["status"], done["loaded"], done["rejected"]) == ("done", 1, 1)
    address = urlsplit(done["rejects_url"])
    listed = Http(f"{address.scheme}://{address.netloc}").call("GET", f"{address.path}?{address.query}").body.decode()
    assert listed.splitlines()[0] == "file,position,id,outcome,reason"
    assert listed.splitlines()[1].startswith(f"torn.mrc,record 2 at byte {second},")
    assert (failed["status"], failed["failure"]["code"]) == ("failed", "not_a_catalogue")
