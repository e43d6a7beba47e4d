"""Cleaning a text: offending sentences cut, personal data masked, invisible characters stripped. Pure."""

import re
from collections.abc import Sequence

from app.schemas.detection import Evidence
from app.schemas.pii import Mask
from app.text import overlaps, sentence_spans, touched, union

# Evidence below this did not make a branch speak up; cutting for it would take innocent sentences. Where several
# weak branches agree there may be nothing above it: then the strongest evidence is what the ruling rests on.
CUT_SCORE = 30.0
# What is left must still hold this many letters or digits outside placeholders, else nobody can answer it.
WORTH_SENDING = 8

# Zero-width and bidirectional controls, soft hyphen, tag characters, variation selectors without a base.
# Newline, tab and the emoji joiner between two symbols stay.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200c\u200e\u200f\u202a-\u202e"
    "\u2060-\u2064\u2066-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]|(?<=\\w)\u200d|\u200d(?=\\w)"
)
_BLANK_LINES = re.compile(r"\n{3,}")


def sanitize(text: str, evidence: Sequence[Evidence], masks: Sequence[Mask]) -> str | None:
    """`text` without the sentences that `evidence` points at, with `masks` applied.

    Offsets are code points of `text`; masks are in order and do not overlap.

    Returns:
        The clean text, or None when nothing worth sending is left.
    """
    least = min(CUT_SCORE, max((item.score for item in evidence), default=CUT_SCORE))
    pointed = [(item.start, item.end) for item in evidence if item.score >= least and item.start < item.end]
    cuts = union([*touched(sentence_spans(text), pointed), *pointed])
    kept_masks = [mask for mask in masks if not any(overlaps(cut, (mask.start, mask.end)) for cut in cuts)]
    # A mask that a cut only touches is cut whole: half a number is still a number.
    cuts = union([*cuts, *((m.start, m.end) for m in masks if m not in kept_masks)])
    edits = sorted(
        [*((start, end, "") for start, end in cuts), *((m.start, m.end, m.replacement) for m in kept_masks)]
    )
    parts: list[str] = []
    worth, position = 0, 0
    for start, end, replacement in edits:
        kept = _INVISIBLE.sub("", text[position:start])
        worth += _letters(kept)
        parts += (kept, replacement)
        position = end
    rest = _INVISIBLE.sub("", text[position:])
    parts.append(rest)
    worth += _letters(rest)
    if cuts and worth < WORTH_SENDING:
        return None
    return _BLANK_LINES.sub("\n\n", "".join(parts)).strip() if cuts else "".join(parts)


def _letters(text: str) -> int:
    return sum(map(str.isalnum, text))
