"""Who asks, and what it may ask for."""

from dataclasses import dataclass, field
from enum import StrEnum


class Scope(StrEnum):
    """What a key opens."""

    GUARD = "guard"
    EVENTS_READ = "events:read"
    FEEDBACK = "feedback"
    ADMIN = "admin"


@dataclass(frozen=True)
class Client:
    """An application that holds a key. `client_id` names it in events; its keys may change."""

    client_id: str
    key_id: str = ""
    scopes: frozenset[Scope] = field(default_factory=frozenset)
