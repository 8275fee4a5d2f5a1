"""The floor of LlamaIndex: an LLM that answers from memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llama_index.core.llms import ChatMessage, ChatResponse, LLMMetadata, MessageRole, TextBlock
from llama_index.core.llms.callbacks import llm_chat_callback
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import MetadataMode, NodeWithScore, QueryBundle, TextNode

from bench import work
from bench.answers import CHUNKS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MESSAGES = [ChatMessage(work.PROMPT)]


class FloorLLM(FunctionCallingLLM):
    """Answers from memory. Required methods that are not measured raise."""

    @property
    def metadata(self) -> LLMMetadata:
        """The facts that the framework asks of every model."""
        return LLMMetadata(is_chat_model=True, is_function_calling_model=True)

    @llm_chat_callback()
    def chat(self, _messages: Sequence[ChatMessage], **_kwargs: Any) -> ChatResponse:
        """A whole answer."""
        return _response("The capital of France is Paris.")

    @llm_chat_callback()
    def stream_chat(
        self, _messages: Sequence[ChatMessage], **_kwargs: Any
    ) -> Iterator[ChatResponse]:
        """An answer in `CHUNKS` pieces; each holds the text so far, as in LlamaIndex."""

        def deltas() -> Iterator[ChatResponse]:
            text = ""
            for _ in range(CHUNKS):
                text += " token"
                yield _response(text, " token")

        return deltas()

    def complete(self, *_args: Any, **_kwargs: Any) -> Any:
        """Not measured."""
        raise NotImplementedError

    @llm_chat_callback()
    async def achat(self, _messages: Sequence[ChatMessage], **_kwargs: Any) -> ChatResponse:
        """A whole answer."""
        return _response("The capital of France is Paris.")

    stream_complete = astream_chat = acomplete = astream_complete = complete
    _prepare_chat_with_tools = complete


class FloorRerank(BaseNodePostprocessor):
    """Reads the texts of all nodes, as it has to, and scores ten from memory."""

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        texts = [node.node.get_content(metadata_mode=MetadataMode.EMBED) for node in nodes]
        assert texts
        assert query_bundle
        return [NodeWithScore(node=node.node, score=0.9) for node in nodes[:10]]


def rerank_of(reranker: BaseNodePostprocessor) -> Any:
    """Returns the work of a reranker on the nodes of the row."""
    nodes = [NodeWithScore(node=TextNode(text=text), score=0.5) for text in work.DOCUMENTS]
    return work.one_by_one(lambda: reranker.postprocess_nodes(nodes, query_str=work.PROMPT))


def _response(text: str, delta: str | None = None) -> ChatResponse:
    message = ChatMessage(role=MessageRole.ASSISTANT, blocks=[TextBlock(text=text)])
    return ChatResponse(message=message, delta=delta)


def llama_chat(_url: str) -> Any:
    llm = FloorLLM()
    return work.one_by_one(lambda: llm.chat(_MESSAGES))


def llama_achat_64(_url: str) -> Any:
    llm = FloorLLM()
    return work.in_flight(lambda: llm.achat(_MESSAGES))


def llama_stream_chat(_url: str) -> Any:
    llm = FloorLLM()
    return lambda: llm.stream_chat(_MESSAGES)


llama_stream_flushed = llama_stream_paced = llama_stream_chat


def llama_rerank(_url: str) -> Any:
    return rerank_of(FloorRerank())
