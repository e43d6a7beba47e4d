import { editable, post, show } from "./page";
import { editor } from "./prosemirror";

const form = document.querySelector<HTMLFormElement>("form")!;
const message = (text: string) => ({
  id: crypto.randomUUID(),
  author: { role: "user" },
  content: { content_type: "text", parts: [text] },
});
const composer = editor(document.querySelector("#place")!, { id: "prompt-textarea" }, send, { changed: prepare });
let typing = 0;

function send(text = composer.text()): void {
  if (!text.trim() && !document.body.dataset.files) return;
  composer.clear();
  show(text);
  void post("/backend-api/f/conversation", { action: "next", messages: [message(text)], parent_message_id: "root", model: "auto" });
}

/** While the user types, the page lets its server know what is coming. */
function prepare(): void {
  clearTimeout(typing);
  typing = window.setTimeout(() => {
    if (composer.text()) void post("/backend-api/f/conversation/prepare", { action: "next", partial_query: message(composer.text()) });
  }, 50);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
editable(send);
