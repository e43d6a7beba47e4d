"""The scripts that bring a new version in: in which order they call what. The programs they call only write it down."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ORDER = ["logging", "pii", "detection", "arbiter", "api"]


@pytest.fixture
def called(tmp_path: Path):
    """Runs a script; the commands that it gave, in order."""

    def run(script: str, *words: str, answers: str = "") -> list[str]:
        log = tmp_path / "log"
        for program in ("kubectl", "docker"):
            (tmp_path / program).write_text(f'#!/bin/sh\necho {program} "$@" >>{log}\n{answers}\n')
            (tmp_path / program).chmod(0o755)
        subprocess.run(
            [ROOT / script, *words], env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}, check=True, timeout=30
        )
        return log.read_text().splitlines()

    return run


@pytest.mark.parametrize("words", [(), tuple(reversed(ORDER))], ids=["there", "back"])
def test_kubernetes_one_workload_after_the_other_after_the_streams(called, words: tuple[str, ...]) -> None:
    lines = called("deploy/kubernetes/roll-out.sh", "production", *words)
    assert lines[0].endswith("delete job provision --ignore-not-found")
    for name in ORDER:
        assert name in lines[1]  # applied last, not with the rest
    assert "wait --for=condition=complete" in lines[2]
    steps = lines[3:-1]
    for name, apply, wait in zip(words or ORDER, steps[::2], steps[1::2], strict=True):
        assert apply.endswith(f"--selector app.kubernetes.io/component={name}")
        assert f"rollout status deployment/{name} " in wait
    assert lines[-1].endswith("overlays/production")


def test_compose_new_containers_before_the_old_ones_stop(called) -> None:
    three_or_one = (
        'case "$*" in *"ps --quiet detection") echo a; echo b; echo c;; *"ps --quiet"*) echo d;; esac'
    )
    lines = called("deploy/compose/roll-out.sh", answers=three_or_one)
    assert lines[0].endswith("run --rm --no-deps provision")
    started = [line.split()[-1] for line in lines if " up " in line]
    assert started == ORDER
    detection = next(i for i, line in enumerate(lines) if line.endswith("ps --quiet detection"))
    up, stop, remove = lines[detection + 1 : detection + 4]
    assert "--no-recreate --wait --scale detection=6 detection" in up
    assert (stop, remove) == ("docker stop a b c", "docker rm a b c")
    assert not any(line.endswith(" stop api") for line in lines)


def test_compose_starts_a_service_of_which_nothing_runs(called) -> None:
    lines = called("deploy/compose/roll-out.sh", "pii", answers="")
    assert lines[-1].endswith("up --detach --no-deps --wait pii")
    assert not any(line.startswith("docker stop") for line in lines)
