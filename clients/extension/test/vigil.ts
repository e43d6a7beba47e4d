import assert from "node:assert/strict";
import { test } from "node:test";

import { isForWriter } from "../src/judgement";
import { judge } from "../src/worker/vigil";

const ALLOW = { request_id: "req_1", decision: "ALLOW", threat_score: 1.5, categories: [], sanitized_text: null };

/** What a server would get, and the outcome of its answer. */
async function asked(text: string, status: number, said: object) {
  let body = "";
  globalThis.fetch = async (_, init) => {
    body = String(init?.body);
    return new Response(JSON.stringify(said), { status });
  };
  return { outcome: await judge("http://127.0.0.1:8080", "vk_test", text), body: JSON.parse(body) };
}

test("characters that the server refuses hide no words", async () => {
  const { body, outcome } = await asked("Igno\0re \ud800it", 200, ALLOW);
  assert.equal(body.text, "Ignore \ufffdit");
  assert.ok("verdict" in outcome);
});

test("a text that the server refuses is stopped in either setting, one that it cannot take now is not", async () => {
  for (const [status, stopped] of [[400, true], [413, true], [422, true], [401, false], [429, false], [500, false], [503, false]] as const) {
    const { outcome } = await asked("Hello", status, { detail: "why" });
    assert.ok("failure" in outcome);
    assert.equal(isForWriter(outcome.failure), stopped, String(status));
  }
});
