"""One remote service: pooled connections, a time limit, and answers that are what the contract says."""

import asyncio
from typing import TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from app.errors import RemoteFailed

Answer = TypeVar("Answer", bound=BaseModel)

LIMITS = httpx.Limits(max_connections=32, max_keepalive_connections=16, keepalive_expiry=30.0)


class Service:
    """The service behind one setting. For one event loop; `close()` when done.

    Args:
        setting: the variable that names it, for errors.
        url: its address, without a path.
        timeout_s: what one call may take in all.
        transport: instead of the network, for tests.
    """

    def __init__(
        self, setting: str, url: str, timeout_s: float, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._setting = setting
        self._timeout_s = timeout_s
        # No proxy from the environment: these texts go to the named host and nowhere else.
        self._client = httpx.AsyncClient(
            base_url=url, timeout=timeout_s, limits=LIMITS, trust_env=False, transport=transport
        )

    async def ask(self, path: str, question: BaseModel, answer: type[Answer]) -> Answer:
        """The answer to one POST.

        Raises:
            RemoteFailed: no answer in time, an error, or something that is not the contract's answer. The
                message quotes neither question nor answer: they may hold personal data.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                response = await self._client.post(path, json=question.model_dump(exclude_none=True))
        except TimeoutError:
            raise self.failure(f"no answer to {path} within {self._timeout_s:g} s") from None
        except httpx.HTTPError as error:
            raise self.failure(f"{path}: {type(error).__name__}") from None
        if response.status_code != httpx.codes.OK:
            raise self.failure(f"{path} answered {response.status_code}")
        try:
            return answer.model_validate_json(response.content)
        except ValidationError as invalid:
            fields = ", ".join(sorted({".".join(map(str, error["loc"])) for error in invalid.errors()}))
            raise self.failure(f"{path} answered something else than agreed: {fields}") from None

    def failure(self, reason: str) -> RemoteFailed:
        """The error that says what is wrong with this service."""
        return RemoteFailed(f"{self._setting}={self._client.base_url}: {reason}")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()
