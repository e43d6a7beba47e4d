import socket

import pytest

from app.errors import StartError
from app.runtime import ports
from app.runtime.ports import FREE_PORTS, choose_port, free_port, is_free


@pytest.fixture
def busy_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_port_with_a_listener_is_not_free(busy_port: int) -> None:
    assert not is_free(busy_port)


def test_a_listener_on_all_addresses_counts() -> None:
    with socket.create_server(("0.0.0.0", 0)) as server:
        assert not is_free(server.getsockname()[1])


def test_free_ports_lie_below_those_of_outgoing_connections() -> None:
    assert free_port() in FREE_PORTS
    assert FREE_PORTS.stop <= 32768


def test_the_preferred_port_is_taken_when_free() -> None:
    port = free_port()
    assert choose_port(port, explicit=None, setting="X") == port


def test_another_is_chosen_when_the_preferred_is_busy(busy_port: int) -> None:
    assert choose_port(busy_port, explicit=None, setting="X") in FREE_PORTS


def test_an_excluded_port_is_not_chosen() -> None:
    port = free_port()
    assert choose_port(port, explicit=None, setting="X", exclude=[port]) != port


def test_an_explicit_port_is_taken_or_refused(busy_port: int) -> None:
    port = free_port()
    assert choose_port(1, explicit=port, setting="X") == port
    with pytest.raises(StartError, match=f"^port {busy_port} is taken .*: set X to a free one"):
        choose_port(1, explicit=busy_port, setting="X")


def test_no_free_port_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "is_free", lambda _: False)
    with pytest.raises(StartError, match="no free port"):
        free_port()
