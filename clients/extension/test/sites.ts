import assert from "node:assert/strict";
import { test } from "node:test";

import { siteAt } from "../src/sites";
import { chatgpt } from "../src/sites/chatgpt";
import { claude } from "../src/sites/claude";
import { gemini } from "../src/sites/gemini";
import { type Site, Unreadable } from "../src/sites/site";

const PESEL = "Mój PESEL to 44051401359";
const CLEAN = "Mój PESEL to [PL_PESEL_1]";

function rewritten(site: Site, body: string, ...texts: string[]): string {
  const sent = site.read(body);
  assert.equal(sent.texts.length, texts.length);
  return sent.rewrite(texts);
}

test("each page has its site, and others have none", () => {
  assert.equal(siteAt("chatgpt.com"), chatgpt);
  assert.equal(siteAt("claude.ai"), claude);
  assert.equal(siteAt("gemini.google.com"), gemini);
  assert.equal(siteAt("chatgpt.com.example.org"), undefined);
});

test("the requests that carry a prompt", () => {
  for (const path of ["conversation", "f/conversation"]) {
    assert.equal(chatgpt.carries("POST", `/backend-api/${path}`), "prompt");
    assert.equal(chatgpt.carries("POST", `/backend-anon/${path}`), "prompt");
    assert.equal(chatgpt.carries("POST", `/backend-api/${path}/prepare`), "draft");
    assert.equal(chatgpt.carries("GET", `/backend-api/${path}`), null);
  }
  assert.equal(chatgpt.carries("POST", "/backend-api/conversations"), null);
  const conversation = "/api/organizations/a-1/chat_conversations/b-2";
  assert.equal(claude.carries("POST", `${conversation}/completion`), "prompt");
  assert.equal(claude.carries("POST", `${conversation}/retry_completion`), "prompt");
  assert.equal(claude.carries("POST", `${conversation}/title`), "draft");
  assert.equal(claude.carries("GET", conversation), null);
  const generate = "/_/BardChatUi/data/assistant.lamda.BardFrontendService/StreamGenerate";
  assert.equal(gemini.carries("POST", generate), "prompt");
  assert.equal(gemini.carries("POST", `/u/1${generate}`), "prompt");
  assert.equal(gemini.carries("POST", "/_/BardChatUi/data/batchexecute"), null);
});

test("ChatGPT: texts among uploads are found and replaced, the rest stays", () => {
  const image = { content_type: "image_asset_pointer", asset_pointer: "sediment://file_1" };
  const message = (parts: unknown[]) => ({ messages: [{ author: { role: "user" }, content: { parts } }], model: "auto" });
  const body = JSON.stringify(message([image, PESEL]));
  assert.deepEqual(chatgpt.read(body).texts, [PESEL]);
  assert.deepEqual(JSON.parse(rewritten(chatgpt, body, CLEAN)), message([image, CLEAN]));
});

test("ChatGPT: only what the user wrote", () => {
  const hint = { author: { role: "system" }, content: { content_type: "model_editable_context", model_set_context: "" } };
  const body = JSON.stringify({ messages: [hint, { author: { role: "user" }, content: { parts: [PESEL] } }] });
  assert.deepEqual(chatgpt.read(body).texts, [PESEL]);
});

test("ChatGPT: a draft, and a request that goes on without a new message", () => {
  const draft = { partial_query: { author: { role: "user" }, content: { content_type: "text", parts: [PESEL] } } };
  assert.deepEqual(chatgpt.read(JSON.stringify(draft)).texts, [PESEL]);
  assert.deepEqual(chatgpt.read(JSON.stringify({ partial_query: PESEL })).texts, [PESEL]);
  assert.deepEqual(chatgpt.read(JSON.stringify({ action: "continue" })).texts, []);
});

test("Claude: the prompt and what was extracted from documents", () => {
  const request = (prompt: string, text: string) => ({ prompt, attachments: [{ file_name: "a", extracted_content: text }] });
  const body = JSON.stringify(request("Sum this up", PESEL));
  assert.deepEqual(claude.read(body).texts, ["Sum this up", PESEL]);
  assert.deepEqual(JSON.parse(rewritten(claude, body, "Sum this up", CLEAN)), request("Sum this up", CLEAN));
});

test("Gemini: a prompt in JSON in JSON in a form", () => {
  const form = (text: string) =>
    new URLSearchParams({ "f.req": JSON.stringify([null, JSON.stringify([[text, 0], ["pl"]])]), at: "a:1" }).toString();
  assert.deepEqual(gemini.read(form(PESEL)).texts, [PESEL]);
  assert.equal(rewritten(gemini, form(PESEL), CLEAN), form(CLEAN));
});

test("what cannot be read is never taken for a request without a text", () => {
  for (const body of ["", "{", "null", "[]", '"text"']) assert.throws(() => chatgpt.read(body), Unreadable);
  for (const body of ['{"messages": {}}', '{"messages": [1]}', '{"messages": [{"content": {"blocks": []}}]}', '{"messages": [{"content": {"parts": [["text"]]}}]}']) {
    assert.throws(() => chatgpt.read(body), Unreadable);
  }
  for (const body of ["", "{}", '{"text": "x"}', '{"prompt": "x", "attachments": 1}']) assert.throws(() => claude.read(body), Unreadable);
  for (const body of ["", "f.req=", "f.req=[]", "f.req=[null,%22[]%22]", "f.req=[null,%22[[1]]%22]", "at=1"]) {
    assert.throws(() => gemini.read(body), Unreadable);
  }
});
