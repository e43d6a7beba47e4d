"""LangChain between a user and a model, guarded by the middleware and the Runnable of the Python client."""

from pathlib import Path

import pytest

from tests.documents import ROOT, examples
from tests.e2e.test_guard import PESEL
from tests.frameworks import outcomes, scenarios
from tests.integrations import BEFORE, PYTHON, run
from tests.model import Model
from tests.running import Vigil

FILE = Path(__file__).with_name("in_langchain.py")
RELEASES = {"1.5.2": None, "1.4.10": BEFORE}
AGENT, CHAIN = examples("integrations/langchain.md", "python")
CLIENT = str(ROOT / "clients" / "python")

pytestmark = pytest.mark.timeout(240)  # the scenarios of a release run in one process


@pytest.fixture(scope="module", params=RELEASES)
def release(request, vigil: Vigil) -> dict[str, str]:
    """What went wrong with one release."""
    where = {"VIGIL_URL": vigil.url, "VIGIL_API_KEY": vigil.key, "RELEASE": request.param}
    return outcomes(PYTHON, FILE, before=RELEASES[request.param], **where)


@pytest.mark.parametrize("scenario", scenarios(FILE))
def test_scenario(release: dict[str, str], scenario: str) -> None:
    assert not release[scenario], release[scenario]


def test_no_address_outside_this_machine_was_looked_for(release: dict[str, str]) -> None:
    assert release["outside"] == ""


def test_the_example_of_an_agent(vigil: Vigil, model: Model) -> None:
    said = run(AGENT, VIGIL_URL=vigil.url, VIGIL_API_KEY=vigil.key, MODEL_URL=model.url, PYTHONPATH=CLIENT)
    assert said.splitlines() == ["Paris.", "Paris.", "This text was withheld by Vigil.", "Paris."]
    assert len(model.asked) == 3
    assert "[PL_PESEL_1], proszę o pomoc" in model.texts()
    assert PESEL not in model.texts()


def test_the_example_of_a_chain(vigil: Vigil, model: Model) -> None:
    said = run(CHAIN, VIGIL_URL=vigil.url, VIGIL_API_KEY=vigil.key, MODEL_URL=model.url, PYTHONPATH=CLIENT)
    assert said.splitlines() == ["Paris.", "Paris.", "input BLOCK"]
    assert len(model.asked) == 2
    assert PESEL not in model.texts()
