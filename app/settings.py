"""Settings, read once from the environment. Units are in the names; the brief's names are kept."""

import os
import re
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.errors import SettingsError
from app.limits.window import parse_windows
from app.schemas.pii import Operator
from app.streams import LOGGING, VAULT, WORKERS, Consumer

CLICKHOUSE_HTTP_PORTS = {8123, 8443}
REDIS_SCHEMES = ("redis://", "rediss://", "unix://")
REMOTE = (
    "heuristics_url", "semantic_url", "llm_guard_url", "presidio_url", "language_detector_url", "vigil_upstream_url",
)  # fmt: skip
_URL = re.compile(r"https?://[^\s/?#@]+(?:/[^\s?#]*)?")
_OPERATOR = re.compile(r"(?:(?P<type>\*|[A-Za-z][A-Za-z0-9_]*)=)?(?P<operator>[a-z]+)")


def _number(value: Any) -> Any:
    # A Literal of numbers takes no text, and the environment holds nothing else.
    return int(value) if isinstance(value, str) and value.strip().isdecimal() else value


class Settings(BaseSettings):
    """One field per environment variable, in upper case: `vigil_port` is VIGIL_PORT."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    vigil_host: str = "127.0.0.1"
    vigil_port: int = Field(default=8080, ge=1, le=65535)
    vigil_data_dir: Path = Path(".vigil")
    vigil_secrets_dir: Path | None = Field(
        default=None,
        description="A folder of files that are settings, as containers get secrets: `nats_pass` holds NATS_PASS. "
        "The environment goes first.",
    )
    vigil_workers: str = Field(
        default=",".join(WORKERS), description="Workers of this process, comma separated."
    )
    vigil_processes: int = Field(
        default=2, ge=1, le=64, description="Worker processes that `vigil up` starts."
    )
    vigil_replicas: Annotated[Literal[1, 3, 5], BeforeValidator(_number)] = 1
    vigil_timeout_ms: int = Field(default=5000, ge=100, le=60_000, description="What a caller waits at most.")
    vigil_dev_key: bool = Field(default=True, description="Accept the development key, on loopback only.")
    vigil_nats_port: int | None = Field(default=None, ge=1, le=65535)
    vigil_secret_key: str = Field(
        default="",
        repr=False,
        description="Seals what is kept but not in the clear: app/sealing.py says how it is written. "
        "Without it the data folder keeps one.",
    )
    vigil_stream_key: str = Field(
        default="",
        repr=False,
        description="The embedded nats-server encrypts its files with it. Once set, it is needed for ever.",
    )
    vigil_log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    vigil_log_format: Literal["text", "json"] = "text"
    vigil_metrics_host: str = "127.0.0.1"
    vigil_metrics_port: int | None = Field(
        default=None, ge=1, le=65535, description="Where a worker process answers /metrics; unset: nowhere."
    )

    vigil_max_in_flight: int = Field(
        default=512,
        ge=1,
        le=100_000,
        description="Texts that one API process lets into the pipeline at most.",
    )
    vigil_rate_limits: str = Field(
        default="1000/second, 30000/minute", description="For each key; its policy may say otherwise."
    )
    vigil_api_processes: int = Field(
        default=1, ge=1, le=1000, description="API processes that share REDIS_URL, for the time it is away."
    )

    vigil_webhook_allow: str = Field(
        default="",
        description="Networks that webhooks may go to although they are private: 10.1.0.0/16, 127.0.0.1.",
    )
    vigil_upstream_url: str = Field(
        default="",
        description="The model server behind /openai/v1/chat/completions, http://host:port/v1. Unset: it is off.",
    )
    vigil_upstream_key: str = Field(
        default="",
        repr=False,
        description="Sent to it as a bearer token. Unset: clients send theirs, and Vigil's key as X-API-Key.",
    )

    redis_url: str = Field(default="", repr=False)

    nats_servers: str = ""
    nats_user: str | None = None
    nats_pass: str | None = Field(default=None, repr=False)

    worker_concurrency: int | None = Field(
        default=None, ge=1, le=1000, description="Overrides the fetch size."
    )
    batch_size: int = Field(default=100, ge=1, le=10_000)
    flush_interval_ms: int = Field(default=5000, ge=10, le=8000)

    clickhouse_host: str = ""
    clickhouse_port: int | None = Field(default=None, ge=1, le=65535)
    clickhouse_database: str = Field(default="n8n_logs", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    clickhouse_user: str = "default"
    clickhouse_password: str = Field(default="", repr=False)
    clickhouse_secure: bool = False

    vigil_event_text: Literal["none", "redacted", "raw"] = Field(
        default="redacted",
        description="What the event log keeps of a text. `raw`: redacted, and the original sealed beside it.",
    )
    vigil_event_retention_days: int = Field(default=90, ge=1, le=36_500)
    vigil_text_retention_days: int = Field(default=7, ge=1, le=36_500, description="Of sealed originals.")

    block_threshold: float = Field(default=70.0, gt=0, le=100)
    sanitize_threshold: float = Field(default=30.0, gt=0, le=100)

    vigil_rules: Path | None = Field(
        default=None, description="A folder of your own rules for branch A, read again when a file changes."
    )

    pii_operators: str = Field(
        default="",
        description="What hides found values: `mask` for all, or by type, `PERSON=mask,PL_PESEL=hash,*=replace`.",
    )
    pii_recognizers: Path | None = Field(
        default=None, description="Your own recognizers: a YAML or Python file, or a folder of them."
    )
    vigil_restore: bool = Field(
        default=False, description="Keep redacted values, sealed, so that their client can put them back."
    )
    vigil_restore_lifetime_s: int = Field(
        default=3600, ge=1, le=VAULT.lifetime_s, description="For how long they are kept."
    )

    heuristics_url: str = ""
    semantic_url: str = ""
    llm_guard_url: str = ""
    presidio_url: str = ""
    language_detector_url: str = ""

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        self.workers  # noqa: B018 - raises on an unknown name
        if self.sanitize_threshold > self.block_threshold:
            msg = (
                f"SANITIZE_THRESHOLD ({self.sanitize_threshold:g}) is above BLOCK_THRESHOLD "
                f"({self.block_threshold:g}): no text could be sanitized; lower it"
            )
            raise ValueError(msg)
        if self.clickhouse_port in CLICKHOUSE_HTTP_PORTS:
            msg = (
                f"CLICKHOUSE_PORT={self.clickhouse_port} is ClickHouse's HTTP port, and clickhouse-driver "
                "speaks the native protocol: set the native port, usually 9000 (9440 with TLS)"
            )
            raise ValueError(msg)
        if self.vigil_text_retention_days > self.vigil_event_retention_days:
            msg = (
                f"VIGIL_TEXT_RETENTION_DAYS ({self.vigil_text_retention_days}) is above VIGIL_EVENT_RETENTION_DAYS "
                f"({self.vigil_event_retention_days}): a text is not kept longer than its event; lower it"
            )
            raise ValueError(msg)
        parse_windows(self.vigil_rate_limits)
        self.webhook_networks  # noqa: B018 - raises on what is no network
        if self.redis_url and not self.redis_url.startswith(REDIS_SCHEMES):
            msg = f"REDIS_URL does not begin with {', '.join(REDIS_SCHEMES)}: write redis://host:6379/0"
            raise ValueError(msg)
        self.operators  # noqa: B018 - raises on what is no operator
        for name in REMOTE:
            if getattr(self, name) and not _URL.fullmatch(getattr(self, name)):
                msg = f"{name.upper()}={getattr(self, name)!r} is no address: write it as http://host:port"
                raise ValueError(msg)
        return self

    @property
    def workers(self) -> tuple[str, ...]:
        """The workers that this process runs, in pipeline order."""
        names = {name.strip() for name in self.vigil_workers.split(",") if name.strip()}
        unknown = sorted(names - set(WORKERS))
        if unknown or not names:
            msg = (
                f"VIGIL_WORKERS={self.vigil_workers!r}: "
                f"{'unknown worker ' + ', '.join(unknown) if unknown else 'no worker named'}; "
                f"the names are {', '.join(WORKERS)}"
            )
            raise ValueError(msg)
        return tuple(name for name in WORKERS if name in names)

    @property
    def operators(self) -> dict[str, Operator]:
        """PII_OPERATORS by type; `*` stands for every type that is not named."""
        found: dict[str, Operator] = {}
        for part in filter(None, (part.strip() for part in self.pii_operators.split(","))):
            written = _OPERATOR.fullmatch(part)
            if written is None or written["operator"] not in set(Operator):
                msg = (
                    f"PII_OPERATORS={self.pii_operators!r}: {part!r} is none; write `TYPE=operator` or `*=operator`, "
                    f"comma separated; the operators are {', '.join(Operator)}"
                )
                raise ValueError(msg)
            kind = written["type"] or "*"
            if kind in found:
                msg = f"PII_OPERATORS={self.pii_operators!r}: {kind} is there twice"
                raise ValueError(msg)
            found[kind] = Operator(written["operator"])
        return found

    def fetch_size(self, consumer: Consumer) -> int:
        """How many messages a worker pulls at once: BATCH_SIZE for log events, else WORKER_CONCURRENCY."""
        if consumer is LOGGING:
            return self.batch_size
        return self.worker_concurrency or consumer.fetch

    @property
    def nats_server_list(self) -> list[str]:
        """Addresses of NATS_SERVERS; the brief's default when it is empty."""
        return [part.strip() for part in self.nats_servers.split(",") if part.strip()] or [
            "nats://localhost:4222"
        ]

    @property
    def webhook_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """VIGIL_WEBHOOK_ALLOW."""
        return tuple(ip_network(part.strip()) for part in self.vigil_webhook_allow.split(",") if part.strip())

    @property
    def timeout_s(self) -> float:
        """VIGIL_TIMEOUT_MS in seconds."""
        return self.vigil_timeout_ms / 1000


@cache
def settings() -> Settings:
    """The settings of this process.

    Raises:
        SettingsError: one line per value that makes no sense, with the variable's name.
    """
    try:
        return Settings(_secrets_dir=_secrets_dir())
    except ValidationError as invalid:
        raise SettingsError("; ".join(map(_line, invalid.errors()))) from None


def _secrets_dir() -> Path | None:
    folder = os.environ.get("VIGIL_SECRETS_DIR")
    if not folder:
        return None
    if not Path(folder).is_dir():
        raise SettingsError(f"VIGIL_SECRETS_DIR={folder!r}: there is no such folder")
    return Path(folder)


def _line(error: object) -> str:
    assert isinstance(error, dict)  # noqa: S101 - pydantic's ErrorDetails
    message = str(error["msg"]).removeprefix("Value error, ")
    if not error["loc"]:
        return message
    return f"{str(error['loc'][0]).upper()}={error['input']!r}: {message}"
