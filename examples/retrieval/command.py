"""The command that the examples share: arguments in, answers out, one line for an error."""

from __future__ import annotations

import argparse
import os
import time
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from dotenv import load_dotenv

from heroku_inference import ConfigError, HerokuError
from retrieval.answering import LEAST_SCORE
from retrieval.database import database
from retrieval.documents import SUFFIXES, chunks_of, find_files
from retrieval.errors import InputError
from retrieval.reading import Problems, read_all, report
from retrieval.screen import Screen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from retrieval.answering import Source
    from retrieval.store import ChunkStore

__all__ = ["DOCUMENTS", "Assistant", "Server", "command", "config_var", "exit_code", "server"]

DOCUMENTS = Path(__file__).parents[1] / "docs"
QUESTIONS = (
    "How many texts fit into one embeddings request, and how long may they be?",
    "Why would a request be answered with an HTML page and status 403?",
    "Can thinking be used together with tools?",
)


class Server(NamedTuple):
    """Where the models are."""

    connection: dict[str, str]
    """Arguments for every model; empty if the config vars are enough."""
    chat_model: str | None
    engine: str
    """Names the emulator's engine, which makes the vectors; empty on Heroku."""
    least_score: float
    """What the best passage must score for an answer; 0 where nobody has measured it."""


class Assistant(Protocol):
    """The part of the example that differs between frameworks."""

    def split(self, text: str) -> list[str]:
        """Cuts a text into pieces that fit into one embedding each."""

    def open_store(self, url: str, roots: list[Path]) -> AbstractContextManager[ChunkStore]:
        """Opens the collection of the documents under `roots`; creates it on first use."""

    def find_sources(self, question: str, store: Any) -> list[Source]:
        """Retrieves broadly, reranks, and returns the best passages, best first."""

    def answer(self, question: str, sources: Sequence[Source]) -> Iterator[str]:
        """Streams an answer from the sources."""


class MakesAssistant(Protocol):
    """Makes the models on a server."""

    def __call__(self, server: Server, /) -> Assistant:
        """Makes them."""


def command(
    description: str | None, assistant: MakesAssistant, arguments: Sequence[str] | None
) -> int:
    """Runs an example; returns its exit code."""
    screen = Screen()
    load_dotenv(".env")
    return exit_code(screen, lambda: run(parse(description or "", arguments), assistant, screen))


def exit_code(screen: Screen, work: Callable[[], None]) -> int:
    """Does the work; returns the exit code: 2 for a mistake that the user can correct."""
    try:
        work()
    except (InputError, ConfigError) as error:
        screen.error(str(error))
        return 2
    except HerokuError as error:
        screen.error(str(error))
        return 1
    except KeyboardInterrupt:  # the command did not install `interrupts`
        screen.note("Interrupted")
        return 130
    return 0


