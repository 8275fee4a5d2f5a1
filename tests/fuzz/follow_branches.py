"""One reader under atheris: `python -m tests.fuzz.follow_branches READER FOLDER... [-option]`."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["heroku_inference"]):
    from tests.fuzz.readers import READERS

reader = sys.argv.pop(1)
atheris.Setup(sys.argv, READERS[reader])
atheris.Fuzz()
