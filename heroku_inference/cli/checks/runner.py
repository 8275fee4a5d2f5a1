"""The runner of checks, and what they are: values with a function each."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Final

from heroku_inference._errors import (
    APIConnectionError,
    AuthenticationError,
    ContentBlockedError,
    HerokuError,
    NotFoundError,
    PermissionDeniedError,
)
from heroku_inference.cli.checks.outcomes import Outcome, Result, Skipped, WrongAnswer
from heroku_inference.cli.problems import remedy_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from heroku_inference.cli.checks.target import Target

__all__ = ["Check", "run_checks"]

_DEFECT: Final = "This is a defect of the library, or of what it stands on: please report it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing to find out.

    Attributes:
        name: What `--only` calls it.
        title: What the table calls it.
        run: Finds it out; returns what to tell, or raises.
        calls: How many requests that cost something it makes.
        extra: Whether it is made only when asked for, since it costs more or needs more.
        after: The checks without which it makes no sense.
        derived: Whether it only looks at answers that those checks got.
        loads: A module, loaded before the clock starts: that is not the server's time.
    """

    name: str
    title: str
    run: Callable[[Target], str]
    calls: int = 0
    extra: bool = False
    after: tuple[str, ...] = ()
    derived: bool = False
    loads: str | None = None


def run_checks(target: Target, checks: Sequence[Check]) -> Iterator[Result]:
    """Makes the checks in order; what fails stops none of the others, but a server out of reach."""
    results: dict[str, Result] = {}
    for check in checks:
        result = _run(check, target, results)
        results[check.name] = result
        if result.outcome == "passed":
            target.done.add(check.name)
        yield result
        if isinstance(result.error, APIConnectionError) and not target.reached:
            return
        if result.milliseconds is not None:
            target.reached = True


def _run(check: Check, target: Target, before: dict[str, Result]) -> Result:
    reason = next(filter(None, (_reason(check, before.get(name)) for name in check.after)), None)
    if reason is not None:
        return _result(check, "skipped", reason)
    target.advice = None
    if check.loads is not None:
        with suppress(ImportError):  # a check says for itself what it needs
            import_module(check.loads)
    began = time.perf_counter()
    try:
        detail = check.run(target)
    except Skipped as error:
        return _result(check, "skipped", str(error))
    except WrongAnswer as error:
        return _result(check, "failed", error.what, error.remedy, _milliseconds(began), error)
    except HerokuError as error:
        what, remedy = error.problem, remedy_of(error)
        return _result(check, "failed", what, remedy, _milliseconds(began), error)
    except Exception as error:  # noqa: BLE001 - the other checks can still tell something
        what = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
        return _result(check, "failed", what, _DEFECT, _milliseconds(began), error)
    took = _milliseconds(began) if check.calls or not check.derived else None
    return _result(check, "passed", detail, target.advice, took)


def _milliseconds(began: float) -> int:
    return round((time.perf_counter() - began) * 1000)


def _reason(check: Check, needed: Result | None) -> str | None:
    """Why a check makes no sense after another, if so."""
    if needed is None or needed.outcome == "passed":
        return None
    if needed.outcome == "skipped":
        return f"needs {needed.title.lower()}, which was skipped"
    if check.derived or _closes_the_door(needed.error):
        return f"needs {needed.title.lower()}, which failed"
    return None


def _closes_the_door(error: Exception | None) -> bool:
    """Whether every further call of the kind must fail the same way."""
    doors = (AuthenticationError, PermissionDeniedError, NotFoundError)
    return isinstance(error, doors) and not isinstance(error, ContentBlockedError)


def _result(
    check: Check,
    outcome: Outcome,
    detail: str,
    remedy: str | None = None,
    milliseconds: int | None = None,
    error: Exception | None = None,
) -> Result:
    return Result(
        name=check.name,
        title=check.title,
        outcome=outcome,
        detail=detail,
        remedy=remedy or None,
        milliseconds=milliseconds,
        error=error,
    )
