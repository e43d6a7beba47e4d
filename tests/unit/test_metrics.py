"""The names of what Prometheus gets."""

import pkgutil
import re
from importlib import import_module
from pathlib import Path

import pytest
from prometheus_client import Counter, Gauge, Histogram

from app import metrics

DOCUMENT = (Path(__file__).parents[2] / "docs/operate/telemetry.md").read_text(encoding="utf-8")
MODULES = [import_module(f"app.metrics.{module.name}") for module in pkgutil.iter_modules(metrics.__path__)]
METRICS = {
    value._name: value
    for module in MODULES
    for value in vars(module).values()
    if isinstance(value, Counter | Gauge | Histogram)
}


@pytest.mark.parametrize("name", METRICS)
def test_a_name_says_its_unit_and_is_documented(name: str) -> None:
    metric = METRICS[name]
    shown = f"{name}_total" if isinstance(metric, Counter) else name
    assert re.fullmatch(r"vigil_[a-z_]+", shown)
    assert f"`{shown}`" in DOCUMENT
    assert not re.search(r"_ms|millis|_count$", shown)
    if isinstance(metric, Histogram) and "duration" in name:
        assert name.endswith("_seconds")
        assert metric._upper_bounds[-2] >= 10
    assert metric._documentation
    assert len(metric._labelnames) <= 3


def test_no_name_is_documented_that_does_not_exist() -> None:
    known = {name + ("_total" if isinstance(metric, Counter) else "") for name, metric in METRICS.items()}
    assert set(re.findall(r"`(vigil_[a-z_]+)`", DOCUMENT)) <= known


def test_label_values_are_bounded() -> None:
    bounded = metrics.Bounded(3)
    assert [bounded(value) for value in "abcdeabc"] == ["a", "b", "c", "other", "other", "a", "b", "c"]
