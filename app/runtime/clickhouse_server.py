"""The embedded ClickHouse: a real engine on loopback, out of the `chdb-core` wheel, for one machine."""

import asyncio
import fcntl
import sys
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from xml.sax.saxutils import escape

from clickhouse_driver import Client

from app.errors import StartError
from app.runtime.children import Child
from app.runtime.ports import LOOPBACK, choose_port, taken

PORT_SETTING = "CLICKHOUSE_PORT"
_TRIES = 3  # for a port that somebody takes between our choice and the start

# Caches and pools are sized for a development machine.
_CONFIG = """\
<clickhouse>
  <listen_host>{host}</listen_host>
  <tcp_port>{port}</tcp_port>
  <users_config>{users}</users_config>
  <max_server_memory_usage>1000000000</max_server_memory_usage>
  <mark_cache_size>16000000</mark_cache_size>
  <index_mark_cache_size>4000000</index_mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <mmap_cache_size>64</mmap_cache_size>
  <compiled_expression_cache_size>4000000</compiled_expression_cache_size>
  <max_thread_pool_size>64</max_thread_pool_size>
  <background_pool_size>2</background_pool_size>
  <background_schedule_pool_size>4</background_schedule_pool_size>
  <background_common_pool_size>2</background_common_pool_size>
  <background_move_pool_size>1</background_move_pool_size>
  <background_fetches_pool_size>1</background_fetches_pool_size>
  <merge_tree>
    <number_of_free_entries_in_pool_to_execute_mutation>1</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>1</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>1</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
  </merge_tree>
</clickhouse>
"""

# final: whoever asks sees each event once, also between two merges. `default` cannot have a password here
# (the engine's own session logs in as it), so it is let in from this machine only.
_USERS = """\
<clickhouse>
  <profiles>
    <default>
      <final>1</final>
      <do_not_merge_across_partitions_select_final>1</do_not_merge_across_partitions_select_final>
      <max_threads>2</max_threads>
    </default>
  </profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <password></password>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
    </default>{others}
  </users>
</clickhouse>
"""

_USER = """
    <{name}>
      <password_sha256_hex>{digest}</password_sha256_hex>
      <networks><ip>127.0.0.0/8</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
    </{name}>"""


class ClickHouseServer:
    """A ClickHouse whose tables survive in `folder`. User `default`, no password, this machine only.

    Args:
        folder: its own folder, created when missing: configuration, log and `data/`.
        host: an address of the loopback interface.
        port: of the native protocol; None: 9000 when free, otherwise any.
        users: more users, by name, with their passwords.
        keep_fds: open files it inherits (the data folder's lock).

    `host` and `port` say where it is once `start()` returned; they stay over restarts.
    """

    def __init__(
        self,
        folder: Path,
        *,
        host: str = LOOPBACK,
        port: int | None = None,
        users: Mapping[str, str] | None = None,
        keep_fds: Sequence[int] = (),
    ) -> None:
        self.folder = folder.absolute()
        self.host = host
        self._users = dict(users or {})
        self.port = port or 0
        self._explicit_port = port
        self._keep_fds = keep_fds
        self.child: Child | None = None

    async def start(self) -> None:
        """Start it and wait until it answers a query.

        Raises:
            StartError: the port the operator set is taken, another process has the folder open, or the engine
            gave up.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._check_unused()
        for attempt in range(1, _TRIES + 1):
            self.port = choose_port(9000, explicit=self._explicit_port, setting=PORT_SETTING, host=self.host)
            self.child = self._child()
            try:
                await self.child.start()
            except StartError as error:
                if "Address already in use" not in self.child.tail(10):
                    raise
                if self._explicit_port:
                    raise taken(self._explicit_port, PORT_SETTING) from error
                if attempt == _TRIES:
                    raise
            else:
                return

    async def stop(self) -> None:
        """End it. What was acknowledged is on disk."""
        if self.child is not None:
            await self.child.stop()

    def _check_unused(self) -> None:
        # Before its configuration is touched: the engine locks this file as long as it runs.
        try:
            with (self.folder / "data" / "status").open("rb") as status:
                fcntl.flock(status, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return
        except BlockingIOError:
            raise StartError(
                f"the ClickHouse folder {self.folder} is in use by another process: "
                "stop it or set VIGIL_DATA_DIR"
            ) from None

    def _child(self) -> Child:
        users = self.folder / "users.xml"
        others = "".join(
            _USER.format(name=name, digest=sha256(password.encode()).hexdigest())
            for name, password in self._users.items()
        )
        users.write_text(_USERS.format(others=others), encoding="utf-8")
        config = _CONFIG.format(host=self.host, port=self.port, users=escape(str(users)))
        (self.folder / "config.xml").write_text(config, encoding="utf-8")
        # By its file name: `-m app.runtime...` would load the whole application first. -P: nor our modules by
        # accident.
        program = Path(__file__).with_name("clickhouse_child.py")
        return Child(
            "ClickHouse",
            [sys.executable, "-P", str(program), "data"],
            healthy=self._healthy,
            log_file=self.folder / "clickhouse.log",
            cwd=self.folder,
            keep_fds=self._keep_fds,
        )

    async def _healthy(self) -> bool:
        # The driver logs each refused connection with a traceback: knock first.
        _, writer = await asyncio.open_connection(self.host, self.port)
        writer.close()
        return await asyncio.to_thread(self._answers)

    def _answers(self) -> bool:
        client = Client(self.host, port=self.port, connect_timeout=1, send_receive_timeout=1)
        try:
            return bool(client.execute("SELECT 1") == [(1,)])
        finally:
            client.disconnect()
