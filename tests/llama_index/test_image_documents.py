"""`image_documents`, by which programs for multi-modal models pass images of a prompt."""

from __future__ import annotations

import asyncio
from base64 import b64encode

import pytest
from llama_index.core.base.llms.types import ImageBlock
from llama_index.core.llms import ChatMessage
from llama_index.core.schema import ImageDocument, ImageNode, NodeWithScore

from heroku_inference import ConfigError
from llama_index_heroku import Heroku, HerokuMessages
from tests.histories import images_sent, texts_sent
from tests.wire_cases import PIXEL

pytestmark = pytest.mark.usefixtures("config_vars")

ENCODED = b64encode(PIXEL).decode()
NODE = ImageNode(image=ENCODED)


async def _streamed(llm, *arguments, **options):
    return [one async for one in await llm.astream_complete(*arguments, **options)]


async def _awaited(llm, *arguments, **options):
    return await llm.acomplete(*arguments, **options)


WAYS = {
    "complete": lambda llm, *a, **o: llm.complete(*a, **o),
    "stream_complete": lambda llm, *a, **o: list(llm.stream_complete(*a, **o)),
    "acomplete": lambda llm, *a, **o: asyncio.run(_awaited(llm, *a, **o)),
    "astream_complete": lambda llm, *a, **o: asyncio.run(_streamed(llm, *a, **o)),
}


@pytest.mark.parametrize("kind", [Heroku, HerokuMessages])
@pytest.mark.parametrize("complete", WAYS.values(), ids=WAYS)
def test_images_of_a_prompt_are_sent(emulator, kind, complete):
    llm = kind(model="claude-4-5-sonnet")
    complete(llm, "What is it?", image_documents=[NODE, ImageBlock(image=PIXEL)])
    complete(llm, "What is it?", [ImageDocument(image=ENCODED)])
    complete(llm, "What is it?", image_documents=NodeWithScore(node=NODE))
    assert [images_sent(entry.body) for entry in emulator.journal] == [2, 1, 1]
    for entry in emulator.journal:
        assert "What is it?" in texts_sent(entry.body)
        assert "image_documents" not in entry.body


@pytest.mark.parametrize("kind", [Heroku, HerokuMessages])
@pytest.mark.parametrize(
    "value",
    [["cat.png"], "cat.png", [ImageNode(image="no base64!")]],
    ids=["path", "path alone", "broken"],
)
def test_other_things_than_images_are_refused(emulator, kind, value):
    with pytest.raises(ConfigError, match=r"^image_documents\[0\]"):
        kind(model="claude-4-5-sonnet").complete("What is it?", image_documents=value)
    assert not emulator.journal


@pytest.mark.parametrize("kind", [Heroku, HerokuMessages])
def test_a_conversation_has_its_images_in_messages(emulator, kind):
    with pytest.raises(ConfigError, match=r"ImageBlock\(\.\.\.\)"):
        kind(model="claude-4-5-sonnet").chat([ChatMessage("Hi")], image_documents=[NODE])
    assert not emulator.journal
