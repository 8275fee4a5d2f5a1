import warnings

import pytest

from heroku_inference._warnings import warn_caller


@pytest.mark.parametrize(
    "module", ["langchain_core.runnables", "langchain_classic.chains", "langgraph.pregel.main"]
)
def test_a_warning_points_at_the_first_line_outside_of_the_library(module):
    inside: dict[str, object] = {"__name__": module, "warn_caller": warn_caller}
    exec("def deep(): warn_caller('careful')", inside)  # noqa: S102 - a framework's frame
    with pytest.warns(UserWarning, match="careful") as caught:
        inside["deep"]()
    assert caught[0].filename == __file__


def test_a_warning_without_a_caller_outside_is_still_shown(monkeypatch):
    monkeypatch.setattr("inspect.currentframe", lambda: None)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_caller("careful")
    assert [str(warning.message) for warning in caught] == ["careful"]
