"""`python -m app.runtime.alive [PORT]`: does the process of this container answer /healthz?

For health checks that can only run a command. Without a port it asks VIGIL_METRICS_PORT, which workers have. Nothing of
Vigil is loaded: it runs every few seconds beside a worker that needs the processor.
"""

import http.client
import os
import sys

TIMEOUT_S = 3.0


def main(arguments: list[str]) -> str | None:
    """None when it does, else the reason in one line."""
    port = arguments[0] if arguments else os.environ.get("VIGIL_METRICS_PORT", "")
    if not port.isdigit():
        return f"{port!r} is no port: name one, or set VIGIL_METRICS_PORT"
    # The metrics of a process may be shown on one address only; 0.0.0.0 is all of them.
    host = "127.0.0.1" if arguments else os.environ.get("VIGIL_METRICS_HOST", "").replace("0.0.0.0", "")  # noqa: S104
    connection = http.client.HTTPConnection(host or "127.0.0.1", int(port), timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/healthz")
        status = connection.getresponse().status
    except OSError as error:
        return f"no answer on port {port}: {error}"
    finally:
        connection.close()
    return None if status == http.HTTPStatus.OK else f"/healthz on port {port} answers {status}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
