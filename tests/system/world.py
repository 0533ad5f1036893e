"""The running system as the tests see it: people, their ways through it, and what may be looked at behind the scenes."""

from __future__ import annotations

import base64
import hmac
import json
import random
import re
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime

from client import Courier, Library, Person, Reader, Refused, Staff, home, wait_for

STEP_QUEUES = ("Accept", "Sort", "Pack", "Dispatch", "Deliver")
HOME_STEPS = ("accepted", "picked", "packed", "dispatched", "delivering", "delivered")
SITE_STEPS = ("accepted", "picked", "packed", "dispatched", "delivering", "ready_for_pickup", "collected")
LABELS = {
    "received": "入库", "accepted": "接单", "picked": "分拣", "packed": "装箱", "dispatched": "出库", "delivering": "配送",
    "delivered": "送达", "ready_for_pickup": "送达", "collected": "取书",
}
# Counters of attempts are written by refused calls on purpose.
ATTEMPTS = re.compile(r"^(TRIES|TALLY)#")


class World:
    def __init__(self, stack, run: dict, seed: str) -> None:
        self.stack = stack
        self.library = Library(run)
        self.courier: Courier = self.library.courier
        self.table = stack.client("dynamodb")
        self.sqs = stack.client("sqs")
        self.sns = stack.client("sns")
        self.latencies: dict[str, list[float]] = defaultdict(list)
        self.lock = threading.Lock()
        # Numbers are dealt from a shuffled deck: none comes twice in a run.
        chance = random.Random(f"{seed}:people")
        self.phones = iter(chance.sample(range(100_000), 5_000))
        self.chance = chance
        self.people: list[Person] = []
        self.shelf = Shelf(self)

    # People

    def person(self) -> Person:
        with self.lock:
            person = Person.invent(self.chance)
            person.phone = f"138000{next(self.phones):05d}"
            self.people.append(person)
        return person

    def reader(self) -> Reader:
        return self.library.new_reader(self.person())

    def readers(self, count: int) -> list[Reader]:
        with ThreadPoolExecutor(max_workers=8) as pool:
            return list(pool.map(lambda _: self.reader(), range(count)))

    def at_home(self, reader: Reader) -> dict:
        return home(reader.add_address("收件人", reader.phone.number))

    # Behind the scenes

    def items(self) -> dict[tuple[str, str], dict]:
        pages = self.table.get_paginator("scan").paginate(TableName=self.stack.table_name, ConsistentRead=True)
        return {(item["pk"]["S"], item["sk"]["S"]): item for page in pages for item in page["Items"]}

    def parcel_keys(self, order_numbers: set[str]) -> list[dict]:
        """How the chain's messages name the parcels of these orders."""
        keys = []
        for pk, sk in self.items():
            found = re.fullmatch(r"ORDER#(.+)#P(\d+)", sk)
            if found and found[1] in order_numbers:
                keys.append({"rid": pk.removeprefix("READER#"), "order_no": found[1], "n": int(found[2])})
        return keys

    def send_to_every_step(self, parcels: list[dict], chance: random.Random) -> int:
        """Each step's message for each parcel once more, whether its turn has come, is over or is far away, in any order."""
        errands = [(queue, parcel) for queue in STEP_QUEUES for parcel in parcels]
        chance.shuffle(errands)
        by_queue = defaultdict(list)
        for queue, parcel in errands:
            by_queue[queue].append(json.dumps({"parcel": parcel}))
        for queue, bodies in by_queue.items():
            url = self.stack.outputs[f"{queue}QueueUrl"]
            for start in range(0, len(bodies), 10):
                entries = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(bodies[start:start + 10])]
                sent = self.sqs.send_message_batch(QueueUrl=url, Entries=entries)
                assert not sent.get("Failed"), sent["Failed"]
        return len(errands)

    def publish_again(self, facts: list[tuple[dict, str]]) -> None:
        for parcel, step in facts:
            message = json.dumps({"kind": "parcel_step", "parcel": parcel, "step": step})
            self.sns.publish(TopicArn=self.stack.outputs["NoticesTopicArn"], Message=message)

    def waiting(self, url: str) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"]
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(found.get(name, 0)) for name in names)

    def settle(self, seconds: float = 120) -> None:
        """Waits until the queues are empty and the table has stopped changing."""
        urls = [url for name, url in self.stack.outputs.items() if name.endswith("QueueUrl")]
        wait_for("empty queues", lambda: not any(self.waiting(url) for url in urls), seconds, pause=0.3)
        before: dict = {}

        def still() -> bool:
            nonlocal before
            last, before = before, self.items()
            return last == before

        wait_for("a quiet table", still, seconds, pause=0.4)

    def dead_letters(self) -> dict[str, list[str]]:
        """What the chain gave up on, by queue."""
        found = {}
        for name, url in self.stack.outputs.items():
            if name.endswith("DlqUrl") and self.waiting(url):
                messages = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages", [])
                found[name] = [message["Body"][:300] for message in messages] or ["(not visible)"]
        return found

    @contextmanager
    def nothing_written(self) -> Iterator[None]:
        """Whatever happens inside leaves the table as it was, counters of attempts apart."""
        self.settle()
        before = self.items()
        yield
        self.settle()
        after = self.items()
        now = time.time()

        def counts(key: tuple[str, str], item: dict) -> bool:
            expires = float(item.get("expires_at", {}).get("N", "inf"))
            return not ATTEMPTS.search("#".join(key)) and expires > now

        changed = {key: (before.get(key), after.get(key)) for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
        changed = {key: pair for key, pair in changed.items() if counts(key, pair[1] or pair[0])}
        assert not changed, f"written: {sorted(changed)}"

    def signed_token(self, claims: dict) -> str:
        """A token as the system itself would sign it, with any claims: the key is derived from the stack's secret."""
        secret = self.stack.client("secretsmanager").get_secret_value(SecretId=self.stack.outputs["AppSecretId"])["SecretString"]
        source = hmac.digest(b"yujie", json.loads(secret)["master"].encode(), "sha256")
        key, name = (hmac.digest(source, purpose + b"\x01", "sha256") for purpose in (b"token v1", b"token id v1"))
        message = f"v2.{url_base64(name[:6])}.{url_base64(json.dumps(claims).encode())}"
        return f"{message}.{url_base64(hmac.digest(key, message.encode(), 'sha256'))}"

    def measured(self, name: str, seconds: float) -> None:
        with self.lock:
            self.latencies[name].append(seconds)

    # Ways through the system

    def home_order(self, books: int = 1) -> Way:
        reader = self.reader()
        return Way.ordered(self, reader, self.at_home(reader), [self.shelf.title() for _ in range(books)])


class Shelf:
    """Deals titles to the tests, each once, so that no test takes another's copy."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.lock = threading.Lock()
        self.dealt: set[str] = set()
        self.known: list[dict] = []

    def _stock(self) -> list[dict]:
        if not self.known:
            copies = Counter()
            for (pk, sk), item in self.world.items().items():
                if pk.startswith("COPY#") and sk == "COPY":
                    copies[item["title_id"]["S"]] += 1
            self.known = [{"id": title_id, "copies": count} for title_id, count in sorted(copies.items())]
        return self.known

    def reserve(self, title_id: str) -> None:
        """Keeps a title that a test names out of the deal."""
        self.dealt.add(title_id)

    def title(self, fits: Callable[[dict], bool] = lambda _: True) -> str:
        with self.lock:
            for entry in self._stock():
                if entry["id"] not in self.dealt and fits(entry):
                    self.dealt.add(entry["id"])
                    return entry["id"]
        raise LookupError("the demo library has no title left for this test")

    def single_copy(self) -> str:
        return self.title(lambda entry: entry["copies"] == 1)


class Way:
    """One order on its way, driven step by step by the people whose job it is."""

    def __init__(self, world: World, reader: Reader, order_no: str, destination: dict, placed: float) -> None:
        self.world, self.reader, self.order_no, self.destination, self.placed = world, reader, order_no, destination, placed

    @classmethod
    def ordered(cls, world: World, reader: Reader, destination: dict, titles: list[str]) -> Way:
        placed = time.monotonic()
        return cls(world, reader, reader.order(titles, destination)["order_no"], destination, placed)

    @property
    def at_site(self) -> bool:
        return self.destination["kind"] == "site"

    @property
    def steps(self) -> tuple[str, ...]:
        return SITE_STEPS if self.at_site else HOME_STEPS

    def parcels(self) -> list[dict]:
        return self.reader.order_view(self.order_no)["parcels"]

    def staff(self, parcel: dict, duty: str) -> Staff:
        return self.world.library.staff_at(parcel["site_id"], duty)

    def desk(self) -> Staff:
        return self.world.library.staff_at(self.destination["site_id"], "desk")

    def wait_status(self, *statuses: str, seconds: float = 120) -> list[dict]:
        def there():
            parcels = self.parcels()
            return parcels if all(parcel["status"] in statuses for parcel in parcels) else None

        return wait_for(f"order {self.order_no} to be {'/'.join(statuses)}", there, seconds)

    def wait_accepted(self, name: str | None = None) -> None:
        self.wait_status("accepted")
        if name:
            self.world.measured(name, time.monotonic() - self.placed)

    def wait_listed(self, stage: str, duty: str, ready: Callable[[dict], bool] = lambda _: True) -> dict[str, dict]:
        """The parcels' entries on their sites' work lists, once they are there."""
        found = {}
        for parcel in self.parcels():
            staff, number = self.staff(parcel, duty), parcel["parcel_no"]
            found[number] = wait_for(
                f"{number} on the {stage} list",
                lambda staff=staff, number=number: next(
                    (item for item in staff.work(stage) if item["parcel_no"] == number and ready(item)), None),
                120, pause=0.1,
            )
        return found

    def pick(self, name: str | None = None) -> None:
        self.wait_listed("pick", "pick")
        for parcel in self.parcels():
            for line in parcel["lines"]:
                scanned = time.monotonic()
                self.staff(parcel, "pick").pick(line["barcode"])
                if name:
                    self.wait_timeline(line["barcode"], "picked")
                    self.world.measured(name, time.monotonic() - scanned)

    def pack(self) -> None:
        self.wait_listed("pack", "pack")
        for parcel in self.parcels():
            for line in parcel["lines"]:
                self.staff(parcel, "pack").pack(parcel["parcel_no"], line["barcode"])

    def hand_over(self) -> None:
        self.wait_listed("dispatch", "dispatch", lambda item: bool(item.get("carrier")))
        for parcel in self.parcels():
            self.staff(parcel, "dispatch").hand_over(parcel["parcel_no"])

    def to_dispatched(self) -> None:
        self.pick()
        self.pack()
        self.hand_over()

    def courier(self, *codes: str, **options) -> list[dict]:
        return [push for parcel in self.parcels() for push in self.world.courier.report(parcel["waybill"], *codes, **options)]

    def carry_home(self) -> None:
        pushes = self.courier(Courier.COLLECTED, Courier.IN_TRANSIT, Courier.OUT_FOR_DELIVERY, Courier.SIGNED)
        assert all(push["accepted"] for push in pushes), pushes
        self.wait_status("delivered")

    def pickup_code(self, parcel_no: str) -> str:
        return wait_for(
            "the pickup code",
            lambda: next((parcel.get("pickup_code") for parcel in self.parcels() if parcel["parcel_no"] == parcel_no), None),
        )

    def carry_to_site(self) -> None:
        for parcel in self.parcels():
            self.staff(parcel, "dispatch").depart(parcel["parcel_no"])
            self.desk().arrive(parcel["parcel_no"])

    def to_the_end(self) -> None:
        self.to_dispatched()
        if self.at_site:
            self.carry_to_site()
            for parcel in self.parcels():
                self.desk().collect(parcel["parcel_no"], self.pickup_code(parcel["parcel_no"]))
            self.wait_status("collected")
        else:
            self.carry_home()

    # What must be true

    def wait_timeline(self, barcode: str, step: str) -> None:
        def reached() -> bool:
            books = self.reader.timeline(self.order_no)
            return any(entry["step"] == step for book in books if book["barcode"] == barcode for entry in book["entries"])

        wait_for(f"{step} on the timeline of {barcode}", reached, pause=0.01)

    def steps_so_far(self) -> set[str]:
        books = self.reader.timeline(self.order_no)
        return {entry["step"] for book in books for entry in book["entries"]} - {"received"}

    def check_timeline(self) -> None:
        """Every book has every step, once, labelled, in order, and time does not run backwards."""
        expected = [("received", LABELS["received"])] + [(step, LABELS[step]) for step in self.steps]
        books = self.reader.timeline(self.order_no)
        assert {book["barcode"] for book in books} == {line["barcode"] for parcel in self.parcels() for line in parcel["lines"]}
        for book in books:
            assert [(entry["step"], entry["label"]) for entry in book["entries"]] == expected, book
            instants = [datetime.fromisoformat(entry["at"]) for entry in book["entries"]]
            assert instants == sorted(instants), book

    def wait_notices(self, seconds: float = 120) -> None:
        """Waits for one notice per step and parcel, in the inbox and as SMS, and fails when there are more."""
        expected = Counter({(parcel["parcel_no"], step): 1 for parcel in self.parcels() for step in self.steps})

        def complete() -> bool:
            notices = [notice for notice in self.reader.notices() if notice["order_no"] == self.order_no]
            found = Counter((notice["parcel_no"], notice["kind"]) for notice in notices)
            assert found <= expected, f"unexpected notices: {found - expected}"
            return found == expected and all(notice["sms"] == "sent" for notice in notices)

        try:
            wait_for("every notice", complete, seconds, pause=0.3)
        except TimeoutError as error:
            found = Counter((n["parcel_no"], n["kind"], n["sms"]) for n in self.reader.notices())
            raise AssertionError(f"{error}; order {self.order_no} has {dict(found)}") from None
        self.check_sms()

    def check_sms(self) -> None:
        """The phone got exactly the texts of the inbox: nothing lost, nothing twice."""
        texts = Counter(notice["text"] for notice in self.reader.notices() if notice["order_no"] == self.order_no)
        received = Counter(text for text in self.reader.phone.messages() if self.order_no in text)
        assert received == texts

    def check_loans(self) -> None:
        barcodes = {line["barcode"] for parcel in self.parcels() for line in parcel["lines"]}
        loans = {loan["barcode"]: loan for loan in self.reader.loans() if loan["order_no"] == self.order_no}
        assert loans.keys() == barcodes
        assert all(loan["since"] and loan["due"] for loan in loans.values())

    def check_complete(self) -> None:
        assert {parcel["status"] for parcel in self.parcels()} == {self.steps[-1]}
        self.check_timeline()
        self.wait_notices()
        self.check_loans()


def url_base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def token_claims(token: str) -> dict:
    """What a token says, as anybody can read it."""
    claims = token.split(".")[2]
    return json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))


def together(ways: list[Way], action: Callable[[Way], object], workers: int = 8) -> None:
    """Does one thing for every order, several at a time; the first failure is raised."""
    with ThreadPoolExecutor(max_workers=workers) as pool:
        list(pool.map(action, ways))


def refused(action: Callable[[], object]) -> Refused:
    """The refusal that the action meets; not meeting one is a failure."""
    try:
        answer = action()
    except Refused as refusal:
        return refusal
    raise AssertionError(f"was not refused: {answer}")
