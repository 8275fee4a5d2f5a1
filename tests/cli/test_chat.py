"""`heroku-inference chat`: one answer, or a conversation at a terminal."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time

import pytest

from heroku_emulator import Cut, Fault, RawStream, Say
from heroku_inference.cli.screen import Signs, printable

from .terminal import PROMPT, Terminal, started

CHAT = "/v1/chat/completions"


def test_an_answer_goes_to_stdout_and_nothing_else_does(emulator, start):
    emulator.script(Say("Hei, äö 你好 👋"))
    ran = start("chat", "Hello", env=emulator.config_vars)
    assert ran == (0, "Hei, äö 你好 👋\n", "")


def test_words_need_no_quotes(emulator, run):
    run("chat", "why", "is", "it", "blue", env=emulator.config_vars)
    assert emulator.journal[-1].body["messages"] == [{"role": "user", "content": "why is it blue"}]


def test_what_was_not_said_is_not_sent(emulator, run):
    run("chat", "Hello", env=emulator.config_vars)
    assert emulator.journal[-1].body.keys() == {"model", "messages", "stream", "stream_options"}


def test_every_option_reaches_the_request(emulator, run):
    options = ["--model", "nova-lite", "--system", "Be brief.", "--max-tokens", "50"]
    ran = run("chat", *options, "--temperature", "0.5", "Hi", env=emulator.config_vars)
    assert ran.code == 0
    assert emulator.journal[-1].body == {
        "model": "nova-lite",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hi"},
        ],
        "max_tokens": 50,
        "temperature": 0.5,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


@pytest.mark.parametrize(
    ("words", "budget"),
    [
        (["--thinking", "Hello"], 2048),
        (["--thinking", "3000", "Hello"], 3000),
        (["--thinking=3000", "Hello"], 3000),
        (["Hello", "--thinking"], 2048),
        (["--thinking", "--", "Hello"], 2048),
    ],
    ids=["flag", "budget", "joined", "last", "before-dashes"],
)
def test_a_budget_for_thinking_may_follow_or_not(emulator, run, words, budget):
    ran = run("chat", *words, env=emulator.config_vars)
    assert ran.code == 0
    body = emulator.journal[-1].body
    assert body["extended_thinking"]["budget_tokens"] == budget
    assert body["messages"][-1]["content"] == "Hello"


def test_words_after_two_dashes_are_no_options(emulator, run):
    run("chat", "--", "--thinking", env=emulator.config_vars)
    assert emulator.journal[-1].body["messages"][-1]["content"] == "--thinking"


def test_thinking_is_shown_beside_the_answer(emulator, start):
    emulator.script(Say("It is 391.", reasoning="17 times 23"))
    ran = start("chat", "--thinking", "What is 17 * 23?", env=emulator.config_vars)
    assert ran == (0, "It is 391.\n", "17 times 23\n\n")


@pytest.mark.parametrize("words", [[], ["-"]], ids=["piped", "dash"])
def test_a_question_is_read_from_stdin(emulator, start, words):
    ran = start("chat", *words, env=emulator.config_vars, stdin="Grüße\naus Köln\n")
    assert ran.code == 0
    assert emulator.journal[-1].body["messages"][-1]["content"] == "Grüße\naus Köln"


def test_piped_text_follows_the_question_on_request(emulator, run):
    run("chat", "Sum", "up:", "-", env=emulator.config_vars, stdin="A long text.")
    run("chat", "Hello", env=emulator.config_vars, stdin="not asked for")
    sent = [entry.body["messages"][-1]["content"] for entry in emulator.journal]
    assert sent == ["Sum up:\n\nA long text.", "Hello"]


@pytest.mark.parametrize("stdin", ["", " \n"], ids=["nothing", "blanks"])
def test_an_empty_question_is_not_sent(emulator, run, stdin):
    ran = run("chat", env=emulator.config_vars, stdin=stdin)
    assert ran.code == 2
    assert ran.err == "Error: The question is empty. Pass it as words, or pipe it in.\n"
    assert len(emulator.journal) == 0


def test_usage_is_printed_on_stderr(emulator, run):
    ran = run("chat", "Hello", "--usage", env=emulator.config_vars)
    pattern = r"\d+ prompt \+ \d+ answer = \d+ tokens · claude-4-5-sonnet · stop · [\d.]+ s\n"
    assert re.fullmatch(pattern, ran.err)
    emulator.switch(usage="none")
    assert "no usage reported" in run("chat", "Hi", "--usage", env=emulator.config_vars).err


def test_usage_has_its_cost_where_prices_are_given(emulator, run):
    price = {"input_cost_per_token": 0.5, "output_cost_per_token": 0.25}
    table = json.dumps({"claude-4-5-sonnet": price})
    ran = run("chat", "Hello", "--usage", env={**emulator.config_vars, "INFERENCE_PRICES": table})
    usage = re.match(r"(\d+) prompt \+ (\d+) answer = \d+ tokens · costs ([\d.]+) · ", ran.err)
    assert float(usage[3]) == int(usage[1]) * 0.5 + int(usage[2]) * 0.25
    ran = run("chat", "Hi", "--usage", env={**emulator.config_vars, "INFERENCE_PRICES": "{"})
    assert (ran.code, len(emulator.journal)) == (2, 1)
    assert ran.err.startswith("Error: INFERENCE_PRICES cannot be read: ")


def test_an_answer_that_was_cut_off_says_so(emulator, run):
    ran = run("chat", "Count to a hundred", "--max-tokens", "2", env=emulator.config_vars)
    assert ran.code == 0
    assert "cut off" in ran.err
    assert "--max-tokens" in ran.err


def test_an_answer_without_text_says_so(emulator, run):
    emulator.script(Say(""))
    ran = run("chat", "Hello", env=emulator.config_vars)
    assert (ran.out, "No text came" in ran.err) == ("", True)


def test_a_refusal_is_an_error(emulator, run):
    frames = [
        'data: {"choices":[{"index":0,"delta":{"refusal":"Not that."}}]}\n\n',
        'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
    ]
    emulator.script(RawStream(frames))
    ran = run("chat", "Hello", env=emulator.config_vars)
    assert (ran.code, ran.err) == (1, "Error: The model refused: Not that.\n")


def test_a_stream_that_breaks_off_keeps_what_came(emulator, start):
    emulator.script(Cut(after=3, answer=Say("One two three four")))
    ran = start("chat", "Count", env=emulator.config_vars)
    assert (ran.code, ran.out) == (1, "One two three \n")
    assert ran.err.startswith("Error: The stream ended before the answer did")
    assert "`partial`" not in ran.err


def test_an_error_is_one_line(emulator, start):
    emulator.script(Fault.html403())
    ran = start("chat", "Hello", env=emulator.config_vars)
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert "firewall" in ran.err


def test_a_plan_that_names_no_model_needs_one(emulator, run):
    env = {"INFERENCE_KEY": emulator.api_key, "INFERENCE_URL": emulator.url}
    ran = run("chat", "Hello", env=env)
    assert (ran.code, len(emulator.journal)) == (2, 0)
    assert "Pass the id of a model, or set INFERENCE_MODEL_ID" in ran.err


def test_a_warning_of_the_library_is_one_line(emulator, start):
    ran = start("chat", "--thinking", "--temperature", "0.5", "Hello", env=emulator.config_vars)
    assert (ran.code, ran.err.splitlines()[0][:26]) == (0, "Warning: temperature not s")


def test_an_attachment_is_chosen_by_alias(emulator, run):
    env = {"TEAL_KEY": emulator.api_key, "TEAL_URL": emulator.url, "TEAL_MODEL_ID": "nova-pro"}
    assert run("chat", "--alias", "TEAL", "Hello", env=env).code == 0
    assert emulator.journal[-1].body["model"] == "nova-pro"


def test_an_interrupt_closes_the_connection_and_the_line(emulator, tmp_path):
    emulator.switch(gap_after=3, gap_seconds=20)
    with started(emulator, tmp_path, "chat", "Say a few words", stdout=subprocess.PIPE) as run:
        first = run.stdout.read(1)
        time.sleep(0.3)  # until it waits for more
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=10)
    assert (run.returncode, err) == (130, b"")
    assert (first + out).endswith(b"\n")
    assert emulator.journal[-1].wait()
    assert emulator.journal[-1].client_left


def test_a_reader_that_leaves_ends_it_quietly(emulator, tmp_path):
    emulator.switch(pace=0.05)
    emulator.script(Say("word " * 100))
    with started(emulator, tmp_path, "chat", "Hi", stdout=subprocess.PIPE) as run:
        run.stdout.read(1)
        run.stdout.close()
        assert run.stderr.read() == b""
        assert run.wait(timeout=10) != 0
    assert emulator.journal[-1].wait()
    assert emulator.journal[-1].client_left


def test_a_conversation_remembers_and_outlives_an_error(emulator, tmp_path):
    with Terminal(emulator, tmp_path, "chat", "--system", "Be brief.") as terminal:
        terminal.expect("Ctrl-D ends")
        terminal.say("My name is Ada", "You said: My name is Ada")
        emulator.script(Fault(503, path=CHAT, times=3, headers={"retry-after": "0"}))
        terminal.say("Who am I?", "503")
        terminal.say("Who am I?", "You said: Who am I?")
        terminal.say("/new", "Forgotten.")
        terminal.say("Hello", "You said: Hello")
        terminal.expect(PROMPT)
        terminal.press("\x04")
        assert terminal.wait() == 0
    bodies = [entry.body for entry in emulator.journal if entry.status == 200]
    roles = [[message["role"] for message in body["messages"]] for body in bodies]
    assert roles == [
        ["system", "user"],
        ["system", "user", "assistant", "user"],
        ["system", "user"],
    ]


def test_an_interrupt_in_a_conversation_ends_only_the_answer(emulator, tmp_path):
    with Terminal(emulator, tmp_path, "chat") as terminal:
        terminal.expect("Ctrl-D ends")
        with emulator.switched(gap_after=2, gap_seconds=20):
            terminal.say("Tell me", "You said:")
            terminal.press("\x03")
            terminal.expect("Stopped.")
        terminal.say("Go on", "You said: Go on")
        terminal.expect(PROMPT)
        terminal.press("\x03")
        assert terminal.wait() == 130
    assert [message["role"] for message in emulator.journal[-1].body["messages"]] == [
        "user",
        "assistant",
        "user",
    ]


def test_an_interrupt_at_the_prompt_ends_the_line_and_the_conversation(emulator, tmp_path):
    with Terminal(emulator, tmp_path, "chat") as terminal:
        terminal.expect(PROMPT)
        terminal.press("\x03")
        assert terminal.wait() == 130
    assert terminal.seen.endswith("\r\n")


def test_an_answer_cannot_steer_the_terminal(emulator, tmp_path):
    emulator.script(Say("a\x1b]0;title\x07b"))
    with Terminal(emulator, tmp_path, "chat", "Hi") as terminal:
        assert terminal.wait() == 0
        terminal.expect("a]0;titleb")
    assert "\x1b]0" not in terminal.seen


def test_an_answer_cannot_turn_words_around(emulator, tmp_path):
    emulator.script(Say("a\u202eb\u2066c\u2069d\u202c"))
    with Terminal(emulator, tmp_path, "chat", "Hi") as terminal:
        assert terminal.wait() == 0
        terminal.expect("abcd")


def test_a_file_gets_the_answer_as_it_is(emulator, start):
    emulator.script(Say("a\tb \x1b[1m"))
    assert start("chat", "Hi", env=emulator.config_vars).out == "a\tb \x1b[1m\n"


def test_controls_are_taken_out_and_letters_are_not():
    assert printable("tab\t line\n 你 é 👋\x00\x1b\x7f\x9b\r") == "tab\t line\n 你 é 👋"
    turning = [chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))]
    assert printable("".join(f"a{sign}" for sign in turning)) == "a" * 9
    assert printable("\u05e9\u05dc\u05d5\u05dd\u200f") == "\u05e9\u05dc\u05d5\u05dd\u200f"


@pytest.mark.parametrize(
    ("encoding", "yes"),
    [("utf-8", "✓"), ("ascii", "ok"), ("cp1252", "ok"), ("no-such", "ok")],
)
def test_signs_are_those_that_the_output_can_show(encoding, yes):
    assert Signs(encoding).yes == yes
