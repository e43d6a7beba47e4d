import assert from "node:assert/strict";
import { test } from "node:test";

import { lengthOf } from "../src/judgement";
import { reasonsOf, whyBlocked } from "../src/reasons";
import { passages, readVerdict, type Verdict } from "../src/verdict";
import { isExposed, originOf, permissionFor } from "../src/worker/settings";

const ALLOW = { request_id: "req_1", decision: "ALLOW", threat_score: 1.5, categories: [], sanitized_text: null };

test("a verdict is read", () => {
  const verdict = readVerdict({ ...ALLOW, decision_process: { evidence: [{ start: 0, end: 2 }], entities: [{ type: "PERSON" }] } });
  assert.deepEqual(verdict?.evidence, [{ start: 0, end: 2 }]);
  assert.deepEqual(verdict?.entities, ["PERSON"]);
});

test("what is no verdict is never an ALLOW", () => {
  for (const answer of [null, [], "ALLOW", {}, { ...ALLOW, decision: "allow" }, { ...ALLOW, threat_score: null }]) {
    assert.equal(readVerdict(answer), null);
  }
  assert.equal(readVerdict({ ...ALLOW, decision: "SANITIZE" }), null);
  assert.equal(readVerdict({ ...ALLOW, sanitized_text: "x" }), null);
});

test("passages are counted in code points and joined where they overlap", () => {
  assert.deepEqual(passages("😀 ab cd ef", [{ start: 5, end: 7 }, { start: 2, end: 4 }, { start: 3, end: 6 }]), ["ab cd"]);
  assert.deepEqual(passages("ab cd", [{ start: 3, end: 5 }, { start: 0, end: 2 }]), ["ab", "cd"]);
});

test("a text has as many characters as Vigil counts", () => {
  assert.equal(lengthOf("zażółć 😀"), 8);
});

test("addresses", () => {
  assert.equal(originOf("https://vigil.example.org/"), "https://vigil.example.org");
  assert.equal(originOf("vigil.example.org"), "https://vigil.example.org");
  assert.equal(originOf("http://127.0.0.1:8080"), "http://127.0.0.1:8080");
  for (const typed of ["", "ftp://a", "https://a/path", "https://user:pass@a", "https://a?x", "javascript://a"]) {
    assert.equal(originOf(typed), null, typed);
  }
  assert.deepEqual(permissionFor("http://127.0.0.1:8080"), { origins: ["http://127.0.0.1/*"] });
  assert.equal(isExposed("http://vigil.local"), true);
  assert.equal(isExposed("http://localhost.example.org"), true);
  assert.equal(isExposed("http://127.0.0.1:8080"), false);
  assert.equal(isExposed("https://vigil.example.org"), false);
});

test("why a text was blocked, and what was found", () => {
  const found: Verdict = {
    requestId: "req_1", decision: "BLOCK", score: 90, categories: ["prompt_leak", "new_kind"], sanitized: null,
    evidence: [], entities: [], floors: [], failed: false,
  };
  assert.match(whyBlocked(found), /attack/);
  assert.deepEqual(reasonsOf(found), ["It asks for the model's hidden instructions", "new kind"]);
  assert.match(whyBlocked({ ...found, failed: true }), /could not be judged/);
  assert.match(whyBlocked({ ...found, floors: ["denied_phrase"] }), /phrase/);
  const personal = { ...found, score: 12, entities: ["PL_PESEL"] };
  assert.match(whyBlocked(personal), /personal data/);
  assert.deepEqual(reasonsOf(personal), ["PESEL number"]);
  assert.equal(reasonsOf({ ...personal, score: 40 }).length, 3);
});
