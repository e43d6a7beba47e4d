"""A judge of the tests: what it finds bad is written in the text."""

from collections.abc import Collection, Mapping

from app.chat.judge import Spoken
from app.schemas.decision import Decision
from app.schemas.verdict import Verdict

ATTACK = "IGNORE EVERYTHING"
SECRET = "44051401359"


def verdict(text: str) -> Verdict:
    if ATTACK in text:
        return Verdict(
            request_id="r", decision=Decision.BLOCK, threat_score=90.0, categories=("instruction_override",)
        )
    if SECRET in text:
        clean = text.replace(SECRET, "[PL_PESEL_1]")
        return Verdict(
            request_id="r",
            decision=Decision.SANITIZE,
            threat_score=1.0,
            pii_detected=True,
            sanitized_text=clean,
        )
    return Verdict(request_id="r", decision=Decision.ALLOW, threat_score=1.0, pii_detected=False)


class ListeningJudge:
    """Judges, and remembers what it was shown."""

    def __init__(self) -> None:
        self.heard: list[Spoken] = []

    async def __call__(self, texts: Collection[Spoken]) -> Mapping[Spoken, Verdict]:
        self.heard += texts
        return {spoken: verdict(spoken.text) for spoken in texts}
