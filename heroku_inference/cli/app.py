"""The commands and their options. What they do is in the modules beside this one."""

from __future__ import annotations

import sys
from contextlib import contextmanager, nullcontext
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from heroku_inference._client import Client
from heroku_inference._corpus.sources import Source
from heroku_inference._costs import Prices
from heroku_inference._endpoints.images import ASPECT_RATIOS
from heroku_inference._errors import ConfigError, HerokuError, RateLimitError
from heroku_inference.cli import asking, ranking
from heroku_inference.cli import models as models_view
from heroku_inference.cli.chat import Conversation, converse
from heroku_inference.cli.checks import report
from heroku_inference.cli.checks.catalogue import CHECKS, DEFAULT_CALLS, NAMES, choose_checks
from heroku_inference.cli.checks.outcomes import Result
from heroku_inference.cli.checks.runner import run_checks
from heroku_inference.cli.checks.target import Target
from heroku_inference.cli.config_vars import load, look_up
from heroku_inference.cli.documents import MOST_PASSAGES, read_documents
from heroku_inference.cli.embed import Progress, counted, show
from heroku_inference.cli.listing import fetch_models
from heroku_inference.cli.options import (
    Alias,
    EnvFile,
    Json,
    Model,
    PlainCommand,
    PlainCommands,
    Timeout,
    Url,
    beginning,
)
from heroku_inference.cli.probe import report as probe_report
from heroku_inference.cli.probe.prober import Prober
from heroku_inference.cli.probe.questions import QUESTIONS
from heroku_inference.cli.probe.runner import chosen_questions, exchanges_of, run_questions
from heroku_inference.cli.problems import describe, remedy_of
from heroku_inference.cli.screen import Screen, flowing, json_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heroku_inference import RetryEvent
    from heroku_inference._corpus.job import EmbedJob
    from heroku_inference._corpus.report import EmbedPlan, EmbedReport

__all__ = ["app"]


# Pretty exceptions would print local variables, and one of them might be a key.
app = typer.Typer(
    name="heroku-inference",
    cls=PlainCommands,
    help="Heroku Managed Inference from a terminal: is all well, which models are there, a word "
    "with one of them, answers from your documents, and vectors of a corpus.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version  # noqa: PLC0415 - asked for rarely

        typer.echo(f"heroku-inference {version('heroku-inference')}")
        raise typer.Exit


@app.callback()
def _main(
    _: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_version,
            is_eager=True,
            help="Print the version and leave.",
        ),
    ] = False,
) -> None:
    pass


_CHECK_HELP = f"""
Find out whether everything works, the way Heroku's migration checklist does.

Looks at the config vars, then makes each kind of call once, with tiny prompts: about
{DEFAULT_CALLS} paid calls of a few tokens each. The exit code is 0 when nothing failed, 1 when
something did, and 2 when there is nothing to check with. Keys are never shown.

--json prints one object: version (1), ok, base_url, attachments (alias, key, url, model, source,
used_for), checks (name, title, result: passed, failed or skipped, detail, remedy, milliseconds)
and stopped: why the rest was not tried, or null.
"""


@app.command(cls=PlainCommand, help=flowing(_CHECK_HELP))
def check(
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help=f"Make only this check; may be given several times. There are {NAMES}.",
            autocompletion=beginning([check.name for check in CHECKS]),
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what costs more: agents, an image, ...")
    ] = False,
    model: Model = None,
    alias: Alias = None,
    base_url: Url = None,
    timeout: Timeout = None,
    env_file: EnvFile = None,
    as_json: Json = False,
) -> None:
    screen = Screen()
    checks = choose_checks(only or (), everything=everything)
    if isinstance(checks, str):
        raise typer.BadParameter(checks, param_hint="--only")
    try:
        config_vars = look_up(env_file, alias, base_url, model)
    except ConfigError as error:
        _no_config(screen, error, as_json=as_json)
        raise typer.Exit(2) from None
    target = Target(config_vars, timeout=timeout)
    results: list[Result] = []
    with screen.waiting("Checking") as spinner:
        for result in run_checks(target, checks):
            results.append(result)
            if len(results) < len(checks):
                spinner.update(f"Checking: {checks[len(results)].title.lower()}")
    left = len(checks) - len(results)
    stopped = f"The server cannot be reached: {left} more were not tried." if left else None
    if as_json:
        _print_json(report.as_json(target.base_url, config_vars.found, results, stopped))
    else:
        report.show(screen, config_vars.found, results, stopped)
    if any(result.outcome == "failed" for result in results):
        raise typer.Exit(1)


