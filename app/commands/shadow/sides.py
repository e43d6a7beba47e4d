"""The two that are asked: the running Vigil, and the predecessor's webhook."""

import asyncio
import os
import time
from typing import Any

import httpx

from app.commands.shadow.cases import Judgement, judgement
from app.errors import VigilError
from app.schemas.decision import Decision
from app.schemas.guard import Mode

TOKEN = "PREDECESSOR_TOKEN"  # noqa: S105 - the variable's name
TRIES = 5
LATER = {429, 503}


class Vigil:
    """Vigil over its public API, under the policy of the key that asks."""

    def __init__(self, client: httpx.AsyncClient, url: str, key: str, mode: Mode) -> None:
        self._client = client
        self._url = f"{url}/v1/guard/input"
        self._headers = {"Authorization": f"Bearer {key}"}
        self._mode = mode

    async def judge(self, text: str) -> Judgement:
        """Its verdict; under a policy in shadow mode what it would have been. Raises VigilError."""
        body = {"text": text, "mode": self._mode.value}
        answer, took_ms = await _post(self._client, self._url, body, self._headers, "Vigil")
        return Judgement(
            Decision(answer["shadow_decision"] or answer["decision"]),
            score=answer["threat_score"],
            reasons=tuple(answer["categories"]),
            took_ms=took_ms,
            request_id=answer["request_id"],
        )


class Webhook:
    """The predecessor over the webhook of its workflow."""

    def __init__(self, client: httpx.AsyncClient, url: str) -> None:
        self._client = client
        self._url = url
        self._headers = {"X-Vigil-Auth": os.environ.get(TOKEN, "")}

    async def judge(self, text: str) -> Judgement:
        """Its verdict. Raises VigilError."""
        body = {"chatInput": text, "sessionId": "vigil-shadow"}
        answer, took_ms = await _post(self._client, self._url, body, self._headers, "the predecessor")
        if isinstance(answer, list):  # n8n wraps it, depending on the last node
            answer = answer[0] if answer else {}
        if not isinstance(answer, dict):
            raise VigilError("the predecessor answered something else than a verdict")
        return judgement(answer, "the predecessor's answer", took_ms)


async def _post(
    client: httpx.AsyncClient, url: str, body: dict[str, Any], headers: dict[str, str], who: str
) -> tuple[Any, float]:
    """The answer and the milliseconds that it took; one that says `later` is asked again."""
    for _ in range(TRIES):
        started = time.perf_counter()
        try:
            response = await client.post(url, json=body, headers=headers)
        except httpx.HTTPError as error:
            raise VigilError(f"{who} does not answer ({type(error).__name__})") from None
        if response.status_code not in LATER:
            break
        await asyncio.sleep(_pause_s(response))
    if not response.is_success:
        raise VigilError(f"{who} answered {response.status_code}")
    try:
        return response.json(), (time.perf_counter() - started) * 1000
    except ValueError:
        raise VigilError(f"{who} answered something else than JSON") from None


def _pause_s(response: httpx.Response) -> float:
    said = response.headers.get("retry-after", "")
    return min(float(said), 60.0) if said.isdecimal() else 1.0
