"""What the event log keeps of a text, as VIGIL_EVENT_TEXT says."""

import base64
from dataclasses import dataclass

from app.sealing import Sealer, deployment_keys
from app.settings import Settings

_PURPOSE = "event-text"


@dataclass(frozen=True)
class Kept:
    """The parts of an event that hold text; empty where it is not kept."""

    redacted: str = ""
    sealed: str = ""


class TextKeeper:
    """Decides what is kept, and seals originals in the context of their event.

    Raises:
        SettingsError: originals are to be kept, and VIGIL_SECRET_KEY is no key.
        StartError: originals are to be kept, and the data folder cannot keep a key.
    """

    def __init__(self, settings: Settings) -> None:
        self._redacted = settings.vigil_event_text != "none"
        self._sealer = text_sealer(settings) if settings.vigil_event_text == "raw" else None

    def keep(self, event_id: str, original: str, redacted: str) -> Kept:
        """What goes into the event of this text."""
        return Kept(
            redacted if self._redacted else "",
            seal_text(self._sealer, event_id, original) if self._sealer else "",
        )


def text_sealer(settings: Settings) -> Sealer:
    """Seals and opens original texts. Raises SettingsError, StartError."""
    return Sealer(deployment_keys(settings), _PURPOSE)


def seal_text(sealer: Sealer, event_id: str, text: str) -> str:
    """Base64 of the sealed text. Lone surrogates survive."""
    return base64.b64encode(sealer.seal(text.encode("utf-8", "surrogatepass"), event_id)).decode()


def open_text(sealer: Sealer, event_id: str, sealed: str) -> str:
    """The original. Raises SealBroken."""
    return sealer.open(base64.b64decode(sealed), event_id).decode("utf-8", "surrogatepass")