def _no_config(screen: Screen, error: ConfigError, *, as_json: bool) -> None:
    if not as_json:
        screen.error(describe(error))
        return
    failed = Result(
        name="config",
        title="Config vars",
        outcome="failed",
        detail=error.problem,
        remedy=remedy_of(error) or None,
    )
    _print_json(report.as_json(None, (), [failed], error.problem))


_PROBE_HELP = """
Ask the live API what no documentation settles, and compare its answers with what this library
assumes. Says first how many requests and tokens that costs at most, and asks before it spends them.

Each answer is "as assumed", "differs" or "refused". The report holds no key, no prompt of yours
and nothing of your account: paste it into an issue. The exit code is 0 when every answer is as
assumed, 1 when one is not, and 2 when there is nothing to ask with.

--json prints one object: version (1), date, host, library and findings (name, asks, model, assumed,
verdict, observed).
"""


@app.command(cls=PlainCommand, help=flowing(_PROBE_HELP))
def probe(
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Ask only this question; may be given several times.",
            autocompletion=beginning([question.name for question in QUESTIONS]),
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show requests and tokens, and send nothing."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before spending.")] = False,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the report there, as Markdown.")
    ] = None,
    model: Model = None,
    alias: Alias = None,
    base_url: Url = None,
    timeout: Timeout = None,
    env_file: EnvFile = None,
    as_json: Json = False,
) -> None:
    screen = Screen()
    try:
        questions = chosen_questions(only or ())
    except KeyError as error:
        raise typer.BadParameter(
            f"there is no question {error.args[0]!r}.", param_hint="--only"
        ) from None
    exchanges = exchanges_of(questions)
    if dry_run:
        probe_report.show_plan(screen, exchanges, len(questions))
        return
    with _one_line_errors(screen):
        prober = Prober(look_up(env_file, alias, base_url, None), model=model, timeout=timeout)
    if not yes:
        most = sum(exchange.most_tokens for exchange in exchanges)
        screen.note(f"{len(exchanges)} requests, at most {most:,} tokens in all.")
        typer.confirm("Send them?", abort=True, err=True)
    findings = []
    with screen.waiting("Asking") as spinner:
        for finding in run_questions(prober, questions):
            findings.append(finding)
            spinner.update(f"Asking: {finding.question.name}")
    today = date.today()  # noqa: DTZ011 - the user's day
    if report is not None:
        report.write_text(
            probe_report.as_markdown(prober.base_url, findings, today), encoding="utf-8"
        )
    if as_json:
        _print_json(probe_report.as_json(prober.base_url, findings, today))
    else:
        probe_report.show(screen, findings)
    if any(finding.verdict != "as assumed" for finding in findings):
        raise typer.Exit(1)


_MODELS_HELP = """
List the models that Heroku offers, with what is known of them. Needs no key.

--json prints a list of objects: model_id, kind, regions, state, deprecation_date, eol_date,
replacement_model, warning, maker_id, context_window, max_output_tokens, vision, thinking,
thinking_budget, sampling, tools, embedding_width, requests_per_minute and source, which says where
these facts come from; null is what is not known.
"""


