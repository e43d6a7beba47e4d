"""Settings, the data folder, and the disk under it."""

import shutil
from pathlib import Path

from app.access.development import LOOPBACK
from app.commands.doctor.result import Result
from app.errors import VigilError
from app.sealing import KEY_FILE, deployment_keys
from app.settings import Settings, settings
from app.subscribers.engines import check

LEAST_FREE_BYTES = 1_000_000_000
LEAST_FREE = 0.1


def checks() -> tuple[Settings | None, list[Result]]:
    """The settings, None when they make no sense, and what there is to say about them."""
    try:
        config = settings()
        check(config.workers)
    except VigilError as error:
        return None, [Result.fault("settings", str(error), "correct it: app/settings.py lists all of them")]
    results = [
        Result.ok("settings", f"workers {', '.join(config.workers)}; replicas {config.vigil_replicas}")
    ]
    return config, [*results, _secret_key(config), _development_key(config), _disk(config.vigil_data_dir)]


def _secret_key(config: Settings) -> Result:
    name, file = "secret key", config.vigil_data_dir / KEY_FILE
    if config.vigil_secret_key:
        try:
            count = len(deployment_keys(config))
        except VigilError as error:
            return Result.fault(name, str(error), "set VIGIL_SECRET_KEY to 32 bytes as Base64")
        return Result.ok(name, f"VIGIL_SECRET_KEY, {count} {'key' if count == 1 else 'keys'}")
    if not file.exists():
        return Result.warning(name, "none yet", "set VIGIL_SECRET_KEY, the same in every process")
    if file.stat().st_mode & 0o077:
        return Result.fault(name, f"{file} can be read by others", f"chmod 600 {file}")
    if config.nats_servers:
        return Result.warning(
            name, f"lies in {file}, on this machine only", "set VIGIL_SECRET_KEY, the same in every process"
        )
    return Result.ok(name, str(file))


def _development_key(config: Settings) -> Result:
    if not config.vigil_dev_key:
        return Result.ok("dev key", "off")
    if config.vigil_host in LOOPBACK:
        return Result.ok("dev key", f"accepted on {config.vigil_host} only")
    return Result.fault("dev key", f"on, with VIGIL_HOST={config.vigil_host}", "set VIGIL_DEV_KEY=off")


def _disk(folder: Path) -> Result:
    there = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    usage = shutil.disk_usage(there)
    said = f"{usage.free / 1e9:.1f} GB free of {usage.total / 1e9:.0f} GB at {folder}"
    if usage.free < LEAST_FREE_BYTES:
        return Result.fault(
            "disk", said, "free some: nats-server and ClickHouse stop writing when it is full"
        )
    if usage.free < LEAST_FREE * usage.total:
        return Result.warning("disk", said, "free some before it is full")
    return Result.ok("disk", said)
