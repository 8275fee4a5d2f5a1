"""Embeddings in Ray Data: a class for `map_batches`, one pace for all workers, and a ledger.

```python
import ray
from heroku_inference.ray import HerokuEmbedder

rows = ray.data.read_parquet("texts").map_batches(
    HerokuEmbedder,
    fn_constructor_kwargs={"ledger": "/var/lib/corpus/ledger.sqlite", "limit": "400/min"},
    batch_format="pyarrow",
    batch_size=1920,
    compute=ray.data.ActorPoolStrategy(size=2),
)
rows.write_parquet("vectors", mode="overwrite")
```

The extra `ray` has what it needs; it is large (600 MB), and the extra `all` does not bring it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from heroku_inference._adapters.extras import import_of_extra
from heroku_inference._client_options import EmbedOptions
from heroku_inference._config.shared_limit import SharedRateLimit
from heroku_inference._corpus.asking import Batch, ask, batches, key_of, too_long
from heroku_inference._corpus.lanes import PATIENCE, Lanes, check_client_options
from heroku_inference._corpus.ledger import DTYPES, Ledger
from heroku_inference._corpus.tally import Tally
from heroku_inference._endpoints.concurrency import map_as_done
from heroku_inference._endpoints.embeddings import MAX_TEXTS
from heroku_inference._endpoints.refusals import HARMLESS
from heroku_inference._errors import ConfigError, short_traceback

__all__ = ["HerokuEmbedder"]

_ACTOR: Final = "ray-actor://heroku-rate-limits"
_AHEAD: Final = 2  # batches taken for each request in flight
_NO_TEXT: Final = "It is null."


class HerokuEmbedder:
    """Embeds a column of texts: an Arrow table in, the same table with the vectors out.

    Pass the class to Ray Data's `map_batches` with `batch_format="pyarrow"`: each worker makes one.
    The key and the URL come from the config vars of the workers: those of the machine, or
    `ray.init(runtime_env={"env_vars": {...}})`. Arguments of tasks are stored and shown by Ray, so
    `api_key` is refused here; a pickle of an embedder holds its arguments and no key.

    Two columns are added. `vector` is a tensor of fixed shape (Arrow's own type): `float32`, or
    `int8` or `uint8`; Ray, pyarrow and Parquet read it. Where a text is refused, too long or null,
    its vector is null and `reason` says why; the rest of the block is not affected. Ray cannot
    make a NumPy batch of nulls: write such rows to Parquet, or filter them.

    Args:
        text: The column with the texts.
        vector: The name of the column to add.
        reason: The name of the other one.
        ledger: The path of an SQLite file. It keeps each vector as it comes, so that a worker or a
            driver that is killed pays again only for the requests that were under way, and a second
            run for nothing. All workers of a machine share it: the disk must be a local one that
            outlives them. By default there is none.
        limit: The most requests of all workers together, such as "400/min": an actor that they
            share, named `heroku-rate-limits`, spreads them. By default each worker finds out by
            itself what Heroku takes.
        rate_limiter: A limit that is shared with others than the workers too, instead of `limit`.
        model: The model id, by default as for `Client`.
        input_type: `search_document` (default), `search_query`, `classification` or `clustering`.
        embedding_type: `float` (default), `int8`, `uint8`, `binary` or `ubinary`.
        aliases: Several add-ons to share the work, by their attachments.
        long_text: For a text over 2048 bytes of UTF-8: `skip` it (default), `truncate` it, or
            `split` it and take the mean of its pieces' vectors.
        max_concurrency: Requests in flight at a time, for each worker and add-on.
        batch_size: Texts in one request, at most and by default 96.
        **client_options: Those of `Client`, without `api_key`. `max_retries` is 40 by default, and
            `rate_limit_timeout` an hour.

    Raises:
        ConfigError: An argument is wrong, or a config var is missing.
        ImportError: The extra `ray` is not installed.
    """

    def __init__(
        self,
        *,
        text: str = "text",
        vector: str = "vector",
        reason: str = "reason",
        ledger: str | Path | None = None,
        limit: str | None = None,
        rate_limiter: SharedRateLimit | None = None,
        model: str | None = None,
        input_type: str = "search_document",
        embedding_type: str | None = None,
        aliases: Iterable[str] | None = None,
        long_text: Literal["skip", "truncate", "split"] = "skip",
        max_concurrency: int = 8,
        batch_size: int = MAX_TEXTS,
        **client_options: Any,
    ) -> None:
        # First of all: what raises below may be printed with the local variables of this function.
        has_key = client_options.pop("api_key", None) is not None
        with short_traceback():
            if has_key:
                raise ConfigError(
                    "api_key would be an argument of Ray's tasks, which Ray stores and shows.",
                    "Set the config vars of the workers instead: "
                    'ray.init(runtime_env={"env_vars": {"EMBEDDING_KEY": ..., ...}}).',
                )
            check_client_options(client_options, HerokuEmbedder)
            if limit is not None:
                if rate_limiter is not None:
                    raise ConfigError(
                        "limit and rate_limiter both set the pace.", "Pass one of the two."
                    )
                rate_limiter = SharedRateLimit(_ACTOR, requests=limit)
                from heroku_inference._http import limit_stores  # noqa: PLC0415 - needs an extra

                limit_stores.start(_ACTOR)
            if rate_limiter is not None:
                client_options["rate_limiter"] = rate_limiter
            self._arguments = {
                "text": text,
                "vector": vector,
                "reason": reason,
                "ledger": ledger,
                "model": model,
                "input_type": input_type,
                "embedding_type": embedding_type,
                "aliases": None if aliases is None else list(aliases),
                "long_text": long_text,
                "max_concurrency": max_concurrency,
                "batch_size": batch_size,
                **client_options,
            }
            self._text, self._vector, self._reason = text, vector, reason
            self._long_text = long_text
            self._tally = Tally()
            self._lanes = Lanes(
                [None] if aliases is None else self._arguments["aliases"],
                tally=self._tally,
                model=model,
                options=EmbedOptions(
                    input_type=input_type,
                    embedding_type=embedding_type,
                    batch_size=batch_size,
                    max_concurrency=max_concurrency,
                    long_text="error" if long_text == "skip" else long_text,
                ),
                limit=None,
                client_options={**PATIENCE, **client_options},
            )
            self._dtype = DTYPES[embedding_type or "float"][1]
            self._arrow = import_of_extra("pyarrow", "ray", "HerokuEmbedder")
            self._numpy = import_of_extra("numpy", "ray", "HerokuEmbedder")
            # Without a file, each block has one in memory: what is not written is soon forgotten.
            self._ledger = None if ledger is None else self._opened(ledger)
            self._width: int | None = None

    def __call__(self, table: Any) -> Any:
        """The table with the two columns, as a `pyarrow.Table`.

        Args:
            table: A `pyarrow.Table` with the column of texts.

        Raises:
            ConfigError: It has no such column, or one of another type than text.
            APIError: A request failed for another reason than its texts, again and again.
            HerokuError: The ledger cannot be read or written.
        """
        with short_traceback():
            texts = self._texts(table)
            ledger = self._ledger or self._opened(":memory:")
            try:
                return self._with_vectors(table, self._outcomes(texts, ledger))
            finally:
                if ledger is not self._ledger:
                    ledger.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self._arguments,)

    def _opened(self, ledger: str | Path) -> Ledger:
        options = self._lanes.options
        return Ledger(
            ledger,
            model=options.model,
            input_type=options.input_type,
            embedding_type=options.embedding_type,
        )

    def _texts(self, table: Any) -> list[str | None]:
        if self._text not in table.column_names:
            raise ConfigError(
                f"The table has no column {self._text!r}: its columns are {table.column_names}.",
                "Pass the name of the column with the texts: text=...",
            )
        types = self._arrow.types
        kind = table.schema.field(self._text).type
        is_text = types.is_string(kind) or types.is_large_string(kind) or types.is_null(kind)
        if not is_text and kind != self._arrow.string_view():
            raise ConfigError(
                f"The column {self._text!r} holds {kind}, not text.",
                "Pass the name of the column with the texts: text=...",
            )
        texts: list[str | None] = table.column(self._text).to_pylist()
        return texts

    def _outcomes(self, texts: Sequence[str | None], ledger: Ledger) -> list[bytes | str]:
        """The vector of each text, or why it has none."""
        reasons = [self._reason_against(text) for text in texts]
        keys = [
            b"" if text is None or reason else key_of(ledger, text, self._long_text)
            for text, reason in zip(texts, reasons, strict=True)
        ]
        named = {
            key: text for key, text in zip(keys, texts, strict=True) if key and text is not None
        }
        there = _found(ledger, named)
        new = [(key, text) for key, text in named.items() if key not in there]
        if new:
            self._embed(new, ledger)
            there |= _found(ledger, [key for key, _ in new])
        return [reason or there[key] for key, reason in zip(keys, reasons, strict=True)]

    def _reason_against(self, text: str | None) -> str | None:
        if text is None:
            return _NO_TEXT
        return too_long(text) if self._long_text == "skip" else None

    def _embed(self, texts: Iterable[tuple[bytes, str]], ledger: Ledger) -> None:
        def embed(batch: Batch) -> None:
            ask(batch, lanes=self._lanes, ledger=ledger, tally=self._tally)

        places = self._lanes.places
        taken = batches(texts, self._lanes.options)
        for _ in map_as_done(embed, taken, places, ahead=_AHEAD * places, heartbeat=60.0):
            pass

    def _with_vectors(self, table: Any, outcomes: Sequence[bytes | str]) -> Any:
        arrow, numpy = self._arrow, self._numpy
        item = numpy.dtype(self._dtype).itemsize
        vectors = [None if isinstance(one, str) else one for one in outcomes]
        width = next((len(one) // item for one in vectors if one), None) or self._some_width()
        nothing = bytes(width * item)
        numbers = numpy.frombuffer(b"".join(one or nothing for one in vectors), self._dtype)
        dtype = arrow.from_numpy_dtype(self._dtype)
        rows = arrow.FixedSizeListArray.from_arrays(
            arrow.array(numbers),
            type=arrow.list_(dtype, width),
            mask=arrow.array([one is None for one in vectors], arrow.bool_()),
        )
        tensor = arrow.fixed_shape_tensor(dtype, (width,))
        reasons = [one if isinstance(one, str) else None for one in outcomes]
        columns = {
            self._vector: arrow.ExtensionArray.from_storage(tensor, rows),
            self._reason: arrow.array(reasons, arrow.string()),
        }
        self._width = width
        for name, column in columns.items():
            if name in table.column_names:
                table = table.drop_columns([name])
            table = table.append_column(name, column)
        return table

    def _some_width(self) -> int:
        """The width of vectors, for a block without one: all blocks must have the same type."""
        if self._width is None:
            with self._lanes.free() as lane:
                (vector,) = lane.embed([HARMLESS], **self._width_options()).vectors
            self._width = len(vector)
        return self._width

    def _width_options(self) -> EmbedOptions:
        options = self._lanes.options
        return EmbedOptions(input_type=options.input_type, embedding_type=options.embedding_type)


def _restored(arguments: dict[str, Any]) -> HerokuEmbedder:
    return HerokuEmbedder(**arguments)


def _found(ledger: Ledger, keys: Iterable[bytes]) -> dict[bytes, bytes | str]:
    """What came of those of the texts that were sent: a vector, or the reason why there is none."""
    found: dict[bytes, bytes | str] = {}
    answers: dict[int, list[tuple[bytes, int]]] = {}
    for key, known in ledger.known(keys).items():
        if known.answer is None or known.place is None:
            found[key] = known.reason or ""
        else:
            answers.setdefault(known.answer, []).append((key, known.place))
    for answer, of_answer in answers.items():
        places = ledger.places(answer)
        for key, place in of_answer:
            vector = places[place].vector
            if vector is None:
                raise ConfigError(
                    f"The vectors of the ledger {ledger.path} are in the parts of an EmbedJob.",
                    "Pass the path of another ledger, which is then made.",
                )
            found[key] = vector
    return found