@app.command(cls=PlainCommand, help=flowing(_MODELS_HELP))
def models(
    region: Annotated[
        Literal["us", "eu"] | None, typer.Option(help="Only what runs there.")
    ] = None,
    kind: Annotated[
        Literal["chat", "embedding", "rerank", "image"] | None,
        typer.Option(help="Only models for this."),
    ] = None,
    base_url: Url = None,
    timeout: Timeout = None,
    env_file: EnvFile = None,
    as_json: Json = False,
) -> None:
    screen = Screen()
    with _one_line_errors(screen), screen.waiting("Asking Heroku"):
        load(env_file)
        found = fetch_models(base_url, timeout=timeout)
    found = models_view.chosen(found, region, kind)
    if as_json:
        _print_json(models_view.as_json(found))
    elif found:
        models_view.show(screen, found)
    else:
        screen.note("No such model.")


class _Chat(PlainCommand):
    """Lets `--thinking` stand without a budget: what follows it may be the question."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        for place, word in enumerate(args[:end]):
            budget = args[place + 1] if place + 1 < end else ""
            if word == "--thinking" and not budget.isdecimal():
                args[place] = "--thinking=0"
        return super().parse_args(ctx, args)


_CHAT_HELP = """
Answer a question, word by word; without one, hold a conversation.

A question of "-" is read from stdin, as is a missing one when stdin is a pipe or a
file; beside other words it is put behind them: cat notes.md | heroku-inference chat "Sum up:" -

The answer goes to stdout and everything else to stderr.
"""


@app.command(cls=_Chat, help=flowing(_CHAT_HELP))
def chat(
    question: Annotated[
        list[str] | None, typer.Argument(metavar="QUESTION", help="What to ask.")
    ] = None,
    model: Model = None,
    system: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What to tell the model first.")
    ] = None,
    thinking: Annotated[
        int | None,
        typer.Option(metavar="[TOKENS]", help="Think first; a budget may follow (1024 or more)."),
    ] = None,
    max_tokens: Annotated[
        int | None,
        typer.Option(
            metavar="TOKENS", min=1, help="The most tokens of the answer, thinking included."
        ),
    ] = None,
    temperature: Annotated[float | None, typer.Option(metavar="NUMBER", help="0 to 1.")] = None,
    usage: Annotated[
        bool,
        typer.Option(
            "--usage", help="Tell the tokens, and their cost if INFERENCE_PRICES is set, on stderr."
        ),
    ] = False,
    alias: Alias = None,
    base_url: Url = None,
    timeout: Timeout = None,
    env_file: EnvFile = None,
) -> None:
    screen = Screen()
    screen.show_warnings()
    given = {
        "max_tokens": max_tokens,
        "temperature": temperature,
        # The budget of 0 stands for none given.
        "extended_thinking": True if thinking == 0 else thinking,
    }
    with _one_line_errors(screen):
        load(env_file)
        asked = _question(question or [])
        client = _client(screen, model, alias, base_url, timeout)
        client.settings("chat").require_model()
        conversation = Conversation(
            client,
            screen,
            {name: value for name, value in given.items() if value is not None},
            system=system,
            shows_usage=usage,
            prices=Prices.from_config() if usage else None,
        )
        if asked is None:
            converse(conversation, _read_line)
        elif not conversation.ask(asked):
            raise typer.Exit(1)


_ASK_HELP = f"""
Answer a question from your own documents, with sources.

Reads text and Markdown, and HTML and PDF where beautifulsoup4 and pypdf are installed; goes on past
what cannot be read, and says so. Embeds all of it for each question, up to {MOST_PASSAGES:,}
passages (about a megabyte), reranks the nearest 20, and answers from the best 4. Nothing is kept.

Words of the question need no quotes; "-" reads it from stdin. Answer and sources go to stdout and
everything else to stderr.

