"""Gives every user some documents: `python -m retrieval.load FOLDER`.

The config var DATABASE_URL says where they go. Documents that are there already stay as they are.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import psycopg

from heroku_inference import HerokuError
from retrieval.documents import find_files
from retrieval.errors import InputError
from retrieval.hybrid import EVERYONE
from retrieval.hybrid_langchain import Documents
from retrieval.interrupts import leave_on_interrupt
from retrieval.pool import open_pool
from retrieval.uploads import UploadError, read


async def load(folder: Path, url: str) -> None:
    """Adds the documents in a folder that are not there yet."""
    async with open_pool(url) as pool:
        documents = Documents(pool)
        known = await documents.names(EVERYONE)
        for file in find_files([folder]):
            name = file.relative_to(folder).as_posix()
            if name not in known:
                passages = read(name, file.read_bytes())
                print(f"{name}: {await documents.add(EVERYONE, name, passages)} passages")


if __name__ == "__main__":
    leave_on_interrupt()
    try:
        asyncio.run(load(Path(sys.argv[1]), os.environ.get("DATABASE_URL", "")))  # noqa: TID251
    except (HerokuError, InputError, UploadError, psycopg.OperationalError) as error:
        sys.exit(f"Error: {error}")
