"""The development key: every scope, on this machine only."""

from pathlib import Path

from app.access.client import Client, Scope
from app.access.key import new_key
from app.access.pepper import kept_secret

CLIENT = Client("dev", key_id="dev", scopes=frozenset(Scope))
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def development_key(folder: Path) -> str:
    """The key in the data folder's `dev-key`, made on the first call."""
    return kept_secret(folder / "dev-key", new_key)
