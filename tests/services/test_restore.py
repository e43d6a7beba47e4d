"""Redacted values, kept on a real server and put back for their client only."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

from faststream.nats import NatsBroker
from httpx import ASGITransport, AsyncClient, Response

from app.access.client import Client, Scope
from app.access.key import new_key
from app.access.key_ring import KeyRing
from app.api import create_app
from app.pii.engine import PiiEngine
from app.pii.evaluation.corpus import samples
from app.pii.redaction import Redaction, redact
from app.pii.restoration import originals
from app.pii.vault import Vault, entry_key
from app.publishers import vault_entry
from app.sealing import deployment_keys
from app.settings import Settings
from app.streams import VAULT
from tests.wires import provisioned, until

ENGINE = PiiEngine(redaction=Redaction(restorable=True))
CLIENTS = ("one", "two")


def settings(url: str, folder: Path, **more: object) -> Settings:
    return Settings(nats_servers=url, vigil_data_dir=folder / "data", vigil_restore=True, **more)  # type: ignore[arg-type]


@asynccontextmanager
async def api(config: Settings, monkeypatch) -> AsyncIterator[dict[str, AsyncClient]]:
    """The API with a client of each name."""
    keys = {name: new_key() for name in CLIENTS}
    known = {key: Client(name, scopes=frozenset({Scope.GUARD})) for name, key in keys.items()}
    monkeypatch.setattr("app.api.parts.KeyRing", lambda pepper, _: KeyRing(pepper, known))
    app = create_app(config)
    async with app.router.lifespan_context(app):
        await until(lambda: _value(app.state.pipeline.connected))
        transport = ASGITransport(app)
        yield {
            name: AsyncClient(
                transport=transport, base_url="http://vigil", headers={"X-API-Key": key}, timeout=20
            )
            for name, key in keys.items()
        }


async def _value(value):
    return value


@asynccontextmanager
async def worker(url: str) -> AsyncIterator[None]:
    broker = NatsBroker(url, logger=None)
    broker.include_router(vault_entry.router)
    await broker.start()
    yield
    await broker.stop()


async def restored(client: AsyncClient, request_id: str, text: str) -> Response:
    return await client.post("/v1/guard/restore", json={"request_id": request_id, "text": text})


async def test_each_client_gets_its_own_values_back_and_nobody_else_s(
    fresh_nats, tmp_path, monkeypatch
) -> None:
    config = settings(fresh_nats.url, tmp_path)
    vault = Vault(deployment_keys(config))
    texts = [sample.text for sample in samples(1, seed=5) if sample.spans]
    random = Random(5)
    async with (
        provisioned(fresh_nats.url) as js,
        worker(fresh_nats.url),
        api(config, monkeypatch) as clients,
    ):
        redacted = {}
        for number in range(200):
            text, client = random.choice(texts), CLIENTS[number % 2]
            masks = ENGINE.analyze(text).masks
            request_id = f"req_{number // 2}"  # both clients use the same ids
            entry = vault.seal(client, request_id, originals(text, masks))
            await vault_entry.publish(entry, f"{client}-{request_id}", 3600)
            redacted[client, request_id] = (redact(text, masks), text)
        places = list(redacted)
        random.shuffle(places)
        answers = await asyncio.gather(
            *(
                restored(clients[client], request_id, redacted[client, request_id][0])
                for client, request_id in places
            )
        )
        assert [answer.status_code for answer in answers] == [200] * len(places)
        assert [answer.json()["text"] for answer in answers] == [redacted[place][1] for place in places]
        await vault_entry.publish(vault.seal("one", "req_only", {"[PERSON_1]": "Jan Kowalski"}), "x", 3600)
        stolen = await restored(clients["two"], "req_only", "[PERSON_1]")
        assert stolen.status_code == 404
        assert stolen.headers["content-type"] == "application/problem+json"
        assert "Kowalski" not in stolen.text
        stored = await js.get_last_msg(VAULT.stream, f"$KV.{VAULT.name}.{entry_key('one', 'req_only')}")
        assert b"Kowalski" not in (stored.data or b"")
        assert b"PERSON" not in (stored.data or b"")


async def test_an_unknown_request_and_one_whose_lifetime_has_ended_are_404(
    fresh_nats, tmp_path, monkeypatch
) -> None:
    config = settings(fresh_nats.url, tmp_path)
    async with provisioned(fresh_nats.url), worker(fresh_nats.url), api(config, monkeypatch) as clients:
        assert (await restored(clients["one"], "req_none", "x")).status_code == 404
        entry = Vault(deployment_keys(config)).seal("one", "req_short", {"[PERSON_1]": "Jan"})
        await vault_entry.publish(entry, "req_short", 1)
        assert (await restored(clients["one"], "req_short", "[PERSON_1]")).json()["text"] == "Jan"

        async def gone() -> bool:
            return (await restored(clients["one"], "req_short", "[PERSON_1]")).status_code == 404

        assert await until(gone)


async def test_a_lost_key_and_a_changed_entry_are_404(fresh_nats, tmp_path, monkeypatch) -> None:
    config = settings(fresh_nats.url, tmp_path)
    async with provisioned(fresh_nats.url), worker(fresh_nats.url), api(config, monkeypatch) as clients:
        await vault_entry.publish(Vault([b"k" * 32]).seal("one", "req_1", {"[PERSON_1]": "Jan"}), "a", 60)
        assert (await restored(clients["one"], "req_1", "[PERSON_1]")).status_code == 404


async def test_switched_off_it_says_so(fresh_nats, tmp_path, monkeypatch) -> None:
    config = settings(fresh_nats.url, tmp_path).model_copy(update={"vigil_restore": False})
    async with provisioned(fresh_nats.url), api(config, monkeypatch) as clients:
        answer = await restored(clients["one"], "req_1", "[PERSON_1]")
        assert answer.status_code == 409
        assert "VIGIL_RESTORE=on" in answer.json()["detail"]


async def test_without_the_bucket_it_is_503(fresh_nats, tmp_path, monkeypatch) -> None:
    async with api(settings(fresh_nats.url, tmp_path), monkeypatch) as clients:
        answer = await restored(clients["one"], "req_1", "[PERSON_1]")
        assert answer.status_code == 503
        assert answer.headers["retry-after"]
        assert "vigil streams apply" in answer.json()["detail"]
