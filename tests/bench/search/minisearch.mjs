// The minisearch peer: lines of JSON in, lines of JSON out. Started by peers/minisearch.py.

import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import MiniSearch from "minisearch";

// One character of a script without spaces: no pair of it exists, only pairs that begin with it.
const LONE = /^[\u3005\u3007\u3040-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]$/;
const EXACT = { whole: 1, names: 1, isbn: 1 };
const options = {
  fields: ["title", "people", "more", "subjects", "whole", "names", "isbn"],
  storeFields: ["line", "fame"],
  // Everything is folded and cut already; names are kept apart by a line feed.
  tokenize: (text, field) => (field in EXACT ? text.split("\n") : text.split(" ")).filter(Boolean),
  processTerm: spelled,
};
const WEIGHTS = { title: 3, people: 2.5, more: 1.5, subjects: 0.5 };

// Its tree of terms looks through the children of a node one by one. Thousands of characters below the root would make it hundreds of times
// slower, so that each is spelled in four letters of a small alphabet.
function spelled(term) {
  return term.replace(/[^\x00-\x7f]/g, (c) => c.charCodeAt(0).toString(16).padStart(4, "0"));
}

const lines = createInterface({ input: process.stdin, crlfDelay: Infinity });
const say = (value) => process.stdout.write(JSON.stringify(value) + "\n");
const [, , mode, path] = process.argv;

if (mode === "build") {
  const index = new MiniSearch(options);
  for await (const line of lines) {
    const record = JSON.parse(line);
    if (record === null) break;
    index.add({
      id: record.id,
      line: record.line,
      fame: Math.log1p(record.ratings),
      title: record.title_cut,
      people: record.people_cut,
      more: record.more_cut,
      subjects: record.subjects_cut,
      whole: record.whole,
      names: record.names.join("\n"),
      isbn: record.isbn,
    });
  }
  writeFileSync(path, JSON.stringify(index));
  say({});
} else {
  const index = MiniSearch.loadJSON(readFileSync(path, "utf8"), options);
  say({});
  for await (const line of lines) {
    const question = JSON.parse(line);
    const began = performance.now();
    const hits = answer(index, question);
    // The page's lines are part of the work, as for every engine.
    const page = hits.slice(0, question.k).map((hit) => JSON.parse(hit.line).id);
    say({ ids: page, total: hits.length, seconds: (performance.now() - began) / 1000 });
  }
}

function answer(index, { tokens, whole, isbn }) {
  if (isbn) return index.search(isbn, { fields: ["isbn"] });
  const lone = new Set(tokens.filter((token) => LONE.test(token)).map(spelled));
  const words = {
    queries: tokens,
    fields: Object.keys(WEIGHTS),
    boost: WEIGHTS,
    tokenize: (text) => [text],
    prefix: (term) => lone.has(term),
    boostDocument: (_id, _term, stored) => 1 + 0.1 * stored.fame,
  };
  const exact = { queries: [whole], fields: ["whole", "names"], boost: { whole: 1000, names: 500 }, tokenize: (text) => [text] };
  for (const combineWith of ["AND", "OR"]) {
    const hits = index.search({ combineWith: "OR", queries: [{ ...words, combineWith }, exact] });
    if (hits.length) return hits;
  }
  return [];
}
