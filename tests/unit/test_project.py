"""The frame: dependencies, lock, files that everybody may read."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from app.version import VERSION

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
TEXTS = {"", ".py", ".toml", ".md", ".lock", ".yaml", ".yml", ".json", ".html", ".sql", ".sh"}
TARGETS = ("run", "cluster", "image", "test", "check", "asyncapi", "bench", "lock", "clean")


def _name(requirement: str) -> str:
    return re.split(r"[\[<>=~! ;]", requirement, maxsplit=1)[0].lower().replace("_", "-")


LOCKED = {_name(line) for line in LOCK.splitlines() if "==" in line}
DECLARED = {_name(requirement) for requirement in PROJECT["project"]["dependencies"]}
DEVELOPMENT = {_name(requirement) for requirement in PROJECT["dependency-groups"]["dev"]}


def test_lock_holds_every_dependency() -> None:
    assert DECLARED | DEVELOPMENT <= LOCKED, "run `make lock`"


def test_lock_obeys_the_pins() -> None:
    for requirement in [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"]]:
        if "==" in requirement:
            pin = re.sub(r"\[.*\]", "", requirement).lower()
            assert f"{pin} " in LOCK, "run `make lock`"


@pytest.mark.parametrize("lock", sorted(path.name for path in ROOT.glob("requirements*.lock")))
def test_lock_has_only_names_versions_markers_and_hashes(lock: str) -> None:
    line = r"[a-z0-9-]+==[\w.+!]+( ; [^\\/]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?"
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    assert [text for text in lines if not re.fullmatch(line, text)] == []


def test_what_only_the_tests_run_is_no_part_of_the_product() -> None:
    names = {_name(requirement) for requirement in PROJECT["dependency-groups"]["integrations"]}
    assert {"litellm", "openai", "vigil-guard"} <= names
    assert LOCKED.isdisjoint({"litellm", "openai", "vigil-guard"})


def test_lock_leaves_out_what_is_not_used() -> None:
    assert LOCKED.isdisjoint({"torch", *PROJECT["tool"]["uv"]["exclude-dependencies"]})


def test_every_module_can_be_imported_without_the_excluded_packages() -> None:
    code = """
import importlib, importlib.abc, pkgutil, sys
blocked = set(sys.argv[1].split(","))
class Block(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in blocked:
            raise ModuleNotFoundError(f"{name} is not part of the project", name=name)
sys.meta_path.insert(0, Block())
import app, fasttext, onnxruntime, tokenizers
for module in pkgutil.walk_packages(app.__path__, "app."):
    if not module.name.endswith("__main__") and ".training" not in module.name:
        importlib.import_module(module.name)
"""
    excluded = [name.replace("-", "_") for name in PROJECT["tool"]["uv"]["exclude-dependencies"]]
    subprocess.run([sys.executable, "-c", code, ",".join(excluded)], cwd=ROOT, check=True, timeout=100)


def test_plain_make_lists_the_targets() -> None:
    listed = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30
    ).stdout
    for target in TARGETS:
        assert f"make {target} " in listed


@pytest.mark.parametrize(
    ("script", "says"),
    [
        (
            f"exec {sys.executable} -c \"import sys; sys.version_info = (3, 10); sys.version = '3.10.2'; $2\"",
            "3.10.2",
        ),
        ('case "$2" in *ensurepip*) exit 1;; esac', "apt-get install python3-venv"),
        (None, "apt-get install python3"),
    ],
    ids=["old", "no-venv", "missing"],
)
def test_make_says_what_is_missing(tmp_path: Path, script: str | None, says: str) -> None:
    python = tmp_path / "python"
    if script:
        python.write_text(f"#!/bin/sh\n{script}\n")
        python.chmod(0o755)
    done = subprocess.run(
        ["make", "--no-print-directory", "python", f"PYTHON={python}"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    assert done.returncode != 0
    assert says in done.stderr.splitlines()[0]


def test_make_names_the_programs_that_the_tests_miss() -> None:
    done = subprocess.run(
        ["make", "--no-print-directory", "programs", "PROGRAMS=sh no-such-program nor-this-one"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    assert done.returncode != 0
    assert "apt-get install no-such-program nor-this-one" in done.stderr.splitlines()[0]


def _tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False).stdout
    return [ROOT / name for name in listed.decode().split("\0") if name]


def test_version_is_the_same_everywhere() -> None:
    assert PROJECT["project"]["version"] == VERSION


def test_links_of_the_documentation_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "clients").glob("*/*.md")]
    assert pages
    for page in pages:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
            assert "://" in target or (page.parent / target).exists(), f"{page.name}: {target}"


def test_no_file_names_a_package_index() -> None:
    unwanted = re.compile("pypi" + r"\.org|files\.python" + "hosted")  # in pieces: this file is read too
    texts = [path for path in _tracked() if path.is_file() and path.suffix in TEXTS]
    assert [path.name for path in texts if unwanted.search(path.read_text(encoding="utf-8"))] == []
