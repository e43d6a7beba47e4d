import { isRecord } from "../verdict";
import { parse, type Place, placeAt, sent, type Sent, type Site, Unreadable } from "./site";

/**
 * ChatGPT. A prompt goes to `conversation` as `messages` of the user, whose `content.parts` are texts or
 * descriptions of uploads. While the user types, `prepare` carries a beginning of it as `partial_query`.
 */
export const chatgpt: Site = {
  hostname: "chatgpt.com",
  composer: "#prompt-textarea",
  sendButton:
    '[data-testid="send-button"], #composer-submit-button:not([data-testid="stop-button"]), button[aria-label="Send prompt" i]',

  carries(method, path) {
    const match = /^\/backend-(?:api|anon)\/(?:f\/)?conversation(\/prepare)?$/.exec(path);
    if (method !== "POST" || !match) return null;
    return match[1] ? "draft" : "prompt";
  },

  read(body): Sent {
    const request = parse(body);
    if (!isRecord(request)) throw new Unreadable("no conversation");
    const { messages = [], partial_query: draft } = request;
    if (!Array.isArray(messages)) throw new Unreadable("no messages");
    const places = [
      ...messages.flatMap(placesOf),
      ...placeAt(request, "partial_query"),
      ...(isRecord(draft) ? placesOf(draft) : []),
    ];
    return sent(places, () => JSON.stringify(request));
  },
};

function placesOf(message: unknown): Place[] {
  if (!isRecord(message)) throw new Unreadable("a message of another form");
  const { author, content } = message;
  // What the page adds on behalf of the system or of a tool is not what somebody wrote.
  if (isRecord(author) && typeof author.role === "string" && author.role !== "user") return [];
  if (!isRecord(content)) throw new Unreadable("a message without content");
  const { parts } = content;
  if (!Array.isArray(parts)) {
    const places = placeAt(content, "text");
    if (places.length === 0) throw new Unreadable("a message without parts");
    return places;
  }
  return parts.flatMap((part: unknown, index) => {
    if (Array.isArray(part)) throw new Unreadable("a part of another form");
    return isRecord(part) ? placeAt(part, "text") : placeAt(parts, index);
  });
}
