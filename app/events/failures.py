"""Telling a bad row from a store that is away."""

import struct

from clickhouse_driver import errors
from clickhouse_driver.columns.exceptions import ColumnException

from app.errors import VigilError


class StoreUnavailable(VigilError):  # noqa: N818 - reads as the state it reports
    """ClickHouse cannot take or give rows now: wait and ask again. `code` is its own, None without one."""

    def __init__(self, reason: str, code: int | None = None) -> None:
        super().__init__(reason)
        self.code = code


# What the driver raises for a value that its column cannot hold, before anything of the batch is sent.
# ValueError covers UnicodeError; plain AttributeError and TypeError come from its column writers.
_BAD_VALUE = (
    errors.CannotParseDomainError,
    errors.CannotParseUuidError,
    errors.LogicalError,
    errors.TooLargeStringSize,
    errors.TypeMismatchError,
    AttributeError,
    ColumnException,
    OverflowError,
    TypeError,
    ValueError,
    struct.error,
)
# And the server's codes for the same.
_BAD_VALUE_CODES = frozenset(
    {
        errors.ErrorCodes.CANNOT_PARSE_DATETIME,
        errors.ErrorCodes.CANNOT_PARSE_NUMBER,
        errors.ErrorCodes.CANNOT_PARSE_TEXT,
        errors.ErrorCodes.TOO_LARGE_STRING_SIZE,
        errors.ErrorCodes.TYPE_MISMATCH,
    }
)
MISSING_CODES = frozenset(
    {
        errors.ErrorCodes.NO_SUCH_COLUMN_IN_TABLE,
        errors.ErrorCodes.UNKNOWN_DATABASE,
        errors.ErrorCodes.UNKNOWN_TABLE,
    }
)
# Whoever may only insert has the tables made by somebody else. The driver has no names for these.
REFUSED_CODES = frozenset({164, 392, 497})  # READONLY, QUERY_IS_PROHIBITED, ACCESS_DENIED
AWAY = (errors.Error, EOFError, OSError)


def is_bad_value(error: Exception) -> bool:
    """True when the data is at fault: trying again cannot help."""
    if isinstance(error, errors.ServerException):
        return error.code in _BAD_VALUE_CODES
    return isinstance(error, _BAD_VALUE)


def describe(error: Exception) -> str:
    """What went wrong, on one line, without the server's stack trace."""
    if isinstance(error, TimeoutError | errors.SocketTimeoutError):
        return "no answer in time"
    if isinstance(error, EOFError):
        return "it closed the connection"
    text = getattr(error, "message", "") or str(error) or type(error).__name__
    text = " ".join(str(text).split("Stack trace:")[0].removeprefix("DB::Exception:").split())
    code = getattr(error, "code", None)
    return f"{text[:400]} (code {code})" if isinstance(error, errors.ServerException) else text[:400]
