"""Loads documents that every user finds: `python -m retrieval.load FOLDER`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from chat_app.settings import read_settings
from chat_app.store import open_pool

from retrieval.hybrid import EVERYONE, Documents
from retrieval.uploads import read

if TYPE_CHECKING:
    from collections.abc import Sequence


async def load(files: Sequence[Path]) -> None:
    """Adds the documents that are not there yet."""
    async with open_pool(read_settings().database_url) as pool:
        documents = Documents(pool)
        known = await documents.names(EVERYONE)
        for file in files:
            if file.name not in known:
                passages = read(file.name, file.read_bytes())
                print(file.name, await documents.add(EVERYONE, file.name, passages), "passages")


if __name__ == "__main__":
    asyncio.run(load(sorted(Path(sys.argv[1]).iterdir())))
