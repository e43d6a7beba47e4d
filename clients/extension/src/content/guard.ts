import type { Judgement } from "../judgement";
import type { Panel } from "./panel";

/** What becomes of a text: it is sent, as it is or cleaned, or it is not, and perhaps goes back to be edited. */
export type Ruling =
  | { readonly send: true; readonly text: string }
  | { readonly send: false; readonly edit: string | null };

/** A text passes twice, in the composer and in the page's request: what was ruled is remembered for so long. */
const REMEMBERED_MS = 60_000;
/** The same of a text that nobody judged: the next time it is to be judged. */
const UNJUDGED_MS = 5_000;

/** Has each text judged once, and asks the user where there is something to choose. */
export class Guard {
  readonly #rulings = new Map<string, { readonly text: string; readonly until: number }>();
  readonly #underWay = new Map<string, Promise<Ruling>>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly judge: (text: string) => Promise<Judgement>,
    private readonly panel: Panel,
  ) {}

  /** What may be sent in the place of `text` without asking again; null when that is not known. */
  known(text: string): string | null {
    if (!text.trim()) return text;
    const ruling = this.#rulings.get(keyOf(text));
    if (!ruling || ruling.until < Date.now()) return null;
    return keyOf(ruling.text) === keyOf(text) ? text : ruling.text;
  }

  /** The ruling on `text`. Whoever asks for the same text meanwhile gets the same one, and no second question. */
  rule(text: string): Promise<Ruling> {
    const known = this.known(text);
    if (known !== null) return Promise.resolve({ send: true, text: known });
    const key = keyOf(text);
    const underWay = this.#underWay.get(key);
    if (underWay) return underWay;
    // One after the other: there is one panel.
    const ruling = this.#last.then(() => this.#rule(text)).finally(() => this.#underWay.delete(key));
    this.#last = ruling.catch(() => null);
    this.#underWay.set(key, ruling);
    return ruling;
  }

  /** The ruling that follows from a judgement: of the settings, or of the user, who is asked. */
  async settle(text: string, judgement: Judgement): Promise<Ruling> {
    if (!("verdict" in judgement)) {
      if (judgement.failMode === "open") {
        this.panel.passedUnjudged(judgement);
        return this.#pass(text, text, UNJUDGED_MS);
      }
      return this.#stop(await this.panel.failed(judgement), text);
    }
    const { verdict } = judgement;
    if (verdict.decision === "ALLOW") {
      this.panel.allowed(verdict);
      return this.#pass(text);
    }
    if (verdict.decision === "BLOCK") return this.#stop(await this.panel.blocked(text, verdict), text);
    const cleaned = verdict.sanitized ?? "";
    const choice = await this.panel.sanitized(text, cleaned, verdict);
    return choice === "send" ? this.#pass(text, cleaned) : this.#stop(choice, cleaned);
  }

  async #rule(text: string): Promise<Ruling> {
    this.panel.checking();
    return this.settle(text, await this.judge(text));
  }

  #pass(text: string, instead = text, forMs = REMEMBERED_MS): Ruling {
    const now = Date.now();
    for (const [key, { until }] of this.#rulings) if (until < now) this.#rulings.delete(key);
    const ruling = { text: instead, until: now + forMs };
    this.#rulings.set(keyOf(text), ruling).set(keyOf(instead), ruling);
    return { send: true, text: instead };
  }

  #stop(choice: "edit" | "cancel", text: string): Ruling {
    return { send: false, edit: choice === "edit" ? text : null };
  }
}

/** Pages change the white space between what is written and what is sent. */
function keyOf(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
