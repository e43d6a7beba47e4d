/** What Vigil answers, as far as the extension reads it: docs/api.md. */

export type Decision = "ALLOW" | "SANITIZE" | "BLOCK";

/** A span of the judged text; offsets are code points. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Verdict {
  readonly requestId: string;
  readonly decision: Decision;
  readonly score: number;
  readonly categories: readonly string[];
  /** Present exactly with SANITIZE. */
  readonly sanitized: string | null;
  /** The passages that speak against the text. */
  readonly evidence: readonly Span[];
  /** Types of the personal data that was found. */
  readonly entities: readonly string[];
  /** Names of the rules of the server that raised the score. */
  readonly floors: readonly string[];
  /** Nobody could judge the text: the policy of the server decided. */
  readonly failed: boolean;
}

const DECISIONS: readonly unknown[] = ["ALLOW", "SANITIZE", "BLOCK"];

/** The verdict in an answer, or null when it is none: nothing that looks odd may pass as an ALLOW. */
export function readVerdict(answer: unknown): Verdict | null {
  if (!isRecord(answer) || !DECISIONS.includes(answer.decision) || typeof answer.threat_score !== "number") return null;
  const decision = answer.decision as Decision;
  const sanitized = typeof answer.sanitized_text === "string" ? answer.sanitized_text : null;
  if ((decision === "SANITIZE") !== (sanitized !== null)) return null;
  const process = isRecord(answer.decision_process) ? answer.decision_process : {};
  return {
    requestId: String(answer.request_id),
    decision,
    score: answer.threat_score,
    categories: list(answer.categories).filter((name) => typeof name === "string"),
    sanitized,
    evidence: list(process.evidence).filter(isSpan).map(({ start, end }) => ({ start, end })),
    entities: [...new Set(list(process.entities).flatMap((entity) => textAt(entity, "type")))],
    floors: list(process.floors).flatMap((floor) => textAt(floor, "name")),
    failed: answer.failed === true,
  };
}

/** The passages of `text` at `spans`, joined where they touch, in their order. */
export function passages(text: string, spans: readonly Span[]): string[] {
  const points = [...text];
  const joined: { start: number; end: number }[] = [];
  for (const { start, end } of [...spans].sort((a, b) => a.start - b.start)) {
    const last = joined.at(-1);
    if (last && start <= last.end) last.end = Math.max(last.end, end);
    else joined.push({ start, end });
  }
  return joined.map(({ start, end }) => points.slice(start, end).join("").trim()).filter(Boolean);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSpan(value: unknown): value is Span {
  return isRecord(value) && Number.isInteger(value.start) && Number.isInteger(value.end);
}

function textAt(holder: unknown, name: string): string[] {
  return isRecord(holder) && typeof holder[name] === "string" ? [holder[name]] : [];
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
