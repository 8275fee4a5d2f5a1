"""ragas: our models as judges, by its wrappers for LangChain and LlamaIndex."""

from __future__ import annotations

import asyncio
import warnings

import pytest

from heroku_emulator import Say
from langchain_heroku import HerokuEmbeddings
from llama_index_heroku import HerokuEmbedding

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # much of what it imports is deprecated
    from ragas import EvaluationDataset, SingleTurnSample, evaluate
    from ragas.embeddings import LangchainEmbeddingsWrapper, LlamaIndexEmbeddingsWrapper
    from ragas.llms import LangchainLLMWrapper, LlamaIndexLLMWrapper
    from ragas.metrics import Faithfulness, ResponseRelevancy

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning",
    "ignore::ResourceWarning",
)

SAMPLE = SingleTurnSample(
    user_input="How long are backups kept?",
    response="For a week.",
    retrieved_contexts=["Backups stay a week."],
)
CLAIMS = Say('{"statements": ["Backups stay a week."]}')
VERDICT = Say(
    '{"statements": [{"statement": "Backups stay a week.", "reason": "So.", "verdict": 1}]}'
)
QUESTION = Say('{"question": "How long are backups kept?", "noncommittal": 0}')


@pytest.fixture(params=["langchain", "llama_index"])
def judge(request, chat_model, llm):
    """A judge and its embeddings, of each framework."""
    if request.param == "langchain":
        embeddings = LangchainEmbeddingsWrapper(HerokuEmbeddings())
        return LangchainLLMWrapper(chat_model()), embeddings
    return LlamaIndexLLMWrapper(llm()), LlamaIndexEmbeddingsWrapper(HerokuEmbedding())


def test_an_answer_is_judged_by_its_sources(judge, script, sent):
    script(CLAIMS, VERDICT)
    metric = Faithfulness(llm=judge[0])
    found = evaluate(
        EvaluationDataset([SAMPLE]), metrics=[metric], show_progress=False, raise_exceptions=True
    )
    assert found["faithfulness"] == [1.0]
    assert "Backups stay a week." in sent()[1]


def test_an_answer_is_judged_by_the_questions_it_answers(judge, script, sent, emulator):
    script(QUESTION)
    llm, embeddings = judge
    metric = ResponseRelevancy(llm=llm, embeddings=embeddings, strictness=1)
    assert asyncio.run(metric.single_turn_ascore(SAMPLE)) == pytest.approx(1.0)
    assert "For a week." in sent()[0]
    assert emulator.journal.to("/v1/embeddings")
