"""`heroku-inference ask`: from a folder to an answer with its sources."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from heroku_emulator import Cut, Fault, Say
from heroku_inference.cli.documents import MOST_PASSAGES

from .terminal import started

RERANK, CHAT = "/v1/rerank", "/v1/chat/completions"
PDF = Path(__file__).parents[2] / "examples" / "docs" / "plans.pdf"
QUESTION = "What runs your app on a dyno?"
GUIDE = """---
title: words that are not for readers
---
# Kafka

Kafka streams events.

## Dynos

A dyno runs your app.

```
# not a heading
```
"""


def paths(emulator):
    return [entry.path for entry in emulator.journal]


@pytest.fixture
def notes(tmp_path):
    """A folder of two small documents, and of what is not for reading."""
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "guide.md").write_text(GUIDE)
    (folder / "pg.txt").write_bytes("\ufeffPostgres keeps tables.\r\n".encode())
    (folder / "logo.png").write_bytes(b"\x89PNG")
    (folder / ".hidden.md").write_text("Secret.")
    return folder


def test_the_answer_comes_first_and_then_its_sources_with_scores(emulator, run, notes):
    emulator.script(Say("A dyno does [1]."))
    ran = run("ask", "--docs", "notes", *QUESTION.split(), env=emulator.config_vars)
    said, _, first, *others = ran.out.splitlines()
    assert (ran.code, said, len(others)) == (0, "A dyno does [1].", 2)
    assert first.startswith("[1]* 0.")
    assert first.endswith("  notes/guide.md, line 10")
    assert [line[:4] for line in others] == ["[2] ", "[3] "]
    assert ran.err == (
        "2 files, 3 passages\nPassed over, because they are other kinds of files: 1 x .png\n"
    )
    assert paths(emulator) == [RERANK, CHAT], "so few passages need no vectors"
    ranked, asked = (entry.body for entry in emulator.journal)
    assert (ranked["query"], ranked["top_n"]) == (QUESTION, 3)
    assert sorted(ranked["documents"]) == [
        "# Dynos\n\nA dyno runs your app.\n\n```\n# not a heading\n```",
        "# Kafka\n\nKafka streams events.",
        "Postgres keeps tables.",
    ]
    assert "numbered sources" in asked["messages"][0]["content"]
    prompt = asked["messages"][1]["content"]
    assert prompt.startswith("Sources:\n\n[1] notes/guide.md\n\n# Dynos")
    assert prompt.endswith(f"Question: {QUESTION}")


def test_the_passages_whose_vectors_are_nearest_are_reranked(emulator, run, tmp_path):
    lines = [f"Number {number} is about tables.\n{'filler ' * 100}\n" for number in range(150)]
    lines[120] = f"A dyno runs your app.\n{'dyno app ' * 80}\n"
    (tmp_path / "long.txt").write_text("\n".join(lines))
    ran = run("ask", "-d", "long.txt", QUESTION, "--json", env=emulator.config_vars)
    assert (ran.code, ran.err) == (0, "1 file, 150 passages\n")
    first, *others = ran.json["sources"]
    assert first.keys() == {"number", "score", "file", "place", "text"}
    assert (first["place"], first["text"].splitlines()[0]) == ("line 361", "A dyno runs your app.")
    assert first["score"] > others[0]["score"] >= others[-1]["score"]
    sent = [entry.body for entry in emulator.journal]
    assert [(len(body["input"]), body["input_type"]) for body in sent[:3]] in [
        [(96, "search_document"), (54, "search_document"), (1, "search_query")],
        [(54, "search_document"), (96, "search_document"), (1, "search_query")],
    ]
    assert len(sent[3]["documents"]) == 20
    assert ran.json["answer"]


@pytest.mark.parametrize("form", [[], ["--json"]], ids=["words", "json"])
def test_below_the_least_score_no_model_is_asked(emulator, run, notes, form):
    ran = run("ask", "-d", "notes", "Who won?", "--least-score", "0.99", *form,
              env=emulator.config_vars)  # fmt: skip
    assert ran.code == 0
    assert paths(emulator) == [RERANK]
    if form:
        assert (ran.json["answer"], len(ran.json["sources"])) == (None, 3)
    else:
        assert ran.out.startswith("Nothing here fits: the best passage scores 0.")
        assert "less than 0.990.\n\n[1]  0." in ran.out


def test_it_goes_on_past_what_cannot_be_read(emulator, run, notes):
    (notes / "old.txt").write_bytes("Grüße aus Köln.".encode("cp1252"))
    (notes / "wide.txt").write_bytes("Ein Dyno läuft.".encode("utf-16"))
    (notes / "zip.txt").write_bytes(b"PK\x03\x04\x00\xff")
    (notes / "none.md").write_text(" \n")
    (notes / "broken.pdf").write_bytes(b"%PDF-1.7 and no more")
    ran = run("ask", "-d", "notes", QUESTION, env=emulator.config_vars)
    assert (ran.code, ran.err.splitlines()[0]) == (0, "4 files, 5 passages")
    (ranked, _) = (entry.body for entry in emulator.journal)
    assert {"Grüße aus Köln.", "Ein Dyno läuft."} <= {*ranked["documents"]}
    for line in (
        "Warning: notes/old.txt is not UTF-8; read as Windows-1252\n",
        "Warning: Not read: notes/zip.txt: it is binary, not text.\n",
        "Warning: Not read: notes/none.md: it is empty.\n",
        "Warning: Not read: notes/broken.pdf: it cannot be read as PDF: ",
    ):
        assert line in ran.err


def test_pages_of_the_web_and_pdf_are_read_where_their_libraries_are(emulator, run, tmp_path):
    pytest.importorskip("bs4")
    pytest.importorskip("pypdf")
    (tmp_path / "page.html").write_text(
        "<head><title>No</title></head><nav>Menu</nav><main><h2>Dynos</h2><p>A <b>dyno</b> runs."
        "</p><script>no()</script></main>"
    )
    ran = run("ask", "-d", "page.html", "-d", str(PDF), QUESTION, "--json",
              env=emulator.config_vars)  # fmt: skip
    places = {source["text"]: source["place"] for source in ran.json["sources"]}
    assert places["# Dynos\n\nA dyno runs."] == ""
    assert "page 1" in places.values()


def test_what_no_library_is_there_for_is_passed_over_with_its_remedy(
    emulator, run, notes, monkeypatch
):
    monkeypatch.setitem(sys.modules, "bs4", None)
    monkeypatch.setitem(sys.modules, "pypdf", None)
    (notes / "page.html").write_text("<p>A dyno")
    (notes / "plans.pdf").write_bytes(PDF.read_bytes())
    ran = run("ask", "-d", "notes", QUESTION, env=emulator.config_vars)
    assert (ran.code, ran.err.splitlines()[:3]) == (0, [
        "2 files, 3 passages",
        "Warning: Not read: notes/page.html: HTML needs `pip install beautifulsoup4`.",
        "Warning: Not read: notes/plans.pdf: PDF needs `pip install pypdf`.",
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-d", "gone", "Why?"], "There is no file or folder 'gone'. Check the path."),
        (["-d", "", "Why?"], "There is no file or folder ''."),
        (["-d", "notes", " "], "The question is empty."),
        (["-d", "notes/logo.png", "Why?"], "There is nothing to read. Documents end in .md"),
        (["-d", "notes/pg.txt", "notes/guide.md", "Why?"], "Put --docs before each path, or quo"),
        (["-d", "huge.txt", "Why?"], f"There are more than {MOST_PASSAGES:,} passages"),
    ],
    ids=["no-path", "empty-path", "no-question", "nothing", "paths-of-the-shell", "too-much"],
)
def test_what_cannot_work_is_not_paid_for(emulator, run, notes, arguments, words):
    (notes.parent / "huge.txt").write_text(("word " * 150 + "\n\n") * (MOST_PASSAGES + 1))
    ran = run("ask", *arguments, env=emulator.config_vars)
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err
    assert len(emulator.journal) == 0


def test_a_plan_that_names_no_model_says_so_before_anything_is_paid(emulator, run, notes):
    env = {"INFERENCE_KEY": emulator.api_key, "INFERENCE_URL": emulator.url}
    ran = run("ask", "-d", "notes", QUESTION, env=env)
    assert (ran.code, len(emulator.journal)) == (2, 0)
    assert run("ask", "-d", "notes", QUESTION, "--model", "nova-lite", env=env).code == 0
    assert emulator.journal[-1].body["model"] == "nova-lite"


def test_a_passage_that_the_firewall_blocks_is_left_out_and_named(emulator, run, notes):
    (notes / "local.txt").write_text("see http://localhost:3000/")
    ran = run("ask", "-d", "notes", QUESTION, env=emulator.config_vars)
    assert ran.code == 0
    assert "Warning: notes/local.txt, line 1 is left out: Heroku answered 403: blocked." in ran.err
    assert "localhost" not in ran.out


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(401, path=RERANK), "Error: Heroku answered 401"),
        (Cut(after=3, answer=Say("One two three four")), "Error: The stream ended before"),
    ],
    ids=["rerank", "cut-answer"],
)
def test_a_failure_is_one_line_and_what_came_is_kept(emulator, run, notes, fault, words):
    emulator.script(fault)
    ran = run("ask", "-d", "notes", QUESTION, env=emulator.config_vars)
    assert (ran.code, ran.err.splitlines()[-1][: len(words)]) == (1, words)
    assert ran.out == ("" if "401" in words else "One two three \n")


def test_a_question_comes_through_a_pipe_and_the_answer_goes_through_one(emulator, start, notes):
    emulator.script(Say("Ein Dyno [2]. äö"))
    ran = start("ask", "-d", "notes", env=emulator.config_vars, stdin="Was läuft?\n")
    assert ran.out.splitlines()[0] == "Ein Dyno [2]. äö"
    assert emulator.journal[0].body["query"] == "Was läuft?"


@pytest.mark.parametrize("while_", ["ranking", "answering"])
def test_ctrl_c_ends_it_with_130(emulator, tmp_path, notes, while_):
    if while_ == "answering":
        emulator.switch(gap_after=3, gap_seconds=20)
    else:
        emulator.script(Fault(503, path=RERANK, times=9, headers={"retry-after": "30"}))
    with started(emulator, tmp_path, "ask", "-d", "notes", "Why?", stdout=subprocess.PIPE) as run:
        until = time.monotonic() + 20
        while len(emulator.journal) < (2 if while_ == "answering" else 1):
            assert time.monotonic() < until
            time.sleep(0.05)
        time.sleep(0.3)  # until it waits for more
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=20)
    assert (run.returncode, b"Traceback" in err, b"[1]" in out) == (130, False, False)
