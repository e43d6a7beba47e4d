"""Reads a compose file: as much of its language as ours uses."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_VARIABLE = re.compile(r"\$(?:(?P<escaped>\$)|\{(?P<name>\w+)(?:(?P<if_unset>:?-)(?P<default>[^}]*))?\})")


@dataclass(frozen=True)
class Service:
    """One service with what its containers are started with.

    `mounts` are container path and source: a path (it begins with a dot or a slash) or the name of a volume.
    """

    name: str
    image: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    secrets: tuple[str, ...] = ()
    mounts: tuple[tuple[str, str], ...] = ()
    replicas: int = 1
    waits: bool = False  # for another service to have done its work
    once: bool = False  # it does its work and ends


@dataclass(frozen=True)
class Document:
    """The services of one profile, and the files behind their secrets."""

    services: tuple[Service, ...]
    secrets: Mapping[str, str]


def read(file: Path, settings: Mapping[str, str]) -> Document:
    """The services that are started with these settings; COMPOSE_PROFILES among them."""
    raw = _interpolated(yaml.safe_load(file.read_text(encoding="utf-8")), settings)
    profiles = set(settings["COMPOSE_PROFILES"].split(","))
    services = [
        _service(name, body)
        for name, body in raw["services"].items()
        if not body.get("profiles") or profiles & set(body["profiles"])
    ]
    return Document(tuple(services), {name: body["file"] for name, body in raw["secrets"].items()})


def read_settings(file: Path) -> dict[str, str]:
    """An environment file: NAME=VALUE lines, comments."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def _service(name: str, body: Mapping[str, Any]) -> Service:
    return Service(
        name=name,
        image=body["image"],
        command=(*body.get("entrypoint", ()), *body.get("command", ())),
        environment={key: str(value) for key, value in body.get("environment", {}).items()},
        secrets=tuple(body.get("secrets", ())),
        mounts=tuple(_mount(text) for text in body.get("volumes", ())),
        replicas=body.get("deploy", {}).get("replicas", 1),
        waits=bool(body.get("depends_on")),
        once=body.get("restart") == "no",
    )


def _mount(text: str) -> tuple[str, str]:
    source, target = text.split(":")[:2]
    return target, source


def _interpolated(node: Any, settings: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {key: _interpolated(value, settings) for key, value in node.items()}
    if isinstance(node, list):
        return [_interpolated(value, settings) for value in node]
    return _VARIABLE.sub(lambda found: _value(found, settings), node) if isinstance(node, str) else node


def _value(found: re.Match[str], settings: Mapping[str, str]) -> str:
    if found["escaped"]:
        return "$"
    value = settings.get(found["name"])
    # `-`: the default stands in for what is not set, `:-` for what is empty, too.
    unset = value is None or (found["if_unset"] == ":-" and not value)
    return (found["default"] or "") if unset else str(value)
