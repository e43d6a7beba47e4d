"""One container of a service, as a process of this machine."""

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.compose.native.document import Service

ANY_ADDRESS = "0.0.0.0"  # noqa: S104 - it is what is replaced


@dataclass(frozen=True)
class Container:
    """A service's replica with its address, its folder, and what it sees in place of a container's world.

    Args:
        service: whose replica it is.
        number: which one, from 1.
        address: its own.
        folder: for its files; `volumes` of the cluster lie beside it.
        names: addresses by service.
        paths: folders and files by container path.
    """

    service: Service
    number: int
    address: str
    folder: Path
    names: Mapping[str, str]
    paths: Mapping[str, Path] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """As compose would call it."""
        return self.service.name if self.service.replicas == 1 else f"{self.service.name}-{self.number}"

    @property
    def command(self) -> tuple[str, ...]:
        """What is run."""
        return tuple(map(self.here, self.service.command))

    def environment(self, image: Mapping[str, str]) -> dict[str, str]:
        """The image's environment and the service's."""
        return {
            name: self.names[value] if name.endswith("_HOST") and value in self.names else self.here(value)
            for name, value in {**image, **self.service.environment}.items()
        }

    def here(self, text: str) -> str:
        """`text` with addresses of this machine for names of services, and its paths for those of the container."""
        names = "|".join(map(re.escape, self.names))
        paths = "|".join(map(re.escape, sorted(self.paths, key=len, reverse=True)))
        name, path = rf"(?<![\w.-])(?P<name>{names})(?=:\d)", rf"(?<![\w/.-])(?P<path>{paths})(?![\w-])"
        pattern = f"{name}|{path}|{re.escape(ANY_ADDRESS)}"
        return re.sub(pattern, self._replacement, text)

    def copied(self, source: Path, name: str) -> Path:
        """The files of a mounted folder, as this container sees them, in a folder of its own."""
        target = self.folder / name
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for file in sorted(source.iterdir()):
            (target / file.name).write_text(self.here(file.read_text(encoding="utf-8")), encoding="utf-8")
        return target

    def _replacement(self, found: re.Match[str]) -> str:
        if found["name"]:
            return self.names[found["name"]]
        return str(self.paths[found["path"]]) if found["path"] else self.address
