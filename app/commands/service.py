"""Which running service a command asks, and with which key."""

import os

from app.errors import StartError
from app.runtime.services import find_services
from app.settings import settings


def api_url() -> str:
    """VIGIL_URL, or the Vigil that runs on this data folder."""
    return os.environ.get("VIGIL_URL") or find_services(settings()).api_url


def api_key() -> str:
    """VIGIL_API_KEY, or the development key of the data folder. Raises StartError when there is neither."""
    key_file = settings().vigil_data_dir / "dev-key"
    key = os.environ.get("VIGIL_API_KEY") or (key_file.read_text().strip() if key_file.exists() else "")
    if not key:
        raise StartError(f"no key: set VIGIL_API_KEY, or start Vigil here, which leaves one in {key_file}")
    return key
