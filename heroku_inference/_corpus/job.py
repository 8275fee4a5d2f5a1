"""A corpus to vectors in one process: what is paid for is kept, whatever ends the run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Literal, get_args

from heroku_inference._client_options import EmbedOptions
from heroku_inference._config.arguments import check_callback
from heroku_inference._config.settings import hidden
from heroku_inference._config.shared_limit import SharedRateLimit
from heroku_inference._corpus.inputs import given_texts
from heroku_inference._corpus.lanes import PATIENCE, Lanes, check_client_options, limit_of
from heroku_inference._corpus.ledger import DTYPES, Ledger
from heroku_inference._corpus.parts import Parts
from heroku_inference._corpus.placing import EmbeddedTexts, Placing, ToParts, ToStore
from heroku_inference._corpus.plan import plan_of
from heroku_inference._corpus.report import EmbedPlan, EmbedProgress, EmbedReport
from heroku_inference._corpus.rows import Rows
from heroku_inference._corpus.run import Run
from heroku_inference._corpus.tally import Tally
from heroku_inference._costs import Prices
from heroku_inference._endpoints.embeddings import MAX_TEXTS
from heroku_inference._errors import ConfigError, HerokuError, short_traceback
from heroku_inference._public_names import publish

__all__ = ["EmbedJob"]

_LongText = Literal["skip", "truncate", "split"]


class EmbedJob:
    """Embeds a corpus of any size, and can be stopped and run again at any moment.

    Each text is paid for once. A ledger, an SQLite file, knows the texts by a hash and takes each
    answer as it comes: after `kill -9`, only the requests that were under way are sent again. A
    second run sends what was added or changed since the first.

    ```python
    job = EmbedJob("vectors")  # the folder; reads EMBEDDING_KEY or INFERENCE_KEY and so on
    report = job.run([("a", "first text"), ("b", "second text")])
    ```

    The folder then holds `part-00000.parquet` and so on, with a row for each id: `id` (string),
    `vector` (a list of fixed size of `float32`, or of `int8` or `uint8`), `model` and `input_type`
    (strings). A part is there whole, or not at all. Rows are not in the order of the input. Parts
    need the extra `corpus`; `_refused.jsonl` names the texts without a vector.

    One run at a time may use a ledger. It must be on a disk that outlives the process: that of a
    dyno does not.

    Args:
        output: The folder, which is made if it is not there. Or `None`, with `store`.
        store: Your own store, instead of a folder: a function that takes `EmbeddedTexts`, from the
            thread of `run`. It may be called again with the same ids, after a kill or with a
            changed text, so it should replace what it has. The ledger keeps the vectors.
        ledger: The SQLite file; by default `_ledger.sqlite` in `output`.
        model: The model id, by default as for `Client`.
        input_type: `search_document` (default), `search_query`, `classification` or `clustering`.
        embedding_type: `float` (default), `int8`, `uint8`, `binary` or `ubinary`.
        aliases: Several add-ons to share the work, by their attachments, such as
            `["EMBEDDING", "EMBEDDING_TEAL"]`. Each has its own limit and pace.
        limit: The most requests that each add-on is sent: "400/min", "8/s" or "9000/h". By default
            as many as Heroku takes.
        rate_limiter: A limit that is shared with other processes, as for `Client`.
        long_text: For a text over 2048 bytes of UTF-8: `skip` it (default), `truncate` it, or
            `split` it and take the mean of its pieces' vectors.
        retry_refused: Whether to send texts again that an earlier run found refused.
        max_concurrency: Requests in flight at a time, for each add-on.
        batch_size: Texts in one request, at most and by default 96.
        part_rows: Rows of a part. 25,000 vectors of 1,024 numbers are 100 MB; what is left when the
            last answer has come is written then.
        on_progress: Called from the thread of `run`, at most ten times a second.
        **client_options: Those of `Client`: `api_key`, `base_url`, `timeout` and so on.
            `max_retries` is 40 by default, about five minutes for each request, and
            `rate_limit_timeout` an hour.

    Raises:
        ConfigError: An argument is wrong.
    """

    def __init__(
        self,
        output: str | Path | None = None,
        *,
        store: Callable[[EmbeddedTexts], None] | None = None,
        ledger: str | Path | None = None,
        model: str | None = None,
        input_type: str = "search_document",
        embedding_type: str | None = None,
        aliases: Iterable[str] | None = None,
        limit: str | None = None,
        rate_limiter: SharedRateLimit | None = None,
        long_text: Literal["skip", "truncate", "split"] = "skip",
        retry_refused: bool = False,
        max_concurrency: int = 8,
        batch_size: int = MAX_TEXTS,
        part_rows: int = 25_000,
        on_progress: Callable[[EmbedProgress], None] | None = None,
        **client_options: Any,
    ) -> None:
        # First of all: what raises below may be printed with the local variables of this function.
        client_options["api_key"] = hidden(client_options.get("api_key"))
        with short_traceback():
            check_client_options(client_options, EmbedJob)
            check_callback("store", store)
            check_callback("on_progress", on_progress)
            _check_choice("long_text", long_text, get_args(_LongText))
            _check_choice("embedding_type", embedding_type or "float", tuple(DTYPES))
            _check_part_rows(part_rows)
            self._output, self._ledger = _places(output, store, ledger)
            self._aliases = _checked_aliases(aliases)
            self._limit = limit_of(limit)
            if limit is not None and rate_limiter is not None:
                raise ConfigError(
                    "limit and rate_limiter both set the pace.", "Pass one of the two."
                )
        self._is_limited = limit is not None
        self._store = store
        self._model = model
        self._long_text: _LongText = long_text
        self._retry_refused = retry_refused
        self._part_rows = part_rows
        self._on_progress = on_progress
        self._options = EmbedOptions(
            input_type=input_type,
            embedding_type=embedding_type,
            batch_size=batch_size,
            max_concurrency=max_concurrency,
            long_text="error" if long_text == "skip" else long_text,
        )
        if rate_limiter is not None:
            client_options["rate_limiter"] = rate_limiter
        self._client_options = {**PATIENCE, **client_options}
        with short_traceback():
            self._lanes(Tally())  # what they refuse is said here, and not after an hour of reading

    def run(
        self,
        texts: Iterable[tuple[str | int, str] | Mapping[str, Any]],
        *,
        total: int | None = None,
    ) -> EmbedReport:
        """Embed what has no vector yet.

        Whatever ends it early, an error of `texts` or Ctrl-C too, waits for the requests under way
        and keeps their answers; the next run goes on from there.

        Args:
            texts: Pairs of id and text, or mappings with `id` and `text`; as many as you like, read
                once and not held. An id is text or a whole number, which is kept as text.
            total: How many there are, for `EmbedProgress.eta`; by default their `len`, if any.

        Raises:
            ConfigError: A text has no id or is not a string, or an id was given twice with
                different texts; another run uses the ledger; or the folder or ledger is of another
                model, input or embedding type.
            APIError: A request failed for another reason than its texts, again and again.
            HerokuError: The disk is full, or the ledger or a part cannot be read.
            ImportError: The extra `corpus` is not installed.
            KeyboardInterrupt: Ctrl-C; the message says what is kept and how to go on.
        """
        if total is None and isinstance(texts, Sized):
            total = len(texts)
        tally = Tally()
        with short_traceback(), self._telling_how_to_go_on(tally):
            lanes = self._lanes(tally)
            with self._opened(lanes) as (ledger, rows, placing):
                run = Run(
                    given_texts(texts),
                    ledger=ledger,
                    rows=rows,
                    placing=placing,
                    lanes=lanes,
                    tally=tally,
                    long_text=self._long_text,
                    retry_refused=self._retry_refused,
                    refused_file=self._refused_file,
                    total=total,
                    on_progress=self._on_progress,
                )
                try:
                    return run.finish()
                except BaseException:
                    with suppress(HerokuError):
                        run.write_refused()
                    raise

    def plan(
        self,
        texts: Iterable[tuple[str | int, str] | Mapping[str, Any]],
        *,
        price: float | None = None,
    ) -> EmbedPlan:
        """What `run` would do, counted without a request.

        Args:
            texts: As for `run`.
            price: Of a million tokens, in any currency; by default that of the config var
                `INFERENCE_PRICES` (see `Prices`), if it is set.

        Raises:
            ConfigError: As `run` raises it.
        """
        with short_traceback():
            lanes = self._lanes(Tally())
            if price is None and (prices := Prices.from_config()):
                price = prices.per_million(lanes.options.model)
            known = self._open_ledger(lanes) if self._ledger.exists() else None
            try:
                return plan_of(
                    given_texts(texts),
                    known=known,
                    options=lanes.options,
                    long_text=self._long_text,
                    retry_refused=self._retry_refused,
                    limit=self._limit,
                    lanes=len(self._aliases),
                    price=price,
                )
            finally:
                if known is not None:
                    known.close()

    @property
    def _refused_file(self) -> Path:
        if self._output is not None:
            return self._output / "_refused.jsonl"
        return self._ledger.with_name(f"{self._ledger.stem}-refused.jsonl")

    def _lanes(self, tally: Tally) -> Lanes:
        return Lanes(
            self._aliases,
            tally=tally,
            model=self._model,
            options=self._options,
            limit=self._limit if self._is_limited else None,
            client_options=self._client_options,
        )

    def _open_ledger(self, lanes: Lanes) -> Ledger:
        options = lanes.options
        return Ledger(
            self._ledger,
            model=options.model,
            input_type=options.input_type,
            embedding_type=options.embedding_type,
        )

    @contextmanager
    def _opened(self, lanes: Lanes) -> Iterator[tuple[Ledger, Rows, Placing]]:
        if self._output is not None:
            _make_folder(self._output)
        with closing(self._open_ledger(lanes)) as ledger, closing(Rows(ledger)) as rows:
            yield ledger, rows, self._placing(lanes, ledger, rows)

    def _placing(self, lanes: Lanes, ledger: Ledger, rows: Rows) -> Placing:
        options = lanes.options
        model, input_type = options.model, options.input_type
        dtype = DTYPES[options.embedding_type or "float"][1]
        ledger.settle(
            "destination",
            "a folder" if self._store is None else "a store",
            "Pass another ledger: this one says that its rows have gone there.",
        )
        if self._store is not None:
            return ToStore(
                rows, ledger, self._store, model=model, input_type=input_type, dtype=dtype
            )
        assert self._output is not None  # noqa: S101 - one of the two was given
        parts = Parts(
            self._output,
            ledger_name=ledger.name,
            model=model,
            input_type=input_type,
            dtype=dtype,
        )
        return ToParts(rows, ledger, parts, dtype=dtype, part_rows=self._part_rows)

    @contextmanager
    def _telling_how_to_go_on(self, tally: Tally) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            if not tally["embedded"]:
                raise
            kept = (
                f"The vectors of {tally['embedded']:,} texts that this run embedded are kept in "
                f"{self._ledger}: run the same job again to go on."
            )
            if isinstance(error, KeyboardInterrupt):
                raise KeyboardInterrupt(kept) from None
            if isinstance(error, HerokuError):
                error.remedy = f"{error.remedy} {kept}".lstrip()
                error.args = (error.problem, error.remedy)
            else:
                error.add_note(kept)
            raise


def _check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ConfigError(
            f"{name}={value!r} is not one of its values.",
            f"Pass {', '.join(map(repr, choices[:-1]))} or {choices[-1]!r}.",
        )


def _check_part_rows(part_rows: object) -> None:
    if not isinstance(part_rows, int) or part_rows < 1:
        raise ConfigError(
            f"part_rows must be a whole number from 1, got {part_rows!r}.",
            "Leave it out for the default of 25,000.",
        )


def _places(
    output: str | Path | None, store: object, ledger: str | Path | None
) -> tuple[Path | None, Path]:
    """The folder, if any, and the ledger's file."""
    if (output is None) == (store is None):
        raise ConfigError(
            "A job needs either an output folder or a store.",
            "Pass EmbedJob('folder'), or EmbedJob(store=..., ledger='file').",
        )
    if ledger is None and output is None:
        raise ConfigError(
            "A job with a store needs the path of its ledger.", "Pass ledger='jobs.sqlite'."
        )
    folder = None if output is None else Path(output)
    return folder, Path(ledger) if ledger is not None else Path(folder or "") / "_ledger.sqlite"


def _checked_aliases(aliases: Iterable[str] | None) -> list[str | None]:
    if aliases is None:
        return [None]
    listed: list[str | None] = [aliases] if isinstance(aliases, str) else [*aliases]
    if not listed or len({*listed}) < len(listed):
        raise ConfigError(
            f"aliases={listed!r} must name at least one add-on, and each once.",
            "Pass the names of attachments, such as ['EMBEDDING', 'EMBEDDING_TEAL'].",
        )
    return listed


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"The output folder {folder} cannot be made: {error}.", "Pass another folder."
        ) from error


publish(__name__)
