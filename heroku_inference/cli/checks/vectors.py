"""Checks of what is not chat: config vars, the list of models, embeddings and rerank."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from heroku_inference._catalogue import canonical_id, known_model
from heroku_inference.cli.checks.outcomes import Skipped, WrongAnswer
from heroku_inference.cli.checks.runner import Check
from heroku_inference.cli.config_vars import KINDS
from heroku_inference.cli.listing import fetch_models

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heroku_inference.cli.checks.target import Target
    from heroku_inference.cli.listing import Listed

__all__ = ["FIRST_CHECKS", "TEXT_CHECKS"]

_TEXTS: Final = ("A cat sleeps on a warm wall.", "Dynos are containers that run your app.")
_QUESTION: Final = "What runs my app?"
_PAGES: Final = (
    "A cat sleeps on a warm wall.",
    "Dynos are containers that run your app.",
    "Rain falls in spring.",
)


def _config(target: Target) -> str:
    settings = target.config_vars.settings
    by_alias: dict[str, list[str]] = {}
    for kind, chosen in settings.items():
        by_alias.setdefault(chosen.alias, []).append(KINDS[kind])
    for problem in target.config_vars.problems.values():
        if not problem.missing:
            raise problem
    if target.config_vars.problems:
        missing = ", ".join(KINDS[kind] for kind in target.config_vars.problems)
        target.advice = f"Nothing is attached for {missing}; --alias names another attachment."
    return "; ".join(f"{alias} for {_join(kinds)}" for alias, kinds in by_alias.items())


def _join(words: Sequence[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last


def _models(target: Target) -> str:
    models = fetch_models(target.base_url, timeout=target.timeout)
    try:
        wanted = target.chat_model
    except Skipped:
        return f"{len(models)} on offer"
    listed = _entry(models, wanted)
    if listed is not None and listed.warning is not None:
        target.advice = f"{wanted} is {listed.warning}."
    return f"{len(models)} on offer; {wanted} is {_standing(listed)}"


def _entry(models: Sequence[Listed], wanted: str) -> Listed | None:
    """The model on the list, which may spell its id in another way."""
    found = {model.entry.model_id: model for model in models}
    by_name = {canonical_id(model_id): model for model_id, model in found.items()}
    return found.get(wanted) or by_name.get(canonical_id(wanted))


def _standing(model: Listed | None) -> str:
    if model is None:
        return "not among them"
    regions = ", ".join(model.entry.regions)
    state = "past its time" if model.warning else model.entry.state or "listed"
    return f"{state} in {regions}" if regions else state


def _embeddings(target: Target) -> str:
    with target.attached("embedding") as model:
        client = target.client("embedding")
        first = client.embed(_TEXTS, model=model).vectors
        turned = client.embed(_TEXTS[::-1], model=model).vectors
    width, facts = len(first[0]), known_model(model)
    documented = facts.embedding_width if facts else None
    if documented is not None and width != documented:
        raise WrongAnswer(
            f"vectors of {model} have {width} numbers, not {documented}",
            "Indexes made before do not fit: embed anew, or go back to their model.",
        )
    if not all(_nearer(vector, turned[1 - place], turned[place]) for place, vector in
               enumerate(first)):  # fmt: skip
        raise WrongAnswer(
            "vectors do not come back in the order of their texts",
            "Do not index with this model until Heroku has put it right.",
        )
    return f"{model}: {width} numbers, in the order of the texts"


def _nearer(vector: Sequence[float], one: Sequence[float], other: Sequence[float]) -> bool:
    """The vector's own text gives nearly the same one again; another text does not."""
    return math.dist(vector, one) < math.dist(vector, other)


def _rerank(target: Target) -> str:
    with target.attached("rerank") as model:
        hits = target.client("rerank").rerank(_QUESTION, _PAGES, model=model).hits
    if [hit.index for hit in hits][:1] != [1] or len(hits) != len(_PAGES):
        order = ", ".join(str(hit.index + 1) for hit in hits) or "nothing"
        raise WrongAnswer(
            f"the text that answers the question is number 2, but the order is {order}",
            "Try another model: set RERANK_MODEL_ID.",
        )
    return f"{model}: the right text first, score {hits[0].score:.2f}"


FIRST_CHECKS: Final = (
    Check(name="config", title="Config vars", run=_config, derived=True),
    Check(name="models", title="Models", run=_models),
)
TEXT_CHECKS: Final = (
    Check(name="embeddings", title="Embeddings", run=_embeddings, calls=2),
    Check(name="rerank", title="Rerank", run=_rerank, calls=1),
)
