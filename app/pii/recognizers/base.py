"""The interface of a recognizer: Presidio's `EntityRecognizer`, without the import of Presidio.

`import presidio_analyzer` pulls spaCy, requests and phonenumbers: 2.2 s and 97 MB, measured with 2.2.366,
for three small classes. The engine therefore asks for their shape only: anything that has
`supported_entities` and `analyze(text, entities, nlp_artifacts)` is a recognizer, Presidio's included.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from app.pii.document import Document


class RecognizerResult(NamedTuple):
    """A candidate. The attributes are those of Presidio's class of this name; offsets half-open."""

    entity_type: str
    start: int
    end: int
    score: float


class ResultLike(Protocol):
    """What the engine reads of a result."""

    entity_type: Any
    start: Any
    end: Any
    score: Any


class EntityRecognizer(Protocol):
    """What the engine needs of a recognizer; Presidio's recognizers satisfy it as they are."""

    supported_entities: Any

    def analyze(self, text: str, entities: Any, nlp_artifacts: Any = None) -> Iterable[Any]:
        """Candidates of the wanted types in `text`."""
        ...


class Recognizer(ABC):
    """A recognizer of this package. Subclasses name their types and find them in a `Document`.

    `needs_digit`: a text without a digit holds nothing of these types.
    """

    supported_entities: Sequence[str]
    needs_digit = False

    @abstractmethod
    def find(self, document: Document) -> Iterator[RecognizerResult]:
        """Candidates in the document, in any order; they may overlap."""

    def analyze(
        self, text: str, entities: Sequence[str] | None = None, nlp_artifacts: Any = None
    ) -> list[RecognizerResult]:
        """Presidio's method: candidates of the wanted `entities` (None for all) in `text`.

        `nlp_artifacts` may be the text's `Document`, so that several recognizers share it.
        """
        document = nlp_artifacts if isinstance(nlp_artifacts, Document) else Document(text)
        return [result for result in self.find(document) if not entities or result.entity_type in entities]
