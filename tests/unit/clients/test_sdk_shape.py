"""The two clients are one."""

import inspect

from vigil_stream import AsyncVigil, Vigil

WAITING = ("__enter__", "__exit__", "__aenter__", "__aexit__")


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


def test_both_clients_have_the_same_methods_and_arguments() -> None:
    plain, asynchronous = _methods(Vigil), _methods(AsyncVigil)
    assert plain.keys() == asynchronous.keys()
    for name, signature in plain.items():
        assert _plain(signature) == _plain(asynchronous[name]), name
