"""The recipes for LangChain, as their users run them: on a real PostgreSQL with pgvector."""

from __future__ import annotations

import json
import re

import psycopg
import pytest

from heroku_emulator import Fault


def rows(database, query, *values):
    with psycopg.connect(database) as connection:
        return connection.execute(query, values).fetchall()


def test_an_agent_searches_with_the_retriever_tool_and_answers_from_it(cook, heroku, database):
    code, out, _ = cook("langchain_retriever_tool")
    assert code == 0
    asked, finds, answer = (
        out.index(part) for part in ("calls search_pages(", "The tool finds:", "HTML page instead")
    )
    assert asked < finds < answer
    assert "edge-firewall.md, The firewall at the edge > How a block shows" in out[finds:answer]
    first, second = (entry.body for entry in heroku.journal.to("/v1/chat/completions"))
    assert [tool["function"]["name"] for tool in first["tools"]] == ["search_pages"]
    (result,) = [message for message in second["messages"] if message["role"] == "tool"]
    assert "File: edge-firewall.md\n\n# The firewall at the edge > How a block" in result["content"]
    (reranked,) = heroku.journal.to("/v1/rerank")
    assert (len(reranked.body["documents"]), reranked.body["top_n"]) == (20, 4)
    bodies = [entry.body for entry in heroku.journal.to("/v1/embeddings")]
    embedded = [text for body in bodies[1:-1] for text in body["input"]]
    stored = rows(database, "SELECT content FROM recipe_retriever_tool")
    assert sorted(stored) == sorted((text,) for text in embedded)
    assert len(stored) > 50


def test_both_ways_to_rerank_send_the_same_and_keep_the_best(cook, heroku):
    code, out, _ = cook("langchain_rerank")
    assert code == 0
    by_retriever, in_lcel = (entry.body for entry in heroku.journal.to("/v1/rerank"))
    assert by_retriever == in_lcel
    assert len(by_retriever["documents"]) == 20
    assert "... and 17 more" in out  # 20 found
    scores = [float(score) for score in re.findall(r"^\[\d\]  (0\.\d\d)", out, re.MULTILINE)]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == 4
    (asked,) = heroku.journal.to("/v1/chat/completions")
    prompt = asked.body["messages"][-1]["content"]
    assert [f"[{number}] " in prompt for number in range(1, 6)] == [True] * 4 + [False]
    assert "at most 1,000 documents. [1]" in out


def test_hybrid_search_finds_what_is_written_and_the_reranker_takes_it(cook, heroku, database):
    code, out, _ = cook("langchain_hybrid")
    assert code == 0
    meant = shown(out, "Nearest vectors")
    written = shown(out, "Full text")
    (reranked,) = heroku.journal.to("/v1/rerank")
    candidates = reranked.body["documents"]
    assert len(candidates) > 10  # more than either search contributes
    assert len(candidates) == len(set(candidates))
    (best,) = re.findall(r"^\[1\].*  (\S+\.md, .*)$", out, re.MULTILINE)
    assert best in written
    assert best not in meant
    assert "422" in out.split("Both, fused")[1]
    index = rows(database, "SELECT indexdef FROM pg_indexes WHERE tablename = 'recipe_hybrid'")
    assert any("USING gin (words)" in definition for (definition,) in index)


def shown(out, title):
    """The places under a title."""
    block = out.split(f"{title}:\n")[1].split(":\n")[0]
    return re.findall(r"^  0\.\d{3}  (.*)$", block, re.MULTILINE)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("How many texts?", "How or many or texts?"),
        ('the "exact words" please', 'the or "exact words" or please'),
        ("without -minus", "without or minus"),
        ("x-request-id's 100%", "x-request-id's or 100%"),
        ('an open "quote', "an or open or quote"),
        ("", ""),
    ],
)
def test_a_question_becomes_a_search_for_any_of_its_words(recipe, database, question, words):
    assert recipe("langchain_hybrid").any_word(question) == words
    ((query,),) = rows(database, "SELECT websearch_to_tsquery('english', %s)::text", words)
    assert "&" not in query
    assert "!" not in query


