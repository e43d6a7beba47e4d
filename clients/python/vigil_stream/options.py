"""How a client works."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypedDict

import httpx

from vigil_stream.errors import ConfigurationError

DEFAULT_URL = "http://127.0.0.1:8080"


@dataclass(frozen=True)
class Options:
    """Settings of one client. They are checked when it is made.

    Attributes:
        url: of the server, without `/v1`.
        api_key: `vk_live_...` or `vk_test_...`.
        timeout: seconds that one attempt may wait for a connection, or for the next bytes. The server gives up
            after five, so that less only makes sense where an answer is not worth waiting for.
        max_retries: attempts after the first.
        retry_budget: seconds for a call with all its attempts and the waits between them.
        headers: sent with every request.
    """

    url: str = DEFAULT_URL
    api_key: str = field(default="", repr=False)
    timeout: float = 10.0
    max_retries: int = 3
    retry_budget: float = 30.0
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        try:
            url = httpx.URL(self.url)
        except httpx.InvalidURL as error:
            raise ConfigurationError(f"url {self.url!r}: {error}") from None
        if url.scheme not in ("http", "https") or not url.host:
            raise ConfigurationError(
                f"url {self.url!r}: give one like https://vigil.example.com (or set VIGIL_URL)"
            )
        if not self.api_key:
            raise ConfigurationError("there is no API key: pass api_key=... or set VIGIL_API_KEY")
        if not (self.api_key.isascii() and self.api_key.isprintable() and " " not in self.api_key):
            raise ConfigurationError("the API key holds characters that no key has: was it copied whole?")
        if self.timeout <= 0:
            raise ConfigurationError(f"timeout={self.timeout}: give seconds, more than 0")
        if self.max_retries < 0:
            raise ConfigurationError(f"max_retries={self.max_retries}: give 0 or more")
        if self.retry_budget <= 0:
            raise ConfigurationError(f"retry_budget={self.retry_budget}: give seconds, more than 0")


class Changes(TypedDict, total=False):
    """What `with_options` takes."""

    api_key: str
    timeout: float
    max_retries: int
    retry_budget: float
    headers: Mapping[str, str]


def from_environment(url: str | None, api_key: str | None) -> tuple[str, str]:
    """Address and key as given, or else from VIGIL_URL and VIGIL_API_KEY."""
    address = url or os.environ.get("VIGIL_URL") or DEFAULT_URL
    return address.rstrip("/"), (api_key or os.environ.get("VIGIL_API_KEY") or "").strip()
