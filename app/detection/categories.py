"""Which kind of attack a suspicious window is: a linear model over an embedding."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.detection.artefacts import load


@dataclass(frozen=True, slots=True)
class Categories:
    """Names and one weight vector for each."""

    names: tuple[str, ...]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    @classmethod
    def load(cls, artefact: str) -> "Categories":
        """Raises ModelError when artefact and card disagree."""
        arrays = load(artefact)
        return cls(
            tuple(arrays["names"].tolist()),
            arrays["weights"].astype(np.float32),
            arrays["bias"].astype(np.float32),
        )

    def __call__(self, rows: NDArray[np.float32]) -> list[str]:
        """The most likely category of each row."""
        return [self.names[i] for i in np.argmax(rows @ self.weights + self.bias, axis=1)]
