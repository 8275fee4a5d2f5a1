"""Writes the figures of a run into `docs/performance.md`: `python -m bench.page`.

It reads `bench/figures.json`, which `make bench` writes, and writes the part of the page between
two marks, and the chart beside it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bench.chart import chart
from bench.figures import load
from bench.report import number
from bench.row import IDEAL
from bench.rows import ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.outcome import Outcome, Verdict
    from bench.row import Bound

__all__ = ["CHART", "FIGURES", "PAGE", "START", "written"]

_ROOT: Final = Path(__file__).parents[1]
FIGURES: Final = _ROOT / "bench" / "figures.json"
PAGE: Final = _ROOT / "docs" / "performance.md"
CHART: Final = _ROOT / "docs" / "assets" / "performance.svg"
START: Final = "<!-- figures: make bench -->"
_END: Final = "<!-- end of the figures -->"
_RESULTS: Final = {"pass": "kept", "MISS": "**missed**", "not run": "not run"}
_PARTS: Final = {
    "heroku_inference": "our core without a framework",
    "bare_httpx": "`httpx` and nothing else",
    "bare_aiohttp": "`aiohttp` and nothing else",
    "langchain_floor": "LangChain without a request",
    "llama_index_floor": "LlamaIndex without a request",
}
_NAMES: Final = {
    "langchain_openai": "`langchain-openai`",
    "langchain_cohere": "`langchain-cohere`",
    "langchain_floor": "the floor",
    "llama_index_peer": "LlamaIndex's own package",
    "llama_index_cohere": "LlamaIndex's package for Cohere",
    "llama_index_floor": "the floor",
    "heroku_inference": "`Client`",
    "langchain_heroku": "LangChain's class",
    "llama_index_heroku": "LlamaIndex's class",
    "heroku_ray": "`HerokuEmbedder`",
    IDEAL: "the ideal time",
}


def main() -> None:
    setting, outcomes = load(FIGURES)
    PAGE.write_text(written(PAGE.read_text("utf-8"), setting, outcomes), "utf-8")
    CHART.write_text(chart(outcomes), "utf-8")


def written(page: str, setting: dict[str, Any], outcomes: Sequence[Outcome]) -> str:
    """Returns the page with these figures."""
    before, _, rest = page.partition(START)
    after = rest.partition(_END)[2]
    return "\n".join([f"{before}{START}", *_part(setting, outcomes), f"{_END}{after}"])


def _part(setting: dict[str, Any], outcomes: Sequence[Outcome]) -> Iterator[str]:
    yield f"\nMeasured on {setting['date']} by `{setting['command']}`: {setting['machine']}, Python"
    yield f"{setting['python']}. Versions: {_versions(setting['versions']['this'])}."
    if setting["versions"]["peers"]:
        yield f"The peers of LlamaIndex and Cohere: {_versions(setting['versions']['peers'])}."
    yield "\n| what | unit | ours | compared with | ratio | bound | |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    verdicts = [(outcome, verdict) for outcome in outcomes for verdict in outcome.verdicts]
    for outcome, verdict in verdicts:
        yield _line(outcome, verdict)
    yield "\n### What is missed, and why\n"
    missed = {each.row.name: each for each, verdict in verdicts if verdict.result == "MISS"}
    for outcome in missed.values():
        yield " ".join([f"- **{outcome.row.label}**:", *_reasons(outcome)])
    if not missed:
        yield "Nothing."
    skipped = [(each.row, verdict.reason) for each, verdict in verdicts if not verdict.measured]
    ran = {outcome.row.name for outcome in outcomes}
    left_out = [(row, "not a part of this run") for row in ROWS if row.name not in ran]
    if skipped or left_out:
        yield "\n### What did not run\n"
    for row, reason in [*skipped, *left_out]:
        yield f"- **{row.label}**: {reason}."


def _reasons(outcome: Outcome) -> Iterator[str]:
    """Yields what others need for the same work, and what the profile says."""
    row = outcome.row
    if row.peer:
        ratios = {name: outcome.ratio(name, row.peer) for name in _PARTS if name in row.contenders}
        told = [f"{_PARTS[name]} {number(each.median)}x" for name, each in ratios.items() if each]
        if told:
            yield f"{'; '.join(told)}."
    if row.profile:
        yield row.profile


def _versions(versions: dict[str, str]) -> str:
    return ", ".join(f"{package} {version}" for package, version in versions.items())


def _line(outcome: Outcome, verdict: Verdict) -> str:
    bound, row, values = verdict.bound, outcome.row, outcome.values
    ours = number(values[bound.contender]) if bound.contender in values else "-"
    unit = row.unit
    if bound.counts_twice:
        ours, unit = (number(verdict.measured.median) if verdict.measured else "-"), "texts"
    result = _RESULTS[verdict.result]
    if verdict.is_close and bound.against not in {None, IDEAL}:
        result += ", within noise"
    what = f"**{row.label}**: {_what(outcome, bound)}"
    cells = [what, unit, ours, _other(bound, values), *_ratio_and_bound(verdict), result]
    return f"| {' | '.join(cells)} |"


def _what(outcome: Outcome, bound: Bound) -> str:
    work = "texts paid for twice" if bound.counts_twice else outcome.row.work
    ours = {verdict.bound.contender for verdict in outcome.verdicts}
    return f"{work}, {_NAMES[bound.contender]}" if len(ours) > 1 else work


def _other(bound: Bound, values: dict[str, float]) -> str:
    if bound.against is None:
        return ""
    name = _NAMES[bound.against]
    return f"{name}: {number(values[bound.against])}" if bound.against in values else name


def _ratio_and_bound(verdict: Verdict) -> tuple[str, str]:
    bound, measured = verdict.bound, verdict.measured
    if bound.against is None:
        return "", f"{bound.limit:g}"
    return f"{number(measured.median)}x" if measured else "-", f"{bound.limit:g}x"


if __name__ == "__main__":
    main()
