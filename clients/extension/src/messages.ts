import type { Failure, Judgement } from "./judgement";

/** What a content script may ask of the service worker. It is told neither the address nor the key. */
export type Request =
  | { readonly kind: "judge"; readonly text: string }
  /** What the settings want when the content script itself cannot have a text judged. */
  | { readonly kind: "fail"; readonly failure: Failure; readonly detail: string }
  | { readonly kind: "open-settings" };

/** The service worker's judgement. None comes when the extension was reloaded, updated or removed under this page. */
export async function askForJudgement(request: Exclude<Request, { kind: "open-settings" }>): Promise<Judgement> {
  try {
    const judgement: Judgement | undefined = await chrome.runtime.sendMessage(request);
    if (judgement) return judgement;
  } catch {
    // Said below: nobody is there.
  }
  return { failure: "reloaded", detail: "", failMode: "closed" };
}

export async function openSettings(): Promise<void> {
  await chrome.runtime.sendMessage({ kind: "open-settings" } satisfies Request);
}
