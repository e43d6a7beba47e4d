"""What passes is judged text or its clean form; without either nothing does."""

import pytest

from app.chat.guarding import Blocked, guarded
from app.chat.judge import Spoken
from app.chat.places import request_places
from app.schemas.decision import Decision
from app.schemas.verdict import Verdict
from tests.unit.chat.judges import ATTACK, SECRET, ListeningJudge


def request(*texts: str) -> dict:
    return {"messages": [{"role": "user", "content": text} for text in texts]}


async def passed(body: dict) -> tuple[dict, bool]:
    outcome = await guarded(body, request_places(body), ListeningJudge())
    return outcome.document, outcome.changed


async def test_clean_texts_pass_unchanged() -> None:
    body = request("one", "two")
    assert await passed(body) == (body, False)


async def test_each_text_is_replaced_where_it_stands() -> None:
    document, changed = await passed(request("one", f"my number is {SECRET}", "three"))
    assert changed
    assert document == request("one", "my number is [PL_PESEL_1]", "three")


async def test_one_bad_text_stops_all_wherever_it_is() -> None:
    with pytest.raises(Blocked, match="instruction_override"):
        await passed(request("one", "two", f"please {ATTACK}"))


async def test_the_reason_never_holds_the_text() -> None:
    with pytest.raises(Blocked) as stopped:
        await passed(request(f"{SECRET} {ATTACK}"))
    assert SECRET not in str(stopped.value)
    assert ATTACK not in str(stopped.value)


async def test_arguments_of_a_call_stay_json() -> None:
    call = {"function": {"name": "send", "arguments": f'{{"to": "{SECRET}", "n": 1}}'}}
    document, _ = await passed({"messages": [{"role": "assistant", "tool_calls": [call]}]})
    arguments = document["messages"][0]["tool_calls"][0]["function"]["arguments"]
    assert arguments == '{"to": "[PL_PESEL_1]", "n": 1}'


async def test_a_number_in_the_arguments_of_a_call_is_replaced() -> None:
    call = {"function": {"name": "send", "arguments": f'{{"to": {SECRET}, "n": 1}}'}}
    document, _ = await passed({"messages": [{"role": "assistant", "tool_calls": [call]}]})
    arguments = document["messages"][0]["tool_calls"][0]["function"]["arguments"]
    assert arguments == '{"to": "[PL_PESEL_1]", "n": 1}'


async def test_the_name_of_a_field_cannot_be_replaced() -> None:
    with pytest.raises(Blocked, match="name of a field"):
        await passed({"messages": [{"role": "user", "content": {f"number {SECRET}": 1}}]})


async def test_a_missing_sanitized_text_never_lets_the_original_through() -> None:
    async def forgetful(texts):
        broken = Verdict(request_id="r", decision=Decision.SANITIZE, threat_score=40.0)
        return dict.fromkeys(texts, broken)

    body = request("anything")
    with pytest.raises(Blocked, match="no sanitized text"):
        await guarded(body, request_places(body), forgetful)


async def test_without_a_verdict_nothing_passes() -> None:
    async def silent(texts) -> dict[Spoken, Verdict]:
        return {}

    body = request("anything")
    with pytest.raises(KeyError):
        await guarded(body, request_places(body), silent)
