import english from "../static/_locales/en/messages.json";

export type Phrase = keyof typeof english;

/** A phrase in the language of the browser, with `{name}` replaced. English once the extension has gone. */
export function say(phrase: Phrase, values: Readonly<Record<string, string | number>> = {}): string {
  const text = translated(phrase) || english[phrase].message;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** The name of a category of attack or a type of personal data; as the server calls it when there is no better one. */
export function nameOf(kind: "category" | "entity", name: string): string {
  const phrase = `${kind}_${name}`;
  return phrase in english ? say(phrase as Phrase) : name.replaceAll("_", " ").toLowerCase();
}

function translated(phrase: string): string {
  try {
    return chrome.i18n.getMessage(phrase);
  } catch {
    return "";
  }
}
