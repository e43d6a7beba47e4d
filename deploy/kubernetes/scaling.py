"""What a ScaledObject may say here: KEDA's trigger `nats-jetstream` and no other, with the names of app/streams.py.

KEDA itself checks little: a trigger with a wrong consumer scales by the last sequence number of the stream, which only
grows, and so to the maximum for ever.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.streams import BY_DURABLE, VIGIL

MONITORING = "nats-headless.vigil.svc.cluster.local:8222"
Number = Annotated[str, Field(pattern="^[0-9]+$")]


class Closed(BaseModel):
    """Unknown fields are errors: KEDA would ignore them."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Metadata(Closed):
    """Of the trigger; all values are text. See KEDA's page on `nats-jetstream`."""

    natsServerMonitoringEndpoint: str = Field(pattern=r"^[\w.-]+:\d+$")  # noqa: N815 - KEDA's names
    account: str
    stream: str
    consumer: str
    lagThreshold: Number  # noqa: N815
    activationLagThreshold: Number = "0"  # noqa: N815
    useHttps: Literal["true", "false"] = "false"  # noqa: N815


class Trigger(Closed):
    """One reason to scale."""

    type: Literal["nats-jetstream"]
    metadata: Metadata


class Target(Closed):
    """A Deployment of the same namespace."""

    name: str


class Fallback(Closed):
    """When the trigger cannot be asked."""

    failureThreshold: int = Field(ge=1)  # noqa: N815
    replicas: int = Field(ge=1)


class Spec(Closed):
    """Of a ScaledObject."""

    scaleTargetRef: Target  # noqa: N815
    minReplicaCount: int = Field(ge=1)  # noqa: N815 - not 0: the first request would wait for a pod
    maxReplicaCount: int = Field(ge=1)  # noqa: N815
    pollingInterval: int = Field(ge=1, le=60)  # noqa: N815
    fallback: Fallback
    advanced: dict[str, Any]  # `behavior` of a HorizontalPodAutoscaler
    triggers: list[Trigger] = Field(min_length=1, max_length=1)


def problems(manifest: dict[str, Any]) -> list[str]:
    """What is wrong with a ScaledObject, one line each."""
    name = manifest["metadata"]["name"]
    try:
        spec = Spec.model_validate(manifest["spec"])
    except ValidationError as invalid:
        return [f"{name}: {'.'.join(map(str, error['loc']))}: {error['msg']}" for error in invalid.errors()]
    found = []
    metadata = spec.triggers[0].metadata
    consumer = BY_DURABLE.get(metadata.consumer)
    if metadata.stream != VIGIL.name:
        found.append(f"{name}: stream {metadata.stream}: it is {VIGIL.name}")
    if consumer is None:
        found.append(f"{name}: consumer {metadata.consumer}: it is one of {', '.join(BY_DURABLE)}")
    elif consumer.worker != spec.scaleTargetRef.name:
        found.append(f"{name}: scales {spec.scaleTargetRef.name} by the lag of {consumer.durable}")
    if metadata.natsServerMonitoringEndpoint != MONITORING:
        found.append(
            f"{name}: {metadata.natsServerMonitoringEndpoint}: KEDA finds the leader's node below {MONITORING}"
        )
    if not spec.minReplicaCount <= spec.fallback.replicas <= spec.maxReplicaCount:
        found.append(
            f"{name}: between {spec.minReplicaCount} and {spec.maxReplicaCount}, {spec.fallback.replicas} in need"
        )
    return found
