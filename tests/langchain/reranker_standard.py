"""What every LangChain reranker should do, as tests to inherit: langchain-tests has none.

```python
class TestMyReranker(RerankerStandardTests):
    reranker_class = MyReranker
    reranker_params = {"model": "model-001"}
```
"""

from __future__ import annotations

import copy
import pickle
from abc import abstractmethod
from typing import Any

import pytest
from langchain_core.documents import BaseDocumentCompressor, Document
from langchain_tests.base import BaseStandardTests


class RerankerStandardTests(BaseStandardTests):
    """Standard tests of a `BaseDocumentCompressor` that scores documents.

    It must have a `top_n` (`None` for all) and write `relevance_score` into the metadata.
    """

    @property
    @abstractmethod
    def reranker_class(self) -> type[BaseDocumentCompressor]:
        """The class under test."""

    @property
    def reranker_params(self) -> dict[str, Any]:
        """Its arguments."""
        return {}

    @property
    def query(self) -> str:
        """A question that exactly one of the documents answers."""
        return "How many planets does the solar system have?"

    @property
    def relevant(self) -> str:
        """The document that answers it."""
        return "The solar system has eight planets; Pluto is none of them."

    @pytest.fixture
    def reranker(self) -> Any:
        return self.reranker_class(**self.reranker_params)

    @pytest.fixture
    def documents(self) -> list[Document]:
        texts = ["Bread needs flour.", "Rivers run to the sea.", self.relevant, "Cats sleep a lot."]
        return [
            Document(text, id=f"id-{number}", metadata={"source": {"number": number}})
            for number, text in enumerate(texts)
        ]

    @pytest.fixture(params=["compress_documents", "acompress_documents"])
    def compress(self, request: pytest.FixtureRequest) -> Any:
        """Calls the sync or the async method of a reranker."""

        async def call(reranker: Any, documents: Any, query: str) -> Any:
            answer = getattr(reranker, request.param)(documents, query)
            return await answer if request.param.startswith("a") else answer

        return call

    def test_is_a_document_compressor(self, reranker: Any) -> None:
        assert isinstance(reranker, BaseDocumentCompressor)

    async def test_relevant_document_comes_first(
        self, reranker: Any, documents: list[Document], compress: Any
    ) -> None:
        ranked = await compress(reranker, documents, self.query)
        assert ranked[0].page_content == self.relevant

    async def test_scores_are_floats_that_never_rise(
        self, reranker: Any, documents: list[Document], compress: Any
    ) -> None:
        ranked = await compress(reranker, documents, self.query)
        scores = [document.metadata["relevance_score"] for document in ranked]
        assert all(isinstance(score, float) for score in scores)
        assert scores == sorted(scores, reverse=True)

    @pytest.mark.parametrize("top_n", [1, 3, 100, None])
    async def test_top_n_limits_what_is_kept(
        self, documents: list[Document], compress: Any, top_n: int | None
    ) -> None:
        reranker = self.reranker_class(**{**self.reranker_params, "top_n": top_n})
        ranked = await compress(reranker, documents, self.query)
        assert len(ranked) == min(top_n or len(documents), len(documents))

    async def test_every_document_comes_back_once_with_its_id_and_metadata(
        self, documents: list[Document], compress: Any
    ) -> None:
        reranker = self.reranker_class(**{**self.reranker_params, "top_n": None})
        ranked = await compress(reranker, documents, self.query)
        back = {document.id: document for document in ranked}
        assert len(ranked) == len(back) == len(documents)
        for document in documents:
            assert back[document.id].page_content == document.page_content
            assert back[document.id].metadata["source"] == document.metadata["source"]

    async def test_what_is_given_is_not_changed(
        self, reranker: Any, documents: list[Document], compress: Any
    ) -> None:
        before = copy.deepcopy(documents)
        ranked = await compress(reranker, documents, self.query)
        for document in ranked:
            document.metadata["source"]["number"] = "changed"
        assert documents == before

    async def test_nothing_to_rank_gives_nothing(self, reranker: Any, compress: Any) -> None:
        assert list(await compress(reranker, [], self.query)) == []

    async def test_one_document_is_scored_too(self, reranker: Any, compress: Any) -> None:
        [ranked] = await compress(reranker, [Document("Bread needs flour.")], self.query)
        assert "relevance_score" in ranked.metadata

    async def test_same_document_twice_comes_back_twice(self, compress: Any) -> None:
        reranker = self.reranker_class(**{**self.reranker_params, "top_n": None})
        ranked = await compress(reranker, [Document("same"), Document("same")], self.query)
        assert [document.page_content for document in ranked] == ["same", "same"]

    async def test_sync_and_async_agree(self, reranker: Any, documents: list[Document]) -> None:
        plain = reranker.compress_documents(documents, self.query)
        awaited = await reranker.acompress_documents(documents, self.query)
        assert list(plain) == list(awaited)

    def test_survives_pickle_and_deepcopy_after_use(
        self, reranker: Any, documents: list[Document]
    ) -> None:
        ranked = reranker.compress_documents(documents, self.query)
        for twin in (pickle.loads(pickle.dumps(reranker)), copy.deepcopy(reranker)):
            assert list(twin.compress_documents(documents, self.query)) == list(ranked)
