"""A pytest plugin: the fixture `heroku_emulator`, for tests of your own app.

```python
from heroku_emulator import Fault, Say


def test_the_app_tries_again(heroku_emulator):
    heroku_emulator.script(Fault(429, headers={"retry-after": "0"}), Say("Paris."))
    assert my_app.answer("What is the capital of France?") == "Paris."
    assert [entry.status for entry in heroku_emulator.journal] == [429, 200]
```

pytest finds the plugin where this distribution is installed. The plugin loads the server when a
test asks for it, and changes nothing for other tests.

- `heroku_emulator` is an `Emulator` in its initial state, with its config vars in the environment.
- `heroku_emulator_server` is the running server behind it, for fixtures of the whole session.
- `@pytest.mark.heroku_emulator(plan={"model": "claude-4-5-haiku"}, terminator="message")` gives a
  test its own emulator, made with these arguments of `Emulator`.
- The options `heroku_emulator_engine` and `heroku_emulator_allow_unused_steps` are set in pytest's
  configuration file.
- The report of a failed test lists its requests, one a line.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from heroku_emulator.emulator import Emulator

__all__ = ["heroku_emulator", "heroku_emulator_server"]

_NAME = "heroku_emulator"
_ENGINE = "heroku_emulator_engine"
_ALLOW_UNUSED = "heroku_emulator_allow_unused_steps"
_MARK_ALLOWS_UNUSED = "allow_unused_steps"

# The aliases that Heroku's pages use, and the names that its CLI gives further attachments:
# HEROKU_INFERENCE_ONYX_KEY, INFERENCE_CYAN_KEY (docs: config vars).
_ALIASES = ("INFERENCE", "EMBEDDING", "RERANK", "DIFFUSION")
_USUAL = re.compile(r"(HEROKU_)?(INFERENCE|EMBEDDINGS?|RERANK|DIFFUSION)(_\w+)?")
_HEROKU = re.compile(r"(https?://)?[\w.-]*\binference\.heroku\.com\b")

_WAITS = " (waits for a stream; with `path` it serves plain answers too)"

_in_use = pytest.StashKey["Emulator"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options of pytest's configuration file."""
    parser.addini(
        _ENGINE,
        "What answers unscripted requests: deterministic, minilm, llama or auto",
        default="deterministic",
    )
    parser.addini(
        _ALLOW_UNUSED,
        "Let tests pass with unused scripted steps",
        type="bool",
        default=False,
    )


def pytest_configure(config: pytest.Config) -> None:
    """Registers the marker."""
    config.addinivalue_line(
        "markers",
        f"{_NAME}(*, {_MARK_ALLOWS_UNUSED}=False, **arguments): run the test with an emulator of "
        "Heroku's inference API that is made with these arguments of heroku_emulator.Emulator",
    )


def pytest_itemcollected(item: pytest.Item) -> None:
    """Gives the fixture to tests that have the marker and do not name the fixture."""
    names = getattr(item, "fixturenames", None)
    if names is not None and _NAME not in names and item.get_closest_marker(_NAME):
        # A new list: parametrized tests share theirs, and only one of them may have the marker.
        item.fixturenames = [_NAME, *names]  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def heroku_emulator_server(request: pytest.FixtureRequest) -> Iterator[Emulator]:
    """The emulator that serves the whole session, on a free port of this machine."""
    with _emulator_class()(engine=request.config.getini(_ENGINE)) as emulator:
        yield emulator


@pytest.fixture
def heroku_emulator(
    request: pytest.FixtureRequest,
    heroku_emulator_server: Emulator,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Emulator]:
    """Heroku's inference API on this machine, in its initial state, with its config vars set.

    Script answers and faults with `script`, change behaviour with `switch`, and read the requests
    in `journal`. During the test, the machine's own config vars for Heroku are hidden. A test
    fails if it leaves scripted steps unused.
    """
    arguments = _marker_arguments(request.node)
    arguments.pop(_MARK_ALLOWS_UNUSED, None)
    if not arguments:
        heroku_emulator_server.reset()
        yield from _redirect_to(heroku_emulator_server, request.node, monkeypatch)
        heroku_emulator_server.reset()
        return
    # A server starts in milliseconds. An engine may take longer, so it is shared.
    with _emulator_class()(**{"engine": heroku_emulator_server.engine, **arguments}) as emulator:
        yield from _redirect_to(emulator, request.node, monkeypatch)


