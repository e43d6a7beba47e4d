/** What the extension has to know of a chat page. One file for each. */
export interface Site {
  readonly hostname: string;
  /** Selector of the field in which the prompt is written. */
  readonly composer: string;
  /** Selector of the buttons that send it. */
  readonly sendButton: string;
  /** Whether a request carries a prompt, or a draft of one that the page sends while the user types. */
  carries(method: string, path: string): "prompt" | "draft" | null;
  /**
   * What a request carries.
   *
   * Throws Unreadable when the body is none that the page is known to send.
   */
  read(body: string): Sent;
}

/** The texts of one request. */
export interface Sent {
  readonly texts: readonly string[];
  /** The body with other texts in their places, in the same order. */
  rewrite(texts: readonly string[]): string;
}

/** The page sends what this extension does not understand: it may have been changed. */
export class Unreadable extends Error {}

/** Where a text stands in a parsed body. */
export interface Place {
  readonly text: string;
  put(text: string): void;
}

/** The text at a name or an index of a parsed body, if there is one. */
export function placeAt(holder: object, name: PropertyKey): Place[] {
  const text: unknown = Reflect.get(holder, name);
  if (typeof text !== "string") return [];
  return [{ text, put: (other) => Reflect.set(holder, name, other) }];
}

/** `serialize` gives the body again once the texts were put into their places. */
export function sent(places: readonly Place[], serialize: () => string): Sent {
  return {
    texts: places.map((place) => place.text),
    rewrite(texts) {
      places.forEach((place, index) => place.put(texts[index] ?? ""));
      return serialize();
    },
  };
}

/** A JSON value, or Unreadable. */
export function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new Unreadable("not JSON");
  }
}
