"""The engines of this process, each loaded once, on first use or ahead of the first message."""

from collections.abc import Callable, Mapping
from functools import cache, partial

from app.detection.parallel import TIME_LIMITS_S, Engine, RemoteEngine
from app.detection.rules import RuleError
from app.detection.rules.live import LiveRules
from app.errors import SettingsError
from app.pii import configured, prefilter
from app.pii.engine import PiiEngine
from app.pii.vault import Vault
from app.remote.analyze import AnalyzeClient
from app.remote.classifier.client import ClassifierClient
from app.remote.finder import Finder
from app.remote.language import contract as language
from app.remote.language.client import LanguageClient
from app.remote.pii import contract as pii
from app.remote.pii.client import PiiClient
from app.remote.service import Service
from app.schemas.detection import BranchName
from app.sealing import deployment_keys
from app.settings import settings

_CLIENTS: Mapping[BranchName, tuple[str, Callable[[Service], RemoteEngine]]] = {
    BranchName.HEURISTICS: ("heuristics_url", partial(AnalyzeClient, BranchName.HEURISTICS)),
    BranchName.SEMANTIC: ("semantic_url", partial(AnalyzeClient, BranchName.SEMANTIC)),
    BranchName.CLASSIFIER: ("llm_guard_url", ClassifierClient),
}


@cache
def branches() -> Mapping[BranchName, Engine | RemoteEngine]:
    """The three detection engines, each embedded or, when its URL is set, remote."""
    from app.detection.engines import load  # noqa: PLC0415 - 0.5 s and 300 MB that only this worker needs

    remote: dict[BranchName, RemoteEngine] = {}
    for name, (setting, client) in _CLIENTS.items():
        if service := _service(setting, TIME_LIMITS_S[name]):
            remote[name] = client(service)
    return {**load(set(BranchName) - set(remote), settings().vigil_rules), **remote}


@cache
def finder() -> Finder:
    """The PII engine and the language detector, each embedded or remote."""
    config = settings()
    extra = configured.extra_recognizers(config)
    redaction = configured.redaction(config, extra)
    remote = _service("presidio_url", pii.TIMEOUT_S)
    detector = _service("language_detector_url", language.TIMEOUT_S)
    return Finder(
        PiiClient(remote) if remote else PiiEngine(extra, redaction),
        redaction,
        LanguageClient(detector) if detector else None,
    )


@cache
def vault() -> Vault:
    """Seals redacted values under the deployment's key."""
    return Vault(deployment_keys(settings()))


def may_contain_pii(text: str) -> bool:
    """False only when the finder of these settings finds nothing: the prefilter vouches for the built-in ones."""
    config = settings()
    return bool(config.presidio_url or config.pii_recognizers) or prefilter.may_contain_pii(text)


def _service(setting: str, timeout_s: float) -> Service | None:
    url = getattr(settings(), setting)
    return Service(setting.upper(), url, timeout_s) if url else None


_LOADERS: dict[str, Callable[[], object]] = {"detection": branches, "pii": finder}


def check(workers: tuple[str, ...]) -> None:
    """Look at what these workers will load from the operator's files, so that a fault there stops the start.

    Raises:
        SettingsError: one line that names the file.
    """
    if "detection" in workers and (folder := settings().vigil_rules):
        try:
            LiveRules(folder)
        except RuleError as error:
            raise SettingsError(f"VIGIL_RULES: {error}") from None
    if "pii" in workers:
        configured.redaction(settings(), configured.extra_recognizers(settings()))


def preload(workers: tuple[str, ...]) -> None:
    """Load what these workers need, so that the first request does not pay for it."""
    for worker in workers:
        if loader := _LOADERS.get(worker):
            loader()
