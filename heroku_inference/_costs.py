"""What calls cost: tokens by model, and money by a table of prices that the user gives."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from heroku_inference._agents.result import AgentResult
from heroku_inference._catalogue import known_model
from heroku_inference._config.environment import config_var
from heroku_inference._endpoints.embeddings import EmbeddingBatch, EmbeddingResult
from heroku_inference._errors import ConfigError
from heroku_inference._public_names import publish
from heroku_inference._values import AgentMessage, ChatResult, Shown, Usage
from heroku_inference._wire_types import usage_of

__all__ = ["ModelUsage", "Prices", "UsageTally"]

Answer = ChatResult | AgentResult | AgentMessage | EmbeddingResult | EmbeddingBatch
Counted = Answer | Usage | Mapping[str, Any]

_VARIABLE: Final = "INFERENCE_PRICES"
_INPUT: Final = "input_cost_per_token"
_OUTPUT: Final = "output_cost_per_token"
_CACHED: Final = "cache_read_input_token_cost"
_CACHE_CREATION: Final = "cache_creation_input_token_cost"
_NO_MODEL: Final = "unknown"


class Prices:
    """A table of prices by model, which you give: Heroku publishes none.

    Its form is that of LiteLLM's `model_prices_and_context_window.json`, so that file works too.
    One token costs `input_cost_per_token` or `output_cost_per_token`. Prompts that were read from a
    cache or written to one cost `cache_read_input_token_cost` or `cache_creation_input_token_cost`,
    by default the price of input. Other fields are ignored.

    ```python
    from heroku_inference import Prices, Usage

    price = {"input_cost_per_token": 3e-6, "output_cost_per_token": 15e-6}
    prices = Prices({"claude-4-5-sonnet": price})
    print(prices.cost("claude-4-5-sonnet", Usage(1000, 200, 1200)))
    ```

    Args:
        table: By any id of a model: Heroku's, an alias, or its maker's (`ModelFacts.maker_id`). Ids
            of LiteLLM's provider, such as `heroku/claude-4-5-sonnet`, come first, then Heroku's.

    Raises:
        ConfigError: It is not such a table, or a price is not a number from 0.
    """

    def __init__(self, table: Mapping[str, Mapping[str, Any]]) -> None:
        self._table = _checked(table)

    @classmethod
    def from_config(cls) -> Prices | None:
        """The table in the config var `INFERENCE_PRICES`: a JSON file's path, or JSON itself.

        `None` if it is not set.

        Raises:
            ConfigError: The file cannot be read, or holds no such table.
        """
        told = config_var(_VARIABLE)
        if told is None:
            return None
        try:
            text = told if told.lstrip().startswith("{") else Path(told).expanduser().read_text()
            return cls(json.loads(text))
        except ConfigError as error:
            raise ConfigError(f"{_VARIABLE}: {error.problem}", error.remedy) from None
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"{_VARIABLE} cannot be read: {error}",
                "Set it to the path of a JSON file, or to a JSON object.",
            ) from error

    def cost(self, model: str, usage: Usage) -> float | None:
        """What these tokens cost, in the table's currency; `None` if it has no price for them."""
        price = self._price(model)
        if price is None or (_OUTPUT not in price and usage.completion_tokens):
            return None
        cached, created = usage.cached_tokens or 0, usage.cache_creation_tokens or 0
        fresh = max(0, usage.prompt_tokens - cached - created)
        full: float = price[_INPUT]
        return math.fsum(
            (
                fresh * full,
                cached * price.get(_CACHED, full),
                created * price.get(_CACHE_CREATION, full),
                usage.completion_tokens * price.get(_OUTPUT, 0.0),
            )
        )

    def per_million(self, model: str) -> float | None:
        """What a million tokens of input cost, such as those of embeddings; `None` if unknown."""
        price = self._price(model)
        return None if price is None else price[_INPUT] * 1_000_000

    def _price(self, model: str) -> Mapping[str, Any] | None:
        ids = [model]
        if facts := known_model(model):
            ids = [facts.model_id, model, *facts.aliases, *filter(None, [facts.maker_id])]
        names = [*(f"heroku/{id_}" for id_ in ids), *ids]
        prices = (self._table.get(name, {}) for name in names)
        return next((price for price in prices if _INPUT in price), None)

    def __repr__(self) -> str:
        return f"Prices(<{len(self._table)} models>)"


def _checked(table: Any) -> dict[str, dict[str, float]]:
    """The prices that count; the rest of a table is other people's."""
    remedy = f'For example {{"claude-4-5-sonnet": {{"{_INPUT}": 3e-6, "{_OUTPUT}": 15e-6}}}}.'
    if not isinstance(table, Mapping):
        raise ConfigError("Prices are not an object of models and their prices.", remedy)
    kept: dict[str, dict[str, float]] = {}
    for model, price in table.items():
        if not isinstance(price, Mapping):
            raise ConfigError(f"Prices of {model!r} are not an object.", remedy)
        kept[model] = {}
        for field in (_INPUT, _OUTPUT, _CACHED, _CACHE_CREATION):
            if (amount := price.get(field)) is None:
                continue
            if type(amount) not in {int, float} or not 0 <= amount < math.inf:
                raise ConfigError(f"{field} of {model!r} is not a number from 0.", remedy)
            kept[model][field] = amount
    return kept


