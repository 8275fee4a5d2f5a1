"""LlamaIndex's `SubQuestionQueryEngine` and `PropertyGraphIndex`."""

from __future__ import annotations

import asyncio
import json
from typing import Literal

import pytest
from llama_index.core import Document, PropertyGraphIndex, VectorStoreIndex
from llama_index.core.indices.property_graph import (
    DynamicLLMPathExtractor,
    LLMSynonymRetriever,
    SchemaLLMPathExtractor,
    SimpleLLMPathExtractor,
    VectorContextRetriever,
)
from llama_index.core.query_engine import SubQuestionQueryEngine
from llama_index.core.question_gen import LLMQuestionGenerator
from llama_index.core.response_synthesizers import get_response_synthesizer
from llama_index.core.tools import QueryEngineTool

from heroku_emulator import CallTools, Say
from llama_index_heroku import HerokuEmbedding

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

LYON = Document(text="Ada lives in Lyon. Lyon lies on the Rhône.", id_="lyon")
OSLO = Document(text="Oslo lies on a fjord.", id_="oslo")


@pytest.fixture(params=["query", "aquery"])
def ask(request):
    """Ask a query engine, by both ways there are."""
    if request.param == "query":
        return lambda engine, question: engine.query(question)
    return lambda engine, question: asyncio.run(engine.aquery(question))


def test_a_question_is_split_and_answered_from_parts(llm, script, sent, ask):
    model = llm()
    tools = [
        QueryEngineTool.from_defaults(
            VectorStoreIndex.from_documents(
                [document], embed_model=HerokuEmbedding()
            ).as_query_engine(llm=model),
            name=document.id_,
            description=f"Facts about {document.id_}.",
        )
        for document in (LYON, OSLO)
    ]
    engine = SubQuestionQueryEngine.from_defaults(
        tools,
        llm=model,
        question_gen=LLMQuestionGenerator.from_defaults(llm=model),
        response_synthesizer=get_response_synthesizer(llm=model),
        use_async=False,
        verbose=False,
    )
    questions = [
        {"sub_question": "Where does Lyon lie?", "tool_name": "lyon"},
        {"sub_question": "Where does Oslo lie?", "tool_name": "oslo"},
    ]
    script(Say(f"```json\n{json.dumps({'items': questions})}\n```"))
    script(Say("On the Rhône."), Say("On a fjord."), Say("One on a river, one on a fjord."))
    answer = ask(engine, "Where do Lyon and Oslo lie?")
    assert str(answer) == "One on a river, one on a fjord."
    split, one, other, joined = sent()
    assert "Facts about lyon." in split
    assert {"Lyon lies on the Rhône" in one, "Lyon lies on the Rhône" in other} == {True, False}
    assert "On the Rhône." in joined
    assert "On a fjord." in joined


TRIPLE = {
    "subject": {"type": "PERSON", "name": "Ada"},
    "relation": {"type": "LIVES_IN"},
    "object": {"type": "PLACE", "name": "Lyon"},
}
EXTRACTORS = {
    "simple": (SimpleLLMPathExtractor, Say("(Ada, lives in, Lyon)")),
    "schema": (
        lambda llm: SchemaLLMPathExtractor(
            llm,
            possible_entities=Literal["PERSON", "PLACE"],
            possible_relations=Literal["LIVES_IN"],
            kg_validation_schema=[("PERSON", "LIVES_IN", "PLACE")],
            raise_on_error=True,
        ),
        CallTools([("KGSchema", {"triplets": [TRIPLE]})]),
    ),
    "dynamic": (
        DynamicLLMPathExtractor,
        Say(
            '[{"head": "Ada", "head_type": "PERSON", "relation": "LIVES_IN", '
            '"tail": "Lyon", "tail_type": "PLACE"}]'
        ),
    ),
}


@pytest.mark.parametrize("extractor", EXTRACTORS)
def test_a_graph_is_extracted_and_asked(llm, script, sent, ask, extractor):
    model = llm()
    make, answer = EXTRACTORS[extractor]
    script(answer, Say("Ada^Person"), Say("In Lyon."))
    index = PropertyGraphIndex.from_documents(
        [LYON], llm=model, embed_model=HerokuEmbedding(), kg_extractors=[make(model)]
    )
    store = index.property_graph_store
    found = [(head.name, tail.name) for head, _, tail in store.get_triplets(entity_names=["Ada"])]
    assert found == [("Ada", "Lyon")]
    engine = index.as_query_engine(
        llm=model,
        sub_retrievers=[
            LLMSynonymRetriever(store, llm=model, include_text=False),
            VectorContextRetriever(store, embed_model=HerokuEmbedding(), include_text=False),
        ],
    )
    assert str(ask(engine, "Where does Ada live?")) == "In Lyon."
    assert "Ada lives in Lyon" in sent()[0]
    assert "-> Lyon" in sent()[-1]
