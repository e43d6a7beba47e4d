"""What the predecessor's clients send and get. The names are theirs."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel

from app.api.bodies import GuardedText, Prompt
from app.api.compat.vge_errors import CODES
from app.api.problems import PASSING
from app.schemas.guard import Direction, Mode
from app.schemas.pii import Language

MAX_ITEMS = 100
PASSING_CODES = frozenset(CODES[status] for status in PASSING)
# Anything is taken, and what is no item fails by itself.
ITEM_SCHEMA = {"anyOf": [{"$ref": "#/components/schemas/VgeAnalyze"}, {"title": "Answered as an error"}]}


class Source(StrEnum):
    """Where a text comes from."""

    USER_INPUT = "user_input"
    TOOL_INPUT = "tool_input"
    TOOL_OUTPUT = "tool_output"
    MODEL_OUTPUT = "model_output"
    SYSTEM_PROMPT = "system_prompt"

    @property
    def direction(self) -> Direction:
        """A model writes answers and the arguments of tools; all the rest goes to it."""
        if self in (Source.MODEL_OUTPUT, Source.TOOL_INPUT):
            return Direction.OUTPUT
        return Direction.INPUT


class Camel(BaseModel):
    """Their fields are in camel case. Unknown ones are ignored."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, validate_by_name=True, serialize_by_alias=True
    )


class About(Camel):
    """What comes with every text. Only the mode has an effect: the rest is context, and is not judged."""

    mode: Mode = Mode.FULL
    metadata: dict[str, Any] | None = None
    agent: dict[str, Any] | None = None
    tool: dict[str, Any] | None = None
    conversation: list[dict[str, Any]] | None = None


class VgeInput(About):
    """A text on its way to a model."""

    prompt: GuardedText


class VgeOutput(About):
    """A model's answer."""

    output: GuardedText
    original_prompt: Prompt | None = None


class VgeAnalyze(About):
    """A text and where it comes from."""

    text: GuardedText
    source: Source = Source.USER_INPUT


class VgeBatch(Camel):
    """Up to 100 texts. Each is validated by itself."""

    items: Annotated[
        list[Annotated[Any, WithJsonSchema(ITEM_SCHEMA)]],
        Field(min_length=1, max_length=MAX_ITEMS),
    ]


class VgeDecision(StrEnum):
    """What the client should do with the text."""

    ALLOWED = "ALLOWED"
    BLOCKED = "BLOCKED"
    SANITIZED = "SANITIZED"


class ThreatLevel(StrEnum):
    """A score in words."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"


class HeuristicsBranch(Camel):
    """Branch A. It has no CRITICAL."""

    score: float
    threat_level: ThreatLevel
    explanations: list[str]
    timing_ms: int


class SemanticBranch(Camel):
    """Branch B. The similarities are its score over 100, and the rest to 1."""

    score: float
    attack_similarity: float
    safe_similarity: float
    matched_category: str | None = None
    timing_ms: int


class LlmGuardBranch(Camel):
    """Branch C: the classifier."""

    score: float
    verdict: str = Field(description="`attack` from 50, which 1 % of harmless texts reach; else `safe`.")
    model_used: str
    timing_ms: int


class PiiBranch(Camel):
    """Personal data that was found."""

    detected: bool
    entity_count: int
    categories: list[str]


class Branches(Camel):
    """Those that have given a sound answer. After a BLOCK nobody has looked for personal data."""

    heuristics: HeuristicsBranch | None = None
    semantic: SemanticBranch | None = None
    llm_guard: LlmGuardBranch | None = None
    pii: PiiBranch | None = None


class LanguageInfo(Camel):
    """The language of the text."""

    detected_language: Language
    confidence: float
    method: str


class VgeVerdict(Camel):
    """The verdict on one text."""

    request_id: str
    decision: VgeDecision
    score: float = Field(ge=0, le=100)
    threat_level: ThreatLevel
    confidence: float = Field(
        ge=0,
        le=1,
        description="How far the score is on the decision's side, less the weight of missing branches.",
    )
    categories: list[str]
    branches: Branches
    latency_ms: int = Field(ge=0)
    timestamp: datetime
    sanitized_text: str | None = Field(default=None, description="Present exactly with SANITIZED.")
    output_text: str | None = Field(default=None, description="What may be passed on; absent with BLOCKED.")
    redacted_text: str | None = None
    redaction_applied: bool = False
    decision_reason: str
    block_message: str | None = None
    missing_branches: list[str] | None = None
    fail_open: bool | None = Field(
        default=None, description="Nobody could judge the text, and the policy allows it."
    )
    language_info: LanguageInfo | None = None
    arbiter_signal: str = Field(pattern="^(ALLOW|BLOCK)$")

    @property
    def final(self) -> bool:
        """Whether a repeat would get nothing better: somebody has judged the text."""
        return not self.fail_open


class ItemError(Camel):
    """Why an item has no verdict."""

    code: str
    message: str


class VgeItem(Camel):
    """The outcome of one item."""

    index: int = Field(ge=0)
    ok: bool
    response: VgeVerdict | None = None
    error: ItemError | None = None

    @property
    def final(self) -> bool:
        """Whether a repeat would get nothing better."""
        if self.response is not None:
            return self.response.final
        return self.error is None or self.error.code not in PASSING_CODES


class VgeItems(Camel):
    """The outcome of every item, in the order of the request."""

    items: list[VgeItem]

    @property
    def final(self) -> bool:
        """Whether a repeat would get nothing better."""
        return all(item.final for item in self.items)


class LicenseStatus(Camel):
    """There is no licence to run out."""

    status: str = "ACTIVE"
    type: str = "MIT"
    expires_at: str | None = None
    days_remaining: int | None = None
    is_built_in: bool = True
