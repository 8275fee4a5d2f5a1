"""`heroku-inference embed`: a corpus to vectors, as its user sees it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter

import pytest

from heroku_emulator import Fault
from heroku_inference import EmbedProgress

from .conftest import environment
from .terminal import Terminal

pq = pytest.importorskip("pyarrow.parquet")

EMBEDDINGS = "/v1/embeddings"
BLOCKED = "see http://localhost:3000/ for more"  # the firewall blocks it
MANY = 2000  # 21 requests
_WITHOUT_PYARROW = """
import sys
sys.modules["pyarrow"] = None
sys.argv = ["heroku-inference", "embed", "texts.jsonl", "-o", "out"]
from heroku_inference.__main__ import main
sys.exit(main())
"""


@pytest.fixture
def texts(tmp_path):
    """Writes a file of JSON lines with these texts."""

    def write(*texts, name="texts.jsonl"):
        lines = (json.dumps({"id": f"id-{n}", "text": text}) for n, text in enumerate(texts))
        (tmp_path / name).write_text("".join(f"{line}\n" for line in lines))
        return name

    return write


@pytest.fixture
def many(texts):
    return texts(*(f"The text of number {number}" for number in range(MANY)))


def rows(folder):
    """The rows of all parts, by id."""
    found = [
        row for part in sorted(folder.glob("*.parquet")) for row in pq.read_table(part).to_pylist()
    ]
    assert len({row["id"] for row in found}) == len(found)
    return {row["id"]: row for row in found}


def sent(emulator):
    """How often each text was sent."""
    asked = emulator.journal.to(EMBEDDINGS)
    return Counter(text for entry in asked for text in entry.body["input"])


def test_vectors_are_written_and_the_report_is_printed(emulator, run, texts, tmp_path):
    texts("One", "Two", "One")
    ran = run("embed", "texts.jsonl", "-o", "out", "--price", "2", env=emulator.config_vars)
    assert (ran.code, ran.err) == (0, "")
    found = rows(tmp_path / "out")
    assert found.keys() == {"id-0", "id-1", "id-2"}
    assert found["id-0"]["vector"] == found["id-2"]["vector"] != found["id-1"]["vector"]
    assert {row["model"] for row in found.values()} == {"cohere-embed-multilingual"}
    assert re.search(r"^Texts +3  cohere-embed-multilingual$", ran.out, re.MULTILINE)
    assert re.search(r"^  embedded +2 ", ran.out, re.MULTILINE)
    assert re.search(r"^  equal +1 ", ran.out, re.MULTILINE)
    tokens = int(re.search(r"^Tokens +(\d+)", ran.out, re.MULTILINE)[1])
    assert f"{2 * tokens / 1_000_000:.4f}  at 2.0 for a million tokens" in ran.out


def test_every_option_reaches_the_request(emulator, run, tmp_path):
    (tmp_path / "x.csv").write_text("key,body\n,One\n")
    options = ["--model", "cohere-embed-v4", "--input-type", "clustering", "--number-rows"]
    more = ["--text-column", "body", "--embedding-type", "int8", "--limit", "90/min"]
    ran = run("embed", "x.csv", "-o", "out", *options, *more, env=emulator.config_vars)
    assert (ran.code, ran.err) == (0, "")
    body = emulator.journal[-1].body
    assert (body["model"], body["input_type"]) == ("cohere-embed-v4", "clustering")
    assert (body["input"], body["embedding_type"]) == (["One"], "int8")
    (row,) = rows(tmp_path / "out").values()
    assert (row["id"], row["input_type"]) == ("1", "clustering")


def test_what_has_its_vector_is_not_sent_again(emulator, run, texts):
    texts("One", "Two")
    run("embed", "texts.jsonl", "-o", "out", env=emulator.config_vars)
    texts("One", "Two", "Three")
    command = ("embed", "texts.jsonl", "-o", "out", "--json")
    report = run(*command, env=emulator.config_vars).json
    assert (report["texts"], report["reused"], report["embedded"]) == (3, 2, 1)
    again = run(*command, env=emulator.config_vars).json
    assert (again["reused"], again["requests"], again["parts"]) == (3, 0, 0)
    assert sent(emulator) == {"One": 1, "Two": 1, "Three": 1}


def test_a_dry_run_counts_and_sends_nothing(emulator, run, texts, tmp_path):
    texts("One", "Two", "One", "x" * 3000)
    command = ("embed", "texts.jsonl", "-o", "out", "--dry-run", "--price", "2")
    plan = run(*command, "--json", env=emulator.config_vars).json
    assert (plan["texts"], plan["equal"], plan["too_long"], plan["to_embed"]) == (4, 1, 1, 2)
    assert (plan["requests"], plan["cost"]) == (1, plan["tokens"] * 2 / 1_000_000)
    shown = run(*command, "--limit", "1/min", env=emulator.config_vars)
    assert (shown.code, shown.err, len(emulator.journal)) == (0, "", 0)
    assert re.search(r"^Least time +1 min 00 s  at the limit", shown.out, re.MULTILINE)
    assert not (tmp_path / "out").exists()


def test_a_wrong_row_is_said_before_anything_is_paid_for(emulator, run, many, tmp_path):
    with (tmp_path / many).open("a") as file:
        file.write('{"id": "last", "text": 42}\n')
    ran = run("embed", many, "-o", "out", env=emulator.config_vars)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert f"'{many}', line {MANY + 1}: the text is of type int: '42'. Make it a str" in ran.err
    assert len(emulator.journal) == 0


def test_a_wrong_row_of_stdin_leaves_what_came_before_it(emulator, run, many, tmp_path):
    lines = (tmp_path / many).read_text()
    command = ("embed", "-", "-o", "out", "--json")
    ran = run(*command, env=emulator.config_vars, stdin=f"{lines}oops\n")
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert f"stdin, line {MANY + 1}: this is not JSON" in ran.err
    kept = int(re.search(r"vectors of ([\d,]+) texts", ran.err)[1].replace(",", ""))
    report = run(*command, env=emulator.config_vars, stdin=lines).json
    assert (report["reused"], report["embedded"]) == (kept, MANY - kept)
    assert rows(tmp_path / "out").keys() == {f"id-{number}" for number in range(MANY)}
    assert set(sent(emulator).values()) == {1}


def test_a_refused_text_is_listed_and_the_others_go_on(emulator, run, texts, tmp_path):
    texts("One", BLOCKED, "Two", "x" * 3000)
    ran = run("embed", "texts.jsonl", "-o", "out", env=emulator.config_vars)
    assert (ran.code, rows(tmp_path / "out").keys()) == (0, {"id-0", "id-2"})
    assert re.search(r"^  refused +2  out/_refused\.jsonl$", ran.out, re.MULTILINE)
    side = (tmp_path / "out" / "_refused.jsonl").read_text()
    assert [json.loads(line)["id"] for line in side.splitlines()] == ["id-1", "id-3"]
    emulator.switch(block_inside_urls=False)
    reports = [
        run("embed", "texts.jsonl", "-o", "out", "--json", *more, env=emulator.config_vars).json
        for more in (["--long-text", "truncate"], ["--long-text", "truncate", "--retry-refused"])
    ]
    assert [(one["embedded"], one["refused"]) for one in reports] == [(1, 1), (1, 0)]


def test_ctrl_c_ends_in_a_line_and_the_same_command_goes_on(emulator, start, many, tmp_path):
    command = ("embed", many, "-o", "out")
    with Terminal(emulator, tmp_path, *command, "--limit", "5/s", COLUMNS="120") as terminal:
        terminal.expect(f" of {MANY:,} texts · ")
        terminal.expect("s left")
        terminal.expect(" texts/s · ")
        terminal.expect(" tokens · 0 refused · ")
        terminal.press("\x03")
        terminal.expect("Stopped. ")
        terminal.expect("run the same ")
        assert terminal.wait() == 130
    assert "Traceback" not in terminal.seen
    assert 0 < len(emulator.journal) < 21
    ran = start(*command, "--json", env=emulator.config_vars)
    assert (ran.code, ran.json["texts"]) == (0, MANY)
    assert ran.json["reused"] > 0
    assert rows(tmp_path / "out").keys() == {f"id-{number}" for number in range(MANY)}
    assert set(sent(emulator).values()) == {1}


def test_ctrl_c_waits_for_what_is_paid_for_and_a_second_one_does_not(emulator, texts, tmp_path):
    emulator.script(Fault(delay=30, path=EMBEDDINGS))
    with Terminal(emulator, tmp_path, "embed", texts("One"), "-o", "out") as terminal:
        terminal.expect("1 request waits")
        terminal.press("\x03")
        terminal.expect("Stopping when the requests under way are answered; again: at once.")
        terminal.press("\x03")
        terminal.expect("Stopped. Nothing was embedded.")
        assert terminal.wait() == 130
    assert "Traceback" not in terminal.seen


def test_the_time_left_is_told_from_new_texts_alone():
    progress = EmbedProgress(texts=1100, reused=1000, seconds=10, total=2000)
    assert progress.eta == 90
    assert EmbedProgress(texts=1000, reused=1000, seconds=10, total=2000).eta is None


@pytest.mark.parametrize("quiet", [False, True], ids=["lines", "quiet"])
def test_without_a_terminal_lines_say_how_far_it_is(emulator, run, many, monkeypatch, quiet):
    monkeypatch.setattr("heroku_inference.cli.embed._LINE_EVERY", 0.5)
    command = ["embed", many, "-o", "out", "--limit", "10/s", *(["--quiet"] if quiet else [])]
    ran = run(*command, env=emulator.config_vars)
    assert (ran.code, "Texts" in ran.out) == (0, True)
    lines = ran.err.splitlines()
    assert len(lines) == 0 if quiet else len(lines) > 1
    pattern = (
        rf"[\d,]+ of {MANY:,} texts( · [\d.]+ s left)? · [\d,]+ texts/s · [\d,]+ tokens · "
        r"0 refused · \d+ requests? waits?"
    )
    assert all(re.fullmatch(pattern, line) for line in lines), lines


@pytest.mark.parametrize(
    ("arguments", "env", "words"),
    [
        (["--limit", "many"], {}, "'many'"),
        (["--alias", "EMBEDDING", "--alias", "TEAL"], {}, "grep TEAL >> .env"),
        ([], {"EMBEDDING_URL": "htp:/foo"}, "EMBEDDING_URL: 'htp:/foo' is not the URL of an API"),
        (["--env-file", "gone.env"], {}, "There is no file 'gone.env'"),
    ],
    ids=["limit", "alias", "url", "env-file"],
)
def test_what_is_set_wrong_is_said_in_a_line(emulator, run, texts, arguments, env, words):
    texts("One")
    ran = run("embed", "texts.jsonl", "-o", "out", *arguments, env=emulator.config_vars | env)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert words in ran.err
    assert len(emulator.journal) == 0


def test_a_folder_of_another_model_is_not_mixed(emulator, run, texts, tmp_path):
    texts("One")
    run("embed", "texts.jsonl", "-o", "out", env=emulator.config_vars)
    options = ["--model", "cohere-embed-v4"]
    ran = run("embed", "texts.jsonl", "-o", "out", *options, env=emulator.config_vars)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert "cohere-embed-multilingual" in ran.err
    assert len(emulator.journal) == len(rows(tmp_path / "out")) == 1


def test_a_wrong_key_is_said_in_a_line(emulator, run, texts):
    texts("One")
    env = emulator.config_vars | {"EMBEDDING_KEY": "inf-wrong-key"}
    ran = run("embed", "texts.jsonl", "-o", "out", env=env)
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert "Check the key: `heroku config -a APP" in ran.err


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(503, times=3), "Heroku answered 503: Service Unavailable. It is tried again."),
        (Fault(429, headers={"retry-after": "2"}), "The rate limit is reached: going on in 2 sec"),
    ],
    ids=["failing", "limited"],
)
def test_why_it_goes_on_late_is_said(emulator, run, texts, fault, words):
    texts("One")
    emulator.script(fault)
    ran = run("embed", "texts.jsonl", "-o", "out", env=emulator.config_vars)
    assert (ran.code, ran.err.count("\n")) == (0, 1)
    assert ran.err.startswith(words)


def test_several_add_ons_share_the_texts(emulator, run, many):
    there = emulator.config_vars["EMBEDDING_URL"]
    teal = {
        "TEAL_KEY": emulator.api_key,
        "TEAL_URL": there.replace("127.0.0.1", "localhost"),
    }
    aliases = ["--alias", "EMBEDDING", "--alias", "TEAL"]
    report = run(
        "embed", many, "-o", "out", *aliases, "--json", env=emulator.config_vars | teal
    ).json
    assert (report["embedded"], report["requests"]) == (MANY, 21)
    hosts = {entry.headers["host"].partition(":")[0] for entry in emulator.journal}
    assert hosts == {"127.0.0.1", "localhost"}


def test_without_pyarrow_one_line_names_the_extra(emulator, texts, tmp_path):
    texts("One")
    ran = subprocess.run(
        [sys.executable, "-c", _WITHOUT_PYARROW],
        env=environment(emulator.config_vars),
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (2, "", 1)
    assert 'pip install "heroku-inference[corpus]"' in ran.stderr
    assert len(emulator.journal) == 0
