"""The tools that are compared: each gives, for every text, the spans it found in our types."""

import json
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from app.pii.engine import PiiEngine
from app.pii.evaluation import peers
from app.pii.evaluation.corpus import Sample, Span
from app.pii.evaluation.score import MIN_OVERLAP, overlap

System = Callable[[Sequence[Sample]], list[list[Span]]]

# What the peers' own names may mean in ours. A label that is not here, as URL or ORGANIZATION, is not scored: it is
# neither a hit nor a false one.
MEANINGS: dict[str, tuple[str, ...]] = {
    "EMAIL": ("EMAIL_ADDRESS",),
    "PHONE": ("PHONE_NUMBER",),
    "IBAN": ("IBAN_CODE",),
    "BANK_ACCOUNT": ("IBAN_CODE",),
    "PERSON_NAME": ("PERSON",),
    "GB_NHS_NUMBER": ("UK_NHS",),
    "HEALTH_INSURANCE": ("UK_NHS",),
    "SSN": ("US_SSN",),
    "NATIONAL_ID": ("PL_PESEL", "PL_ID_CARD"),
    "TAX_ID": ("PL_NIP",),
    "VAT": ("PL_NIP",),
    "EU_VAT": ("PL_NIP",),
    "CHAMBER_OF_COMMERCE": ("PL_REGON", "PL_KRS"),
    "PASSPORT": ("PL_PASSPORT",),
    "US_PASSPORT": ("PL_PASSPORT",),
    "IN_PASSPORT": ("PL_PASSPORT",),
    "IPV6_ADDRESS": ("IP_ADDRESS",),
    "CRYPTO_WALLET": ("CRYPTO",),
    "DOB": ("DATE_OF_BIRTH",),
    "LICENSE_PLATE": ("PL_VEHICLE_REGISTRATION",),
    "LOCATION": ("LOCATION",),
    "ADDRESS": ("LOCATION",),
    "SECRET": ("API_KEY", "PASSWORD", "URL_CREDENTIALS"),
    **{
        name: (name,)
        for name in (
            "PERSON", "EMAIL_ADDRESS", "PHONE_NUMBER", "IBAN_CODE", "CREDIT_CARD", "IP_ADDRESS", "US_SSN", "UK_NHS",
            "PL_PESEL", "PL_NIP", "PL_ID_CARD", "PL_REGON", "CRYPTO", "DATE_OF_BIRTH",
        )
    },
}  # fmt: skip
# Bare towns and countries are locations to them and nobody's data to us.
ONLY_WHEN_RIGHT = ("LOCATION", "ADDRESS")


def vigil(samples: Sequence[Sample]) -> list[list[Span]]:
    """This engine."""
    engine = PiiEngine()
    return [
        [Span(entity.type, entity.start, entity.end) for entity in engine.analyze(sample.text).entities]
        for sample in samples
    ]


def peer(name: str, python: Path) -> System:
    """Another tool, run by the Python of its own environment."""

    def run(samples: Sequence[Sample]) -> list[list[Span]]:
        texts = json.dumps([sample.text for sample in samples])
        script = str(Path(peers.__file__))
        done = subprocess.run(
            [str(python), script, name], input=texts, capture_output=True, text=True, check=True
        )
        answers = json.loads(done.stdout)
        return [
            [ours for label, start, end in answer if (ours := _in_our_types(label, start, end, sample))]
            for sample, answer in zip(samples, answers, strict=True)
        ]

    return run


def _in_our_types(label: str, start: int, end: int, sample: Sample) -> Span | None:
    """A peer's finding under the name that is right, if any of its meanings is."""
    meanings = MEANINGS.get(label, ())
    named = [Span(meaning, start, end) for meaning in meanings]
    right = (
        span
        for span in named
        for gold in sample.spans
        if gold.type == span.type and overlap(gold, span) >= MIN_OVERLAP
    )
    return next(right, None if label in ONLY_WHEN_RIGHT or not named else named[0])
