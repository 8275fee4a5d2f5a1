"""LangChain's own suites for embedding models.

Against the emulator, and, where `INFERENCE_KEY` is set, against Heroku (`make live`).
"""

from __future__ import annotations

import pytest
from langchain_tests.integration_tests import EmbeddingsIntegrationTests
from langchain_tests.unit_tests import EmbeddingsUnitTests

from langchain_heroku import HerokuEmbeddings


class TestEmbeddingsUnit(EmbeddingsUnitTests):
    @property
    def embeddings_class(self):
        return HerokuEmbeddings

    @property
    def embedding_model_params(self):
        return {"api_key": "inf-test-key", "base_url": "https://us.inference.heroku.com"}

    @property
    def init_from_env_params(self):
        config_vars = {
            "EMBEDDING_KEY": "inf-test-key",
            "EMBEDDING_URL": "https://eu.inference.heroku.com",
            "EMBEDDING_MODEL_ID": "cohere-embed-v4",
        }
        return config_vars, {}, {"model": "cohere-embed-v4"}


class TestEmbeddingsIntegration(EmbeddingsIntegrationTests):
    @pytest.fixture(autouse=True)
    def _served_by_the_emulator(self, config_vars):
        """Every object reads the emulator's config vars."""

    @property
    def embeddings_class(self):
        return HerokuEmbeddings


@pytest.mark.live
class TestLive(EmbeddingsIntegrationTests):
    """The same on Heroku."""

    @property
    def embeddings_class(self):
        return HerokuEmbeddings


class TestSplittingEmbeddingsIntegration(TestEmbeddingsIntegration):
    @property
    def embedding_model_params(self):
        return {"long_text": "split", "batch_size": 2, "input_type": "clustering"}
