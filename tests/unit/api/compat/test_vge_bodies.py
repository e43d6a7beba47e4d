"""What the predecessor's clients may send."""

import pytest
from pydantic import ValidationError

from app.api.compat.vge_bodies import VgeOutput


@pytest.mark.parametrize("prompt", ["\0", "hello\0", "x" * 100_001])
def test_a_prompt_that_cannot_travel_with_its_answer_is_refused_at_the_door(prompt: str) -> None:
    with pytest.raises(ValidationError, match="originalPrompt"):
        VgeOutput.model_validate({"output": "fine", "originalPrompt": prompt})


@pytest.mark.parametrize("prompt", [None, "", "hello"])
def test_any_other_prompt_is_taken(prompt: str | None) -> None:
    assert VgeOutput.model_validate({"output": "fine", "originalPrompt": prompt}).original_prompt == prompt
