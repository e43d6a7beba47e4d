/** A stretch of two texts: in both, only in the first, or only in the second. */
export interface Piece {
  readonly kind: "same" | "removed" | "added";
  readonly text: string;
}

// Above this many comparisons the middle is shown as replaced: a table of 4 million cells takes some 50 ms.
const MOST_CELLS = 4_000_000;

/** What turns `before` into `after`, word by word. */
export function diff(before: string, after: string): Piece[] {
  const old = words(before);
  const now = words(after);
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) head += 1;
  let tail = 0;
  while (tail < old.length - head && tail < now.length - head && old.at(-1 - tail) === now.at(-1 - tail)) tail += 1;
  return merge([
    { kind: "same", text: old.slice(0, head).join("") },
    ...middle(old.slice(head, old.length - tail), now.slice(head, now.length - tail)),
    { kind: "same", text: tail ? old.slice(-tail).join("") : "" },
  ]);
}

/** The same with long unchanged stretches shortened to `context` characters around the changes. */
export function shorten(pieces: readonly Piece[], context: number): Piece[] {
  return pieces.map((piece, index) => {
    if (piece.kind !== "same") return piece;
    const start = index === 0 ? 0 : context;
    const end = index === pieces.length - 1 ? 0 : context;
    if (piece.text.length <= start + end + 3) return piece;
    const tail = end ? piece.text.slice(-end) : "";
    return { ...piece, text: `${piece.text.slice(0, start)} … ${tail}` };
  });
}

function words(text: string): string[] {
  return text.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? [];
}

/** Longest common subsequence. */
function middle(old: readonly string[], now: readonly string[]): Piece[] {
  if (old.length * now.length > MOST_CELLS) {
    return [
      { kind: "removed", text: old.join("") },
      { kind: "added", text: now.join("") },
    ];
  }
  const width = now.length + 1;
  const longest = new Uint32Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = now.length - 1; j >= 0; j -= 1) {
      longest[i * width + j] =
        old[i] === now[j]
          ? longest[(i + 1) * width + j + 1]! + 1
          : Math.max(longest[(i + 1) * width + j]!, longest[i * width + j + 1]!);
    }
  }
  const pieces: Piece[] = [];
  let i = 0;
  let j = 0;
  while (i < old.length || j < now.length) {
    if (i < old.length && j < now.length && old[i] === now[j]) {
      pieces.push({ kind: "same", text: old[i]! });
      i += 1;
      j += 1;
    } else if (j === now.length || (i < old.length && longest[(i + 1) * width + j]! >= longest[i * width + j + 1]!)) {
      pieces.push({ kind: "removed", text: old[i]! });
      i += 1;
    } else {
      pieces.push({ kind: "added", text: now[j]! });
      j += 1;
    }
  }
  return pieces;
}

/** Neighbours of one kind become one piece; within a change what was removed comes first. */
function merge(pieces: readonly Piece[]): Piece[] {
  const merged: Piece[] = [];
  let removed = "";
  let added = "";
  const flush = (): void => {
    if (removed) merged.push({ kind: "removed", text: removed });
    if (added) merged.push({ kind: "added", text: added });
    removed = added = "";
  };
  let same = "";
  for (const { kind, text } of pieces) {
    if (!text) continue;
    if (kind === "same") {
      flush();
      same += text;
      continue;
    }
    if (same) merged.push({ kind: "same", text: same });
    same = "";
    if (kind === "removed") removed += text;
    else added += text;
  }
  flush();
  if (same) merged.push({ kind: "same", text: same });
  return merged;
}
