"""`heroku-inference rerank` and `heroku-inference image`: one call each."""

from __future__ import annotations

import pytest

LINES = "Postgres keeps tables\n\nA dyno runs your app\nKafka streams events\n"
QUESTION = "What runs your app on a dyno"


def test_lines_of_stdin_are_ranked_and_named_by_their_numbers(emulator, run):
    ran = run("rerank", QUESTION, "--json", "--top", "2", env=emulator.config_vars, stdin=LINES)
    assert (ran.code, ran.err) == (0, "")
    first, second = ran.json
    assert (first["id"], first["text"]) == (3, "A dyno runs your app")
    assert first["score"] >= second["score"]
    sent = emulator.journal[-1].body
    assert (sent["query"], sent["top_n"], len(sent["documents"])) == (QUESTION, 2, 3)


def test_documents_come_from_files_as_for_embed(emulator, run, tmp_path):
    (tmp_path / "x.csv").write_text(
        "id,text\npg,Postgres keeps tables\ndyno,A dyno runs your app\n"
    )
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "kafka.md").write_text("Kafka\nstreams events")
    ran = run("rerank", QUESTION, "x.csv", "notes", env=emulator.config_vars)
    first, second, *_ = ran.out.splitlines()
    assert (ran.code, first.split()) == (0, ["SCORE", "ID", "TEXT"])
    assert second.split(maxsplit=2)[1:] == ["dyno", "A dyno runs your app"]
    assert "Kafka streams events" in ran.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rerank", "Why?"], "There are no documents in stdin. Pipe in one on each line."),
        (["rerank", "Why?", "gone.csv"], "There is no file or folder 'gone.csv'."),
        (["image", "A cat", "-o", "cat.gif"], "another format than Heroku draws. End it in .png"),
        (["image", "A cat", "-o", "gone/cat.png"], "No file can be written at 'gone/cat.png'."),
        (["image", "A cat", "-o", "c.png", "--aspect-ratio", "7:1"], "Pass one of 16:9, 1:1"),
    ],
    ids=["no-documents", "no-file", "gif", "no-folder", "ratio"],
)
def test_what_cannot_work_is_not_paid_for(emulator, run, arguments, words):
    ran = run(*arguments, env=emulator.config_vars, stdin="")
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert words in ran.err
    assert len(emulator.journal) == 0


@pytest.mark.parametrize(
    ("name", "start"), [("cat.png", b"\x89PNG"), ("cat.jpg", b"\xff\xd8\xff")], ids=["png", "jpg"]
)
def test_a_picture_is_drawn_into_a_file_of_the_format_of_its_name(
    emulator, run, tmp_path, name, start
):
    options = ["--aspect-ratio", "16:9", "--negative", "dogs", "--seed", "7"]
    ran = run("image", "A", "cat", "-o", name, *options, env=emulator.config_vars)
    assert (ran.code, ran.out, ran.err) == (0, f"{name}\n", "")
    assert (tmp_path / name).read_bytes().startswith(start)
    sent = emulator.journal[-1].body
    assert (sent["prompt"], sent["aspect_ratio"], sent["negative_prompt"], sent["seed"]) == (
        "A cat", "16:9", "dogs", 7
    )  # fmt: skip


def test_a_document_that_is_refused_is_named_and_the_others_are_ranked(emulator, run):
    documents = f"{LINES}see http://localhost:3000/\n"  # the firewall blocks it
    ran = run("rerank", QUESTION, "--json", env=emulator.config_vars, stdin=documents)
    assert (ran.code, len(ran.json)) == (0, 3)
    assert ran.err == "Warning: 5 has no score: Heroku answered 403: blocked.\n"
