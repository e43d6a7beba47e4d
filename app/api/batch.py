"""The bodies of `/v1/guard/batch`."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from app.api.bodies import GuardInput, GuardOutput, GuardText, Operator
from app.api.problems import PASSING, Failure, FieldError, title
from app.schemas.guard import Direction
from app.schemas.verdict import Verdict

MAX_ITEMS = 100
# Anything is taken, and what is no item fails by itself.
ITEM_SCHEMA = {"anyOf": [{"$ref": "#/components/schemas/BatchItem"}, {"title": "Answered as an error"}]}


class BatchItem(GuardOutput):
    """One text of a batch."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": "What is the capital of France?", "direction": "input"}]}
    )

    direction: Direction = Direction.INPUT
    operator: Operator = False

    @property
    def body(self) -> GuardText:
        """The same as a request of its own."""
        kind: type[GuardText] = GuardOutput if self.direction is Direction.OUTPUT else GuardInput
        return kind.model_construct(**{name: getattr(self, name) for name in kind.model_fields})


class GuardBatch(BaseModel):
    """Up to 100 texts. Each item is validated by itself."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "items": [
                        {"text": "Good morning"},
                        {"text": "Paris.", "direction": "output", "mode": "fast"},
                    ]
                }
            ]
        },
    )

    items: Annotated[
        list[Annotated[Any, WithJsonSchema(ITEM_SCHEMA)]],
        Field(min_length=1, max_length=MAX_ITEMS),
    ]


class ItemError(BaseModel):
    """Why an item has no verdict."""

    status: int = Field(examples=[422], description="What the item would have got as a request of its own.")
    title: str = Field(examples=["Unprocessable Content"])
    detail: str = Field(examples=["text: Field required"])
    errors: list[FieldError] | None = None


class Item(BaseModel):
    """The outcome of one item, in the order of the request."""

    index: int = Field(ge=0)
    ok: bool = Field(description="Whether there is a verdict; a BLOCK is one.")
    verdict: Verdict | None = None
    error: ItemError | None = None

    @property
    def final(self) -> bool:
        """Whether a repeat would get nothing better."""
        if self.verdict is not None:
            return self.verdict.final
        return self.error is None or self.error.status not in PASSING


class BatchVerdict(BaseModel):
    """The outcome of every item. The request id of item 3 is that of the batch with `-3` behind it."""

    request_id: str
    items: tuple[Item, ...]

    @property
    def final(self) -> bool:
        """Whether a repeat would get nothing better."""
        return all(item.final for item in self.items)


def failed_item(index: int, failed: Failure) -> Item:
    """An item without a verdict."""
    error = ItemError(
        status=failed.status, title=title(failed.status), detail=failed.detail, errors=failed.errors
    )
    return Item(index=index, ok=False, error=error)
