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
  | "unreadable"
  | "reloaded";

/** A verdict, or why there is none and what the settings want then. */
export type Judgement =
  | { readonly verdict: Verdict }
  | { readonly failure: Failure; readonly detail: string; readonly failMode: FailMode };

/** A text of this many characters is the longest that Vigil judges at once. */
export const LONGEST = 100_000;

/** Characters as Vigil counts them: code points. */
export function lengthOf(text: string): number {
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}
