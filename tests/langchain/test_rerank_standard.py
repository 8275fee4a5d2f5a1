"""The standard tests of a reranker.

Against the emulator, and, where `INFERENCE_KEY` is set, against Heroku (`make live`).
"""

from __future__ import annotations

import pytest

from langchain_heroku import HerokuRerank
from tests.langchain.reranker_standard import RerankerStandardTests


class TestRerank(RerankerStandardTests):
    @pytest.fixture(autouse=True)
    def _served_by_the_emulator(self, config_vars):
        """Every object reads the emulator's config vars."""

    @property
    def reranker_class(self):
        return HerokuRerank


class TestRerankByAmazon(TestRerank):
    @property
    def reranker_params(self):
        return {"model": "amazon-rerank-1-0", "top_n": 2}


@pytest.mark.live
class TestLive(RerankerStandardTests):
    """The same on Heroku."""

    @property
    def reranker_class(self):
        return HerokuRerank
