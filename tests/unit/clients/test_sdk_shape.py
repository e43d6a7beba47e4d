"""The two clients are one."""

import inspect

import httpx
import pytest

from vigil_stream import AsyncJobs, AsyncTurn, AsyncVigil, Jobs, Turn, Vigil


def _methods(client: type) -> dict[str, inspect.Signature]:
    return {
        name: inspect.signature(method)
        for name, method in inspect.getmembers(client, inspect.isfunction)
        if not name.startswith("_") or name == "__init__"
    }


def _plain(signature: inspect.Signature) -> list[tuple[str, object]]:
    return [
        (parameter.name, parameter.default)
        for parameter in signature.parameters.values()
        if parameter.name != "http_client"
    ]


def test_connections_are_closed_by_the_client_that_made_them() -> None:
    vigil = Vigil(api_key="vk_test_key")
    with vigil.with_options(timeout=1.0) as other:
        assert other._http is vigil._http
    assert not vigil._http.is_closed
    vigil.close()
    assert vigil._http.is_closed
    with httpx.Client() as borrowed:
        Vigil(api_key="vk_test_key", http_client=borrowed).close()
        assert not borrowed.is_closed


async def test_so_are_those_of_the_other_client() -> None:
    vigil = AsyncVigil(api_key="vk_test_key")
    async with vigil.with_options(timeout=1.0):
        pass
    assert not vigil._http.is_closed
    await vigil.close()
    assert vigil._http.is_closed


@pytest.mark.parametrize(
    ("plain", "asynchronous"), [(Vigil, AsyncVigil), (Jobs, AsyncJobs), (Turn, AsyncTurn)]
)
def test_both_clients_have_the_same_methods_and_arguments(plain: type, asynchronous: type) -> None:
    theirs = _methods(asynchronous)
    assert _methods(plain).keys() == theirs.keys()
    for name, signature in _methods(plain).items():
        assert _plain(signature) == _plain(theirs[name]), name
