import { parse, placeAt, sent, type Sent, type Site, Unreadable } from "./site";

/**
 * Gemini. A prompt goes to `StreamGenerate` as a form: `f.req` is JSON, a list whose second item is JSON again,
 * and the first of the first of that is the prompt.
 */
export const gemini: Site = {
  hostname: "gemini.google.com",
  composer: '.ql-editor[contenteditable="true"]',
  sendButton: 'button.send-button, button[aria-label="Send message" i]',

  carries(method, path) {
    return method === "POST" && path.endsWith(".BardFrontendService/StreamGenerate") ? "prompt" : null;
  },

  read(body): Sent {
    const form = new URLSearchParams(body);
    const outer = parse(form.get("f.req") ?? "");
    const inner = Array.isArray(outer) && typeof outer[1] === "string" ? parse(outer[1]) : null;
    const message: unknown = Array.isArray(inner) ? inner[0] : null;
    const places = Array.isArray(message) ? placeAt(message, 0) : [];
    if (!Array.isArray(outer) || places.length === 0) throw new Unreadable("no prompt");
    return sent(places, () => {
      outer[1] = JSON.stringify(inner);
      form.set("f.req", JSON.stringify(outer));
      return form.toString();
    });
  },
};
