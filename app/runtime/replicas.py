"""Replicas of streams and consumers on a cluster: whether each has its leader, and whether the others keep up."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator

from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import StreamInfo
from nats.js.errors import Error as JetStreamError

from app.errors import StartError

LOOKS_APART_S = 0.1


def troubles(info: StreamInfo) -> Iterator[str]:
    """What is wrong with a stream's replicas, in words; a stream without replicas has none of these."""
    cluster, copies = info.cluster, info.config.num_replicas or 1
    if copies == 1 or cluster is None:
        return
    if not cluster.leader:
        yield "no leader: more than half of its replicas are away"
    for peer in cluster.replicas or ():
        if peer.offline:
            yield f"replica on {peer.name} is offline"
        elif not peer.current:
            yield f"replica on {peer.name} is {peer.lag or 0} operations behind"
    if 1 + len(cluster.replicas or ()) < copies:
        yield f"{1 + len(cluster.replicas or ())} of {copies} replicas"


async def settle(js: JetStreamContext, stream: str, timeout_s: float = 60.0) -> None:
    """Wait until the stream's replicas are current and its consumers have leaders.

    A consumer without a leader gives nothing and says that nothing waits for it. One whose leader was there before the
    restored messages counts them anew within 4 s (seen in 12 of 70 restores); it gives them at once.

    Raises:
        StartError: something is still amiss after `timeout_s` seconds; it says what.
    """
    clock = asyncio.get_running_loop().time
    end = clock() + timeout_s
    while True:
        try:
            amiss = [said async for said in _amiss(js, stream)]
        except (NatsError, JetStreamError, TimeoutError) as error:
            amiss = [str(error) or type(error).__name__]
        if not amiss:
            return
        if clock() >= end:
            raise StartError(f"stream {stream} has not settled: {'; '.join(amiss)}. `vigil doctor` says more")
        await asyncio.sleep(LOOKS_APART_S)


async def _amiss(js: JetStreamContext, stream: str) -> AsyncIterator[str]:
    for trouble in troubles(await js.stream_info(stream)):
        yield trouble
    # A list of consumers with their state leaves out those without a leader.
    answer = await js._nc.request(f"$JS.API.CONSUMER.NAMES.{stream}", timeout=5)
    for name in json.loads(answer.data)["consumers"] or ():
        cluster = (await js.consumer_info(stream, name)).cluster
        if cluster is not None and not cluster.leader:
            yield f"consumer {name} has no leader"
