"""CrewAI between a user and a model, guarded by the hooks, the guardrail and the tools of the Python client."""

from pathlib import Path

import pytest

from tests.documents import ROOT, examples
from tests.e2e.test_guard import PESEL
from tests.frameworks import outcomes, scenarios
from tests.integrations import CREWAI, CREWAI_BEFORE, run
from tests.model import Model
from tests.running import Vigil

FILE = Path(__file__).with_name("in_crewai.py")
RELEASES = {"1.15.30": None, "1.15.29": CREWAI_BEFORE}
(EXAMPLE,) = examples("integrations/crewai.md", "python")

pytestmark = pytest.mark.timeout(240)  # the scenarios of a release run in one process


@pytest.fixture(scope="module")
def environment(vigil: Vigil, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """CrewAI writes where it is told to, and tells nobody."""
    folder = str(tmp_path_factory.mktemp("crewai"))
    return {
        "VIGIL_URL": vigil.url,
        "VIGIL_API_KEY": vigil.key,
        "HOME": folder,
        "CREWAI_STORAGE_DIR": folder,
        "CREWAI_DISABLE_TELEMETRY": "true",
        "CREWAI_TRACING_ENABLED": "false",
        "CREWAI_TESTING": "true",
        "OTEL_SDK_DISABLED": "true",
    }


@pytest.fixture(scope="module", params=RELEASES)
def release(request, environment: dict[str, str]) -> dict[str, str]:
    """What went wrong with one release."""
    before = RELEASES[request.param]
    return outcomes(CREWAI, FILE, before=before, RELEASE=request.param, **environment)


@pytest.mark.parametrize("scenario", scenarios(FILE))
def test_scenario(release: dict[str, str], scenario: str) -> None:
    assert not release[scenario], release[scenario]


def test_no_address_outside_this_machine_was_looked_for(release: dict[str, str]) -> None:
    assert release["outside"] == ""


def test_the_example(environment: dict[str, str], model: Model) -> None:
    path = {"MODEL_URL": model.url, "PYTHONPATH": str(ROOT / "clients" / "python")}
    said = run(EXAMPLE, python=CREWAI, **environment, **path)
    wanted = ["Paris.", "Paris.", "input BLOCK", "the model was not called"]
    assert [line for line in said.splitlines() if line in wanted] == wanted
    assert len(model.asked) == 2
    assert "[PL_PESEL_1], proszę o pomoc" in model.texts()
    assert PESEL not in model.texts()
