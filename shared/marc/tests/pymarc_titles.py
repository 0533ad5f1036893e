#!/usr/bin/env python3
"""What pymarc reads out of the MARC files of a folder, as digests: writes `corpus.tsv` beside this script.

    venv/bin/pip install 'pymarc==5.4.0' && venv/bin/python pymarc_titles.py FOLDER

The folder has a MANIFEST.csv with the columns `file` and `kind`. Its files are other people's, so nothing of them is kept but, for each:
path, number of records read, SHA-256 over a line for each record, "001 TAB title LF". The title is 245$a, or 200$a where there is no 245.
`tests/corpus.rs` makes the same digests of what we read.

pymarc takes everything that is not marked as UTF-8 for MARC-8. Where that is wrong (the bytes are UTF-8, or the file's name says
GB18030) it is told so by its own options, so that there is something to compare.
"""

import csv
import gzip
import hashlib
import io
import logging
import pathlib
import re
import sys
import unicodedata
import warnings
import xml.sax

import pymarc
from pymarc.marcxml import XmlHandler, parse_xml

logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")
HERE = pathlib.Path(__file__).parent


def normal(text: str) -> str:
    """NFC, single blanks, no control or joining characters; what cannot be read is a blank."""
    text = unicodedata.normalize("NFC", text or "")
    text = re.sub("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u200c\u200d]", "", text).replace("\ufffd", " ")
    return " ".join(text.split())


def line(record: pymarc.Record) -> str:
    fields = record.get_fields("001")
    control = fields[0].data if fields and fields[0].data else ""
    if "\x1f" in control:  # Danish records have subfields in 001
        control = ""
    titles = record.get_fields("245") or record.get_fields("200")
    title = titles[0].get("a") if titles and titles[0].subfields else ""
    return f"{normal(control)}\t{normal(title)}\n"


def iso(data: bytes, name: str):
    """As MARCReader does it, with the encoding chosen for each record."""
    reader = pymarc.MARCReader(io.BytesIO(data), to_unicode=False, hide_utf8_warnings=True)
    for record in reader:
        chunk = reader.current_chunk
        if record is None:
            yield None
            continue
        options = {}
        if chunk[9:10] != b"a" and not chunk.isascii() and b"\x1b" not in chunk:
            if "gb18030" in name:
                options["file_encoding"] = "gb18030"
            else:
                try:
                    chunk.decode()
                    options["force_utf8"] = True
                except UnicodeDecodeError:
                    pass
        try:
            yield pymarc.Record(chunk, hide_utf8_warnings=True, **options)
        except Exception:
            yield None


def xml_records(data: bytes):
    handler = XmlHandler()
    try:
        parse_xml(io.BytesIO(data), handler)
    except (xml.sax.SAXException, KeyError, ValueError, AttributeError):
        pass  # what came before it was read
    yield from handler.records


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    rows = ["file\trecords\tsha256\n"]
    for entry in csv.DictReader((folder / "MANIFEST.csv").open()):
        if entry["kind"] not in ("iso", "xml"):
            continue
        data = (folder / entry["file"]).read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        found = iso(data, entry["file"]) if entry["kind"] == "iso" else xml_records(data)
        # What is called a record and has no field is none.
        lines = [line(record) for record in found if record is not None and record.fields]
        if len(sys.argv) > 2 and sys.argv[2] == entry["file"]:
            sys.stdout.write("".join(lines))
        digest = hashlib.sha256("".join(lines).encode()).hexdigest()
        rows.append(f"{entry['file']}\t{len(lines)}\t{digest}\n")
    (HERE / "corpus.tsv").write_text("".join(rows))


if __name__ == "__main__":
    main()