--json prints one object: answer, which is null when nothing fits, and sources (number, score, file,
place and text).
"""


@app.command(cls=PlainCommand, help=flowing(_ASK_HELP))
def ask(
    docs: Annotated[
        list[str],
        typer.Option(
            "--docs",
            "-d",
            metavar="PATH",
            help="A file or folder to read; may be given several times.",
        ),
    ],
    question: Annotated[
        list[str] | None, typer.Argument(metavar="QUESTION", help="What to ask.")
    ] = None,
    least_score: Annotated[
        float,
        typer.Option(
            metavar="SCORE",
            min=0,
            max=1,
            help="Where the best passage scores less, nothing fits, and no model is asked. "
            "Measure it on questions of your own.",
        ),
    ] = 0,
    model: Model = None,
    alias: Alias = None,
    base_url: Url = None,
    timeout: Timeout = None,
    env_file: EnvFile = None,
    as_json: Json = False,
) -> None:
    screen = Screen()
    screen.show_warnings()
    with _one_line_errors(screen):
        load(env_file)
        asked = _question(asking.without_paths(question or []))
        if asked is None:
            raise ConfigError("There is no question.", "Pass it as words, or pipe it in.")
        client = _client(screen, None, alias, base_url, timeout)
        chat_model = model or client.settings("chat").require_model()
        with screen.waiting("Reading"):
            documents = read_documents(docs)
        asking.show_read(screen, documents)
        sources = asking.best_passages(client, asked, documents.passages, screen)
        fits = bool(sources) and sources[0].score >= least_score
        if as_json:
            answer = asking.answer(client, asked, sources, chat_model) if fits else None
            _print_json(asking.as_json(answer, sources))
            return
        if not fits:
            asking.show_nothing_fits(screen, sources, least_score)
            return
        conversation = Conversation(
            client, screen, {"model": chat_model}, system=asking.INSTRUCTIONS
        )
        answered = conversation.ask(asking.prompt_for(asked, sources))
        asking.show_sources(screen, sources, conversation.said)
    if not answered:
        raise typer.Exit(1)


_EMBED_HELP = """
Embed a corpus into a folder of Parquet files: id, vector, model and input_type.

PATH is a file of JSON lines (.jsonl, .ndjson), CSV (.csv, .tsv), either with .gz behind it, or
Parquet (.parquet), a folder of text files (.txt, .md), or - for JSON lines from stdin. Several may
be given. All rows are read and checked before the first of them is paid for.

A run that was stopped, even by kill -9, goes on when the same command is given again: what has its
vector is not sent again. Equal texts are embedded once. Texts that are refused or too long are
listed in _refused.jsonl, and the rest goes on. Ctrl-C ends with the exit code 130.

