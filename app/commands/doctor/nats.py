"""NATS: reachable, JetStream, a leader and current replicas for each stream, what is provisioned, and its clock."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import Error as JetStreamError
from nats.js.errors import NotFoundError

from app.access.key_record import State
from app.access.key_store import open_store
from app.access.pepper import load_pepper
from app.commands.connection import jetstream
from app.commands.doctor.clock import clock
from app.commands.doctor.result import Result
from app.errors import StartError, VigilError
from app.runtime.findings import judge
from app.runtime.inspection import look
from app.runtime.replicas import troubles
from app.runtime.services import Services
from app.settings import Settings
from app.streams import stream_configs

NAME = "NATS"
# 100,000 characters with their prompt and findings; JSON may take six bytes for one.
LEAST_PAYLOAD = 4_000_000
LOOKS_APART_S = 1.0


async def checks(config: Settings, services: Services) -> list[Result]:  # noqa: ARG001 - the connection finds it
    """All that the server can be asked."""
    try:
        async with jetstream() as js:
            return await _checks(js, config)
    except StartError as error:
        return [Result.fault(NAME, str(error), "docs/operate/runbook.md#nats-does-not-answer")]
    except (NatsError, JetStreamError, TimeoutError) as error:
        said = f"JetStream does not answer: {str(error) or type(error).__name__}"
        return [Result.fault(NAME, said, "docs/operate/runbook.md#the-cluster-does-not-form")]


async def _checks(js: JetStreamContext, config: Settings) -> list[Result]:
    account = await js.account_info()
    results = [_server(js, account), await _clock(js)]
    results += [result async for result in _replicas(js, config.vigil_replicas)]
    results += await _messages(js, config.vigil_replicas)
    results.append(await _keys(js, config))
    return results


def _server(js: JetStreamContext, account: Any) -> Result:
    info: dict[str, Any] = js._nc._server_info
    cluster = f", cluster {info['cluster']}" if info.get("cluster") else ""
    used = f"{account.storage / 1e9:.2f} GB stored"
    said = f"{info.get('server_name')}, nats-server {info.get('version')}{cluster}, JetStream, {used}"
    if info.get("max_payload", 0) < LEAST_PAYLOAD:
        return Result.fault(
            NAME, f"{said}; max_payload is {info.get('max_payload')}", "set max_payload: 8MB in nats.conf"
        )
    return Result.ok(NAME, said)


async def _clock(js: JetStreamContext) -> Result:
    before = datetime.now(UTC)
    answer = await js._nc.request("$JS.API.STREAM.INFO.VIGIL", timeout=3)
    after = datetime.now(UTC)
    said = json.loads(answer.data).get("ts")
    if said is None:
        return Result.skipped("clock NATS", "there is no stream that could tell the time")
    return clock("clock NATS", datetime.fromisoformat(said), before, after)


async def _replicas(js: JetStreamContext, wanted: int) -> AsyncIterator[Result]:
    for name in (str(stream.name) for stream in stream_configs(wanted)):
        try:
            info = await js.stream_info(name)
        except NotFoundError:
            continue  # a finding below
        if trouble := list(troubles(info)):
            yield Result.fault(
                f"stream {name}", "; ".join(trouble), "docs/operate/runbook.md#the-cluster-does-not-form"
            )


async def _messages(js: JetStreamContext, replicas: int) -> list[Result]:
    before = await look(js, replicas)
    await asyncio.sleep(LOOKS_APART_S)
    now = await look(js, replicas)
    findings = judge(before, now)
    if not findings:
        waiting = sum(held.pending + held.under_way for held in now.consumers.values())
        return [
            Result.ok(
                "streams", f"as declared, replicas {replicas}; {waiting} messages wait or are under way"
            )
        ]
    return [
        (Result.fault if finding.fault else Result.warning)(
            "streams", str(finding), f"run `{finding.cure[0]}`"
        )
        for finding in findings
    ]


async def _keys(js: JetStreamContext, config: Settings) -> Result:
    try:
        pepper = load_pepper(config)
        records = [listed.record for listed in await (await open_store(js, pepper)).records()]
    except VigilError as error:
        return Result.fault("keys", str(error), "run `vigil streams apply`")
    active = [record for record in records if record.state(datetime.now(UTC)) is State.ACTIVE]
    foreign = [record for record in active if record.pepper not in pepper.fingerprints]
    if foreign:
        names = ", ".join(record.key_id for record in foreign[:3])
        return Result.fault(
            "keys", f"{len(foreign)} of {len(active)} were made under another VIGIL_SECRET_KEY: {names}",
            "set that one too, separated by a comma",
        )  # fmt: skip
    if not active and not config.vigil_dev_key:
        return Result.warning("keys", "none", "make one: vigil keys create CLIENT")
    return Result.ok("keys", f"{len(active)} active of {len(records)}")
