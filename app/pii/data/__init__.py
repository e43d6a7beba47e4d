"""Word lists. Their sources and licences are in README.md beside them."""

from collections.abc import Iterator
from importlib.resources import files


def read_words(name: str) -> Iterator[str]:
    """The entries of the list `name`: one per line, lines that begin with `#` are comments."""
    lines = files(__name__).joinpath(name).read_text(encoding="utf-8").splitlines()
    return (line for line in lines if line and not line.startswith("#"))