def parse(description: str, arguments: Sequence[str] | None) -> argparse.Namespace:
    """Reads the command line.

    Raises:
        InputError: A path is empty.
    """
    usage, _, details = description.partition("\n\n")
    parser = argparse.ArgumentParser(
        description=usage, epilog=details, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("question", nargs="?", metavar="QUESTION", help="what you want to know")
    parser.add_argument(
        "--docs",
        action="extend",
        nargs="+",
        metavar="PATH",
        help="files and folders to read: Markdown, text, reST, HTML, PDF, DOCX "
        "(default: examples/docs)",
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help="stop at a file that cannot be read, is not UTF-8 or is blocked by the firewall",
    )
    parser.add_argument(
        "--least-score",
        type=float,
        metavar="SCORE",
        help='below this score of the best passage, 0 to 1, the answer is "Nothing here fits" '
        f"(default: {LEAST_SCORE:.2f} on the emulator, as measured; 0 on Heroku)",
    )
    parser.add_argument("--model", help="chat model id (default: INFERENCE_MODEL_ID)")
    options = parser.parse_args(arguments)
    # Not as argparse's default, because "extend" would add to it.
    words = options.docs or [str(_shortest(DOCUMENTS))]
    options.own = options.docs is not None
    if not all(word.strip() for word in words):
        # As a path, "" is the current folder: an unset "$QUESTION" would read all of it.
        raise InputError("A path or question after --docs is empty: is a variable unset?")
    *paths, last = words
    if options.question is None and paths and _is_question(last):
        words, options.question = paths, last
    options.docs = [Path(word) for word in words]
    return options


def _is_question(argument: str) -> bool:
    """Finds a question after `--docs`, which takes all that follows."""
    looks_like_a_path = "/" in argument or Path(argument).suffix.lower() in SUFFIXES
    return not _exists(argument) and (" " in argument or not looks_like_a_path)


def _exists(argument: str) -> bool:
    try:
        return Path(argument).exists()
    except OSError:  # too long for the name of a file
        return False


def run(options: argparse.Namespace, assistant: MakesAssistant, screen: Screen) -> None:
    """Brings the store up to date, and answers the questions."""
    questions = [] if options.own else [*QUESTIONS]
    if options.question is not None:
        questions = [options.question.strip()]
    if not all(questions):
        raise InputError("The question is empty")
    files = find_files(options.docs)
    with ExitStack() as resources:
        where = resources.enter_context(server(options.model, screen))
        models = assistant(where)
        with screen.waiting("Starting the database"):
            url = resources.enter_context(database(config_var("DATABASE_URL"), Path(".rag")))
        store = resources.enter_context(models.open_store(url, options.docs))
        problems = update(store, files, models, screen, strict=options.strict)
        least = where.least_score if options.least_score is None else options.least_score
        for question in questions:
            ask(question, store, models, screen, least)
    report(problems, options.docs, screen)


@contextmanager
def server(chat_model: str | None, screen: Screen) -> Iterator[Server]:
    """Gives Heroku, or an emulator when there is no key."""
    if config_var("INFERENCE_KEY"):
        yield Server({}, chat_model, engine="", least_score=0)
        return
    # Imported here, so that people with a key need not install the emulator.
    from heroku_emulator import Emulator  # noqa: PLC0415

    with ExitStack() as resources:
        with screen.waiting("Starting the emulator"):
            emulator = resources.enter_context(Emulator())
        screen.note(f"INFERENCE_KEY is not set: using a local emulator ({emulator.engine.name})")
        yield Server(
            {"api_key": emulator.api_key, "base_url": emulator.url},
            chat_model or emulator.config_vars["INFERENCE_MODEL_ID"],
            engine=f"emulator {emulator.engine.name}",
            least_score=LEAST_SCORE if emulator.engine.name.startswith("MiniLM") else 0,
        )


def update(
    store: ChunkStore, files: list[Path], models: Assistant, screen: Screen, *, strict: bool
) -> Problems:
    """Brings the collection up to date with the files that can be read.

    Raises:
        InputError: No file can be read; or, if `strict`, one of them has a problem.
    """
    began = time.perf_counter()
    with screen.progress("Reading") as advance:
        sections, problems = read_all(files, advance, strict=strict)
    if not sections:
        raise InputError(f"No document could be read: {'; '.join(problems.failed)}")
    chunks = chunks_of(sections, models.split)
    with screen.progress("Embedding") as advance:
        changes = store.synchronise(chunks, advance)
    for chunk in changes.blocked:
        problem = (
            f"The firewall in front of Heroku takes text in {chunk.source} ({chunk.place}) for an "
            "attack: reword it or leave it out"
        )
        if strict:
            raise InputError(problem)
        problems.blocked.append(problem)
    read = len(files) - len(problems.failed)
    total = f"{read} of {len(files)}" if problems.failed else f"{read}"
    screen.note(
        f"{total} document{'' if len(files) == 1 else 's'}, "
        f"{len(chunks)} chunk{'' if len(chunks) == 1 else 's'}: {changes.embedded} embedded, "
        f"{changes.unchanged} unchanged, {changes.removed} removed "
        f"in {time.perf_counter() - began:.1f} s"
    )
    return problems


def ask(
    question: str, store: ChunkStore, models: Assistant, screen: Screen, least_score: float
) -> None:
    """Prints the answer to a question, and its sources; or that none of them fits."""
    screen.question(question)
    with screen.waiting("Searching"):
        sources = models.find_sources(question, store)
    best = max((source.score for source in sources), default=0.0)
    if best < least_score or not sources:
        screen.nothing_fits(
            f"Nothing here fits: the best passage scores {best:.2f}, less than {least_score:.2f}."
        )
        screen.sources(sources, answer="")
        return
    said = screen.answer(models.answer(question, sources))
    screen.sources(sources, said)


def config_var(name: str) -> str | None:
    """Reads a config var of this application; the library reads those of its add-on."""
    return os.environ.get(name) or None  # noqa: TID251


def _shortest(path: Path) -> Path:
    """Shortens a path to what a user would type here."""
    here = Path.cwd()
    return path.resolve().relative_to(here) if path.resolve().is_relative_to(here) else path
