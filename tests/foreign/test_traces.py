"""What OpenTelemetry records of calls, whole, streamed, blocking and awaited; never a key."""

from __future__ import annotations

import json

import pytest
from langchain_core.messages import HumanMessage
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.schema import NodeWithScore, TextNode
from llama_index.observability.otel import LlamaIndexOpenTelemetry
from llama_index_instrumentation import get_dispatcher
from openinference.instrumentation.langchain import LangChainInstrumentor
from openinference.instrumentation.llama_index import LlamaIndexInstrumentor
from opentelemetry.instrumentation.aiohttp_client import AioHttpClientInstrumentor
from opentelemetry.instrumentation.httpx import HTTPX2ClientInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from heroku_emulator import Fault
from heroku_inference import InvalidRequestError, aclose_connections, close_connections
from langchain_heroku import ChatHeroku, ChatHerokuAgent
from llama_index_heroku import Heroku, HerokuEmbedding, HerokuRerank

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning",  # of the instrumentations
    "ignore::pydantic.PydanticDeprecationWarning",
)

HELLO = "Hello"
MESSAGES = [ChatMessage(HELLO)]
NODES = [NodeWithScore(node=TextNode(text=text)) for text in ("A dyno.", "A cat.")]
MODEL = "claude-4-5-sonnet"


class Recorded:
    """The spans of a test."""

    def __init__(self):
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))

    def named(self, part):
        """The attributes of the spans whose name contains `part`."""
        return [dict(span.attributes) for span in self.spans if part in span.name]

    @property
    def spans(self):
        return self.exporter.get_finished_spans()

    def shown(self):
        """All that leaves the process."""
        return "".join(span.to_json() for span in self.spans)


@pytest.fixture
async def recorded(emulator, config_vars):
    """Spans of this test; none may hold the key, and no other connections are traced."""
    close_connections()
    recorded = Recorded()
    yield recorded
    assert recorded.spans
    assert emulator.api_key not in recorded.shown()
    assert "Bearer" not in recorded.shown()
    close_connections()
    await aclose_connections()


def instrumented(instrumentor, recorded, **options):
    instrumentor.instrument(tracer_provider=recorded.provider, **options)
    return instrumentor


@pytest.fixture
def of_langchain(recorded):
    instrumentor = instrumented(LangChainInstrumentor(), recorded)
    yield recorded
    instrumentor.uninstrument()


@pytest.fixture
def of_llama_index(recorded):
    instrumentor = instrumented(LlamaIndexInstrumentor(), recorded)
    yield recorded
    instrumentor.uninstrument()


@pytest.fixture(scope="module")
def exporter_of_llama_index():
    """LlamaIndex's own exporter, which takes the one provider of the process, and its handlers."""
    exporter, dispatcher = InMemorySpanExporter(), get_dispatcher()
    LlamaIndexOpenTelemetry(span_exporter=exporter, span_processor="simple").start_registering()
    return exporter, dispatcher.span_handlers.pop(), dispatcher.event_handlers.pop()


@pytest.fixture
def of_llama_index_itself(recorded, exporter_of_llama_index):
    recorded.exporter, of_spans, of_events = exporter_of_llama_index
    recorded.exporter.clear()
    dispatcher = get_dispatcher()
    dispatcher.add_span_handler(of_spans)
    dispatcher.add_event_handler(of_events)
    yield recorded
    dispatcher.span_handlers.remove(of_spans)
    dispatcher.event_handlers.remove(of_events)


async def with_langchain(llm, way):
    match way:
        case "invoke":
            llm.invoke([HumanMessage(HELLO)])
        case "ainvoke":
            await llm.ainvoke([HumanMessage(HELLO)])
        case "stream":
            list(llm.stream([HumanMessage(HELLO)]))
        case "astream":
            [chunk async for chunk in llm.astream([HumanMessage(HELLO)])]


async def with_llama_index(llm, way):
    match way:
        case "chat":
            llm.chat(MESSAGES)
        case "achat":
            await llm.achat(MESSAGES)
        case "stream_chat":
            list(llm.stream_chat(MESSAGES))
        case "astream_chat":
            [response async for response in await llm.astream_chat(MESSAGES)]


