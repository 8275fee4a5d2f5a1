"""The retrieval examples, as their users run them: on the emulator and a real PostgreSQL."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import time
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
    (workplace / "災害.md").write_text(
        f"# {'災害' * 300}\n\n" + "非常食と水は三階にあります。" * 400
    )
    code, _, err = run("--docs", workplace, "How long?")
    assert code == 0, err
    assert max(len(text.encode()) for text in embedded(emulator)) <= 2048


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


def test_text_that_the_firewall_blocks_is_left_out_and_named(run, docs, emulator):
    (docs / "shell.md").write_text("# Shell\n\n## Danger\n\nNever call os.system here.")
    emulator.switch(firewall=True)
    code, out, err = run("--docs", docs, "How often are keys rotated?")
    assert (code, "Keys are rotated every month" in out) == (0, True)
    assert "Not embedded: " in err
    assert "shell.md (Shell > Danger) for an attack" in err
    _, _, err = run("--docs", docs, "--strict", "How often?")
    assert "shell.md (Shell > Danger) for an attack" in err.splitlines()[-1]


def test_the_shipped_pages_pass_the_firewall(run, workplace, emulator):
    emulator.switch(firewall=True)
    code, _, err = run()
    assert (code, "13 documents" in err) == (0, True), err


def one_error(err: str) -> bool:
    return err.count("\n") == 1 and err.startswith("Error: ")


def refused(run, *arguments) -> str:
    """The error of a run that stops before anything is embedded."""
    code, out, err = run(*arguments, "How often?")
    assert (code, out) == (2, "")
    assert one_error(err), err
    return err


def test_a_missing_folder_is_reported(run, workplace):
    assert "nowhere does not exist" in refused(run, "--docs", "nowhere")


def test_a_folder_without_documents_is_reported(run, workplace):
    (workplace / "picture.png").write_bytes(b"\x89PNG")
    assert "no document (.md, .markdown, .txt, .rst, " in refused(run, "--docs", workplace)


def test_a_file_of_another_kind_is_refused(run, workplace):
    (workplace / "letter.odt").write_bytes(b"PK")
    assert "letter.odt is not one of .md" in refused(run, "--docs", "letter.odt")


PROBLEMS = {
    "broken.pdf": (b"%PDF-1.4\ntrailer << /Root 9 0 R >>", "broken.pdf cannot be read as PDF: "),
    "broken.docx": (b"PK", "broken.docx cannot be read as DOCX: "),
    "empty.pdf": (b"", "empty.pdf is empty"),
    "heading.md": (b"# Only a heading\n", "heading.md is empty"),
    "program.txt": (b"\x7fELF\x02\x00\x00\xff", "program.txt is binary, not text"),
    "old.txt": ("Öfen sind heiß.".encode("latin-1"), "old.txt is not UTF-8; read as windows-1252"),
}


def test_it_goes_on_past_broken_files_and_says_at_the_end_what_and_why(run, docs):
    for name, (content, _) in PROBLEMS.items():
        (docs / name).write_bytes(content)
    for name in ("a.png", "b.PNG", "LICENSE"):
        (docs / name).write_text("x")
    code, out, err = run("--docs", docs, "How often are keys rotated?")
    assert (code, "Keys are rotated every month" in out) == (0, True)
    first, *rest = err.splitlines()
    assert "4 of 9 documents" in first
    told = sorted(line for line in rest if line.startswith("Not read: "))
    assert len(told) == len(PROBLEMS) - 1
    assert all(any(says in line for line in rest) for _, says in PROBLEMS.values()), err
    assert rest[-2].startswith("Read, but not as UTF-8: ")
    assert rest[-1] == (
        "Passed over, because they are other kinds of files: 2 x .png, 1 x no suffix"
    )
    _, out, _ = run("--docs", docs, "Sind Öfen heiß?")
    assert "Öfen sind heiß." in out


@pytest.mark.parametrize("name", PROBLEMS)
def test_strict_stops_at_a_broken_file(run, docs, name):
    content, says = PROBLEMS[name]
    (docs / name).write_bytes(content)
    assert says in refused(run, "--strict", "--docs", docs)


def test_where_nothing_can_be_read_there_is_an_error(run, workplace):
    (workplace / "empty.md").write_text("")
    assert "No document could be read: " in refused(run, "--docs", workplace)


def test_below_the_least_score_it_answers_that_nothing_fits(run, docs, emulator):
    code, out, _ = run("--docs", docs, "--least-score", "0.99", "Who won?")
    assert code == 0
    assert "Nothing here fits: the best passage scores 0." in out
    assert "[1]  0." in out
    assert not emulator.journal.to("/v1/chat/completions")
    _, out, _ = run("--docs", docs, "Who won?")
    assert "Nothing here fits" not in out
    assert emulator.journal.to("/v1/chat/completions")


@pytest.mark.parametrize("word", ["Bread", "Brot"])
def test_one_word_is_a_question(run, docs, word):
    code, out, _ = run("--docs", docs, word)
    assert (code, f"▌ {word}\n" in out, "keys.md" in out) == (0, True, True)


@pytest.mark.parametrize("word", ["other/", "notes.md"])
def test_one_word_that_reads_like_a_path_is_a_path(run, docs, word):
    assert f"{word.strip('/')} does not exist" in refused(run, "--docs", docs, word, "--")


def test_own_documents_without_a_question_are_only_read(run, docs):
    code, out, err = run("--docs", docs)
    assert (code, out, "3 documents" in err) == (0, "", True)


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
    note, *progress, summary = done.stderr.splitlines()
    assert note.startswith("INFERENCE_KEY is not set: using a local emulator (MiniLM-L6-v2")
    assert all(re.fullmatch(r"(Reading|Embedding): \d+ of \d+", line) for line in progress)
    assert "13 documents" in summary
    assert (bare_workplace / ".rag" / "postgres").is_dir()
    done = command(rag, "How are violins varnished?")
    assert (done.returncode, "Nothing here fits" in done.stdout) == (0, True), done.stdout


def test_ctrl_c_ends_with_code_130_and_one_line_at_any_time(rag, bare_workplace):
    # Enough text to embed that no run is done before it is interrupted.
    lines = (f"Rule {number}: lamp {number} burns {number * 7} litres.\n" for number in range(9999))
    (bare_workplace / "rules.txt").write_text("".join(lines))
    told = bare_workplace / "stderr"
    for attempt in range(11):
        with told.open("wb") as stderr, started(rag, "--docs", "rules.txt", stderr=stderr) as run:
            while "retrieval.interrupts" not in told.read_text():
                assert run.poll() is None, told.read_text()
                time.sleep(0.01)
            time.sleep(attempt * 0.4)
            run.send_signal(signal.SIGINT)
            assert run.wait(30) == 130, told.read_text()
        lines = [line for line in told.read_text().splitlines() if "import time:" not in line]
        assert lines.count("Interrupted") == 1
        assert lines[-1] == "Interrupted"
        assert all(line.startswith(("INFERENCE_KEY", "Embedding: ")) for line in lines[:-1]), lines
        assert not (bare_workplace / ".rag" / "postgres" / "postmaster.pid").exists()


def started(example, *arguments: str, stderr) -> subprocess.Popen[bytes]:
    """An example that says on stderr what it imports, so that one knows how far it is."""
    words = [sys.executable, "-X", "importtime", str(example.__file__), *arguments]
    return subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=stderr)


def command(example, *arguments: object) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, str(example.__file__), *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
