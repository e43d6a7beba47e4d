import assert from "node:assert/strict";
import { test } from "node:test";

import { diff, type Piece, shorten } from "../src/diff";

const before = (pieces: readonly Piece[]) => pieces.filter(({ kind }) => kind !== "added").map(({ text }) => text).join("");
const after = (pieces: readonly Piece[]) => pieces.filter(({ kind }) => kind !== "removed").map(({ text }) => text).join("");

test("a placeholder replaces a number", () => {
  assert.deepEqual(diff("PESEL 44051401359, proszę", "PESEL [PL_PESEL_1], proszę"), [
    { kind: "same", text: "PESEL " },
    { kind: "removed", text: "44051401359" },
    { kind: "added", text: "[PL_PESEL_1]" },
    { kind: "same", text: ", proszę" },
  ]);
});

test("equal texts and empty ones", () => {
  assert.deepEqual(diff("a b", "a b"), [{ kind: "same", text: "a b" }]);
  assert.deepEqual(diff("", ""), []);
  assert.deepEqual(diff("a", ""), [{ kind: "removed", text: "a" }]);
  assert.deepEqual(diff("", "a"), [{ kind: "added", text: "a" }]);
});

test("both texts can be had back, whatever they are", () => {
  let seed = 7;
  const random = (below: number) => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % below;
  const text = () => Array.from({ length: random(30) }, () => ["ąę", " ", "\n", "a", "b", "😀", "[X_1]"][random(7)]).join("");
  for (let round = 0; round < 500; round += 1) {
    const [one, other] = [text(), text()];
    const pieces = diff(one, other);
    assert.equal(before(pieces), one);
    assert.equal(after(pieces), other);
    assert.ok(pieces.every(({ kind }, index) => kind !== pieces[index + 1]?.kind));
  }
});

test("texts too different to compare are shown as replaced", () => {
  const one = Array.from({ length: 5_000 }, (_, index) => `a${index}`).join(" ");
  const other = Array.from({ length: 5_000 }, (_, index) => `b${index}`).join(" ");
  assert.deepEqual(diff(one, other).map(({ kind }) => kind), ["removed", "added"]);
});

test("long stretches without a change are shortened", () => {
  const long = "word ".repeat(100);
  const pieces = shorten(diff(`${long}1 ${long}2 ${long}`, `${long}x ${long}y ${long}`), 20);
  assert.ok(pieces.every(({ kind, text }) => kind !== "same" || text.length <= 43));
  assert.deepEqual(pieces.filter(({ kind }) => kind === "added").map(({ text }) => text), ["x", "y"]);
});