def _emulator_class() -> type[Emulator]:
    try:
        from heroku_emulator.emulator import Emulator  # noqa: PLC0415 - heavy, and an extra
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
    else:
        return Emulator
    pytest.fail(
        f"The fixture {_NAME} needs a package that is not installed ({missing}). "
        'Install the extra `emulator`: pip install "heroku-inference[emulator]"',
        pytrace=False,
    )


def _redirect_to(
    emulator: Emulator, item: pytest.Item, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Emulator]:
    """Points the test's environment at the emulator, and nowhere else."""
    # The environment is read only to clean it.
    environment = os.environ  # noqa: TID251
    for name in _heroku_variables(environment):
        monkeypatch.delenv(name, raising=False)
    for name, value in dict(environment).items():  # OPENAI_BASE_URL, for example
        if _HEROKU.search(value):
            monkeypatch.setenv(name, _HEROKU.sub(emulator.url, value))
    for name, value in emulator.config_vars.items():
        monkeypatch.setenv(name, value)
    # A proxy could not reach addresses of this machine.
    direct = environment.get("no_proxy") or environment.get("NO_PROXY")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, f"{direct},127.0.0.1" if direct else "127.0.0.1")
    item.stash[_in_use] = emulator
    yield emulator
    del item.stash[_in_use]


def _heroku_variables(environment: Mapping[str, str]) -> list[str]:
    """Returns the config vars of every attachment that could reach Heroku."""
    aliases = set(_ALIASES)
    for name in environment:
        alias = name.removesuffix("_KEY")
        url = environment.get(f"{alias}_URL")
        if alias != name and (_HEROKU.search(url) if url else _USUAL.fullmatch(alias)):
            aliases.add(alias)
    return [f"{alias}_{part}" for alias in sorted(aliases) for part in ("KEY", "URL", "MODEL_ID")]


def _marker_arguments(item: pytest.Item) -> dict[str, Any]:
    """Returns the arguments of the test's markers; those nearer to the test win."""
    arguments: dict[str, Any] = {}
    for marker in reversed(list(item.iter_markers(_NAME))):
        if marker.args:
            raise pytest.UsageError(f"@pytest.mark.{_NAME} takes arguments by name: plan=..., ...")
        arguments |= marker.kwargs
    return arguments


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fails a passed test that left scripted steps unused."""
    result = yield
    emulator = item.stash.get(_in_use, None)
    if emulator and len(emulator.remaining_script) and not _may_leave_steps(item):
        pytest.fail(
            f"No request has used these scripted steps:\n{_steps_left(emulator)}\n"
            f"(If that is as it should be: @pytest.mark.{_NAME}({_MARK_ALLOWS_UNUSED}=True))",
            pytrace=False,
        )
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Adds the requests to the report of a failure."""
    report = yield
    emulator = item.stash.get(_in_use, None)
    if emulator and report.failed:
        text = str(emulator.journal)
        if len(emulator.remaining_script):
            text += f"\nScripted and not used:\n{_steps_left(emulator)}"
        report.sections.append((f"Requests to {_NAME} ({report.when})", text))
    return report


def _may_leave_steps(item: pytest.Item) -> bool:
    allowed = item.config.getini(_ALLOW_UNUSED)
    return bool(_marker_arguments(item).get(_MARK_ALLOWS_UNUSED, allowed))


def _steps_left(emulator: Emulator) -> str:
    return "\n".join(
        f"  - {step}{_WAITS if step.waits_for_stream else ''}" for step in emulator.remaining_script
    )
