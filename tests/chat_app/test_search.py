"""Documents in PostgreSQL, with LangChain and with its twin for LlamaIndex."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from chat_app.store import migrate
from retrieval import hybrid, hybrid_langchain, hybrid_llama_index
from retrieval.load import load
from retrieval.pool import open_pool
from retrieval.uploads import Passage, UploadError

from heroku_inference import ConfigError

EXAMPLES = Path(__file__).parents[2] / "examples"
HOLIDAYS = Passage("Handbook > Holidays", "Everybody has thirty days of holidays a year.")
CODE = Passage("Handbook > Errors", "The machine shows E-4711 when its door is open.")
LUNCH = Passage("", "Lunch is served at noon.")


@pytest.fixture
async def pool(postgres):
    migrate(postgres.get_uri())
    migrate(postgres.get_uri())  # each release does so again
    async with open_pool(postgres.get_uri()) as pool:
        yield pool


@pytest.fixture(params=[hybrid_langchain, hybrid_llama_index], ids=["langchain", "llama_index"])
def documents(request, pool, config_vars):
    return request.param.Documents(pool)


@pytest.fixture
def ann():
    return uuid4().hex


async def test_a_search_finds_the_meaning_and_the_words(documents, ann):
    told = []

    async def tell(*so_far):
        told.append(so_far)

    count = await documents.add(ann, "handbook.md", [LUNCH, HOLIDAYS, CODE], tell)
    assert (count, told) == (3, [(0, 3), (3, 3)])
    by_word, *_ = await documents.search(ann, "e-4711", k=1)
    assert (by_word.name, by_word.place, by_word.text) == ("handbook.md", *CODE)
    assert 0 <= by_word.score <= 1
    found = await documents.search(ann, "How many days of holidays have I?", k=2)
    assert found[0].text == HOLIDAYS.text
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


async def test_users_find_their_own_documents_and_those_of_everyone(documents, ann):
    bob = uuid4().hex
    await documents.add(ann, "handbook.md", [HOLIDAYS])
    assert HOLIDAYS.text in {one.text for one in await documents.search(ann, "holidays")}
    assert HOLIDAYS.text not in {one.text for one in await documents.search(bob, "holidays")}
    assert await documents.names(bob) == []
    assert not await documents.remove(bob, "handbook.md")
    assert await documents.names(ann) == ["handbook.md"]
    assert await documents.remove(ann, "handbook.md")
    assert await documents.names(ann) == []
    await documents.add(hybrid.EVERYONE, "menu.txt", [LUNCH])
    assert LUNCH.text in {one.text for one in await documents.search(bob, "lunch")}
    await documents.remove(hybrid.EVERYONE, "menu.txt")


async def test_a_document_of_the_same_name_is_replaced(documents, ann):
    await documents.add(ann, "notes.md", [HOLIDAYS, LUNCH])
    await documents.add(ann, "notes.md", [CODE])
    assert [one.text for one in await documents.search(ann, "holidays lunch")] == [CODE.text]


async def test_one_document_too_many_is_refused_in_words(documents, ann, monkeypatch):
    monkeypatch.setattr(hybrid, "MOST_DOCUMENTS", 1)
    await documents.add(ann, "one.md", [LUNCH])
    await documents.add(ann, "one.md", [CODE])
    with pytest.raises(UploadError, match=r"You have 1 documents, which is the limit\."):
        await documents.add(ann, "two.md", [LUNCH])
    for name in ("one.md", "two.md"):  # whoever deploys the app decides himself
        await documents.add(hybrid.EVERYONE, name, [LUNCH])
        await documents.remove(hybrid.EVERYONE, name)


async def test_one_passage_too_many_is_refused_in_words(documents, ann, emulator, monkeypatch):
    monkeypatch.setattr(hybrid, "MOST_PASSAGES", 3)
    await documents.add(ann, "one.md", [LUNCH, CODE])
    await documents.add(ann, "one.md", [LUNCH, CODE, HOLIDAYS])  # what it replaces does not count
    await documents.add(ann, "one.md", [LUNCH, CODE])
    asked = len(emulator.journal)
    with pytest.raises(UploadError, match=r"two\.md has 2 passages, and there is room for 1\."):
        await documents.add(ann, "two.md", [LUNCH, HOLIDAYS])
    assert len(emulator.journal) == asked  # nothing was paid for
    assert await documents.names(ann) == ["one.md"]
    await documents.add(hybrid.EVERYONE, "menu.txt", [LUNCH, CODE, HOLIDAYS, LUNCH])
    await documents.remove(hybrid.EVERYONE, "menu.txt")


async def test_uploads_at_the_same_time_are_one_after_the_other(documents, ann, monkeypatch):
    monkeypatch.setattr(hybrid, "MOST_PASSAGES", 2)
    uploads = [documents.add(ann, "one.md", [LUNCH]) for _ in range(4)]
    uploads += [documents.add(ann, f"{number}.md", [CODE]) for number in range(4)]
    done = await asyncio.gather(*uploads, return_exceptions=True)
    assert [isinstance(one, UploadError) for one in done] == [False] * 5 + [True] * 3
    assert await documents.names(ann) == ["0.md", "one.md"]
    assert len(await documents.candidates(ann, "lunch")) == 2


async def test_a_question_longer_than_an_embedding_takes_is_searched_for(documents, ann):
    await documents.add(ann, "handbook.md", [LUNCH, HOLIDAYS])
    question = "How many days of holidays have I? " + "I ask for a friend. " * 150
    assert len(question) > 3000
    assert len(await documents.search(ann, question)) == 2
    with pytest.raises(ConfigError):  # a passage is not cut in silence
        await documents.add(ann, "long.md", [Passage("", question)])


@pytest.mark.parametrize("question", ["", "???", "' OR 1=1; --", "\\ & | !", '"unclosed'])
async def test_any_question_can_be_searched_for(documents, ann, question):
    await documents.add(ann, "notes.md", [LUNCH])
    assert len(await documents.candidates(ann, question or " ")) <= 1


async def test_the_twins_share_their_documents(pool, config_vars, ann):
    await hybrid_langchain.Documents(pool).add(ann, "handbook.md", [HOLIDAYS, CODE, LUNCH])
    ours = await hybrid_langchain.Documents(pool).search(ann, "What is E-4711?")
    twin = hybrid_llama_index.Documents(pool)
    assert await twin.search(ann, "What is E-4711?") == ours
    nodes = await twin.retriever(ann).aretrieve("What is E-4711?")
    assert {node.text for node in nodes} == {one.text for one in ours}


async def test_a_folder_is_loaded_once_for_everyone(pool, postgres, config_vars, tmp_path, capsys):
    (tmp_path / "menus").mkdir()
    (tmp_path / "menus" / "today.txt").write_text(LUNCH.text)
    (tmp_path / "picture.png").write_bytes(b"not a document")
    await load(tmp_path, postgres.get_uri())
    await load(tmp_path, postgres.get_uri())
    assert capsys.readouterr().out == "menus/today.txt: 1 passages\n"
    assert await hybrid_langchain.Documents(pool).names(hybrid.EVERYONE) == ["menus/today.txt"]
    await hybrid_langchain.Documents(pool).remove(hybrid.EVERYONE, "menus/today.txt")


def test_a_folder_without_a_database_is_refused_in_a_line(tmp_path):
    """As `heroku run python -m retrieval.load` says it."""
    done = subprocess.run(
        [sys.executable, "-m", "retrieval.load", tmp_path],
        env={"PYTHONPATH": str(EXAMPLES)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (
        1,
        "Error: DATABASE_URL is not the address of a PostgreSQL (postgres://...)\n",
    )


async def test_a_database_on_another_machine_is_reached_by_tls(postgres):
    assert open_pool("postgres://ann:pw@db.example.com/chat").conninfo.endswith("sslmode=require")
    assert "sslmode" not in open_pool(postgres.get_uri()).conninfo
