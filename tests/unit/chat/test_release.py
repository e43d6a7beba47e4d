"""What of each window goes to the reader, with placeholders that go on from window to window."""

import pytest

from app.chat.guarding import Blocked
from app.chat.release import Withheld, release
from app.chat.window import BY_SENTENCE, Window
from app.pii.engine import PiiEngine
from app.pii.redaction import Redaction, redact
from app.placeholders import Placeholders
from app.schemas.decision import Decision
from app.schemas.timing import Timings
from app.schemas.verdict import DecisionProcess, Verdict

ANN, BEN = "44051401359", "02070803628"


@pytest.fixture(scope="module")
def engine() -> PiiEngine:
    return PiiEngine()


def looking(engine: PiiEngine):
    async def look(text: str, given: dict[str, str]) -> Verdict:
        findings = engine.analyze(text, known=given)
        process = DecisionProcess(
            branches=(), weights={}, weighted_score=0.0, floors=(), degraded=(), evidence=(),
            entities=findings.entities, masks=findings.masks, timings=Timings(),
        )  # fmt: skip
        if not findings.masks:
            return Verdict(
                request_id="r", decision=Decision.ALLOW, threat_score=0.0, decision_process=process
            )
        return Verdict(
            request_id="r",
            decision=Decision.SANITIZE,
            threat_score=0.0,
            sanitized_text=redact(text, findings.masks),
            decision_process=process,
        )

    return look


async def streamed(engine: PiiEngine, *pieces: str) -> str:
    window, placeholders, out = Window(BY_SENTENCE), Placeholders(), []
    for piece in (*pieces, None):
        if piece is not None:
            window.add(piece)
        text = window.rest() if piece is None else window.ready()
        if text:
            shown = await release(text, window.context, placeholders, looking(engine))
            assert isinstance(shown, str)
            window.released(shown)
            out.append(shown)
    return "".join(out)


async def test_a_value_keeps_its_placeholder_and_another_gets_the_next_number(engine) -> None:
    far = "Nothing happens in this sentence, and in the next ones nothing happens either. " * 20
    shown = await streamed(
        engine, f"PESEL {ANN} is one. ", f"PESEL {BEN} is two. ", far, f"PESEL {BEN} again. ",
        f"PESEL {ANN[:6]} {ANN[6:]} is one. ", "Call Jan Kowalski. ", far, "Call Anna Nowak. ", "The end",
    )  # fmt: skip
    assert shown.replace(far, "") == (
        "PESEL [PL_PESEL_1] is one. PESEL [PL_PESEL_2] is two. PESEL [PL_PESEL_2] again. PESEL [PL_PESEL_1] is one. "
        "Call [PERSON_1]. Call [PERSON_2]. The end"
    )


async def test_a_placeholder_that_came_in_the_text_is_given_to_no_value(engine) -> None:
    far = "Nothing happens in this sentence, and in the next ones nothing happens either. " * 20
    shown = await streamed(engine, "Dear [PL_PESEL_1], hello. ", far, f"PESEL {ANN} is yours. ", "The end")
    assert shown.replace(far, "") == "Dear [PL_PESEL_1], hello. PESEL [PL_PESEL_2] is yours. The end"


async def test_placeholders_that_can_be_turned_back_go_on_too() -> None:
    engine = PiiEngine(redaction=Redaction(restorable=True))
    far = "Nothing happens in this sentence, and in the next ones nothing happens either. " * 20
    shown = await streamed(engine, f"PESEL {ANN}. ", far, f"PESEL {BEN}. ", far, f"PESEL {ANN}. ", "The end")
    assert shown.replace(far, "") == "PESEL [PL_PESEL_1]. PESEL [PL_PESEL_2]. PESEL [PL_PESEL_1]. The end"


def ruled(decision: Decision, clean: str | None = None) -> Verdict:
    return Verdict(request_id="r", decision=decision, threat_score=50.0, sanitized_text=clean)


@pytest.mark.parametrize(
    ("whole", "alone", "shown"),
    [
        (ruled(Decision.ALLOW), None, "New.\n"),
        (ruled(Decision.SANITIZE, "Old. N."), None, "N.\n"),
        (ruled(Decision.SANITIZE, "Old."), None, None),
        (ruled(Decision.SANITIZE, "New."), ruled(Decision.ALLOW), None),
        (ruled(Decision.SANITIZE, "O. N."), ruled(Decision.SANITIZE, "[X_1]"), "[X_1]\n"),
    ],
)
async def test_what_is_shown_of_a_window(whole: Verdict, alone: Verdict | None, shown: str | None) -> None:
    async def look(text: str, _: dict[str, str]) -> Verdict:
        verdict = {"Old. New.\n": whole, "New.\n": alone}[text]
        assert verdict is not None
        return verdict

    released = await release("New.\n", "Old. ", Placeholders(), look)
    assert released == (Withheld(whole) if shown is None else shown)


@pytest.mark.parametrize("whole", [ruled(Decision.BLOCK), ruled(Decision.SANITIZE)])
async def test_nothing_is_shown_after_a_block_nor_without_a_clean_text(whole: Verdict) -> None:
    async def look(*_: object) -> Verdict:
        return whole

    with pytest.raises(Blocked):
        await release("New. ", "", Placeholders(), look)
    assert await release(" \n", "Old. ", Placeholders(), look) == " \n", "white space is not judged"
