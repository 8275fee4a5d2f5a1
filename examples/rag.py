"""Answers questions about your documents with Heroku Managed Inference and PostgreSQL.

    python examples/rag.py "How many texts fit into one embeddings request?"
    python examples/rag.py --docs handbook/ notes.pdf "Who approves holidays?"

Reads Markdown, text and PDF, embeds what is new since the last run, retrieves, reranks and answers
with numbered sources. Without a question it asks three about the documents beside this file.

Config vars, from the environment or from `.env`: with INFERENCE_KEY and INFERENCE_URL it calls
Heroku, without them a local emulator. With DATABASE_URL it uses that database (it needs pgvector),
otherwise one of its own in `.rag/`.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dotenv import load_dotenv
from pydantic import SecretStr
from retrieval.answering import answer, find_sources
from retrieval.documents import chunks_of, find_files, read_file
from retrieval.errors import InputError
from retrieval.screen import Screen
from retrieval.store import database, open_store

from heroku_inference import ConfigError, HerokuError
from langchain_heroku import ChatHeroku, HerokuEmbeddings, HerokuRerank

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from retrieval.store import ChunkStore

DOCUMENTS = Path(__file__).parent / "docs"
QUESTIONS = (
    "How many texts fit into one embeddings request, and how long may they be?",
    "Why would a request be answered with an HTML page and status 403?",
    "Can thinking be used together with tools?",
)
SOURCES = 4


class Models(NamedTuple):
    """The three models of retrieval-augmented generation."""

    chat: ChatHeroku
    embeddings: HerokuEmbeddings
    reranker: HerokuRerank
    vectors: str
    """Names what makes the vectors: only vectors of one origin can be compared."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the example; returns the exit code: 2 when the user can put right what is wrong."""
    screen = Screen()
    load_dotenv(".env")
    try:
        run(parse(arguments), screen)
    except (InputError, ConfigError) as error:
        screen.error(str(error))
        return 2
    except HerokuError as error:
        screen.error(str(error))
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Reads the command line."""
    usage, _, details = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=usage, epilog=details, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("question", nargs="?", metavar="QUESTION", help="what you want to know")
    parser.add_argument(
        "--docs",
        nargs="+",
        metavar="PATH",
        default=[str(_shortest(DOCUMENTS))],
        help="files and folders to read: Markdown, text, PDF (default: the pages beside this file)",
    )
    parser.add_argument("--model", help="chat model id (default: INFERENCE_MODEL_ID)")
    options = parser.parse_args(arguments)
    *paths, last = options.docs
    if options.question is None and paths and _is_question(last):
        options.docs, options.question = paths, last
    options.docs = [Path(path) for path in options.docs]
    return options


def _is_question(argument: str) -> bool:
    """`--docs` takes all that follows, and people write the question last."""
    return not Path(argument).exists() and (" " in argument or argument.endswith("?"))


def run(options: argparse.Namespace, screen: Screen) -> None:
    """Documents in, answers out."""
    questions = QUESTIONS if options.question is None else (options.question.strip(),)
    if not all(questions):
        raise InputError("The question is empty")
    files = find_files(options.docs)
    with ExitStack() as resources:
        models = resources.enter_context(connect(options.model, screen))
        with screen.waiting("Starting the database"):
            url = resources.enter_context(database(config_var("DATABASE_URL"), Path(".rag")))
        store = resources.enter_context(
            open_store(url, models.embeddings, model=models.vectors, roots=options.docs)
        )
        update(store, files, screen)
        for question in questions:
            ask(question, store, models, screen)


@contextmanager
def connect(model: str | None, screen: Screen) -> Iterator[Models]:
    """Gives the models on Heroku, or on an emulator when there is no key."""
    if config_var("INFERENCE_KEY"):
        embeddings = HerokuEmbeddings()
        yield Models(
            ChatHeroku(model=model),
            embeddings,
            HerokuRerank(top_n=SOURCES),
            f"{embeddings.settings.base_url} {embeddings.settings.model}",
        )
        return
    # Only now: whoever has a key need not install the emulator.
    from heroku_emulator import Emulator  # noqa: PLC0415

    with ExitStack() as resources:
        with screen.waiting("Starting the emulator"):
            emulator = resources.enter_context(Emulator())
        screen.note(f"INFERENCE_KEY is not set: using a local emulator ({emulator.engine.name})")
        chat_model = model or emulator.config_vars["INFERENCE_MODEL_ID"]
        key, url = emulator.api_key, emulator.url
        yield Models(
            ChatHeroku(model=chat_model, api_key=SecretStr(key), base_url=url),
            HerokuEmbeddings(api_key=SecretStr(key), base_url=url),
            HerokuRerank(top_n=SOURCES, api_key=SecretStr(key), base_url=url),
            f"emulator {emulator.engine.name}",
        )


def update(store: ChunkStore, files: list[Path], screen: Screen) -> None:
    """Brings the collection up to date with the files."""
    began = time.perf_counter()
    documents = []
    with screen.progress("Reading") as advance:
        for done, file in enumerate(files, start=1):
            documents += read_file(file)
            advance(done, len(files))
    chunks = chunks_of(documents)
    with screen.progress("Embedding") as advance:
        changes = store.synchronise(chunks, advance)
    screen.note(
        f"{_count(files, 'document')}, {_count(chunks, 'chunk')}: {changes.embedded} embedded, "
        f"{changes.unchanged} unchanged, {changes.removed} removed "
        f"in {time.perf_counter() - began:.1f} s"
    )


def _count(things: Sequence[object], name: str) -> str:
    return f"{len(things)} {name}" if len(things) == 1 else f"{len(things)} {name}s"


def ask(question: str, store: ChunkStore, models: Models, screen: Screen) -> None:
    """Prints the answer to a question and the sources it was drawn from."""
    screen.question(question)
    with screen.waiting("Searching"):
        sources = find_sources(question, store, models.reranker)
    said = screen.answer(answer(question, sources, models.chat))
    screen.sources(sources, said)


def config_var(name: str) -> str | None:
    """An application reads its own config vars; the library reads those of its add-on."""
    return os.environ.get(name) or None  # noqa: TID251


def _shortest(path: Path) -> Path:
    """The path as one would type it here."""
    here = Path.cwd()
    return path.resolve().relative_to(here) if path.resolve().is_relative_to(here) else path


if __name__ == "__main__":
    sys.exit(main())
