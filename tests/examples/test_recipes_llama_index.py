"""The recipes for LlamaIndex, as their users run them: on a real PostgreSQL with pgvector."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest

RECIPES = Path(__file__).parents[2] / "examples" / "recipes"
COUNTS = re.compile(r"^(.*): (\d+) documents, (\d+) new or changed, (\d+) chunks", re.MULTILINE)
SCORE = re.compile(r"^  (0\.\d{3})  ", re.MULTILINE)


def rows(database, query):
    with psycopg.connect(database) as connection:
        return connection.execute(query).fetchall()


def embedded(heroku):
    """All texts that were embedded as documents so far."""
    bodies = [entry.body for entry in heroku.journal.to("/v1/embeddings")]
    documents = [body for body in bodies if body["input_type"] == "search_document"]
    return [text for body in documents for text in body["input"]]


def test_the_query_engine_reranks_and_answers_from_the_best(cook, heroku, database):
    code, out, _ = cook("llama_index_query_engine")
    assert code == 0
    assert "`top_p` and `top_k` must be left out while thinking is on." in out
    (reranked,) = heroku.journal.to("/v1/rerank")
    assert (len(reranked.body["documents"]), reranked.body["top_n"]) == (20, 4)
    scores = [float(score) for score in SCORE.findall(out)]
    assert scores == sorted(scores, reverse=True)
    (similarities,) = re.findall(r"similarities were (.*)\.$", out, re.MULTILINE)
    assert len(similarities.split(", ")) == 4
    assert similarities.split(", ")[0] != f"{scores[0]:.3f}"
    (asked,) = heroku.journal.to("/v1/chat/completions")
    assert "source: extended-thinking.md" in asked.body["messages"][-1]["content"]
    stored = rows(database, "SELECT text FROM data_recipe_query_engine")
    assert sorted(text for (text,) in stored) == sorted(embedded(heroku))


def test_the_chat_engine_searches_for_a_question_that_stands_by_itself(cook, heroku, database):
    code, out, _ = cook("llama_index_chat_engine")
    assert code == 0
    first, second = out.split("▌ And how many characters")
    assert "takes at most 96 texts" in first
    assert "at most 2,048 bytes" in second
    asked = [entry.body["messages"] for entry in heroku.journal.to("/v1/chat/completions")]
    assert len(asked) == 3  # answer; condense, answer
    condensing = asked[1][-1]["content"]
    assert "user: How many texts fit into one embeddings request?" in condensing
    queries = [entry.body["query"] for entry in heroku.journal.to("/v1/rerank")]
    assert queries[0] == "How many texts fit into one embeddings request?"
    assert queries[1] != "And how many characters may each of them have?"
    assert f"Search for {queries[1]!r}" in second
    history = [message["role"] for message in asked[2]]
    assert history[-3:] == ["user", "assistant", "user"]
    assert "Messages in the database: 4" in second
    ((sessions, messages),) = rows(
        database, "SELECT count(DISTINCT key), count(*) FROM recipe_chat_memory"
    )
    assert (sessions, messages) == (1, 4)


def test_a_hybrid_query_adds_what_is_written_and_the_reranker_orders_both(cook, heroku, database):
    code, out, _ = cook("llama_index_hybrid")
    assert code == 0
    (reranked,) = heroku.journal.to("/v1/rerank")
    assert 10 < len(reranked.body["documents"]) <= 20
    assert all(text.count("source:") == 0 for text in reranked.body["documents"])
    nearest, rest = out.split("Only by full text:")
    written, answer = rest.split("\n\n", 1)
    assert not set(SCORE.sub("", nearest).splitlines()[3:6]) & set(written.splitlines())
    assert "[1]" in answer
    assert "422" in answer
    stored = rows(database, "SELECT text_search_tsv FROM data_recipe_hybrid_nodes LIMIT 1")
    assert "'" in stored[0][0]


def test_only_what_is_new_or_changed_is_embedded(cook, heroku, database):
    code, out, _ = cook("llama_index_ingestion")
    assert code == 0
    counts = re.findall(
        r"^(.*): (\d+) documents, (\d+) new or changed, (\d+) chunks", out, re.MULTILINE
    )
    (_, whole, new, chunks), same, edited = counts
    assert (whole, new) == ("13", "13")
    assert same == ("The same pages", "13", "0", "0")
    assert edited == ("One edited, one removed", "12", "1", "1")
    assert len(embedded(heroku)) == int(chunks) + 1
    assert embedded(heroku)[-1].endswith("every Monday, by the platform team.")
    assert "every Monday" in out.split("▌")[1]
    (vectors,) = (name for (name,) in tables(database) if not name.endswith("_docs"))
    stored = rows(database, f"SELECT text, metadata_->>'ref_doc_id' FROM {vectors}")  # noqa: S608
    pages = {page for _, page in stored}
    assert len(pages) == 12
    assert "errors.md" not in pages
    assert [text for text, page in stored if page == "config-vars.md"] == embedded(heroku)[-1:]


def test_a_second_program_embeds_what_changed_since_the_first(cook, heroku):
    cook("llama_index_ingestion")
    heroku.journal.clear()
    code, out, _ = cook("llama_index_ingestion")
    assert (code, "The pages: 13 documents, 2 new or changed" in out) == (0, True)
    assert 2 < len(embedded(heroku)) < 15


def tables(database):
    return rows(
        database,
        "SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'data_rag_%'",
    )


@pytest.mark.parametrize("recipe_file", sorted(RECIPES.glob("*.py")), ids=lambda path: path.stem)
def test_every_recipe_is_short_says_how_it_is_run_and_is_tested(recipe_file):
    source = recipe_file.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 150
    if recipe_file.stem.startswith("kitchen"):
        return
    assert f"    python examples/recipes/{recipe_file.name}\n" in source
    here = Path(__file__).parent
    tests = [path.read_text(encoding="utf-8") for path in here.glob("test_recipes_*.py")]
    assert any(f'cook("{recipe_file.stem}"' in test for test in tests)
