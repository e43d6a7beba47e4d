import pytest
from clickhouse_driver import errors

from app.events.failures import describe, is_bad_value


@pytest.mark.parametrize(
    ("error", "bad"),
    [
        (errors.TypeMismatchError("x"), True),
        (AttributeError("'int' object has no attribute 'encode'"), True),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"), True),
        (errors.ServerException("x", errors.ErrorCodes.TYPE_MISMATCH), True),
        (errors.ServerException("x", errors.ErrorCodes.MEMORY_LIMIT_EXCEEDED), False),
        (errors.NetworkError("x"), False),
        (TimeoutError(), False),
        (EOFError(), False),
        (errors.PartiallyConsumedQueryError(), False),
    ],
)
def test_the_row_or_the_store_is_at_fault(error: Exception, bad: bool) -> None:
    assert is_bad_value(error) is bad


def test_a_description_is_one_line_without_the_stack() -> None:
    error = errors.ServerException("DB::Exception: It is in\nreadonly mode. Stack trace:\n\n0. ? @ 0x1", 242)
    assert describe(error) == "It is in readonly mode. (code 242)"
    assert describe(TimeoutError()) == "no answer in time"
