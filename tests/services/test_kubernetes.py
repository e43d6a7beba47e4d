"""The manifests of deploy/kubernetes: what Kubernetes and KEDA would take, and the lag that KEDA would see."""

import asyncio
import subprocess
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from app.commands.doctor import clickhouse
from app.commands.doctor.result import Status
from app.events.access import open_store
from app.runtime import clickhouse_server
from app.runtime.services import Services
from app.settings import Settings
from app.streams import CONSUMERS, VIGIL
from deploy.image.containerfile import environment
from deploy.kubernetes.scaling import problems
from tests.documents import ROOT
from tests.kubernetes import FOLDER, OVERLAYS, complaints, manifests
from tests.servers import LoopThread, RestartableServer, start_clickhouse
from tests.wires import provisioned

CUSTOM = ("ScaledObject",)
IMAGE = environment((ROOT / "Containerfile").read_text(encoding="utf-8"))
REPLICAS = {"development": "1", "production": "3", "critical": "5"}
EVERY = pytest.mark.parametrize("overlay", OVERLAYS)


@EVERY
def test_every_manifest_is_valid(overlay: str, tmp_path: Path) -> None:
    known = [one for one in manifests(overlay) if one["kind"] not in CUSTOM]
    assert len(known) > 20
    assert complaints(*known, folder=tmp_path) == ""
    assert [problem for one in manifests(overlay, *CUSTOM) for problem in problems(one)] == []


def test_the_validator_refuses_what_kubernetes_would_not_take_or_not_know(tmp_path: Path) -> None:
    (deployment,) = [one for one in manifests("production", "Deployment") if one["metadata"]["name"] == "api"]
    misspelled, mistyped = deepcopy(deployment), deepcopy(deployment)
    container = misspelled["spec"]["template"]["spec"]["containers"][0]
    container["livenesProbe"] = container.pop("livenessProbe")
    mistyped["spec"]["minReadySeconds"] = "one"
    assert "livenesProbe" in complaints(misspelled, folder=tmp_path)
    assert "one" in complaints(mistyped, folder=tmp_path)


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (("stream",), "VIGILS", "it is VIGIL"),
        (("consumer",), "detection", "it is one of detection-worker"),
        (("consumer",), "pii-worker", "scales detection by the lag of pii-worker"),
        (("natsServerMonitoringEndpoint",), "nats.vigil.svc.cluster.local:8222", "KEDA finds the leader"),
        (("lagThreshold",), 20, "should be a valid string"),
        (("lagThreshold",), "many", "match pattern"),
        (("lagTreshold",), "20", "not permitted"),
    ],
)
def test_a_wrong_trigger_is_refused(path: tuple[str, ...], value: object, complaint: str) -> None:
    scaled = deepcopy(of_worker(manifests("production", "ScaledObject"), "detection"))
    assert problems(scaled) == []
    scaled["spec"]["triggers"][0]["metadata"][path[0]] = value
    (problem,) = problems(scaled)
    assert complaint in problem


@EVERY
def test_prometheus_finds_each_pod_once_as_the_job_that_alerts_ask_for(overlay: str) -> None:
    monitor = yaml.safe_load((FOLDER / "monitoring/podmonitor.yaml").read_text(encoding="utf-8"))["spec"]
    scraped = {endpoint["port"] for endpoint in monitor["podMetricsEndpoints"]}
    (label, job) = next(iter(monitor["selector"]["matchLabels"].items()))
    assert (monitor["jobLabel"], job) == (label, "vigil")
    found = 0
    for deployment in manifests(overlay, "Deployment"):
        template = deployment["spec"]["template"]
        if template["metadata"]["labels"].get(label) == job:
            (container,) = template["spec"]["containers"]
            assert len([port for port in container["ports"] if port["name"] in scraped]) == 1
            found += 1
    assert found == 1 + len(CONSUMERS)


def test_the_alerts_are_a_rule_of_the_operator() -> None:
    said = subprocess.run(
        [FOLDER / "monitoring/rules.sh"], capture_output=True, text=True, check=True, timeout=10
    )
    rule = yaml.safe_load(said.stdout)
    alerts = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text(encoding="utf-8"))
    assert (rule["kind"], rule["spec"]) == ("PrometheusRule", alerts)


@EVERY
def test_every_worker_has_its_pods_its_scaling_and_its_budget(overlay: str) -> None:
    workers = {consumer.worker: consumer.durable for consumer in CONSUMERS}
    scaled = manifests(overlay, "ScaledObject")
    assert {one["metadata"]["name"] for one in scaled} == set(workers)
    for worker in workers:
        (container,) = pod(of_worker(manifests(overlay, "Deployment"), worker))["containers"]
        assert {"name": "VIGIL_WORKERS", "value": worker} in container["env"]
        assert of_worker(manifests(overlay, "PodDisruptionBudget"), worker)["spec"]["maxUnavailable"] == 1
    minimum = {one["metadata"]["name"]: one["spec"]["minReplicaCount"] for one in scaled}
    if overlay == "production":  # the brief's
        assert minimum == {"detection": 3, "pii": 2, "arbiter": 2, "logging": 1}


