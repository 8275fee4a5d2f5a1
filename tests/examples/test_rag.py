"""The retrieval examples, as their users run them: on the emulator and a real PostgreSQL."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

PAGES = Path(__file__).parents[2] / "examples" / "docs"


@pytest.fixture
def docs(workplace):
    folder = workplace / "docs"
    folder.mkdir()
    (folder / "keys.md").write_text(
        "# Keys\n\nKeys are rotated every month.\n\n## Lost\n\nAsk Ada."
    )
    (folder / "bread.txt").write_text("Bread is baked at 230 degrees.")
    shutil.copy(PAGES / "plans.pdf", folder)
    return folder


def embedded(emulator) -> list[str]:
    """All texts that were embedded as documents so far."""
    bodies = [entry.body for entry in emulator.journal if entry.path == "/v1/embeddings"]
    documents = [body for body in bodies if body["input_type"] == "search_document"]
    return [text for body in documents for text in body["input"]]


def test_it_answers_with_numbered_sources_and_scores(run, docs):
    code, out, err = run("--docs", docs, "How often are keys rotated?")
    assert (code, "Keys are rotated every month" in out) == (0, True)
    assert "[1]  0." in out
    assert f"{docs.as_posix()}/keys.md, Keys" in out
    assert "3 documents" in err


def test_a_question_may_be_longer_than_the_name_of_a_file(run, docs):
    code, _, err = run("--docs", docs, "How often are keys rotated? " * 12)
    assert (code, "3 documents" in err) == (0, True)


def test_a_second_run_embeds_nothing(run, docs, emulator):
    run("--docs", docs, "How often?")
    assert embedded(emulator)
    emulator.journal.clear()
    _, _, err = run("--docs", docs, "How often?")
    assert embedded(emulator) == []
    assert " 0 embedded" in err


def test_only_what_changed_is_embedded_again(run, docs, emulator):
    run("--docs", docs, "How often?")
    emulator.journal.clear()
    (docs / "keys.md").write_text("# Keys\n\nKeys are rotated every week.\n\n## Lost\n\nAsk Ada.")
    _, out, err = run("--docs", docs, "How often are keys rotated?")
    assert embedded(emulator) == ["# Keys\n\nKeys are rotated every week."]
    assert "1 embedded" in err
    assert "1 removed" in err
    assert "every week" in out
    assert "every month" not in out


def test_what_a_removed_file_said_is_forgotten(run, docs):
    run("--docs", docs, "How often?")
    (docs / "keys.md").unlink()
    _, out, err = run("--docs", docs, "How often are keys rotated?")
    assert "2 removed" in err
    assert "keys.md" not in out


def test_folders_do_not_see_each_other(run, docs, workplace):
    other = workplace / "other"
    other.mkdir()
    (other / "cats.md").write_text("Cats sleep all day.")
    run("--docs", docs, "How often?")
    _, out, _ = run("--docs", other, "How often are keys rotated?")
    assert "keys.md" not in out
    _, _, err = run("--docs", docs, "How often?")
    assert " 0 embedded" in err


def test_files_and_folders_can_be_mixed(run, docs, workplace):
    single = workplace / "single.md"
    single.write_text("A single page.")
    code, _, err = run("--docs", docs, single, "How often?")
    assert (code, "4 documents" in err) == (0, True)


def test_no_chunk_is_longer_than_an_embedding_allows(run, workplace, emulator):
    (workplace / "long.md").write_text(f"# {'Long title ' * 60}\n\n" + "No space" * 2000)
    (workplace / "wide.txt").write_text("One two three. " * 2000)
    code, _, _ = run("--docs", workplace, "How long?")
    assert code == 0
    assert max(map(len, embedded(emulator))) <= 2048


def test_a_page_of_a_pdf_is_named_as_the_source(run, docs):
    _, out, _ = run("--docs", docs / "plans.pdf", "What does the standard plan set?")
    assert "plans.pdf, page 1" in out


def test_the_key_is_never_shown(run, docs, emulator):
    _, out, err = run("--docs", docs, "What is the key?")
    assert emulator.api_key not in out + err


def test_a_refusal_by_the_api_is_one_line_and_exit_code_1(run, docs, monkeypatch):
    monkeypatch.setenv("EMBEDDING_KEY", "inf-wrong-key")
    code, out, err = run("--docs", docs, "How often?")
    assert (code, out) == (1, "")
    assert one_error(err)
    assert "inf-wrong-key" not in err


def test_text_that_the_firewall_blocks_is_named(run, docs, emulator):
    (docs / "shell.md").write_text("# Shell\n\n## Danger\n\nNever call os.system here.")
    emulator.switch(firewall=True)
    err = refused(run, "--docs", docs)
    assert "shell.md (Shell > Danger)" in err


def test_the_shipped_pages_pass_the_firewall(run, workplace, emulator):
    emulator.switch(firewall=True)
    code, _, err = run()
    assert (code, "13 documents" in err) == (0, True), err


def one_error(err: str) -> bool:
    return err.count("\n") == 1 and err.startswith("Error: ")


def refused(run, *arguments) -> str:
    code, out, err = run(*arguments, "How often?")
    assert (code, out) == (2, "")
    assert one_error(err), err
    return err


def test_a_missing_folder_is_reported(run, workplace):
    assert "nowhere does not exist" in refused(run, "--docs", "nowhere")


def test_a_folder_without_documents_is_reported(run, workplace):
    (workplace / "picture.png").write_bytes(b"\x89PNG")
    assert "no document (.md, .markdown, .txt, .pdf) in" in refused(run, "--docs", workplace)


def test_a_file_of_another_kind_is_refused(run, workplace):
    (workplace / "letter.docx").write_bytes(b"PK")
    assert "letter.docx is not one of .md" in refused(run, "--docs", "letter.docx")


@pytest.mark.parametrize("content", ["", " \n\t\n", "# Only a heading\n"])
def test_an_empty_file_is_named(run, docs, content):
    (docs / "nothing.md").write_text(content)
    assert "nothing.md is empty" in refused(run, "--docs", docs)


def test_a_file_other_than_text_is_named(run, docs):
    (docs / "picture.md").write_bytes(b"\x89PNG\xff\xfe")
    assert "picture.md cannot be read as UTF-8 text" in refused(run, "--docs", docs)


@pytest.mark.parametrize("content", [b"", b"not a PDF", b"%PDF-1.4\ntrailer << /Root 9 0 R >>"])
def test_a_pdf_that_cannot_be_read_is_named(run, docs, content):
    (docs / "broken.pdf").write_bytes(content)
    assert "broken.pdf cannot be read as a PDF" in refused(run, "--docs", docs)


def test_a_database_that_does_not_answer_is_reported(run, docs, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://me:secret@127.0.0.1:1/rag")
    err = refused(run, "--docs", docs)
    assert "database in DATABASE_URL cannot be reached" in err
    assert 'server at "127.0.0.1", port 1 failed: Connection refused' in err
    assert "secret" not in err


@pytest.mark.parametrize(
    "address",
    [
        "postgres://me:se cret@127.0.0.1:1/rag",
        "postgres://me:se%zzcret@127.0.0.1:1/rag",
        "postgres://me:se@cret@127.0.0.1:1/rag",
        "postgres://me:se/cret@127.0.0.1:1/rag",
        "postgres://me:1/cret@127.0.0.1:1/rag",
        "postgres://localhost:secret",
    ],
)
def test_an_address_that_cannot_be_parsed_shows_no_part_of_the_password(
    run, docs, monkeypatch, address
):
    monkeypatch.setenv("DATABASE_URL", address)
    err = refused(run, "--docs", docs)
    assert "must be percent-encoded" in err
    assert "cret" not in err


def test_an_address_other_than_postgresql_is_refused(run, docs, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "mysql://me:secret@127.0.0.1/rag")
    err = refused(run, "--docs", docs)
    assert "not the address of a PostgreSQL" in err
    assert "secret" not in err


def test_a_database_without_the_right_to_create_is_reported(run, docs, database, monkeypatch):
    with psycopg.connect(database, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'guest'").fetchone():
            connection.execute("CREATE ROLE guest LOGIN")
            connection.execute("CREATE DATABASE theirs")
    address = urlsplit(database)
    guest = address._replace(netloc=address.netloc.replace("postgres", "guest"), path="/theirs")
    monkeypatch.setenv("DATABASE_URL", guest.geturl())
    assert "permission denied" in refused(run, "--docs", docs)


def test_a_database_that_cannot_be_started_is_reported(run, docs, monkeypatch):
    monkeypatch.delenv("DATABASE_URL")
    Path(".rag").write_text("in the way")
    assert "no database could be started in .rag" in refused(run, "--docs", docs)


def test_the_question_may_also_come_first(run, docs):
    code, out, _ = run("Where is it?", "--docs", docs, docs / "keys.md")
    assert (code, "▌ Where is it?" in out) == (0, True)


def test_folders_with_hidden_ones_above_them_are_read_and_hidden_ones_inside_are_not(
    run, workplace
):
    folder = workplace / ".notes"
    (folder / ".git").mkdir(parents=True)
    (folder / "page.md").write_text("Something to read.")
    (folder / ".git" / "hidden.md").write_text("Nothing to read.")
    _, _, err = run("--docs", folder, "What is there to read?")
    assert "1 document, 1 chunk" in err


def test_docs_can_be_passed_more_than_once(run, docs, workplace):
    other = workplace / "other"
    other.mkdir()
    (other / "cats.md").write_text("Cats sleep all day.")
    code, out, err = run("--docs", other, "--docs", docs, "How long do cats sleep?")
    assert (code, "4 documents" in err) == (0, True), err
    assert "cats.md" in out


@pytest.mark.parametrize("words", [("docs", ""), ("docs", " "), ("",), ("", "docs")])
def test_an_empty_word_after_docs_is_not_the_current_folder(run, docs, words):
    code, out, err = run("--docs", *words)
    assert (code, out) == (2, "")
    assert err == "Error: A path or question after --docs is empty: is a variable unset?\n"


def test_an_empty_question_is_refused(run, docs):
    code, _, err = run("--docs", docs, "--", " ")
    assert (code, err) == (2, "Error: The question is empty\n")


def test_a_key_without_a_url_is_a_matter_of_configuration(run, docs, monkeypatch):
    for name in ("INFERENCE_URL", "EMBEDDING_URL", "EMBEDDING_KEY"):
        monkeypatch.delenv(name)
    assert "INFERENCE_URL" in refused(run, "--docs", docs)


def test_the_env_file_is_read(rag, docs, workplace, emulator, config_vars, monkeypatch):
    for name in config_vars:
        monkeypatch.delenv(name)
    lines = [f"{name}={value}\n" for name, value in config_vars.items()]
    (workplace / ".env").write_text("".join(lines))
    done = command(rag, "--docs", docs, "How often are keys rotated?")
    assert done.returncode == 0, done.stderr
    assert "emulator" not in done.stderr
    assert embedded(emulator)


def test_with_nothing_set_it_brings_its_own_database_and_emulator(rag, bare_workplace):
    done = command(rag)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("▌") == 3
    assert "at most 96 texts. [1]" in done.stdout
    assert done.stderr.count("\n") == 2, done.stderr
    note, summary = done.stderr.splitlines()
    assert note.startswith("INFERENCE_KEY is not set: using a local emulator (MiniLM-L6-v2")
    assert "13 documents" in summary
    assert (bare_workplace / ".rag" / "postgres").is_dir()


def command(example, *arguments: object) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, str(example.__file__), *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
