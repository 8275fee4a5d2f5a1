"""Every reader on every input of the corpus: right answers, and what once made a reader fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.readers import READERS

CORPUS = Path(__file__).parent / "corpus"
INPUTS = sorted(path for path in CORPUS.glob("*/*"))


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_an_input_of_the_corpus_is_read_or_refused(path):
    READERS[path.parent.name](path.read_bytes())


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_its_first_half_too(path):
    data = path.read_bytes()
    READERS[path.parent.name](data[: len(data) // 2])


def test_every_reader_has_a_corpus():
    assert {path.parent.name for path in INPUTS} == set(READERS)
