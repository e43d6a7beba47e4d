"""Settings that make no sense stop the start with one line."""

import pytest

from app.errors import SettingsError
from app.settings import Settings, settings
from app.streams import DETECTION, LOGGING


@pytest.fixture(autouse=True)
def fresh():
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("VIGIL_WORKERS", "detection,foo", "the names are detection, arbiter, pii, logging"),
        ("VIGIL_WORKERS", ",", "no worker named"),
        ("CLICKHOUSE_PORT", "8123", "native port, usually 9000"),
        ("VIGIL_PORT", "abc", "VIGIL_PORT='abc'"),
        ("VIGIL_PORT", "70000", "VIGIL_PORT='70000'"),
        ("SANITIZE_THRESHOLD", "80", "BLOCK_THRESHOLD"),
        ("VIGIL_REPLICAS", "2", "VIGIL_REPLICAS"),
        ("FLUSH_INTERVAL_MS", "60000", "FLUSH_INTERVAL_MS"),
        ("HEURISTICS_URL", "heuristics:5005", "write it as http://host:port"),
        ("PRESIDIO_URL", "presidio:5001", "write it as http://host:port"),
        ("PII_OPERATORS", "PERSON=encrypt", "the operators are replace, mask, hash, drop"),
        ("PII_OPERATORS", "PERSON=mask,PERSON=drop", "PERSON is there twice"),
        ("VIGIL_RESTORE_LIFETIME_S", "0", "VIGIL_RESTORE_LIFETIME_S"),
        ("CLICKHOUSE_DATABASE", "a; DROP", "CLICKHOUSE_DATABASE"),
    ],
)
def test_nonsense_is_refused_on_one_line(monkeypatch, name: str, value: str, hint: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        settings()
    assert hint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_replicas_come_from_the_environment_as_text(monkeypatch) -> None:
    monkeypatch.setenv("VIGIL_REPLICAS", "3")
    assert settings().vigil_replicas == 3


def test_the_defaults_are_those_of_the_brief(monkeypatch) -> None:
    for name in ("NATS_SERVERS", "CLICKHOUSE_HOST", "VIGIL_WORKERS", "VIGIL_PORT"):
        monkeypatch.delenv(name, raising=False)
    found = Settings()
    assert found.workers == ("detection", "arbiter", "pii", "logging")
    assert (found.block_threshold, found.sanitize_threshold) == (70, 30)
    assert (found.fetch_size(DETECTION), found.fetch_size(LOGGING)) == (10, 100)
    assert found.nats_server_list == ["nats://localhost:4222"]


@pytest.mark.parametrize("replicas", [1, 3, 5])
def test_replicas_come_from_the_environment(monkeypatch, replicas: int) -> None:
    monkeypatch.setenv("VIGIL_REPLICAS", str(replicas))
    assert settings().vigil_replicas == replicas


def test_workers_come_in_pipeline_order_whatever_the_order_written() -> None:
    assert Settings(vigil_workers=" pii ,detection").workers == ("detection", "pii")


def test_passwords_are_not_printed() -> None:
    assert "hunter2" not in repr(Settings(nats_pass="hunter2", clickhouse_password="hunter2"))


def test_secrets_may_be_files_and_the_environment_goes_first(monkeypatch, tmp_path) -> None:
    (tmp_path / "nats_pass").write_text("from the file\n")
    (tmp_path / "clickhouse_password").write_text("from the file")
    monkeypatch.setenv("VIGIL_SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("CLICKHOUSE_PASSWORD", "from the environment")
    config = settings()
    assert (config.nats_pass, config.clickhouse_password) == ("from the file", "from the environment")


def test_a_folder_of_secrets_that_is_not_there_stops_the_start(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("VIGIL_SECRETS_DIR", str(tmp_path / "none"))
    with pytest.raises(SettingsError, match=r"VIGIL_SECRETS_DIR=.*there is no such folder"):
        settings()
