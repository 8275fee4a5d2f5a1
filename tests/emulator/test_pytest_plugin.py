"""The fixture `heroku_emulator` in tests of an app."""

from __future__ import annotations

import pytest

from tests.emulator.plugin_runner import Runner

pytest_plugins = ("pytester",)


@pytest.fixture
def run(pytester, monkeypatch):
    return Runner(pytester, monkeypatch)


def test_the_app_gets_scripted_answers_and_faults(run):
    run("""
    def test_it(heroku_emulator):
        heroku_emulator.script(Fault(429, times=2), Say("Paris."))
        assert answer("What is the capital of France?") == "Paris."
        assert [entry.status for entry in heroku_emulator.journal] == [429, 429, 200]
        sent = heroku_emulator.journal[-1].body["messages"]
        assert sent == [{"role": "user", "content": "What is the capital of France?"}]
        assert heroku_emulator.engine.name.startswith("deterministic")
    """).assert_outcomes(passed=1)


def test_the_report_of_a_failure_lists_the_requests(run):
    tests = """
    @pytest.fixture
    def warm(heroku_emulator):
        ask("Are you there?")
        raise RuntimeError("no")

    def test_setup(warm): ...

    def test_call(heroku_emulator):
        heroku_emulator.script(Fault(429), Say("Paris."), Fault(503, path="/v1/rerank", times=2))
        assert answer() == "London."

    def test_only(heroku_emulator):
        ask(), ask("Bye")
        heroku_emulator.journal.only("/v1/chat/completions")

    def test_other():
        assert False

    def test_success(heroku_emulator):
        answer()
    """
    result = run(tests, "-rP")
    result.assert_outcomes(passed=1, failed=3, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*Requests to heroku_emulator (setup)*",
            '   1. POST /v1/chat/completions -> 200: claude-4-5-sonnet, user: "Are you there?"',
            "E*AssertionError: assert 'Paris.' == 'London.'",
            "*Requests to heroku_emulator (call)*",
            "   1. POST /v1/chat/completions -> 429 by Fault(status=429): claude-4-5-sonnet, *",
            "   2. POST /v1/chat/completions -> 200 by Say(text='Paris.'): claude-4-5-sonnet, *",
            "Scripted and not used:",
            "  - Fault(times=2, path='/v1/rerank', status=503)",
            "E*Expected one request to /v1/chat/completions, got 2. All requests:",
            '   2. POST /v1/chat/completions -> 200: claude-4-5-sonnet, user: "Bye"',
            "*test_other*",
        ]
    )
    assert str(result.stdout).count("Requests to heroku_emulator") == 3
    assert "journal.py" not in str(result.stdout)


UNUSED = """
    def test_it(heroku_emulator):
        heroku_emulator.script(Cut(), Say("Paris."), Say("Rome.", path="/v1/agents/heroku"))
        answer()
"""


def test_a_test_fails_if_a_step_stays_unused(run):
    result = run(UNUSED)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "No request has used these scripted steps:",
            "  - Cut() (waits for a stream; with `path` it serves plain answers too)",
            "  - Say(path='/v1/agents/heroku', text='Rome.')",
            "*@pytest.mark.heroku_emulator(allow_unused_steps=True)*",
        ]
    )


def test_unused_steps_can_be_allowed_for_all_tests_or_for_one(run):
    option = ("-o", "heroku_emulator_allow_unused_steps=true")
    run(UNUSED, *option).assert_outcomes(passed=1)
    marker = "\n    @pytest.mark.heroku_emulator(allow_unused_steps={})"
    run(marker.format(True) + UNUSED).assert_outcomes(passed=1)
    run(marker.format(False) + UNUSED, *option).assert_outcomes(failed=1)


def test_unused_steps_do_not_change_other_outcomes(run):
    result = run("""
    def test_it(heroku_emulator):
        heroku_emulator.script(Say("Paris."))
        assert 1 == 2

    @pytest.mark.xfail(raises=ZeroDivisionError)
    def test_known(heroku_emulator):
        heroku_emulator.script(Say("Paris."))
        1 / 0

    def test_skipped(heroku_emulator):
        heroku_emulator.script(Say("Paris."))
        pytest.skip("not today")
    """)
    result.assert_outcomes(failed=1, xfailed=1, skipped=1)
    result.stdout.fnmatch_lines(["E*assert 1 == 2"])
    result.stdout.no_fnmatch_line("No request has used*")


def test_each_test_starts_in_the_initial_state(run):
    run("""
    @pytest.mark.parametrize("turn", [1, 2])
    def test_it(heroku_emulator, turn):
        assert not heroku_emulator.journal
        assert len(heroku_emulator.remaining_script) == 0
        assert heroku_emulator.switches.terminator == "done"
        heroku_emulator.switch(terminator="message")
        answer()

    def test_steps(heroku_emulator):
        heroku_emulator.script(Say("Paris.", times=2))
        answer()

    def test_after_steps(heroku_emulator):
        assert answer() == "You said: Hello"

    def test_environment(monkeypatch, heroku_emulator):
        monkeypatch.setenv("INFERENCE_MODEL_ID", "claude-4-5-haiku")
        answer()
        assert heroku_emulator.journal.only().body["model"] == "claude-4-5-haiku"

    def test_after_environment():
        assert not [name for name in os.environ if name.startswith(("INFERENCE", "EMBEDDING"))]
    """).assert_outcomes(passed=5, failed=1)


