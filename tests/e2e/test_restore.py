"""Values that were redacted from a prompt come back into the answer to it, for the client that sent the prompt."""

import json
import time

import httpx

from tests.running import Vigil
from vigil_stream import Vigil as Client

PROMPT = "Napisz do Anny Wiśniewskiej (anna@example.pl), PESEL 44051401359, że faktura jest gotowa."


def test_a_client_puts_its_values_back(tmp_path, stopped_after) -> None:
    vigil = stopped_after(Vigil(tmp_path, VIGIL_RESTORE="on", VIGIL_PROCESSES="1"))
    vigil.start()
    verdict = vigil.guard(PROMPT).json()
    assert verdict["sanitized_text"] == (
        "Napisz do [PERSON_1] ([EMAIL_ADDRESS_1]), PESEL [PL_PESEL_1], że faktura jest gotowa."
    )
    body = {
        "request_id": verdict["request_id"],
        "text": "Do: [EMAIL_ADDRESS_1]\nSzanowna [PERSON_1] ([PERSON_2])",
    }

    def restore(key: str) -> httpx.Response:
        return httpx.post(
            f"{vigil.url}/v1/guard/restore", json=body, headers={"Authorization": f"Bearer {key}"}, timeout=20
        )

    answer = restore(vigil.key)
    assert answer.json()["text"] == "Do: anna@example.pl\nSzanowna Anny Wiśniewskiej ([PERSON_2])"
    with Client(vigil.url, vigil.key) as client:

        @client.guard(restore=True)
        def ask(prompt: str) -> str:
            assert "anna@example.pl" not in prompt
            return "Napisane: [PERSON_1], [EMAIL_ADDRESS_1]."

        assert ask(PROMPT) == "Napisane: Anny Wiśniewskiej, anna@example.pl."
    other = json.loads(vigil.command("keys", "create", "somebody-else", "--json").stdout)["key"]
    end = time.monotonic() + 20
    while (refused := restore(other)).status_code == 401 and time.monotonic() < end:
        time.sleep(0.1)  # until the API has heard of the key
    assert refused.status_code == 404
    assert "anna" not in refused.text
    ((_, text, _),) = vigil.events(verdict["request_id"])
    assert "anna" not in text
    logs = "".join(file.read_text() for file in (tmp_path / "data" / "logs").glob("*.log"))
    assert "44051401359" not in logs
    assert "Wiśniewskiej" not in logs
