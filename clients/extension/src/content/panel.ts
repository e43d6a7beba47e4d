import { diff, type Piece, shorten } from "../diff";
import { isForWriter, type Judgement, wordsOf } from "../judgement";
import { openSettings } from "../messages";
import { reasonsOf, whyBlocked } from "../reasons";
import { type Phrase, say } from "../say";
import { passages, type Verdict } from "../verdict";
import { element } from "./element";
import { STYLE } from "./panel.style";

type Failed = Exclude<Judgement, { verdict: Verdict }>;

/** A button of a dialog, and what pressing it means. */
type Choices<C> = readonly (readonly [phrase: Phrase, choice: C])[];

const NOTICE_MS = 5_000;
const CONTEXT_CHARS = 60;
const MOST_PASSAGES = 5;

/** What the user sees in a page: notices in a corner, and dialogs that want a choice. In a shadow tree of its own. */
export class Panel {
  readonly #host = document.createElement("vigil-panel");
  readonly #notice = element("p", { role: "status", className: "notice", hidden: true });
  #timer = 0;

  constructor() {
    const root = this.#host.attachShadow({ mode: "open" });
    const style = new CSSStyleSheet();
    style.replaceSync(STYLE);
    root.adoptedStyleSheets = [style];
    root.append(this.#notice);
    // Keys that are pressed in a dialog are none of the page's shortcuts.
    for (const type of ["keydown", "keyup", "keypress"]) {
      this.#host.addEventListener(type, (event) => event.stopPropagation());
    }
  }

  checking(): void {
    this.#say(say("checking"), "checking");
  }

  allowed(verdict: Verdict): void {
    if (verdict.failed) this.#say(say("allowed_unjudged"), "warning", NOTICE_MS);
    else this.#say(say("allowed", { score: Math.round(verdict.score) }), "allowed", NOTICE_MS);
  }

  passedUnjudged(failed: Failed): void {
    this.#say(say("passed_open", { reason: reasonOf(failed) }), "warning", 2 * NOTICE_MS);
  }

  blocked(text: string, verdict: Verdict): Promise<"edit" | "cancel"> {
    const quoted = passages(wordsOf(text), verdict.evidence).slice(0, MOST_PASSAGES);
    return this.#ask("blocked", "blocked_title", [["edit", "edit"], ["close", "cancel"]], [
      element("p", {}, whyBlocked(verdict)),
      ...reasons(verdict),
      ...(quoted.length ? [heading("passages"), element("ul", {}, ...quoted.map(quote))] : []),
      ...footer(verdict),
    ]);
  }

  sanitized(text: string, cleaned: string, verdict: Verdict): Promise<"send" | "edit" | "cancel"> {
    const choices = [["send_cleaned", "send"], ["edit_cleaned", "edit"], ["cancel", "cancel"]] as const;
    const pieces = shorten(diff(text, cleaned), CONTEXT_CHARS);
    return this.#ask("sanitized", "sanitized_title", choices, [
      element("p", {}, say("sanitized_text")),
      element("div", { className: "diff", role: "region", ariaLabel: say("changes"), tabIndex: 0 }, ...pieces.map(mark)),
      ...reasons(verdict),
      ...footer(verdict),
    ]);
  }

  async failed(failed: Failed): Promise<"edit" | "cancel"> {
    const choices: Choices<"settings" | "cancel"> =
      failed.failure === "unconfigured" || failed.failure === "unauthorized"
        ? [["open_settings", "settings"], ["close", "cancel"]]
        : [["close", "cancel"]];
    const choice = await this.#ask("failed", "failed_title", choices, [
      element("p", {}, reasonOf(failed)),
      ...(failed.failure === "reloaded" || isForWriter(failed.failure) ? [] : [element("p", {}, say("failed_closed"))]),
    ]);
    if (choice === "settings") await openSettings();
    return "cancel";
  }

  /** The choice that was made; Escape is a cancel. The rest of the page can neither be reached nor pressed meanwhile. */
  #ask<C>(kind: string, title: Phrase, choices: Choices<C | "cancel">, content: readonly Node[]): Promise<C | "cancel"> {
    this.#hide();
    // The title gets the focus: whoever presses Enter twice shall not choose without having read.
    const heading = element("h2", { id: "title", tabIndex: -1, autofocus: true }, say(title));
    const dialog = element("dialog", { className: kind });
    dialog.setAttribute("aria-labelledby", "title");
    return new Promise((resolve) => {
      let chosen: C | "cancel" = "cancel";
      const buttons = choices.map(([phrase, choice], index) => {
        const button = element("button", { type: "button", className: index === 0 ? "first" : "" }, say(phrase));
        button.addEventListener("click", (event) => {
          if (!event.isTrusted) return; // A script of the page pressed it, not the user.
          chosen = choice;
          dialog.close();
        });
        return button;
      });
      dialog.append(
        element("div", { className: "top" }, element("span", { className: "brand" }, say("brand")), heading),
        element("div", { className: "body" }, ...content),
        element("div", { className: "buttons" }, ...buttons),
      );
      const end = (): void => {
        gone.disconnect();
        dialog.remove();
        resolve(chosen);
      };
      // A page that throws the panel away has chosen nothing.
      const gone = new MutationObserver(() => this.#host.isConnected || end());
      dialog.addEventListener("close", end);
      this.#root().append(dialog);
      gone.observe(document.documentElement, { childList: true });
      dialog.showModal();
    });
  }

  #say(text: string, kind: string, forMs?: number): void {
    this.#root();
    clearTimeout(this.#timer);
    this.#notice.textContent = text;
    this.#notice.className = `notice ${kind}`;
    this.#notice.hidden = false;
    if (forMs) this.#timer = window.setTimeout(() => this.#hide(), forMs);
  }

  #hide(): void {
    clearTimeout(this.#timer);
    this.#notice.hidden = true;
  }

  /** Pages throw away what they do not know: it is put back each time. */
  #root(): ShadowRoot {
    if (!this.#host.isConnected) document.documentElement.append(this.#host);
    return this.#host.shadowRoot as ShadowRoot;
  }
}

function reasonOf({ failure, detail }: Failed): string {
  return say(`failure_${failure}`, { detail }).trim();
}

function reasons(verdict: Verdict): HTMLElement[] {
  const found = reasonsOf(verdict);
  return found.length ? [heading("reasons"), element("ul", {}, ...found.map((name) => element("li", {}, name)))] : [];
}

function footer(verdict: Verdict): HTMLElement[] {
  return [
    element("p", { className: "score" }, say("score", { score: Math.round(verdict.score) })),
    element("p", { className: "request" }, say("request", { id: verdict.requestId })),
  ];
}

function heading(phrase: Phrase): HTMLElement {
  return element("h3", {}, say(phrase));
}

function quote(text: string): HTMLElement {
  return element("li", {}, element("q", {}, text.length > 200 ? `${text.slice(0, 200)}…` : text));
}

function mark({ kind, text }: Piece): HTMLElement {
  if (kind === "same") return element("span", {}, text);
  return element(kind === "removed" ? "del" : "ins", {}, text);
}