@dataclass(frozen=True, slots=True, repr=False)
class ModelUsage(Shown):
    """What one model did, and cost; a list of them makes a DataFrame.

    Attributes:
        model: Its id, as answers give it.
        answers: How many answers were added.
        uncounted: How many of them told no tokens: the sums are too low by theirs.
        prompt_tokens: Tokens of all prompts.
        completion_tokens: Tokens of all answers, thinking included.
        total_tokens: Both together.
        cached_tokens: Tokens of prompts that were read from a cache.
        cache_creation_tokens: Tokens of prompts that were written to a cache.
        reasoning_tokens: Tokens of answers that are thinking.
        cost: In the currency of the prices; `None` if there is no price for this model.
    """

    model: str
    answers: int
    uncounted: int
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cached_tokens: int | None = None
    cache_creation_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost: float | None = None


class UsageTally:
    """Sums tokens by model, from all threads of a program.

    ```python
    from heroku_inference import Client, UsageTally

    tally = UsageTally()
    answer = Client(model="claude-4-5-sonnet").chat([{"role": "user", "content": "Hello!"}])
    tally.add(answer)
    print(tally.by_model, tally.cost)
    ```

    Args:
        prices: For `cost`; by default those of the config var `INFERENCE_PRICES`, if it is set.

    Raises:
        ConfigError: `INFERENCE_PRICES` cannot be read.
    """

    def __init__(self, prices: Prices | None = None) -> None:
        self._prices = Prices.from_config() if prices is None else prices
        self._sums: dict[str, Usage] = {}
        self._answers: dict[str, tuple[int, int]] = {}
        self._lock = threading.Lock()

    def add(self, counted: Counted, *, model: str | None = None) -> None:
        """Count an answer of the core, or tokens.

        Args:
            counted: An answer, its `usage`, or counts as a mapping: LangChain's `usage_metadata`,
                or the `additional_kwargs` of LlamaIndex's responses.
            model: Who answered; by default what the answer says. Tokens do not say it.

        Raises:
            ConfigError: Tokens came without their model, or it is neither.
        """
        if isinstance(counted, Answer):
            model, usage = model or counted.model or _NO_MODEL, counted.usage
        elif not isinstance(counted, Usage | Mapping):
            raise ConfigError(
                f"A {type(counted).__name__} has no tokens to count.",
                "Pass an answer of chat, run_agent or embed, or its usage with model=.",
            )
        elif model is None:
            raise ConfigError("Tokens do not say who answered.", "Pass model= with them.")
        else:
            usage = counted if isinstance(counted, Usage) else _read(counted)
        with self._lock:
            answers, uncounted = self._answers.get(model, (0, 0))
            self._answers[model] = answers + 1, uncounted + (usage is None)
            self._sums[model] = self._sums.get(model, _NOTHING) + (usage or _NOTHING)

    @property
    def by_model(self) -> dict[str, Usage]:
        """The tokens of each model, in the order of their first answers."""
        with self._lock:
            return dict(self._sums)

    @property
    def total(self) -> Usage:
        """The tokens of all models."""
        return sum(self.by_model.values(), _NOTHING)

    @property
    def cost(self) -> float | None:
        """What all that cost, in the currency of the prices; `None` if a price is missing."""
        costs = [row.cost for row in self.rows()]
        known = [cost for cost in costs if cost is not None]
        return math.fsum(known) if self._prices and len(known) == len(costs) else None

    def rows(self) -> list[ModelUsage]:
        """A row for each model: `pandas.DataFrame(tally.rows())`."""
        with self._lock:
            sums, answers = dict(self._sums), dict(self._answers)
        return [self._row(model, *answers[model], usage) for model, usage in sums.items()]

    def _row(self, model: str, answers: int, uncounted: int, usage: Usage) -> ModelUsage:
        return ModelUsage(
            model=model,
            answers=answers,
            uncounted=uncounted,
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            total_tokens=usage.total_tokens,
            cached_tokens=usage.cached_tokens,
            cache_creation_tokens=usage.cache_creation_tokens,
            reasoning_tokens=usage.reasoning_tokens,
            cost=None if self._prices is None else self._prices.cost(model, usage),
        )

    def __repr__(self) -> str:
        rows = self.rows()
        answers = sum(row.answers for row in rows)
        return f"UsageTally(<{answers} answers>, {self.total!r}, cost={self.cost!r})"

    def _repr_html_(self) -> str:
        from heroku_inference._display import html_table  # noqa: PLC0415 - needed rarely

        return html_table(self.rows())


_NOTHING: Final = Usage(0, 0, 0)


def _read(counts: Mapping[str, Any]) -> Usage | None:
    """Counts by the names of OpenAI, of the adapters, or of LangChain's `usage_metadata`."""
    prompt, answer = counts.get("input_token_details"), counts.get("output_token_details")
    flat = {**counts, **(prompt or {}), **(answer or {})}
    names = {
        "prompt_tokens": ("prompt_tokens", "input_tokens"),
        "completion_tokens": ("completion_tokens", "output_tokens"),
        "cache_read_input_tokens": ("cached_tokens", "cache_read"),
        "cache_creation_input_tokens": ("cache_creation_tokens", "cache_creation"),
        "reasoning_tokens": ("reasoning_tokens", "reasoning"),
    }
    found = {ours: flat[name] for ours, both in names.items() for name in both if name in flat}
    return usage_of({**counts, **found})


publish(__name__)
