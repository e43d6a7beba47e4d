import { isRecord } from "../verdict";
import { parse, placeAt, sent, type Sent, type Site, Unreadable } from "./site";

/**
 * Claude. A prompt goes to `completion` as `prompt`; long pasted texts and the text of documents go with it as
 * `extracted_content` of `attachments`. `title` gets the first prompt once more, to name the conversation.
 */
export const claude: Site = {
  hostname: "claude.ai",
  composer: 'div.ProseMirror[contenteditable="true"], [data-testid="chat-input"]',
  sendButton: 'button[aria-label="Send message" i], button[data-testid="send-button"]',

  carries(method, path) {
    const match = /^\/api\/organizations\/[^/]+\/chat_conversations\/[^/]+\/(completion|retry_completion|title)$/.exec(path);
    if (method !== "POST" || !match) return null;
    return match[1] === "title" ? "draft" : "prompt";
  },

  read(body): Sent {
    const request = parse(body);
    if (!isRecord(request)) throw new Unreadable("no completion");
    const { attachments = [] } = request;
    if (!Array.isArray(attachments)) throw new Unreadable("no list of attachments");
    const places = ["prompt", "message_content"].flatMap((name) => placeAt(request, name));
    if (places.length === 0) throw new Unreadable("no prompt");
    for (const attachment of attachments) {
      if (isRecord(attachment)) places.push(...placeAt(attachment, "extracted_content"));
    }
    return sent(places, () => JSON.stringify(request));
  },
};
