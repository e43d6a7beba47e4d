"""What is stored of a key."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from app.access.client import Client, Scope
from app.access.key import Environment

CLIENT_ID = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"


class State(StrEnum):
    """Whether a key opens anything."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


class KeyRecord(BaseModel):
    """One key, without the key. Times are UTC."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    key_id: str
    client_id: str = Field(pattern=CLIENT_ID)
    environment: Environment
    scopes: tuple[Scope, ...]
    hint: str = Field(description="Kind and last four characters, to tell keys apart.")
    digest: str
    pepper: str = Field(description="Fingerprint of the pepper of the digest.")
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    rotated_to: str | None = Field(default=None, description="The id of its successor.")

    def state(self, now: datetime) -> State:
        """Whether the key opens anything at `now`."""
        if self.revoked_at is not None and self.revoked_at <= now:
            return State.REVOKED
        if self.expires_at is not None and self.expires_at <= now:
            return State.EXPIRED
        return State.ACTIVE

    @property
    def client(self) -> Client:
        """Its owner."""
        return Client(self.client_id, self.key_id, frozenset(self.scopes))
