"""What Prometheus finds at a running Vigil."""

import json
from urllib.parse import urlsplit

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.running import Vigil


@pytest.fixture(scope="module")
def vigil(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("metrics")
    with Vigil(folder, FLUSH_INTERVAL_MS="200", VIGIL_RATE_LIMITS="30/minute") as running:
        running.start()
        running.wait_for_all()
        yield running


def samples(url: str) -> dict[tuple[str, tuple[str, ...]], float]:
    """Name and label values of every sample, with its value."""
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(httpx.get(url, timeout=10).text)
        for sample in family.samples
    }


def total(vigil: Vigil, name: str, *labels: str) -> float:
    """The sum over all processes."""
    return sum(
        value
        for url in vigil.services["metrics"].values()
        for (sample, values), value in samples(url).items()
        if sample == name and set(labels) <= set(values)
    )


def test_every_process_is_listed_where_commands_and_prometheus_look(vigil: Vigil) -> None:
    urls = vigil.services["metrics"]
    assert set(urls) == {"api", "worker-1", "worker-2"}
    targets = json.loads((vigil.folder / "data/prometheus-targets.json").read_text())
    assert {group["labels"]["process"]: group["targets"] for group in targets} == {
        process: [urlsplit(url).netloc] for process, url in urls.items()
    }
    for url in urls.values():
        assert urlsplit(url).hostname == "127.0.0.1"
        assert url in vigil.said()
        assert httpx.get(url.replace("/metrics", "/healthz"), timeout=10).json()["status"] == "alive"


def test_a_request_is_counted_at_each_of_its_stages(vigil: Vigil) -> None:
    before = {
        name: total(vigil, name, *labels)
        for name, labels in EXPECTED.items()
    }  # fmt: skip
    answer = vigil.guard("Mój PESEL to 44051401359, proszę o pomoc")
    assert answer.json()["decision"] == "SANITIZE"
    assert vigil.events(answer.json()["request_id"])
    for name, labels in EXPECTED.items():
        assert total(vigil, name, *labels) >= before[name] + 1, name


EXPECTED = {
    "vigil_http_request_duration_seconds_count": ("POST", "/v1/guard/input", "200"),
    "vigil_verdicts_total": ("input", "SANITIZE"),
    "vigil_verdict_duration_seconds_count": ("input", "full"),
    "vigil_decisions_total": ("input", "full", "SANITIZE"),
    "vigil_stage_duration_seconds_count": ("total",),
    "vigil_branch_duration_seconds_count": ("classifier",),
    "vigil_branch_score_count": ("semantic",),
    "vigil_threat_score_count": (),
    "vigil_pii_entities_total": ("PL_PESEL",),
    "vigil_pii_texts_total": (),
    "vigil_messages_total": ("pii-worker", "acked"),
    "vigil_message_processing_duration_seconds_count": ("logging-worker",),
    "vigil_message_queue_duration_seconds_count": ("arbiter-worker",),
    "vigil_events_stored_total": (),
}


def test_what_has_not_happened_is_there_as_zero(vigil: Vigil) -> None:
    """An alert on an increase does not see a counter that is born with its first one."""
    shown = samples(vigil.services["metrics"]["worker-1"])
    for durable in ("detection-worker", "arbiter-worker", "pii-worker", "logging-worker"):
        for result in ("retried", "dead_lettered", "expired", "unsettled"):
            assert ("vigil_messages_total", (durable, result)) in shown
        assert ("vigil_redeliveries_total", (durable,)) in shown
    for branch in ("heuristics", "semantic", "classifier"):
        assert ("vigil_branch_degraded_total", (branch,)) in shown


def test_the_servers_numbers_are_shown_by_every_process(vigil: Vigil) -> None:
    for url in vigil.services["metrics"].values():
        shown = samples(url)
        assert shown["vigil_nats_connected", ()] == 1
        assert ("vigil_consumer_pending_messages", ("detection-worker",)) in shown
        assert shown["vigil_dead_letters", ("pii-worker",)] == 0
        assert shown["vigil_stream_max_bytes", ("VIGIL",)] == 10 * 1024**3
        assert shown["vigil_stream_max_messages", ("VIGIL",)] == 10_000_000
        assert ("vigil_stream_messages", ("VIGIL_DLQ",)) in shown


def test_a_process_shows_nothing_that_is_not_its_own(vigil: Vigil) -> None:
    names = {name for name, _ in samples(vigil.services["metrics"]["api"])}
    assert not {"vigil_event_store_available", "vigil_branch_degraded_total"} & names
    worker = {name for name, _ in samples(vigil.services["metrics"]["worker-1"])}
    assert not {"vigil_rate_limits_shared", "vigil_places", "vigil_waiting_requests"} & worker


def test_refusals_are_counted_by_route_and_status(vigil: Vigil) -> None:
    assert httpx.post(f"{vigil.url}/v1/guard/input", json={"text": "x"}, timeout=10).status_code == 401
    assert httpx.get(f"{vigil.url}/v1/nothing/{vigil.port}", timeout=10).status_code == 401
    shown = samples(vigil.services["metrics"]["api"])
    assert shown["vigil_http_request_duration_seconds_count", ("POST", "/v1/guard/input", "401")] == 1
    assert shown["vigil_http_request_duration_seconds_count", ("GET", "none", "401")] == 1
    answers = (vigil.guard("Good morning", mode="fast").status_code for _ in range(500))
    assert 429 in answers  # which stops at the first one
    assert total(vigil, "vigil_rate_limited_requests_total") >= 1
