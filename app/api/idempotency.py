"""One run for any number of repeats: the first answer to an `Idempotency-Key` is the answer to all.

Repeats in one process wait for the first beside them; over processes the key-value bucket decides who is first,
because of two creations of one entry only one succeeds. Answers rest there sealed, for a day.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from nats.aio.client import Client as Connection
from nats.errors import Error as NatsError
from nats.js.errors import (
    BucketNotFoundError,
    KeyDeletedError,
    KeyNotFoundError,
    KeyWrongLastSequenceError,
)
from nats.js.kv import KeyValue
from pydantic import BaseModel

from app.api.problems import Refusal
from app.errors import PipelineUnavailable
from app.sealing import SealBroken, Sealer, derive
from app.streams import ANSWERS

POLL_S = 0.05
# An entry whose owner has not answered so long after its time limit belongs to a process that has died.
GRACE_S = 2.0

OTHER_BODY = "Idempotency-Key: it came with another body before; a new request needs a new key"
UNDER_WAY = "Idempotency-Key: the first request with this key is still under way; try again"


class Outcome(NamedTuple):
    """What a run has led to. `final`: a repeat could get nothing better, so that it gets this."""

    content: bytes
    final: bool = True


@dataclass(frozen=True)
class Answer:
    """What the first request got; `replayed`: by another one than this."""

    content: bytes
    replayed: bool


class Entry(BaseModel):
    """What is stored under a key: an answer, or until when one may be expected."""

    fingerprint: str
    until: float = 0.0
    answer: str = ""


class Idempotency:
    """The keys of all clients, as one process sees them.

    Args:
        keys: of the deployment; they seal answers and key the digests of keys and bodies.
        connect: gives the process's connection.
        timeout_s: what a request may take.
    """

    def __init__(
        self, keys: Sequence[bytes], connect: Callable[[], Awaitable[Connection]], timeout_s: float
    ) -> None:
        self._secret = derive(keys[0], "idempotency")
        self._sealer = Sealer(keys, "idempotent-answer")
        self._connect = connect
        self._timeout_s = timeout_s
        self._bucket: KeyValue | None = None
        self._running: dict[str, tuple[str, asyncio.Future[bytes]]] = {}

    async def once(
        self,
        key: str | None,
        about: tuple[str, str],
        body: bytes,
        run: Callable[[], Awaitable[Outcome]],
        patience: int = 1,
    ) -> Answer:
        """The answer of `run`, or that of an earlier request.

        Args:
            key: of the request; None: it is not to be remembered.
            about: client and route: keys of others are other keys.
            body: the request, in a form that is the same for the same request.
            run: does the work. When it raises, or its outcome is not final, nothing is remembered: a repeat runs anew.
            patience: how many time limits `run` may take; only then may another process take the key over.

        Raises:
            Refusal: 422, the key came with another body; 409, its first request is under way and takes long.
            PipelineUnavailable: the bucket cannot be reached.
        """
        if key is None:
            return Answer((await run()).content, replayed=False)
        name = self._digest(json.dumps([*about, key]).encode())
        fingerprint = self._digest(body)
        if name in self._running:
            known, first = self._running[name]
            if known != fingerprint:
                raise Refusal(422, OTHER_BODY)
            return Answer(await asyncio.shield(first), replayed=True)
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        future.add_done_callback(_retrieved)
        self._running[name] = fingerprint, future
        try:
            answer = await self._first_or_stored(name, fingerprint, run, patience)
        except BaseException as error:
            # Those who wait beside us share the failure; a cancellation is ours alone.
            shared = error if isinstance(error, Exception) else PipelineUnavailable("the service is stopping")
            future.set_exception(shared)
            raise
        else:
            future.set_result(answer.content)
            return answer
        finally:
            del self._running[name]

    async def _first_or_stored(
        self, name: str, fingerprint: str, run: Callable[[], Awaitable[Outcome]], patience: int
    ) -> Answer:
        end = time.monotonic() + self._timeout_s
        try:
            bucket = await self._open()
            while (claimed := await self._claim(bucket, name, fingerprint, patience)) is not None:
                if claimed.answer:
                    return Answer(self._unseal(claimed.answer, name), replayed=True)
                if time.monotonic() > end:
                    raise Refusal(409, UNDER_WAY, headers={"Retry-After": "1"})
                await asyncio.sleep(POLL_S)
        except (NatsError, TimeoutError, OSError) as error:
            raise PipelineUnavailable(f"idempotency keys cannot be looked up ({_reason(error)})") from None
        try:
            content, final = await run()
        except BaseException:
            await _forget(bucket, name)
            raise
        if not final:
            await _forget(bucket, name)
            return Answer(content, replayed=False)
        answer = base64.b64encode(self._sealer.seal(content, name)).decode()
        with suppress(NatsError, TimeoutError, OSError):  # answered is answered; a repeat would run anew
            await bucket.put(name, _dump(Entry(fingerprint=fingerprint, answer=answer)))
        return Answer(content, replayed=False)

    async def _claim(self, bucket: KeyValue, name: str, fingerprint: str, patience: int) -> Entry | None:
        """None when this request is the first now; else what the first has left."""
        until = time.time() + patience * self._timeout_s + GRACE_S
        mine = _dump(Entry(fingerprint=fingerprint, until=until))
        try:
            await bucket.create(name, mine)
            return None
        except KeyWrongLastSequenceError:
            pass
        try:
            stored = await bucket.get(name)
        except (KeyNotFoundError, KeyDeletedError):
            return Entry(fingerprint=fingerprint)  # its owner has just given up: claim it in the next round
        entry = Entry.model_validate_json(stored.value or b"")
        if not hmac.compare_digest(entry.fingerprint, fingerprint):
            raise Refusal(422, OTHER_BODY)
        if not entry.answer and entry.until < time.time():
            with suppress(KeyWrongLastSequenceError):
                await bucket.update(name, mine, last=stored.revision)
                return None
        return entry

    async def _open(self) -> KeyValue:
        if self._bucket is None:
            js = (await self._connect()).jetstream(timeout=1.0)
            try:
                self._bucket = await js.key_value(ANSWERS.name)
            except BucketNotFoundError:
                raise PipelineUnavailable(
                    f"bucket {ANSWERS.name} does not exist: run `vigil streams apply`"
                ) from None
        return self._bucket

    def _unseal(self, answer: str, name: str) -> bytes:
        try:
            return self._sealer.open(base64.b64decode(answer), name)
        except SealBroken:
            raise PipelineUnavailable(
                "the answer to this key was sealed under another VIGIL_SECRET_KEY"
            ) from None

    def _digest(self, content: bytes) -> str:
        return hmac.new(self._secret, content, hashlib.sha256).hexdigest()


async def _forget(bucket: KeyValue, name: str) -> None:
    with suppress(NatsError, TimeoutError, OSError):  # it ends by itself, when it is overdue
        await bucket.delete(name)


def _dump(entry: Entry) -> bytes:
    return entry.model_dump_json().encode()


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__


def _retrieved(future: asyncio.Future[bytes]) -> None:
    """So that a failure nobody else waited for is not reported as forgotten."""
    if not future.cancelled():
        future.exception()
