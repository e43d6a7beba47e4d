import type { Site } from "../sites/site";
import { EDITOR_MS, readField, wait, writeField } from "./field";
import type { Guard } from "./guard";

/**
 * Holds what would send the prompt - Enter, the button, the form - before the page sees it, has the text judged
 * and then lets the same happen once more. The page's request is guarded too (wire.ts): it catches what this misses.
 */
export class Composer {
  #busy = false;
  #releasing = false;

  constructor(
    private readonly site: Site,
    private readonly guard: Guard,
  ) {
    // First in line: these are added before any script of the page runs.
    addEventListener("keydown", (event) => this.#onKey(event), true);
    addEventListener("click", (event) => this.#onClick(event), true);
    addEventListener("submit", (event) => this.#onSubmit(event), true);
  }

  /** Put a text that was not sent back, unless the user has begun another one. */
  async giveBack(text: string): Promise<void> {
    const field = this.#field();
    if (field && !readField(field).trim()) await writeField(field, text);
    field?.focus();
  }

  #onKey(event: KeyboardEvent): void {
    // Enter that ends a composition (Japanese, Chinese, Korean) sends nothing; 229 is its older sign.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    const field = closest(event, this.site.composer);
    if (field) this.#hold(event, field, () => void this.#pressAgain(event, field));
  }

  #onClick(event: MouseEvent): void {
    const button = closest(event, this.site.sendButton);
    const field = this.#field();
    if (button && field) this.#hold(event, field, () => this.#clickAgain(button));
  }

  #onSubmit(event: SubmitEvent): void {
    const form = closest(event, "form");
    const field = form?.querySelector<HTMLElement>(this.site.composer);
    if (form instanceof HTMLFormElement && field) this.#hold(event, field, () => form.requestSubmit(event.submitter));
  }

  #hold(event: Event, field: HTMLElement, repeat: () => void): void {
    if (this.#releasing) return;
    const text = readField(field);
    if (this.guard.known(text) === text) return; // Blank, or ruled just now.
    event.preventDefault();
    event.stopImmediatePropagation();
    if (this.#busy) return; // Enter was pressed again while the first is being judged.
    this.#busy = true;
    void this.#settle(field, text, repeat).finally(() => (this.#busy = false));
  }

  async #settle(from: HTMLElement, text: string, repeat: () => void): Promise<void> {
    const ruling = await this.guard.rule(text);
    const field = from.isConnected ? from : this.#field();
    if (!field) return;
    const wanted = ruling.send ? ruling.text : ruling.edit;
    if (readField(field) !== text) return; // Changed meanwhile: it is judged when it is sent.
    if (wanted !== null && wanted !== text) await writeField(field, wanted);
    if (!ruling.send) return field.focus();
    if (wanted !== text) await wait(EDITOR_MS);
    this.#release(repeat);
  }

  #release(repeat: () => void): void {
    this.#releasing = true;
    try {
      repeat();
    } finally {
      this.#releasing = false;
    }
  }

  /** A page that does nothing about it, because no hand pressed the key, has a button. */
  async #pressAgain(event: KeyboardEvent, before: HTMLElement): Promise<void> {
    const field = before.isConnected ? before : this.#field();
    if (!field) return;
    const text = readField(field);
    const { key, code, ctrlKey, metaKey, altKey } = event;
    const keys = { key, code, keyCode: 13, which: 13, ctrlKey, metaKey, altKey };
    const again = new KeyboardEvent("keydown", { ...keys, bubbles: true, cancelable: true, composed: true });
    if (!field.dispatchEvent(again)) return;
    await wait(EDITOR_MS);
    if (readField(field) === text) this.#release(() => this.#clickAgain(null));
  }

  /** The page may have drawn another button meanwhile. */
  #clickAgain(button: HTMLElement | null): void {
    (button?.isConnected ? button : document.querySelector<HTMLElement>(this.site.sendButton))?.click();
  }

  #field(): HTMLElement | null {
    return document.querySelector<HTMLElement>(this.site.composer);
  }
}

/** The innermost element on the way of `event` that `selector` fits, through open shadow roots as well. */
function closest(event: Event, selector: string): HTMLElement | null {
  for (const step of event.composedPath()) {
    if (step instanceof HTMLElement && step.matches(selector)) return step;
  }
  return null;
}
