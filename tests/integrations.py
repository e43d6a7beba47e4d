"""Other people's programs, from their own environment (`make .integrations/.installed`)."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from app.runtime.ports import free_port
from tests.documents import ROOT

FOLDER = ROOT / ".integrations"
PYTHON = FOLDER / "bin" / "python"
# The releases before of LiteLLM and LangChain, in front of the newest.
BEFORE = FOLDER / "before"
# CrewAI, which wants others beside it.
CREWAI = ROOT / ".crewai" / "bin" / "python"
CREWAI_BEFORE = ROOT / ".crewai" / "before"
MASTER_KEY = "sk-4f1c2b9a7d6e5038c1b2a3f4"


def run(code: str, *, python: Path = PYTHON, **environment: str) -> str:
    """What a program prints."""
    done = subprocess.run(
        [python, "-c", code],
        env={**os.environ, **environment}, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


class LiteLLM:
    """A proxy of LiteLLM, and the guardrail that it is asked to use."""

    def __init__(self, port: int, guardrail: str = "") -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.guardrail = guardrail

    def with_guardrail(self, name: str) -> "LiteLLM":
        return LiteLLM(self.port, name)

    def ask(self, *texts: str, **more: object) -> httpx.Response:
        messages = [{"role": "user", "content": text} for text in texts]
        return httpx.post(
            f"{self.url}/v1/chat/completions",
            json={"model": "my-model", "messages": messages, "guardrails": [self.guardrail], **more},
            headers={"Authorization": f"Bearer {MASTER_KEY}"},
            timeout=60,
        )


@contextmanager
def litellm(folder: Path, config: str, before: bool = False, **environment: str) -> Iterator[LiteLLM]:
    """A running proxy with this configuration."""
    port = free_port()
    (folder / "config.yaml").write_text(config, encoding="utf-8")
    own = {
        "LITELLM_MASTER_KEY": MASTER_KEY,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else it is fetched
        "PYTHONPATH": str(BEFORE) if before else "",
        "MODEL_KEY": "none",
    }
    code = "import sys; from litellm import run_server; sys.exit(run_server())"
    with (folder / "litellm.log").open("wb") as log:
        process = subprocess.Popen(
            [PYTHON, "-c", code, "--config", "config.yaml", "--host", "127.0.0.1", "--port", str(port)],
            env={**os.environ, **own, **environment}, cwd=folder, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        proxy = LiteLLM(port)
        end = time.monotonic() + 100
        while not _alive(proxy):
            said = (folder / "litellm.log").read_text(errors="replace")
            assert process.poll() is None, said
            assert time.monotonic() < end, said
            time.sleep(0.2)
        yield proxy
    finally:
        process.terminate()
        process.wait(30)


def _alive(proxy: LiteLLM) -> bool:
    try:
        return httpx.get(f"{proxy.url}/health/liveliness", timeout=5).is_success
    except httpx.HTTPError:
        return False