@EVERY
def test_budgets_and_services_select_pods_that_there_are(overlay: str) -> None:
    templates = [one["spec"]["template"]["metadata"]["labels"] for one in manifests(overlay, "Deployment")]
    selectors = [one["spec"]["selector"]["matchLabels"] for one in manifests(overlay, "PodDisruptionBudget")]
    selectors += [one["spec"]["selector"] for one in manifests(overlay, "Service")]
    assert selectors
    for selector in selectors:
        assert sum(selector.items() <= labels.items() for labels in templates) == 1, selector


@EVERY
def test_settings_and_secrets_are_those_that_the_process_knows_and_make_sense(
    overlay: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    maps = {one["metadata"]["name"]: one["data"] for one in manifests(overlay, "ConfigMap")}
    known = {name.upper() for name in Settings.model_fields}
    for workload in ours(overlay):
        (container,) = pod(workload)["containers"]
        found = {one["name"]: one["value"] for one in container.get("env", ())}
        for source in container["envFrom"]:
            found |= maps[source["configMapRef"]["name"]]
        assert {name for name in found if name not in known and not name.startswith("OTEL_")} == set()
        assert found["VIGIL_REPLICAS"] == REPLICAS[overlay]
        secrets = next(one["secret"] for one in pod(workload)["volumes"] if one["name"] == "secrets")
        assert {item["path"].upper() for item in secrets["items"]} <= known
        mount = next(one for one in container["volumeMounts"] if one["name"] == "secrets")
        assert mount["mountPath"] == found["VIGIL_SECRETS_DIR"]
        with monkeypatch.context() as context:
            for name, value in {**IMAGE, **found, "VIGIL_SECRETS_DIR": str(tmp_path)}.items():
                context.setenv(name, value)
            assert Settings().vigil_dev_key is False


def test_secrets_are_read_as_kubernetes_mounts_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A file is a link to a link to a folder with the time in its name, so that all change at once."""
    (tmp_path / "..2026_11_25").mkdir()
    (tmp_path / "..2026_11_25/nats_pass").write_text("from the volume")
    (tmp_path / "..data").symlink_to("..2026_11_25")
    (tmp_path / "nats_pass").symlink_to("..data/nats_pass")
    monkeypatch.delenv("NATS_PASS", raising=False)
    assert Settings(_secrets_dir=tmp_path).nats_pass == "from the volume"


@EVERY
def test_pods_have_no_rights_and_are_probed(overlay: str) -> None:
    for workload in manifests(overlay, "Deployment", "Job"):
        spec = pod(workload)
        (container,) = spec["containers"]
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] >= 10_000
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
        }  # fmt: skip
        assert {"requests", "limits"} <= set(container["resources"])
        if workload["kind"] == "Deployment":
            assert {"livenessProbe", "readinessProbe"} <= set(container)


@EVERY
def test_everything_is_refused_that_no_policy_allows(overlay: str) -> None:
    policies = {one["metadata"]["name"]: one["spec"] for one in manifests(overlay, "NetworkPolicy")}
    assert policies["refuse"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for name, spec in policies.items():
        for direction in ("ingress", "egress"):
            for rule in spec.get(direction, ()):
                assert rule["ports"], name
                assert rule["from" if direction == "ingress" else "to"], name


def test_a_zone_that_is_away_keeps_no_pod_out_of_the_others() -> None:
    for workload in ours("critical"):
        for spread in pod(workload).get("topologySpreadConstraints", ()):
            assert (spread["topologyKey"], spread["whenUnsatisfiable"], spread["nodeTaintsPolicy"]) == (
                "topology.kubernetes.io/zone", "DoNotSchedule", "Honor",
            )  # fmt: skip


def test_no_secret_is_in_the_repository() -> None:
    for overlay in OVERLAYS:
        assert manifests(overlay, "Secret") == []


def test_the_values_for_nats_are_those_that_the_streams_need() -> None:
    """The chart itself is not to be had here: what stands in the values is compared with what we need of it."""
    values = yaml.safe_load((FOLDER / "nats/production.yaml").read_text())
    config = values["config"]
    assert [user["user"] for user in config["merge"]["authorization"]["users"]] == ["vigil"]
    assert [user["user"] for user in config["merge"]["accounts"]["$SYS"]["users"]] == ["system"]
    node = (ROOT / "deploy/compose/nats/node.conf").read_text()
    assert f"max_payload: {config['merge']['max_payload'].strip('<> ')}\n" in node
    assert config["jetstream"]["fileStore"]["maxSize"] == "30Gi"
    assert "max_file_store: 30GB" in node
    assert config["monitor"]["port"] == 8222
    critical = yaml.safe_load((FOLDER / "nats/critical.yaml").read_text())
    assert [config["cluster"]["replicas"], critical["config"]["cluster"]["replicas"]] == [3, 5]


@pytest.fixture
def of_the_operator(
    server_loop: LoopThread, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Settings]:
    """A ClickHouse as strict as the image's own configuration, with the user `vigil` and these grants."""
    queries = "".join(f"<query>{grant}</query>" for grant in request.param)
    user = (
        "<vigil><password>secret</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile>"
        f"<quota>default</quota><grants>{queries}</grants></vigil>"
    )
    strict = "".join(
        f"<{name}>true</{name}>"
        for name in ("select_from_system_db_requires_grant", "table_engines_require_grant")
    )
    for name, after, more in (
        ("_USERS", "</default>{others}", user),
        ("_CONFIG", "</merge_tree>", f"<access_control_improvements>{strict}</access_control_improvements>"),
    ):
        text = getattr(clickhouse_server, name)
        assert after in text
        monkeypatch.setattr(clickhouse_server, name, text.replace(after, after + more))
    server = start_clickhouse(server_loop, tmp_path / "clickhouse")
    yield Settings(
        clickhouse_host=server.host, clickhouse_port=server.port,
        clickhouse_user="vigil", clickhouse_password="secret",
    )  # fmt: skip
    server.stop()


INSTALLATION = yaml.safe_load((FOLDER / "clickhouse/installation.yaml").read_text(encoding="utf-8"))
GRANTS = INSTALLATION["spec"]["configuration"]["users"]["vigil/grants/query"]


@pytest.mark.parametrize(
    ("of_the_operator", "disks"),
    [(GRANTS, set()), (GRANTS[:2], {Status.SKIPPED})],
    indirect=["of_the_operator"],
    ids=["all", "without the disks"],
)
async def test_the_user_of_the_installation_may_do_what_vigil_does(
    of_the_operator: Settings, disks: set[Status]
) -> None:
    store = open_store(of_the_operator)
    assert await asyncio.to_thread(store.migrate)
    store.close()
    services = Services(
        "nats://127.0.0.1:1", of_the_operator.clickhouse_host, of_the_operator.clickhouse_port or 0, ""
    )
    results = await clickhouse.checks(of_the_operator, services)
    assert {one.status for one in results if one.check != "disk"} == {Status.OK}
    assert {one.status for one in results if one.check == "disk"} - {Status.WARNING} == disks


async def test_keda_would_see_the_lag_that_the_server_has(fresh_nats: RestartableServer) -> None:
    waiting = {"detection-worker": 7, "pii-worker": 3, "arbiter-worker": 2, "logging-worker": 11}
    async with provisioned(fresh_nats.url) as js:
        for consumer in CONSUMERS:
            subject = consumer.filters[0].replace("*", "input").replace(">", "event")
            for number in range(waiting[consumer.durable]):
                await js.publish(subject, b"{}", headers={"Nats-Msg-Id": f"{consumer.durable}-{number}"})
        # Two of them are at work and not settled: that is lag, too.
        pulling = await js.pull_subscribe_bind(durable=CONSUMERS[0].durable, stream=VIGIL.name)
        await pulling.fetch(2)
        endpoint = fresh_nats.server.monitor_url.removeprefix("http://")  # type: ignore[union-attr]
        for one in manifests("production", "ScaledObject"):
            metadata = one["spec"]["triggers"][0]["metadata"]
            info = await js.consumer_info(VIGIL.name, metadata["consumer"])
            assert lag(endpoint, metadata) == (info.num_pending or 0) + (info.num_ack_pending or 0)
            assert lag(endpoint, metadata) == waiting[metadata["consumer"]]
            # What it would see by a wrong name: the stream's last sequence number, not a lag.
            assert lag(endpoint, {**metadata, "consumer": "detection"}) == sum(waiting.values())


def lag(endpoint: str, metadata: dict[str, str]) -> int | None:
    """As KEDA's scaler reckons it: the same question, the same fields; None where it raises an error."""
    url = f"http://{endpoint}/jsz?acc={metadata['account']}&consumers=true&config=true"
    for account in httpx.get(url).json().get("account_details", ()):
        for stream in account["stream_detail"] if account["name"] == metadata["account"] else ():
            if stream["name"] == metadata["stream"]:
                for consumer in stream["consumer_detail"]:
                    if consumer["name"] == metadata["consumer"]:
                        return int(consumer["num_pending"] + consumer["num_ack_pending"])
                return int(stream["state"]["last_seq"])
    return None


def of_worker(found: list[dict[str, Any]], worker: str) -> dict[str, Any]:
    (one,) = [manifest for manifest in found if manifest["metadata"]["name"] == worker]
    return one


def pod(workload: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = workload["spec"]["template"]["spec"]
    return spec


def ours(overlay: str) -> list[dict[str, Any]]:
    workloads = manifests(overlay, "Deployment", "Job")
    return [one for one in workloads if "vigil" in pod(one)["containers"][0]["image"]]
