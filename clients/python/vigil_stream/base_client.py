"""What both clients are made of; they differ in how they wait."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Generic, Self, TypeVar, Unpack

import httpx

from vigil_stream.clock import Clock
from vigil_stream.options import Changes, Options, from_environment

H = TypeVar("H", httpx.Client, httpx.AsyncClient)


class BaseClient(Generic[H]):
    """Settings, and connections that are made here or borrowed."""

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        *,
        timeout: float = Options.timeout,
        max_retries: int = Options.max_retries,
        retry_budget: float = Options.retry_budget,
        headers: Mapping[str, str] | None = None,
        http_client: H | None = None,
    ) -> None:
        url, api_key = from_environment(url, api_key)
        self._options = Options(url, api_key, timeout, max_retries, retry_budget, headers or {})
        self._clock = Clock()
        self._owned = http_client is None
        self._http: H = self._connections() if http_client is None else http_client

    def _connections(self) -> H:
        raise NotImplementedError

    def with_options(self, **changes: Unpack[Changes]) -> Self:
        """The same client with other settings. It shares the connections, which stay this one's to close."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__, _options=replace(self._options, **changes), _owned=False)
        return other

    @property
    def options(self) -> Options:
        """How it works."""
        return self._options

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._options.url!r})"
