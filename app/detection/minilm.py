"""The classifier that stackone-defender carries: MiniLM-L6 with two heads, 8-bit, read without its package's code."""

import json
from collections.abc import Sequence

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from tokenizers import Tokenizer

from app.detection.files import package_folder, verified

MODEL_SHA256 = "3d4a1ba798c395c140202992c50e6c8de02fb1b9bd5aba6540848705b9c1e92c"
TOKENIZER_SHA256 = "0d3aef594edd5f9b53e7f814277a9171dc70ff93eb66bda6e01f7aa53997d963"
MAX_TOKENS = 256
DIMENSIONS = 384 + 2

# The pooled vector in front of the heads. The model does not name it as an output; see _with_output.
_POOLED = "/Cast_1_output_0"


class MiniLm:
    """Texts to the two logits (attack, and the auxiliary head) and the pooled vector. Thread-safe."""

    def __init__(self, threads: int = 1) -> None:
        folder = package_folder("stackone_defender") / "models" / "minilm-multihead-v5"
        model = verified(folder / "model_quantized.onnx", MODEL_SHA256)
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # Rows of changing width would otherwise keep the widest arena for good.
        options.enable_cpu_mem_arena = False
        self._session = ort.InferenceSession(
            _with_output(model, _POOLED), options, providers=["CPUExecutionProvider"]
        )
        content = json.loads(verified(folder / "tokenizer.json", TOKENIZER_SHA256))
        content["truncation"] = content["padding"] = None
        self._tokenizer = Tokenizer.from_str(json.dumps(content))

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row of `DIMENSIONS` a text: the logits, then the pooled vector.

        One text at a time: the model's 8-bit activations are scaled by what is in the batch, so a text's row would
        depend on its neighbours (docs/decisions/0009-no-batches.md).
        """
        rows = np.empty((len(texts), DIMENSIONS), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            tokens = np.array([self._ids(text)], dtype=np.int64)
            logits, pooled = self._session.run(
                ["logits", _POOLED], {"input_ids": tokens, "attention_mask": np.ones_like(tokens)}
            )
            row[:2], row[2:] = logits[0], pooled[0]
        return rows

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text).ids
        return ids if len(ids) <= MAX_TOKENS else [*ids[: MAX_TOKENS - 1], ids[-1]]


def _with_output(model: bytes, name: str) -> bytes:
    """The model with one more output.

    A protocol buffer that is followed by another is merged with it: lists are joined. So a graph that
    consists of one output is put behind the model.
    """
    value = _field(1, name.encode())
    return model + _field(7, _field(12, value))


def _field(number: int, content: bytes) -> bytes:
    size, length = len(content), bytearray()
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([number << 3 | 2, *length, size]) + content
