"""The development key: every scope, on this machine only."""

import os
import secrets
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path

from app.access.client import Client, Scope
from app.access.key import new_key

CLIENT = Client("dev", key_id="dev", scopes=frozenset(Scope))
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def reachable(host: str) -> bool:
    """Whether other machines reach what was reached at this address of ours; what is no address is no socket."""
    try:
        return not ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def development_key(folder: Path) -> str:
    """The key in the data folder's `dev-key`, made on the first call, readable by its owner only."""
    file = folder / "dev-key"
    if not file.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Written aside and linked: of processes that start at once one wins, and none reads half a key.
        draft = file.with_name(f".dev-key.{os.getpid()}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(new_key() + "\n")
        with suppress(FileExistsError):
            file.hardlink_to(draft)
        draft.unlink()
    return file.read_text(encoding="ascii").strip()
