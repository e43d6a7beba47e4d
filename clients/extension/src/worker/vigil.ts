import { type Failure, LONGEST, lengthOf, wordsOf } from "../judgement";
import { isRecord, readVerdict, type Verdict } from "../verdict";

/** A verdict, or why there is none. */
export type Outcome = { readonly verdict: Verdict } | { readonly failure: Failure; readonly detail: string };

/** The server gives up after 5 s. */
const TIMEOUT_MS = 10_000;

const FAILURES: Readonly<Record<number, Failure>> = {
  400: "refused",
  401: "unauthorized",
  403: "forbidden",
  413: "too_long",
  422: "refused",
  429: "busy",
  503: "busy",
  504: "late",
};

/** Ask the server at `address` for its verdict on `text`. */
export async function judge(address: string, key: string, text: string): Promise<Outcome> {
  if (!address || !key) return { failure: "unconfigured", detail: "" };
  const length = lengthOf(text);
  if (length > LONGEST) return { failure: "too_long", detail: length.toLocaleString() };
  try {
    const answer = await fetch(`${address}/v1/guard/input`, {
      method: "POST",
      headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
      body: JSON.stringify({ text: wordsOf(text), return_decision_process: true }),
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return await read(answer);
  } catch (error) {
    const late = error instanceof DOMException && error.name === "TimeoutError";
    return { failure: late ? "late" : "unreachable", detail: "" };
  }
}

async function read(answer: Response): Promise<Outcome> {
  const said: unknown = await answer.json().catch(() => null);
  if (!answer.ok) {
    const detail = isRecord(said) && typeof said.detail === "string" ? said.detail : `HTTP ${answer.status}`;
    return { failure: FAILURES[answer.status] ?? "unexpected", detail };
  }
  const verdict = readVerdict(said);
  return verdict ? { verdict } : { failure: "unexpected", detail: "no verdict in the answer" };
}
