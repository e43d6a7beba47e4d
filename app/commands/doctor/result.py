"""What one check says."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class Status(StrEnum):
    """The end of a check. Only a fault makes the command fail."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Result:
    """One line of `vigil doctor`."""

    check: str
    status: Status
    said: str
    cure: str = ""

    def __str__(self) -> str:
        cure = f"; {self.cure}" if self.cure else ""
        return f"{self.status.upper():<8} {self.check:<16} {self.said}{cure}"

    @classmethod
    def ok(cls, check: str, said: str) -> Self:
        """All is well."""
        return cls(check, Status.OK, said)

    @classmethod
    def warning(cls, check: str, said: str, cure: str) -> Self:
        """It works, but not as it should for long."""
        return cls(check, Status.WARNING, said, cure)

    @classmethod
    def fault(cls, check: str, said: str, cure: str) -> Self:
        """It does not work."""
        return cls(check, Status.FAULT, said, cure)

    @classmethod
    def skipped(cls, check: str, said: str) -> Self:
        """There is nothing to check, or it cannot be checked without a part that is away."""
        return cls(check, Status.SKIPPED, said)
