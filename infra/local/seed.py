"""Puts a library into a running system: rules, sites, titles with copies, staff, and one reader to try it with."""

from __future__ import annotations

import csv
import hashlib
import json
import random
import secrets
from dataclasses import asdict
from pathlib import Path

from client import Library, Person, Refused
from stack import Stack
from tools import ROOT, Fault

DEMO = ROOT / "infra" / "demo"
SITES, TITLES = DEMO / "sites.csv", DEMO / "titles.csv"
# Who works at a site that holds books, and at one that only hands them out.
STOCK_ROLES = ("picker", "packer", "dispatcher", "librarian", "administrator")
DESK_ROLES = ("librarian",)
SITES_WITH_STAFF = 12


def load(stack: Stack, catalogue: Path, progress: bool) -> None:
    """Loads what is not there yet. What is there is written at the table itself, so that it is lost and kept together with the books."""
    done = Loaded(stack)
    if not done.has("library"):
        stack.tell("loading the library's rules, sites and staff …")
        stack.importer("rules")
        stack.importer("sites", str(SITES))
        stack.importer("staff", str(write_staff(stack.home)))
        done.add("library")
    mark = fingerprint(catalogue)
    if not done.has(mark):
        stack.tell(f"loading the titles of {catalogue.name}, with copies …")
        rejects = stack.home / "rejects.csv"
        summary = stack.importer("catalogue", str(catalogue), "--make-copies", "--rejects", str(rejects), progress=progress)
        stack.tell(said(summary, rejects))
        done.add(mark)
        fill_shelves(stack)


def fill_shelves(stack: Stack) -> None:
    """The round that the schedule starts in the night: nobody waits for it to see the first shelf."""
    answer = stack.client("lambda").invoke(FunctionName=f"{stack.name}-shelves", Payload=json.dumps({"job": "fill"}).encode())
    if "FunctionError" in answer:
        raise Fault(f"the shelves are not filled: {answer['Payload'].read().decode()}")


class Loaded:
    """Tags of the table: the emulator keeps them in the same file as the items."""

    def __init__(self, stack: Stack) -> None:
        self.table = stack.client("dynamodb")
        self.arn = self.table.describe_table(TableName=stack.table_name)["Table"]["TableArn"]
        self.tags = {tag["Key"] for tag in self.table.list_tags_of_resource(ResourceArn=self.arn)["Tags"]}

    def has(self, what: str) -> bool:
        return f"loaded-{what}" in self.tags

    def add(self, what: str) -> None:
        self.table.tag_resource(ResourceArn=self.arn, Tags=[{"Key": f"loaded-{what}", "Value": "yes"}])
        self.tags.add(f"loaded-{what}")


def fingerprint(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()[:16]


def said(summary: dict, rejects: Path) -> str:
    text = f"{summary.get('loaded', 0):,} titles of {summary.get('read', 0):,} records in {summary.get('seconds', 0):.1f} s"
    rejected = summary.get("rejected", 0)
    return text + (f"; {rejected:,} bad records: see {rejects}" if rejected else "")


def write_staff(home: Path) -> Path:
    """Logins with passwords that exist on this machine alone."""
    path = home / "staff.csv"
    if not path.exists():
        with path.open("w", newline="", encoding="utf-8") as target:
            path.chmod(0o600)
            table = csv.writer(target)
            table.writerow(["login", "role", "site", "name", "password"])
            table.writerows(invented_staff())
    return path


def invented_staff() -> list[tuple[str, str, str, str, str]]:
    with SITES.open(newline="", encoding="utf-8") as source:
        sites = sorted(csv.DictReader(source), key=lambda site: site["holds_stock"] != "1")
    people = []
    for site in sites[:SITES_WITH_STAFF]:
        for role in STOCK_ROLES if site["holds_stock"] == "1" else DESK_ROLES:
            people.append((f"{role}-{site['id']}", role, site["id"], f"{site['name']} {role}", secrets.token_urlsafe(12)))
    return people


def staff(home: Path) -> list[dict]:
    with (home / "staff.csv").open(newline="", encoding="utf-8") as source:
        return list(csv.DictReader(source))


def run_file(stack: Stack) -> dict:
    """What the demo and other clients need to find the running system."""
    return {
        "api_url": stack.api_url,
        "endpoint_url": stack.endpoint_url,
        "counterparts_url": stack.counterparts_url,
        "table_name": stack.table_name,
        "staff": staff(stack.home),
    }


def demo_reader(stack: Stack, run: dict) -> dict:
    """The card that was issued at the first start, or a new one, got as any reader gets it: through the API."""
    path = stack.home / "demo.json"
    library = Library(run)
    if path.exists():
        known = json.loads(path.read_text(encoding="utf-8"))
        try:
            library.anyone().sign_in(known["card_no"], known["password"])
            return known
        except Refused:
            path.unlink()
    chance = random.SystemRandom()
    for _ in range(20):
        person = Person.invent(chance)
        person.password = secrets.token_urlsafe(9)
        try:
            reader = library.new_reader(person)
        except Refused as refused:
            # An invented number may be taken by an earlier one.
            if refused.status in (409, 429):
                continue
            raise Fault(f"no demo card: {refused}") from None
        known = asdict(person) | {"card_no": reader.card_no}
        path.touch(mode=0o600)
        path.write_text(json.dumps(known, ensure_ascii=False, indent=2), encoding="utf-8")
        return known
    raise Fault("no demo card: twenty invented phone numbers are all taken")
