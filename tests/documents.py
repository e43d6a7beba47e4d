"""The examples of the documentation, to be run as they are printed."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def examples(page: str, language: str) -> list[str]:
    """The blocks of a page below docs/ that are in `language`."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
