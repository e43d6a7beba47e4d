"""What the settings say of the engine."""

from app.errors import SettingsError
from app.pii.custom import load
from app.pii.engine import recognizers
from app.pii.recognizers.base import EntityRecognizer
from app.pii.redaction import Redaction
from app.schemas.pii import Operator
from app.sealing import deployment_keys, derive
from app.settings import Settings


def extra_recognizers(settings: Settings) -> list[EntityRecognizer]:
    """Those of PII_RECOGNIZERS.

    Raises:
        SettingsError: a file holds none, or one that cannot work.
    """
    return load(settings.pii_recognizers) if settings.pii_recognizers else []


def redaction(settings: Settings, extra: list[EntityRecognizer]) -> Redaction:
    """What PII_OPERATORS says; hashes are keyed with the deployment's key.

    Raises:
        SettingsError: it names a type that nobody looks for.
    """
    operators = dict(settings.operators)
    default = operators.pop("*", Operator.REPLACE)
    looking: list[EntityRecognizer] = [*recognizers(), *extra]
    known = {kind for one in looking for kind in one.supported_entities}
    unknown = sorted(operators.keys() - known)
    if unknown and not settings.presidio_url:  # that service's types are its own
        raise SettingsError(
            f"PII_OPERATORS names {', '.join(unknown)}, which nothing looks for; the types are "
            f"{', '.join(sorted(known))}"
        )
    hashing = Operator.HASH in (default, *operators.values())
    key = derive(deployment_keys(settings)[0], "pii-hash") if hashing else b""
    return Redaction(operators, default, key, restorable=settings.vigil_restore)