def test_a_marker_makes_an_emulator_for_one_test(run):
    run("""
    @pytest.mark.heroku_emulator(plan={"model": "claude-4-5-haiku"}, error_envelope="string")
    def test_marked():
        assert os.environ["INFERENCE_MODEL_ID"] == "claude-4-5-haiku"
        assert "EMBEDDING_KEY" not in os.environ
        assert isinstance(ask(model="no-such-model").json()["error"], str)

    def test_unmarked(heroku_emulator):
        assert os.environ["EMBEDDING_MODEL_ID"] == "cohere-embed-multilingual"
        assert isinstance(ask(model="no-such-model").json()["error"], dict)

    @pytest.mark.heroku_emulator(error_envelope="flat", empty_content="null")
    class TestNearer:
        @pytest.mark.heroku_emulator(error_envelope="plain")
        def test_it_wins(self, heroku_emulator, heroku_emulator_server):
            assert heroku_emulator is not heroku_emulator_server
            assert heroku_emulator.engine is heroku_emulator_server.engine
            assert heroku_emulator.switches.error_envelope == "plain"
            assert heroku_emulator.switches.empty_content == "null"
            heroku_emulator.reset()
            assert heroku_emulator.switches.error_envelope == "plain"

    @pytest.mark.parametrize(
        "there", [pytest.param(True, marks=pytest.mark.heroku_emulator), False]
    )
    def test_one_parameter(there):
        assert ("INFERENCE_URL" in os.environ) is there
    """).assert_outcomes(passed=5)


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ('"claude-4-5-haiku"', "*takes arguments by name*"),
        ("nonsense=1", "*unexpected keyword argument 'nonsense'*"),
        ('terminator="nonsense"', "*terminator='nonsense': choose one of 'done', 'message'*"),
    ],
    ids=["by-position", "no-such-switch", "no-such-position"],
)
def test_a_wrong_marker_is_an_error(run, marker, message):
    result = run(f"""
    @pytest.mark.heroku_emulator({marker})
    def test_it(): ...
    """)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([message])


def test_no_test_can_call_heroku(run, monkeypatch):
    heroku = "https://us.inference.heroku.com"
    foreign = {
        "INFERENCE_URL": heroku,
        "INFERENCE_KEY": "inf-made-up",
        "INFERENCE_MODEL_ID": "claude-4-sonnet",
        "HEROKU_INFERENCE_ONYX_KEY": "inf-made-up",
        "HEROKU_INFERENCE_ONYX_URL": heroku,
        "EMBEDDINGS_KEY": "inf-made-up",
        "WRITER_KEY": "inf-made-up",
        "WRITER_URL": "eu.inference.heroku.com/v1/",
        "WRITER_MODEL_ID": "claude-4-sonnet",
    }
    others = {"OPENAI_BASE_URL": f"{heroku}/v1", "RERANK_CACHE_URL": "redis://x", "API_KEY": "x"}
    for name, value in (foreign | others | {"HTTP_PROXY": "http://127.0.0.1:9"}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NO_PROXY", "intranet")
    run(f"""
    FOREIGN = {foreign!r}

    def test_with(heroku_emulator):
        assert answer() == "You said: Hello"
        left = set(FOREIGN) & set(os.environ)
        assert left == {{"INFERENCE_URL", "INFERENCE_KEY", "INFERENCE_MODEL_ID"}}
        assert "heroku.com" not in str(os.environ)
        assert os.environ["OPENAI_BASE_URL"] == f"{{heroku_emulator.url}}/v1"
        assert os.environ["NO_PROXY"] == os.environ["no_proxy"] == "intranet,127.0.0.1"
        assert (os.environ["RERANK_CACHE_URL"], os.environ["API_KEY"]) == ("redis://x", "x")

    def test_without():
        assert FOREIGN.items() <= os.environ.items()
        assert os.environ["OPENAI_BASE_URL"].startswith("https://us.inference.heroku.com")
        assert os.environ["NO_PROXY"] == "intranet"
    """).assert_outcomes(passed=2)


def test_the_whole_session_can_share_the_server(run):
    run("""
    @pytest.fixture(scope="session")
    def shop(heroku_emulator_server):
        return heroku_emulator_server.config_vars

    def test_it(shop, heroku_emulator):
        assert shop == heroku_emulator.config_vars
    """).assert_outcomes(passed=1)


def test_an_engine_that_does_not_exist_is_an_error(run):
    result = run("def test_it(heroku_emulator): ...", "-o", "heroku_emulator_engine=nonsense")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*There is no engine 'nonsense'*"])


def test_cases_of_unittest_have_it_by_the_marker(run):
    result = run("""
    import unittest

    @pytest.mark.heroku_emulator
    class TestShop(unittest.TestCase):
        @pytest.fixture(autouse=True)
        def _emulator(self, heroku_emulator):
            self.emulator = heroku_emulator

        def test_it(self):
            self.emulator.script(Say("Paris."))
            self.assertEqual(answer(), "Paris.")

        def test_failure(self):
            self.emulator.script(Say("Rome."))
            self.assertEqual(answer("Which?"), "Paris.")

        def test_unused(self):
            self.emulator.script(Say("Rome."))
    """)
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["*-> 200 by Say(text='Rome.'): claude-4-5-sonnet, user: *"])
    result.stdout.fnmatch_lines(["No request has used*", "  - Say(text='Rome.')"])


def test_pytest_lists_fixtures_marker_and_option(run):
    run("", "--markers").stdout.fnmatch_lines(["@pytest.mark.heroku_emulator(*)*Emulator"])
    listed = run("", "--fixtures").stdout
    listed.fnmatch_lines(["heroku_emulator *", "*in its initial state, with its config vars*"])
    listed.fnmatch_lines(["heroku_emulator_server [[]session scope[]]*"])
    run("", "--help").stdout.fnmatch_lines(["*heroku_emulator_engine (string):*"])
