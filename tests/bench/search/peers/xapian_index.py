"""Xapian with its own n-grams for Chinese: single characters and pairs, all fields in one list of terms, weighted by how often they count.

Without positions, as pairs need none. Fame is a value that a posting source adds to the weight, with its greatest value known, so that the engine
may skip; whole titles and names are terms with a prefix. The number of hits is exact because that is asked for.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from prepared import Question, Record

from .base import Answer, Peer, fame

# Debian's package is for Debian's Python of the same version.
DEBIAN = "/usr/lib/python3/dist-packages"
TITLE, PEOPLE, MORE, SUBJECTS = 6, 5, 3, 1
FAME_WEIGHT = 0.5
EXACT_TITLE, EXACT_NAME = 2000.0, 1000.0
LONGEST_TERM = 240
FAME = 0


def engine():
    if DEBIAN not in sys.path:
        sys.path.append(DEBIAN)
    import xapian

    return xapian


def cutter():
    generator = engine().TermGenerator()
    generator.set_flags(engine().TermGenerator.FLAG_CJK_NGRAM)
    return generator


class Xapian(Peer):
    packages = ("python3-xapian",)
    note = "its own CJK n-grams; in process"

    def __init__(self) -> None:
        self.base = None

    def version(self) -> str:
        return f"Xapian {engine().version_string()}"

    def trouble(self) -> str | None:
        try:
            engine()
        except ImportError as error:
            return f"Xapian's Python module cannot be loaded: {error}"
        return None

    def build(self, records: Iterable[Record], folder: Path) -> None:
        # Read by the library when it is loaded: so many documents are collected in memory before they are written.
        os.environ["XAPIAN_FLUSH_THRESHOLD"] = "200000"
        xapian = engine()
        base = xapian.WritableDatabase(str(folder / "index"), xapian.DB_CREATE_OR_OVERWRITE | xapian.DB_NO_SYNC)
        generator = cutter()
        for record in records:
            document = xapian.Document()
            generator.set_document(document)
            texts = ((record.title, TITLE), (record.people, PEOPLE), (record.more, MORE), (record.subjects, SUBJECTS))
            for text, weight in texts:
                generator.index_text_without_positions(text, weight)
            document.add_boolean_term(term("XW", record.whole))
            for name in record.names:
                document.add_boolean_term(term("XN", name))
            if record.isbn:
                document.add_boolean_term("XI" + record.isbn)
            document.add_value(FAME, xapian.sortable_serialise(fame(record.ratings)))
            document.set_data(record.line)
            base.add_document(document)
        base.commit()
        base.close()
        # Written anew in order, without the room that changes need, as its manual advises for an index that stays as it is.
        loose = xapian.Database(str(folder / "index"))
        loose.compact(str(folder / "compact"), xapian.DBCOMPACT_NO_RENUMBER)
        loose.close()
        shutil.rmtree(folder / "index")

    def open(self, folder: Path) -> None:
        xapian = engine()
        self.base = xapian.Database(str(folder / "compact"))
        self.cutter = cutter()

    def query(self, question: Question, k: int) -> Answer:
        xapian = engine()
        enquire = xapian.Enquire(self.base)
        for default in (xapian.Query.OP_AND, xapian.Query.OP_OR):
            if question.isbn:
                wanted = xapian.Query("XI" + question.isbn)
            else:
                words = xapian.Query(default, self.terms(question.folded))
                source = xapian.ValueWeightPostingSource(FAME)
                boosts = [
                    xapian.Query(xapian.Query.OP_SCALE_WEIGHT, xapian.Query(source), FAME_WEIGHT),
                    self.constant(term("XW", question.whole), EXACT_TITLE),
                    self.constant(term("XN", question.whole), EXACT_NAME),
                ]
                wanted = xapian.Query(xapian.Query.OP_AND_MAYBE, words, xapian.Query(xapian.Query.OP_OR, boosts))
            enquire.set_query(wanted)
            matches = enquire.get_mset(0, k, self.base.get_doccount())
            if matches.size() or question.isbn:
                break
        ids = [json.loads(match.document.get_data())["id"] for match in matches]
        return Answer(ids, matches.get_matches_estimated())

    def terms(self, folded: str) -> list[bytes]:
        """Cut as the titles were. Its query parser would do the same, but has a grammar, and readers do not write in it."""
        document = engine().Document()
        self.cutter.set_document(document)
        self.cutter.index_text_without_positions(folded)
        return [one.term for one in document.termlist()]

    def constant(self, wanted: str, points: float):
        """So many points for a document with this term, however rare the term is."""
        xapian = engine()
        source = xapian.FixedWeightPostingSource(points)
        return xapian.Query(xapian.Query.OP_FILTER, xapian.Query(source), xapian.Query(wanted))

    def close(self) -> None:
        if self.base:
            self.base.close()


def term(prefix: str, text: str) -> str:
    """A term has a greatest length in bytes; no reader types so long a title."""
    return (prefix + text).encode()[:LONGEST_TERM].decode(errors="ignore")
