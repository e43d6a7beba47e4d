"""The engine never needs the network: it runs where there is none."""

import os
import shutil
import subprocess
import sys

CODE = """
import socket
from app.pii.engine import PiiEngine
from app.schemas.guard import Mode
try:
    socket.create_connection(("127.0.0.1", 9), timeout=1)
except OSError as error:
    assert error.errno == 101, error  # ENETUNREACH: not even loopback is up
text = "Jan Kowalski, jan@example.com, PESEL 44051401359, karta 4111 1111 1111 1111, 8.8.8.8"
found = {entity.type for mode in Mode for entity in PiiEngine().analyze(text, mode).entities}
assert found == {"PERSON", "EMAIL_ADDRESS", "PL_PESEL", "CREDIT_CARD", "IP_ADDRESS"}, found
print("found without a network")
"""


def test_the_engine_runs_in_an_empty_network_namespace() -> None:
    unshare = shutil.which("unshare")
    assert unshare, "this test needs `unshare` of util-linux. On Debian: apt-get install util-linux"
    # Root may make the namespace as it is; another user becomes root in one of its own first, which a chroot forbids.
    become = [] if os.geteuid() == 0 else ["--map-root-user"]
    command = [unshare, *become, "--net", sys.executable, "-c", CODE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert "Operation not permitted" not in done.stderr, (
        f"this machine forbids network namespaces to this user, which this test needs: {done.stderr}"
    )
    assert done.stdout == "found without a network\n", done.stderr
