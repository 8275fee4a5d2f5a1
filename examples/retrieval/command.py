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
from retrieval.database import database
from retrieval.documents import Section, chunks_of, find_files, read_file
from retrieval.errors import InputError
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
    except KeyboardInterrupt:
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
        help="files and folders to read: Markdown, text, PDF (default: examples/docs)",
    )
    parser.add_argument("--model", help="chat model id (default: INFERENCE_MODEL_ID)")
    options = parser.parse_args(arguments)
    # Not as argparse's default, because "extend" would add to it.
    words = options.docs or [str(_shortest(DOCUMENTS))]
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
    return not _exists(argument) and (" " in argument or argument.endswith("?"))


def _exists(argument: str) -> bool:
    try:
        return Path(argument).exists()
    except OSError:  # too long for the name of a file
        return False


def run(options: argparse.Namespace, assistant: MakesAssistant, screen: Screen) -> None:
    """Brings the store up to date, and answers the questions."""
    questions = QUESTIONS if options.question is None else (options.question.strip(),)
    if not all(questions):
        raise InputError("The question is empty")
    files = find_files(options.docs)
    with ExitStack() as resources:
        models = assistant(resources.enter_context(server(options.model, screen)))
        with screen.waiting("Starting the database"):
            url = resources.enter_context(database(config_var("DATABASE_URL"), Path(".rag")))
        store = resources.enter_context(models.open_store(url, options.docs))
        update(store, files, models, screen)
        for question in questions:
            ask(question, store, models, screen)


@contextmanager
def server(chat_model: str | None, screen: Screen) -> Iterator[Server]:
    """Gives Heroku, or an emulator when there is no key."""
    if config_var("INFERENCE_KEY"):
        yield Server({}, chat_model, engine="")
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
        )


def update(store: ChunkStore, files: list[Path], models: Assistant, screen: Screen) -> None:
    """Brings the collection up to date with the files."""
    began = time.perf_counter()
    sections: list[Section] = []
    with screen.progress("Reading") as advance:
        for done, file in enumerate(files, start=1):
            sections += read_file(file)
            advance(done, len(files))
    chunks = chunks_of(sections, models.split)
    with screen.progress("Embedding") as advance:
        changes = store.synchronise(chunks, advance)
    screen.note(
        f"{_count(files, 'document')}, {_count(chunks, 'chunk')}: {changes.embedded} embedded, "
        f"{changes.unchanged} unchanged, {changes.removed} removed "
        f"in {time.perf_counter() - began:.1f} s"
    )


def _count(things: Sequence[object], name: str) -> str:
    return f"{len(things)} {name}" if len(things) == 1 else f"{len(things)} {name}s"


def ask(question: str, store: ChunkStore, models: Assistant, screen: Screen) -> None:
    """Prints the answer to a question, and its sources."""
    screen.question(question)
    with screen.waiting("Searching"):
        sources = models.find_sources(question, store)
    said = screen.answer(models.answer(question, sources))
    screen.sources(sources, said)


def config_var(name: str) -> str | None:
    """Reads a config var of this application; the library reads those of its add-on."""
    return os.environ.get(name) or None  # noqa: TID251


def _shortest(path: Path) -> Path:
    """Shortens a path to what a user would type here."""
    here = Path.cwd()
    return path.resolve().relative_to(here) if path.resolve().is_relative_to(here) else path
