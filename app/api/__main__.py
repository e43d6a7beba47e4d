"""`python -m app.api`: one API process on VIGIL_HOST and VIGIL_PORT."""

import sys

import uvicorn

from app.api import create_app
from app.api.connections import Connection
from app.errors import VigilError
from app.runtime import garbage, logs
from app.settings import settings


def main() -> None:
    """Serve until SIGTERM; requests in flight are answered first."""
    try:
        config = settings()
        app = create_app(config)
    except VigilError as error:
        sys.exit(f"vigil: {error}")
    logs.configure(config.vigil_log_level, config.vigil_log_format)
    garbage.spare_what_is_loaded()
    uvicorn.run(
        app,
        host=config.vigil_host,
        port=config.vigil_port,
        http=Connection,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=10,
        timeout_keep_alive=30,
        server_header=False,
    )


if __name__ == "__main__":
    main()
