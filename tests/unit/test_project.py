"""The frame: dependencies, lock, files that everybody may read."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
TARGETS = ("run", "test", "check", "asyncapi", "bench", "lock", "clean")


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


def test_lock_has_only_names_versions_markers_and_hashes() -> None:
    line = r"[a-z0-9-]+==[\w.+]+( ; [^\\/]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?"
    assert [text for text in LOCK.splitlines() if not re.fullmatch(line, text)] == []


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


@pytest.mark.parametrize("problem", ["old", "no-venv", "missing"])
def test_make_says_what_to_install(tmp_path: Path, problem: str) -> None:
    """A machine without the right Python gets one clear line."""
    python = tmp_path / "python"
    says = {
        "old": ("3.11 or newer", "#!/bin/sh\necho 'Vigil needs Python 3.11 or newer' >&2\nexit 1\n"),
        "no-venv": ("python3-venv", '#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\n'),
        "missing": ("python3-venv", None),
    }
    expected, script = says[problem]
    if script:
        python.write_text(script)
        python.chmod(0o755)
    done = subprocess.run(
        ["make", "--no-print-directory", "python", f"PYTHON={python}"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    assert done.returncode != 0
    assert expected in done.stderr


def _tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False).stdout
    return [ROOT / name for name in listed.decode().split("\0") if name]


def test_version_is_the_same_everywhere() -> None:
    from app import __version__

    version = PROJECT["project"]["version"]
    assert __version__ == version
    assert f"[{version}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_links_of_the_documentation_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    assert pages
    for page in pages:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
            assert "://" in target or (page.parent / target).exists(), f"{page.name}: {target}"


def test_no_file_names_a_package_index_or_a_home_folder() -> None:
    # Put together here, so that this file does not find itself.
    unwanted = re.compile(
        "|".join(["pypi" + r"\.org", "files\\.python" + "hosted", "/ro" + "ot/", "/ho" + "me/"])
    )
    found = []
    for path in _tracked():
        if path.suffix in {".jsonl", ".npz", ".bin", ".onnx"} or not path.is_file():
            continue
        if unwanted.search(path.read_text(encoding="utf-8", errors="replace")):
            found.append(str(path.relative_to(ROOT)))
    assert found == []
