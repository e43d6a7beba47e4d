import { editable, post, show } from "./page";
import { editor } from "./prosemirror";

const CONVERSATION = "/api/organizations/0f/chat_conversations/1e";
const LONG = 4_000;
let pasted: string[] = [];

const composer = editor(document.querySelector("#place")!, { "data-testid": "chat-input" }, send, {
  // What is long becomes an attachment.
  pasted: (text) => text.length > LONG && Boolean(pasted.push(text)),
});

function send(text = composer.text()): void {
  if (!text.trim() && pasted.length === 0) return;
  composer.clear();
  show(text);
  const attachments = pasted.map((extracted_content) => ({ file_name: "", file_type: "txt", extracted_content }));
  pasted = [];
  void post(`${CONVERSATION}/completion`, { prompt: text, attachments, files: [], timezone: "Europe/Warsaw" });
  void post(`${CONVERSATION}/title`, { message_content: text, recent_titles: [] });
}

document.querySelector("button.send")!.addEventListener("click", () => send());
editable(send);
