"""What clients send and get."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.schemas.guard import MAX_TEXT_CHARS, Mode
from app.schemas.verdict import Verdict


def _without_nul(text: str) -> str:
    if (place := text.find("\0")) >= 0:
        raise ValueError(f"holds a NUL character (U+0000) at position {place}: remove it")
    return text


GuardedText = Annotated[
    str,
    Field(
        min_length=1, max_length=MAX_TEXT_CHARS, description="The text to be judged, 1 to 100,000 characters."
    ),
    AfterValidator(_without_nul),
]


class GuardInput(BaseModel):
    """A text on its way to a model."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"text": "What is the capital of France?", "mode": "full"}]},
    )

    text: GuardedText
    mode: Mode = Field(default=Mode.FULL, description="`fast` skips the classifier.")
    return_decision_process: bool = Field(default=False, description="Explain the verdict.")


class GuardOutput(GuardInput):
    """A model's answer."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {"text": "Paris is the capital of France.", "prompt": "What is the capital of France?"}
            ]
        },
    )

    prompt: Annotated[
        str | None,
        Field(
            max_length=MAX_TEXT_CHARS, description="The prompt that led to the answer: context, not judged."
        ),
        AfterValidator(lambda prompt: None if prompt is None else _without_nul(prompt)),
    ] = None


__all__ = ["GuardInput", "GuardOutput", "Verdict"]
