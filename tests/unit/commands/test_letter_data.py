import json

from app.commands.letter_data import redacted_data
from app.subscribers.engines import finder
from tests.services.test_dlq import letter

PESEL = "44051401359"


async def test_personal_data_is_redacted_wherever_it_stands() -> None:
    message = {"request": {"text": f"PESEL {PESEL}", "prompt": None}, PESEL: [PESEL, 1, {"deep": PESEL}]}
    shown = await redacted_data(letter(1, original_data=json.dumps(message)), finder())
    assert PESEL not in json.dumps(shown)
    assert shown["request"] == {"text": "PESEL [PL_PESEL_1]", "prompt": None}


async def test_what_cannot_be_read_is_not_shown() -> None:
    shown = await redacted_data(letter(1, original_data=f"{PESEL} {{"), finder())
    assert shown == "13 bytes that are no JSON, so nothing in them can be redacted"