--json prints one object: texts, embedded, reused, equal, refused, tokens, requests, retries,
rate_limited, seconds, texts_per_second, parts, model, input_type and refused_file; with --dry-run:
texts, equal, reused, too_long, to_embed, tokens, requests, least_seconds, cost, model and
input_type.
"""


@app.command(cls=PlainCommand, help=flowing(_EMBED_HELP))
def embed(
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help="Where the texts are.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where the vectors go.")
    ],
    id_column: Annotated[
        str, typer.Option(metavar="NAME", help="The field or column of the ids.")
    ] = "id",
    text_column: Annotated[
        str, typer.Option(metavar="NAME", help="The field or column of the texts.")
    ] = "text",
    number_rows: Annotated[
        bool,
        typer.Option("--number-rows", help="Take the numbers of the rows as ids."),
    ] = False,
    model: Model = None,
    input_type: Annotated[
        Literal["search_document", "search_query", "classification", "clustering"],
        typer.Option(
            metavar="PURPOSE",
            help="What the vectors are for: search_document, search_query, classification or "
            "clustering.",
        ),
    ] = "search_document",
    embedding_type: Annotated[
        Literal["float", "int8", "uint8"] | None,
        typer.Option(metavar="NUMBERS", help="float (default), int8 or uint8."),
    ] = None,
    long_text: Annotated[
        Literal["skip", "truncate", "split"],
        typer.Option(help="What becomes of texts over 2,048 bytes: none, a cut one, or a mean."),
    ] = "skip",
    retry_refused: Annotated[
        bool,
        typer.Option("--retry-refused", help="Ask again for what was refused before."),
    ] = False,
    limit: Annotated[
        str | None,
        typer.Option(
            metavar="REQUESTS",
            help="The most requests for each add-on, such as 400/min or 5/s, to leave room for "
            "your app.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count and estimate, and send nothing.")
    ] = False,
    price: Annotated[
        float | None,
        typer.Option(
            metavar="NUMBER",
            min=0,
            help="Of a million tokens, to tell the cost; by default that of INFERENCE_PRICES.",
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Do not show how far it is.")
    ] = False,
    aliases: Annotated[
        list[str] | None,
        typer.Option(
            "--alias",
            metavar="NAME",
            help="The attachment to read, such as EMBEDDING_TEAL; may be given several times, to "
            "share the texts among add-ons.",
        ),
    ] = None,
    base_url: Url = None,
    timeout: Timeout = None,
    env_file: EnvFile = None,
    as_json: Json = False,
) -> None:
    from heroku_inference._corpus.job import EmbedJob  # noqa: PLC0415 - no other command needs it

    screen = Screen()
    screen.show_warnings()
    progress = Progress(screen)
    with _ended_by_hand(screen), _one_line_errors(screen):
        load(env_file)
        source = Source(
            paths, id_column=id_column, text_column=text_column, number_rows=number_rows
        )
        job = EmbedJob(
            output,
            model=model,
            input_type=input_type,
            embedding_type=embedding_type,
            aliases=aliases,
            limit=limit,
            long_text=long_text,
            retry_refused=retry_refused,
            on_progress=progress.hear,
            on_retry=None if quiet else progress.hear_retry,
            base_url=base_url,
            timeout=timeout,
        )
        prices = Prices.from_config()
        result: EmbedPlan | EmbedReport
        if dry_run:
            with screen.waiting("Reading"):
                result = job.plan(source, price=price)
        else:
            total = counted(source, screen)
            with nullcontext() if quiet else progress.shown(total):
                result = _run(job, source, total)
        if price is None and prices is not None:
            price = prices.per_million(result.model)
    if as_json:
        _print_json(result.as_dict())
    else:
        show(screen, result, price)


def _run(job: EmbedJob, source: Source, total: int | None) -> EmbedReport:
    try:
        return job.run(source, total=total)
    except ImportError as error:  # the extra `corpus` is not installed
        raise ConfigError(str(error)) from None


@contextmanager
def _ended_by_hand(screen: Screen) -> Iterator[None]:
    """Ctrl-C ends in one line, which says what the job keeps."""
    try:
        yield
    except KeyboardInterrupt as end:
        screen.note(f"Stopped. {str(end) or 'Nothing was embedded.'}")
        raise typer.Exit(130) from None


_RERANK_HELP = """
Put documents in the order of their relevance to a question, the best first.

