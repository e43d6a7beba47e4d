"""The AsyncAPI document's head."""

from faststream.nats import NatsBroker
from faststream.specification import AsyncAPI, License

from app.version import VERSION

DESCRIPTION = """\
Vigil guards language-model applications. A text enters on `vigil.guard.input` or `vigil.guard.output`;
three branches judge it, the arbiter decides, personal data is found and redacted, the verdict goes to the
caller's inbox and an event to the event log. All subjects but the inbox are captured by JetStream.
"""


def specification(broker: NatsBroker) -> AsyncAPI:
    """The document of the application that `broker` carries."""
    return AsyncAPI(
        broker,
        title="Vigil",
        version=VERSION,
        description=DESCRIPTION,
        license=License(name="MIT"),
    )
