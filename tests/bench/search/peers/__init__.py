"""The engines that ours is compared with: one module each, all with the interface of `base.Peer`.

All of them keep the same texts in the same four fields with the same weights, put a whole title and a whole name before everything
else, let fame decide among equals, ask for every word first and for any word when that finds nothing, find an ISBN by an index of
its own, and give back the lines of twenty titles and the number of all hits. What an engine does better or worse than that is
said in its module.
"""

from __future__ import annotations

from importlib import import_module

from .base import Peer

# Each is a class of that name's module; a module is imported only in the process that measures it.
PEERS = {
    "sqlite-fts5": ("sqlite", "Pairs"),
    "sqlite-trigram": ("sqlite", "Trigrams"),
    "postgresql": ("postgresql", "PostgreSql"),
    "groonga": ("groonga", "Groonga"),
    "xapian": ("xapian_index", "Xapian"),
    "minisearch": ("minisearch", "MiniSearch"),
}


def peer(name: str) -> Peer:
    module, made = PEERS[name]
    return getattr(import_module(f".{module}", __name__), made)()
