"""A model's answer with the redacted values back in it."""

from vigil_stream.models.base import Answer


class Restored(Answer):
    """Placeholders that the request did not give stay as they are."""

    request_id: str
    text: str
