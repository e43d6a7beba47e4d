import { nameOf, say } from "./say";
import type { Verdict } from "./verdict";

/** From this threat score on a text is sanitized for itself, unless the server is set otherwise (SANITIZE_THRESHOLD). */
const SUSPICIOUS_SCORE = 30;

/** In one sentence, why a text was blocked. */
export function whyBlocked(verdict: Verdict): string {
  if (verdict.failed) return say("blocked_unjudged");
  if (verdict.floors.includes("denied_phrase")) return say("blocked_denied");
  if (isPersonalOnly(verdict)) return say("blocked_personal");
  return say("blocked_text");
}

/** What was found. Categories are named from weak signs on: where only personal data counted, they are no reason. */
export function reasonsOf(verdict: Verdict): string[] {
  const entities = verdict.entities.map((name) => nameOf("entity", name));
  const categories = isPersonalOnly(verdict) ? [] : verdict.categories;
  return [...entities, ...categories.map((name) => nameOf("category", name))];
}

function isPersonalOnly(verdict: Verdict): boolean {
  return verdict.entities.length > 0 && verdict.score < SUSPICIOUS_SCORE;
}