@pytest.mark.parametrize("way", ["invoke", "ainvoke", "stream", "astream"])
@pytest.mark.parametrize("kind", [ChatHeroku, ChatHerokuAgent])
async def test_spans_of_langchain_name_model_provider_and_options(of_langchain, kind, way):
    await with_langchain(kind(temperature=0.5, max_tokens=64), way)
    (span,) = of_langchain.named(kind.__name__)
    assert (span["llm.model_name"], span["llm.provider"]) == (MODEL, "heroku")
    metadata = json.loads(span["metadata"])
    assert metadata["ls_model_name"] == MODEL
    assert metadata["maker_model_id"] == "claude-sonnet-4-5"
    assert json.loads(span["llm.invocation_parameters"])["temperature"] == 0.5
    assert span["llm.token_count.total"] > 0


@pytest.mark.parametrize("way", ["chat", "achat", "stream_chat", "astream_chat"])
async def test_spans_of_llama_index_name_the_model(of_llama_index, way):
    await with_llama_index(Heroku(temperature=0.5), way)
    (span,) = of_llama_index.named(f"Heroku.{way}")
    assert span["llm.model_name"] == MODEL
    assert span["llm.token_count.total"] > 0


async def test_spans_of_embeddings_and_rerankers_name_the_model(of_llama_index):
    HerokuEmbedding().get_query_embedding("What is a dyno?")
    HerokuRerank(top_n=1).postprocess_nodes(NODES, query_str="What is a dyno?")
    embedded = [span for span in of_llama_index.named("") if "embedding.model_name" in span]
    assert {span["embedding.model_name"] for span in embedded} == {"cohere-embed-multilingual"}
    ranked = [span for span in of_llama_index.named("") if "reranker.model_name" in span]
    assert {span["reranker.model_name"] for span in ranked} == {"cohere-rerank-3-5"}


@pytest.mark.parametrize("way", ["chat", "achat", "stream_chat", "astream_chat"])
async def test_events_of_llama_index_name_model_provider_and_options(of_llama_index_itself, way):
    await with_llama_index(Heroku(temperature=0.5, max_tokens=64), way)
    events = [event for span in of_llama_index_itself.spans for event in span.events]
    (started,) = [event.attributes for event in events if "LLMChatStart" in event.name]
    named = {name.rpartition(".")[2]: value for name, value in started.items()}
    assert (named["model"], named["provider"]) == (MODEL, "heroku")
    assert named["maker_model_id"] == "claude-sonnet-4-5"
    assert (named["temperature"], named["max_tokens"]) == (0.5, 64)


async def test_requests_are_spans_of_the_http_clients(recorded, emulator):
    blocking, awaited = HTTPX2ClientInstrumentor(), AioHttpClientInstrumentor()
    instrumented(blocking, recorded)
    instrumented(awaited, recorded)
    try:
        ChatHeroku().invoke(HELLO)
        list(Heroku().stream_chat(MESSAGES))
        await ChatHeroku().ainvoke(HELLO)
        [response async for response in await Heroku().astream_chat(MESSAGES)]
        await HerokuEmbedding().aget_query_embedding("What is a dyno?")
    finally:
        blocking.uninstrument()
        awaited.uninstrument()
    assert [span.name for span in recorded.spans] == ["POST"] * 5
    urls = [dict(span.attributes).get("http.url") for span in recorded.spans]
    assert urls == [f"{emulator.url}/v1/chat/completions"] * 4 + [f"{emulator.url}/v1/embeddings"]
    assert all("traceparent" in entry.headers for entry in emulator.journal)


@pytest.mark.parametrize("way", ["invoke", "astream"])
async def test_a_failed_call_is_a_failed_span_without_the_key(of_langchain, emulator, way):
    emulator.script(Fault(400, message=f"Bad key {emulator.api_key}"))
    with pytest.raises(InvalidRequestError):
        await with_langchain(ChatHeroku(api_key=emulator.api_key, base_url=emulator.url), way)
    (span,) = of_langchain.spans
    assert not span.status.is_ok