def test_ranks_are_fused_and_documents_left_as_they_are(recipe):
    from langchain_core.documents import Document

    one, two, three = (Document(text, metadata={"source": text}) for text in ("a", "b", "c"))
    fused = recipe("langchain_hybrid").fuse([[one, two], [two, three]])
    assert [document.page_content for document in fused] == ["b", "a", "c"]
    assert fused[0].metadata == {"source": "b", "fused": 1 / 61 + 1 / 62}
    assert two.metadata == {"source": "b"}


def test_the_graph_asks_again_in_better_words_and_goes_on_after_a_restart(cook, heroku, database):
    code, out, _ = cook("langgraph_agentic_rag")
    assert code == 0
    first, second = re.findall(r"^Graded (0\.\d\d)", out, re.MULTILINE)
    assert float(first) < 0.5 <= float(second)
    assert out.index("ask in other words") < out.index("Storing vectors in Postgres.'")
    searched, restarted = out.split("A new graph continues from the database:")
    assert searched.count("Search for") == 2
    assert "next: answer" in restarted
    assert "Search for" not in restarted
    assert "Heroku Postgres has the extension pgvector. [1]" in restarted
    queries = [entry.body["query"] for entry in heroku.journal.to("/v1/rerank")]
    assert queries == ["How do I keep vectors?", "Embeddings > Storing vectors in Postgres."]
    threads = rows(database, "SELECT count(DISTINCT thread_id) FROM checkpoints")
    assert threads[0][0] >= 1


def test_a_run_that_died_goes_on_where_it_stopped(cook, heroku, database):
    question = "What if the stream stops?"
    heroku.script(Fault(503, times=3, path="/v1/chat/completions"))
    code, out, err = cook("langgraph_agentic_rag", "--thread", "died", question)
    assert code == 1
    assert "Search for" in out
    assert "503" in err
    heroku.journal.clear()
    code, out, _ = cook("langgraph_agentic_rag", "--thread", "died", question)
    assert (code, "next: answer" in out) == (0, True)
    assert heroku.journal.to("/v1/rerank") == []
    assert "A connection can end before the answer does. [1]" in out
    assert rows(database, "SELECT 1 FROM checkpoints WHERE thread_id = 'died' LIMIT 1")


@pytest.mark.parametrize("faults", [0, 3], ids=["done", "died"])
def test_another_question_starts_anew_in_a_thread(cook, heroku, faults):
    if faults:
        heroku.script(Fault(503, times=faults, path="/v1/chat/completions"))
    code, _, _ = cook("langgraph_agentic_rag", "--thread", "long", "How do I keep vectors?")
    assert code == (1 if faults else 0)
    heroku.journal.clear()
    question = "What if the stream stops?"
    code, out, _ = cook("langgraph_agentic_rag", "--thread", "long", question)
    assert (code, "next: search" in out) == (0, True)
    queries = [entry.body["query"] for entry in heroku.journal.to("/v1/rerank")]
    assert queries[0] == question
    assert len(queries) <= 2
    assert "A connection can end before the answer does. [1]" in out


def test_each_way_of_searching_is_measured(cook, heroku, tmp_path):
    answer = {"words": "answers 422 when it cannot"}
    nowhere = {"words": "This stands on no page."}
    file = tmp_path / "questions.json"
    file.write_text(
        json.dumps(
            [
                {"question": "Who answers 422 when it cannot?", "answers": [nowhere, answer]},
                {"question": "What does a 422 mean?", "answers": [nowhere]},
            ]
        )
    )
    code, out, _ = cook("measure", str(file))
    assert code == 0
    table = {line[:30].strip(): line[30:].split() for line in out.splitlines()}
    assert table["2 questions; recall"] == ["@1", "@2", "@4"]
    assert table["full text"] == ["0.50", "0.50", "0.50"]
    lines = list(table.values())
    assert len(lines) == 10
    assert all(0 <= float(first) <= float(last) <= 0.5 for first, _, last in lines[1:6])
    unanswered = [list(map(float, line)) for line in lines[7:]]
    assert [len(line) for line in unanswered] == [6, 6, 6]
    assert unanswered == [sorted(line) for line in unanswered]
    assert unanswered[1][2] == 0, "a page answers both"
    assert unanswered[2][2] >= 35, "no page answers them"