Documents are the lines of stdin, whose ids are their numbers, or come from files and folders as for
`embed`: grep -h dyno notes/*.txt | heroku-inference rerank "How do I restart one?"

--json prints a list of objects: id, score and text.
"""


@app.command(cls=PlainCommand, help=flowing(_RERANK_HELP))
def rerank(
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="What is asked.")],
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="PATH", help="Where the documents are.")
    ] = None,
    top: Annotated[
        int | None, typer.Option(metavar="NUMBER", min=1, help="How many to show; default: all.")
    ] = None,
    model: Model = None,
    alias: Alias = None,
    base_url: Url = None,
    timeout: Timeout = None,
    env_file: EnvFile = None,
    as_json: Json = False,
) -> None:
    screen = Screen()
    screen.show_warnings()
    with _one_line_errors(screen):
        load(env_file)
        documents = ranking.documents_of(paths or ())
        client = _client(screen, model, alias, base_url, timeout)
        with screen.waiting("Ranking"):
            ranked = client.rerank(
                question, [text for _, text in documents], top_n=top, on_refused="skip"
            )
    for index, reason in ranked.refused:
        screen.warn(f"{documents[index][0]} has no score: {reason}")
    if as_json:
        _print_json(ranking.as_json(documents, ranked))
    else:
        ranking.show(screen, documents, ranked)


_IMAGE_HELP = """
Draw a picture into a file, in the format that its name says (.png, .jpg), and print its path.
"""


@app.command(cls=PlainCommand, help=flowing(_IMAGE_HELP))
def image(
    prompt: Annotated[
        list[str], typer.Argument(metavar="PROMPT", help="What the picture is to show.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Where the picture goes.")
    ],
    aspect_ratio: Annotated[
        str | None,
        typer.Option(
            metavar="RATIO",
            help=f"Width to height; default: 1:1. There are {', '.join(ASPECT_RATIOS)}.",
            autocompletion=beginning(ASPECT_RATIOS),
        ),
    ] = None,
    negative: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What it is not to show.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="NUMBER", help="The same number draws the same picture.")
    ] = None,
    model: Model = None,
    alias: Alias = None,
    base_url: Url = None,
    timeout: Timeout = None,
    env_file: EnvFile = None,
) -> None:
    screen = Screen()
    screen.show_warnings()
    with _one_line_errors(screen):
        load(env_file)
        output_format = _picture_format(output)
        client = _client(screen, model, alias, base_url, timeout)
        with screen.waiting("Drawing"):
            picture = client.generate_image(
                " ".join(prompt),
                aspect_ratio=aspect_ratio,
                negative_prompt=negative,
                seed=seed,
                output_format=output_format,
            )
        typer.echo(picture.save(output))


def _picture_format(output: Path) -> str:
    """The format that the file's name asks for; what cannot be written is not paid for."""
    formats = {"": "png", ".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg"}
    if output.is_dir() or not output.parent.is_dir():
        raise ConfigError(f"No file can be written at {str(output)!r}.", "Check the path.")
    if output.suffix.lower() not in formats:
        raise ConfigError(
            f"{output.name!r} is of another format than Heroku draws.", "End it in .png or .jpg."
        )
    return formats[output.suffix.lower()]


def _client(
    screen: Screen,
    model: str | None,
    alias: str | None,
    base_url: str | None,
    timeout: float | None,
) -> Client:
    return Client(
        model=model,
        alias=alias,
        base_url=base_url,
        timeout=timeout,
        on_retry=lambda event: _tell_of_waits(screen, event),
    )


def _tell_of_waits(screen: Screen, event: RetryEvent) -> None:
    if event.wait >= 1:
        limited = isinstance(event.error, RateLimitError)
        why = "The rate limit is reached" if limited else "That failed"
        screen.note(f"{why}: trying again in {event.wait:.0f} seconds.")


def _question(words: list[str]) -> str | None:
    """What is asked; `None` when the user sits at a terminal and said nothing."""
    if not words and sys.stdin.isatty():
        return None
    piped = "-" in words or not words
    said = [word for word in words if word != "-"]
    text = " ".join(said)
    if piped:
        read = sys.stdin.buffer.read().decode("utf-8-sig", errors="replace")
        text = "\n\n".join(filter(None, [text, read.strip()]))
    if not text.strip():
        raise ConfigError("The question is empty.", "Pass it as words, or pipe it in.")
    return text


def _read_line() -> str:
    if sys.stdout.isatty():
        return input("\n› ")  # noqa: RUF001 - a prompt, not a greater-than sign
    return input()


@contextmanager
def _one_line_errors(screen: Screen) -> Iterator[None]:
    """What goes wrong is said in a line: exit code 2 if the user can put it right, else 1."""
    try:
        yield
    except HerokuError as error:
        screen.error(describe(error))
        raise typer.Exit(2 if isinstance(error, ConfigError) else 1) from None


def _print_json(value: Any) -> None:
    typer.echo(json_text(value))
