"""Splits text into words, stems and tokens. Pure."""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["content_stems", "count_tokens", "is_common", "stems"]

# Han, kana and hangul are written without spaces: there, every character is a word.
_UNSPACED = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")
_TOKEN = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]{{1,6}}|[^\w\s]|_")
_COMMON_WORDS = """
a an and any are as at be been but by can could did do does for from get give had has have he her
his how i if in into is it its let may me my no not of on one or our out please she should so some
such tell than that the their them then there these they this to use used using was we were what
when where which who why will with would you your tool tools function call
"""
_COMMON = frozenset(_COMMON_WORDS.split())
_ENDINGS = ("ings", "ing", "ied", "ies", "ers", "ed", "es", "s")
_SHORTEST_STEM = 3


def stems(text: str) -> list[str]:
    """Returns the stems of all words, in order."""
    return [_stem(word) for word in _WORD.findall(text.lower())]


def content_stems(text: str) -> set[str]:
    """Returns the stems of the words that are not common."""
    return {stem for stem in stems(text) if not is_common(stem)}


def is_common(stem: str) -> bool:
    """Says whether a word is too common to mean much."""
    return stem in _COMMON


def count_tokens(text: str) -> int:
    """Counts pieces of at most six letters, and punctuation: close to a real tokenizer."""
    return sum(1 for _ in _TOKEN.finditer(text)) or int(bool(text))


@lru_cache(maxsize=65_536)
def _stem(word: str) -> str:
    """Removes one English ending, so that `limits`, `limited` and `limiting` are equal."""
    if word in _COMMON:
        return word
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word[: -len(ending)].removesuffix("e")
    return word.removesuffix("e") if len(word) > _SHORTEST_STEM else word
