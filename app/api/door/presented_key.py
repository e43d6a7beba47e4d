"""Where a request carries its key. Foreign clients have places and forms of their own."""

from collections.abc import Callable

from starlette.datastructures import Headers

VGE = "/compat/vge/"
WEBHOOK = "/compat/webhook/"
OPENAI = "/openai/"
# Everything below these wants a key, but for what is open to all.
PROTECTED = ("/v1/", "/beta/", "/compat/", OPENAI)
OPEN = frozenset({f"{VGE}v1/license/status"})


def wants_key(path: str) -> bool:
    """Whether nothing at `path` is reached without a known key."""
    return path.startswith(PROTECTED) and path not in OPEN


def presented_key(path: str, headers: Headers) -> str:
    """The key that a request carries; empty when it carries none."""
    for prefix, read in DIALECTS.items():
        if path.startswith(prefix):
            return read(headers).strip()
    return (_bearer(headers) or headers.get("x-api-key", "")).strip()


def _bearer(headers: Headers) -> str:
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    return bearer if scheme.lower() == "bearer" else ""


def _vge(headers: Headers) -> str:
    return _own_prefix(_bearer(headers) or headers.get("x-api-key", ""))


def _webhook(headers: Headers) -> str:
    return _own_prefix(headers["x-vigil-auth"] if "x-vigil-auth" in headers else _bearer(headers))


def _openai(headers: Headers) -> str:
    """`Authorization` may hold the upstream's key; `X-API-Key` is ours then."""
    return headers["x-api-key"] if "x-api-key" in headers else _bearer(headers)


def _own_prefix(key: str) -> str:
    """The predecessor's clients insist on `vg_live_` and `vg_test_`; checksums are those of the `vk_` form."""
    return f"vk_{key[3:]}" if key.startswith("vg_") else key


DIALECTS: dict[str, Callable[[Headers], str]] = {VGE: _vge, WEBHOOK: _webhook, OPENAI: _openai}
