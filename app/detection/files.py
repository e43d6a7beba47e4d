"""Files of models: found in installed packages or beside the code, and verified before use."""

import hashlib
import importlib.util
from pathlib import Path


class ModelError(RuntimeError):
    """A model file is missing or is not the one this version was calibrated with."""


def verified(path: Path, sha256: str) -> bytes:
    """The content of `path`. Raises ModelError when it is missing or another file."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path.name}: {error.strerror}") from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ModelError(f"{path.name}: not the file this version was calibrated with")
    return content


def package_folder(name: str) -> Path:
    """The folder of an installed package, without importing it. Raises ModelError."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise ModelError(f"package {name} is not installed")
    return Path(spec.submodule_search_locations[0])
