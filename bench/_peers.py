"""Other detectors that packages carry, each as its package uses it by default, behind one small interface.

A peer's score orders texts; from `alarm` on its package calls a text an attack.
"""

import json
from pathlib import Path
from typing import Protocol

import numpy as np
import onnxruntime as ort
from tokenizers import Tokenizer

from app.detection.files import package_folder
from app.detection.minilm import MiniLm


class Peer(Protocol):
    title: str
    alarm: float

    def score(self, text: str) -> float:
        """Higher for an attack."""


class StackOne:
    """stackone-defender 0.9.4: MiniLM-L6, the first 256 tokens. Its model is the one under branch C."""

    title = "peer: stackone-defender, its model as it comes"
    alarm = 0.0

    def __init__(self) -> None:
        self._model = MiniLm()

    def score(self, text: str) -> float:
        return float(self._model.embed([text])[0, 0])


class CloneGuard:
    """cloneguard 0.6.0: MiniLM-L6 tuned on files of repositories; up to 16 windows of 256 tokens."""

    title = "peer: cloneguard, its model as it comes"
    alarm = 0.65
    window, stride, most = 256, 128, 16

    def __init__(self) -> None:
        folder = package_folder("cloneguard") / "model"
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = ort.InferenceSession(
            str(folder / "mini_semantic.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = _untruncated(folder / "tokenizer.json")

    def score(self, text: str) -> float:
        ids = self._tokenizer.encode(text).ids
        starts = range(0, len(ids), self.stride) if len(ids) > self.window else (0,)
        return max(self._probability(ids[start : start + self.window]) for start in list(starts)[: self.most])

    def _probability(self, ids: list[int]) -> float:
        tokens = np.array([ids], dtype=np.int64)
        logits = self._session.run(None, {"input_ids": tokens, "attention_mask": np.ones_like(tokens)})[0][0]
        return float(1 / (1 + np.exp(logits[0] - logits[1])))


class InjectionGuard:
    """ai-injection-guard 0.3.0: 75 weighted patterns; MEDIUM is its default threshold."""

    title = "peer: ai-injection-guard, patterns"

    def __init__(self) -> None:
        from prompt_shield.core.patterns import score_to_severity
        from prompt_shield.core.scanner import PromptScanner

        self._scanner = PromptScanner()
        harmless = {"SAFE", "LOW"}
        self.alarm = float(next(x for x in range(1000) if score_to_severity(x) not in harmless))

    def score(self, text: str) -> float:
        return float(self._scanner.scan(text).risk_score)


class PromptShield:
    """aco-prompt-shield 0.2.0 without a model, which it would fetch: patterns, then encodings and entropy."""

    title = "peer: aco-prompt-shield, patterns"
    alarm = 0.01

    def __init__(self) -> None:
        from shield_mcp.detectors.heuristics import HeuristicDetector
        from shield_mcp.detectors.structural import StructuralDetector

        self._layers = (HeuristicDetector(), StructuralDetector())

    def score(self, text: str) -> float:
        found = (layer.check(text) for layer in self._layers)
        return next((float(score) for attack, score, _ in found if attack), 0.0)


PEERS: dict[str, type[Peer]] = {
    "stackone": StackOne,
    "cloneguard": CloneGuard,
    "injection_guard": InjectionGuard,
    "prompt_shield": PromptShield,
}


def _untruncated(path: Path) -> Tokenizer:
    content = json.loads(path.read_text(encoding="utf-8"))
    content["truncation"] = content["padding"] = None
    return Tokenizer.from_str(json.dumps(content))
