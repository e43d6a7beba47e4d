"""What travels from hop to hop."""

import time

from app.runtime import headers


def test_the_stage_is_part_of_the_message_id() -> None:
    assert headers.hop("req_1", "decision")[headers.MESSAGE_ID] == "req_1:decision"


def test_the_address_and_the_deadline_travel_as_long_as_somebody_waits() -> None:
    token = headers.incoming.set({headers.REPLY_TO: "inbox", headers.DEADLINE: "1", "Other": "x"})
    try:
        assert headers.hop("r", "s") == {
            headers.MESSAGE_ID: "r:s",
            headers.REPLY_TO: "inbox",
            headers.DEADLINE: "1",
        }
        assert headers.hop("r", "s", waiting=False) == {headers.MESSAGE_ID: "r:s"}
    finally:
        headers.incoming.reset(token)


def test_a_broken_deadline_is_none() -> None:
    assert headers.remaining({headers.DEADLINE: "soon"}) is None
    assert headers.remaining(None) is None
    left = headers.remaining({headers.DEADLINE: str(time.time() + 5)})
    assert left is not None
    assert 4 < left <= 5
