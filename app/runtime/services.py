"""Where the running servers listen: written by `vigil up`, read by the other commands."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from app.settings import Settings

TARGETS = "prometheus-targets.json"


@dataclass(frozen=True)
class Services:
    """Addresses of one running Vigil."""

    nats_servers: str
    clickhouse_host: str
    clickhouse_port: int
    api_url: str
    metrics: Mapping[str, str] = field(default_factory=dict)  # by process, where Prometheus asks

    @property
    def environment(self) -> dict[str, str]:
        """The same as environment variables, for child processes."""
        return {
            "NATS_SERVERS": self.nats_servers,
            "CLICKHOUSE_HOST": self.clickhouse_host,
            "CLICKHOUSE_PORT": str(self.clickhouse_port),
        }

    def write(self, folder: Path) -> None:
        """Leave the addresses for other commands, and for Prometheus in its own format (`file_sd_configs`)."""
        (folder / "services.json").write_text(json.dumps(asdict(self), indent=2), encoding="utf-8")
        targets = [
            {"targets": [urlsplit(url).netloc], "labels": {"process": process}}
            for process, url in self.metrics.items()
        ]
        (folder / TARGETS).write_text(json.dumps(targets, indent=2), encoding="utf-8")


def find_services(settings: Settings) -> Services:
    """The environment's addresses first, then those of the Vigil on this data folder, then the defaults."""
    try:
        known = json.loads((settings.vigil_data_dir / "services.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = {}
    return Services(
        nats_servers=settings.nats_servers or known.get("nats_servers") or "nats://127.0.0.1:4222",
        clickhouse_host=settings.clickhouse_host or known.get("clickhouse_host") or "127.0.0.1",
        clickhouse_port=settings.clickhouse_port or known.get("clickhouse_port") or 9000,
        api_url=known.get("api_url") or f"http://{settings.vigil_host}:{settings.vigil_port}",
        metrics=known.get("metrics") or {},
    )
