"""What clients send and get."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from app.schemas.guard import MAX_TEXT_CHARS, Mode
from app.schemas.verdict import Verdict


def _sound(text: str) -> str:
    if len(text) > MAX_TEXT_CHARS:
        # Answered with 413: a text has a size as a body has one.
        raise PydanticCustomError("text_too_long", "has more than 100,000 characters: judge it in parts")
    if (place := text.find("\0")) >= 0:
        raise ValueError(f"holds a NUL character (U+0000) at position {place}: remove it")
    return text


# The pattern says in the document what `_sound` checks. The greatest length is not there: past it the answer is
# 413, which is no matter of the schema.
_SCHEMA = {"type": "string", "pattern": "^[^\\u0000]*$"}

GuardedText = Annotated[
    str,
    Field(min_length=1),
    AfterValidator(_sound),
    WithJsonSchema(
        {**_SCHEMA, "minLength": 1, "description": "The text to be judged, 1 to 100,000 characters."}
    ),
]
Prompt = Annotated[
    str,
    AfterValidator(_sound),
    WithJsonSchema(
        {
            **_SCHEMA,
            "description": "The prompt that led to the answer: context, not judged. 100,000 characters.",
        }
    ),
]


# An operator tells a model what to do: that is no attack, and nothing is left when it is cut.
Operator = Annotated[
    bool,
    Field(
        strict=True,
        description="The operator's own words, such as a system message: nothing is cut from them. An attack by its "
        "score is a BLOCK, personal data is hidden. Has no effect on an answer.",
    ),
]


class GuardText(BaseModel):
    """A text to be judged."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: GuardedText
    mode: Mode = Field(default=Mode.FULL, description="`fast` skips the classifier.")
    return_decision_process: bool = Field(default=False, strict=True, description="Explain the verdict.")


class GuardInput(GuardText):
    """A text on its way to a model."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": "What is the capital of France?", "mode": "full"}]}
    )

    operator: Operator = False


class GuardOutput(GuardText):
    """A model's answer."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"text": "Paris is the capital of France.", "prompt": "What is the capital of France?"}
            ]
        },
    )

    prompt: Prompt | None = None


__all__ = ["GuardInput", "GuardOutput", "GuardText", "Verdict"]
