"""A client's policy as the operator writes it: what workers need, and what the API itself holds to."""

from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from app.detection.category_names import CATEGORIES
from app.errors import VigilError
from app.limits.window import Window, parse_windows
from app.pii.resolution import PRECEDENCE
from app.schemas.guard import Mode
from app.schemas.policy import Policy

ENTITY_TYPES = frozenset(PRECEDENCE)


class PolicyDocument(Policy):
    """A policy. Fields that are left out keep the deployment's defaults; unknown ones are refused."""

    model_config = ConfigDict(extra="forbid")

    modes: tuple[Mode, ...] = Field(
        default=tuple(Mode), min_length=1, description="Modes that the client may ask for."
    )
    rate_limits: str | None = Field(
        default=None, description="As VIGIL_RATE_LIMITS; None: that; empty: no limit."
    )

    @field_validator("categories_off")
    @classmethod
    def _known_categories(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return _known(names, CATEGORIES, "category")

    @field_validator("pii_types")
    @classmethod
    def _known_types(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if names is None else _known(names, ENTITY_TYPES, "type of personal data")

    @field_validator("rate_limits")
    @classmethod
    def _limits(cls, text: str | None) -> str | None:
        parse_windows(text or "")
        return text

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        block, sanitize = self.block_threshold, self.sanitize_threshold
        if block is not None and sanitize is not None and sanitize > block:
            raise ValueError(
                f"sanitize_threshold ({sanitize:g}) is above block_threshold ({block:g}): lower it"
            )
        return self

    def windows(self, default: tuple[Window, ...]) -> tuple[Window, ...]:
        """The client's rate limits."""
        return default if self.rate_limits is None else parse_windows(self.rate_limits)

    @property
    def for_workers(self) -> Policy:
        """The part that travels with a request."""
        return Policy.model_construct(**{name: getattr(self, name) for name in Policy.model_fields})


class StoredPolicy(BaseModel):
    """A version of a client's policy."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: int = Field(ge=1)
    changed_at: datetime
    changed_by: str
    policy: dict[str, Any] = Field(description="The fields that were set.")

    def document(self) -> PolicyDocument:
        """The policy. A field that a newer version has added is left out; a worker would not know it either.

        Raises:
            ValidationError: a value makes no sense to this version.
        """
        known = {name: value for name, value in self.policy.items() if name in PolicyDocument.model_fields}
        return PolicyDocument.model_validate({**known, "version": self.version})


def parse_policy(fields: Any) -> PolicyDocument:
    """A policy from what the operator wrote.

    Raises:
        VigilError: one line that names each field that makes no sense.
    """
    if not isinstance(fields, dict):
        raise VigilError('a policy is an object of fields, such as {"block_threshold": 80}')
    if "version" in fields:
        raise VigilError("version: it is counted by Vigil; leave it out")
    try:
        return PolicyDocument.model_validate(fields)
    except ValidationError as invalid:
        lines = (
            f"{'.'.join(map(str, error['loc'])) or 'policy'}: {error['msg'].removeprefix('Value error, ')}"
            for error in invalid.errors()
        )
        raise VigilError("; ".join(lines)) from None


def _known(names: tuple[str, ...], known: frozenset[str], what: str) -> tuple[str, ...]:
    if unknown := sorted(set(names) - known):
        raise ValueError(f"no {what} is called {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    return tuple(dict.fromkeys(names))
