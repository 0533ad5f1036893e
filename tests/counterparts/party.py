"""What every outside party has in common: a public face, spoken in its own protocol, and a control face for tests."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit


@dataclass
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    path: str = field(init=False)
    query: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.target)
        self.path = parts.path
        self.query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}

    def json(self):
        return json.loads(self.body.decode("utf-8")) if self.body else {}


@dataclass
class Reply:
    status: int
    body: bytes
    content_type: str = "application/json; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, document, status: int = 200) -> Reply:
        return cls(status, json.dumps(document, ensure_ascii=False).encode("utf-8"))


class ControlError(Exception):
    """A test asked for something that makes no sense; answered as 400 with the reason."""


class Party:
    """One outside company. A subclass lives in a file of its own and is listed in `server.parties`."""

    name = ""

    def serves(self, request: Request) -> bool:
        """Whether a call to the public face belongs to this party."""
        raise NotImplementedError

    def handle(self, request: Request) -> Reply:
        """Answers a call as the real party would, refusals included."""
        raise NotImplementedError

    def control(self, action: str, request: Request):
        """Does what a test asks for under `/_control/<name>/<action>`; returns a JSON document."""
        raise NotImplementedError
