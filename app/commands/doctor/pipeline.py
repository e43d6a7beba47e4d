"""The API, and a message through all workers and back."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from app.commands.doctor.clock import clock
from app.commands.doctor.result import Result
from app.commands.service import api_url
from app.runtime.services import Services
from app.settings import Settings
from app.version import VERSION

TIMEOUT_S = 8.0


async def checks(config: Settings, services: Services) -> list[Result]:  # noqa: ARG001 - every part is asked alike
    """What the API says of itself, and how its probe through the pipeline went. VIGIL_URL names another API."""
    url = api_url()
    async with httpx.AsyncClient(base_url=url, timeout=TIMEOUT_S, trust_env=False) as client:
        try:
            before = datetime.now(UTC)
            alive = await client.get("/healthz")
            after = datetime.now(UTC)
            ready = await client.get("/readyz")
            document = await client.get("/openapi.json")
        except httpx.HTTPError as error:
            said = f"{url} does not answer ({type(error).__name__})"
            return [Result.fault("API", said, "start it with `vigil up`, or set VIGIL_URL"),
                    Result.skipped("pipeline", "the API sends the probe")]  # fmt: skip
    results = [_api(url, alive, document)]
    if date := alive.headers.get("date"):
        results.append(clock("clock API", parsedate_to_datetime(date), before, after, resolution_s=1.0))
    return [*results, *_pipeline(ready)]


def _api(url: str, alive: httpx.Response, document: httpx.Response) -> Result:
    if not alive.is_success or not document.is_success:
        said = f"{url}: /healthz answered {alive.status_code}, /openapi.json {document.status_code}"
        return Result.fault("API", said, "is it Vigil that listens there? Set VIGIL_URL")
    theirs = document.json()["info"]["version"]
    if theirs != VERSION:
        said = f"{url}, version {theirs}; this command is of version {VERSION}"
        return Result.warning("API", said, "finish the upgrade: docs/operate/runbook.md#upgrade-and-rollback")
    return Result.ok("API", f"{url}, version {theirs}")


def _pipeline(ready: httpx.Response) -> list[Result]:
    try:
        body = ready.json()
    except ValueError:
        return [
            Result.fault(
                "pipeline", f"/readyz answered {ready.status_code}", "is it Vigil that listens there?"
            )
        ]
    if not ready.is_success:
        cure = "a worker is missing or stuck: run `vigil streams check`"
        return [Result.fault("pipeline", str(body.get("reason", body)), cure)]
    results = [
        Result.ok("pipeline", f"a message came back through all workers in {body['pipeline_ms']:g} ms")
    ]
    cures = {"keys": "docs/operate/runbook.md#nats-does-not-answer", "rate_limits": "look at Redis above"}
    results += [
        Result.warning("API", f"{part} degraded: {trouble}", cures.get(part, "look at the API's log"))
        for part, trouble in body["degraded"].items()
    ]
    return results
