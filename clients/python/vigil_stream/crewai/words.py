"""The words of CrewAI's own prompts, and of the templates they are filled with.

"you MUST return the actual complete content as the final answer" is an order to a model, and scores like an attack. It
stands in every prompt of a crew. What is judged is what is left when such words are taken out: the text of others.
"""

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from typing import Any

# Shorter pieces are found in anybody's sentences.
MIN_CHARS = 12
_PLACEHOLDER = re.compile(r"\{\w+\}")


@cache
def framework_words() -> frozenset[str]:
    """The pieces of CrewAI's prompts between their placeholders."""
    prompts = json.loads(files("crewai").joinpath("translations", "en.json").read_text(encoding="utf-8"))
    return pieces(_strings(prompts))


def template_words(templates: Iterable[str | None]) -> frozenset[str]:
    """The pieces of templates between their placeholders. A text without one may have been put together by code, of
    anybody's words: it is none.
    """
    return pieces(template for template in templates if template and _PLACEHOLDER.search(template))


def pieces(prompts: Iterable[str]) -> frozenset[str]:
    """What of prompts is always the same."""
    found = (piece.strip() for prompt in prompts for piece in _PLACEHOLDER.split(prompt))
    return frozenset(piece for piece in found if len(piece) >= MIN_CHARS)


def split(text: str, words: Iterable[str]) -> list[str]:
    """The text in pieces, which joined are the text: others' words at even places, known ones at odd places."""
    longest_first = sorted(words, key=len, reverse=True)
    return re.split("(" + "|".join(map(re.escape, longest_first)) + ")", text) if longest_first else [text]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
