import type { Verdict } from "./verdict";

/** What happens to a text that could not be judged: it is stopped, or let through. */
export type FailMode = "closed" | "open";

/** Why there is no verdict. */
export type Failure =
  | "unconfigured"
  | "unreachable"
  | "late"
  | "unauthorized"
  | "forbidden"
  | "busy"
  | "unexpected"
  | "too_long"
  | "refused"
  | "unreadable"
  | "reloaded";

/** A verdict, or why there is none and what the settings want then. */
export type Judgement =
  | { readonly verdict: Verdict }
  | { readonly failure: Failure; readonly detail: string; readonly failMode: FailMode };

/** A text of this many characters is the longest that Vigil judges at once. */
export const LONGEST = 100_000;

/** A text that cannot be judged as it is, is its writer's to change: failing open would let through whatever hides in it. */
export function isForWriter(failure: Failure): boolean {
  return failure === "too_long" || failure === "refused";
}

/** The text that Vigil is asked about: it takes no halves of surrogate pairs and no NUL, which are part of no word. */
export function wordsOf(text: string): string {
  return text.toWellFormed().replaceAll("\0", "");
}

/** Characters as Vigil counts them: code points. */
export function lengthOf(text: string): number {
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}
