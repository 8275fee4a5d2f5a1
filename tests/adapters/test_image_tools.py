"""What the image tools of both adapters promise alike, called by themselves as an agent does."""

from __future__ import annotations

import asyncio
import base64
import io
from typing import NamedTuple

import pytest
from langchain_core.utils.function_calling import convert_to_openai_tool
from llama_index.core.base.llms.types import ImageBlock
from PIL import Image

from langchain_heroku import HerokuImageTool
from llama_index_heroku import HerokuImageToolSpec

pytestmark = pytest.mark.usefixtures("config_vars")

PROMPT = "A lighthouse at dusk"


class Drawn(NamedTuple):
    """What a tool returned, whichever framework it belongs to."""

    data: bytes
    mime_type: str
    text: str


class LangChain:
    make = HerokuImageTool
    folder = "save_to"

    @staticmethod
    def parameters(tool):
        return convert_to_openai_tool(tool)["function"]["parameters"]

    @staticmethod
    async def draw(tool, *, awaited, **arguments):
        call = {"type": "tool_call", "id": "1", "name": "draw_image", "args": arguments}
        message = await tool.ainvoke(call) if awaited else tool.invoke(call)
        (image,) = [block for block in message.content_blocks if block["type"] == "image"]
        text = "".join(b["text"] for b in message.content_blocks if b["type"] == "text")
        return Drawn(base64.b64decode(image["base64"]), image["mime_type"], text)


class LlamaIndex:
    make = HerokuImageToolSpec
    folder = "save_folder"

    @staticmethod
    def parameters(spec):
        return spec.to_tool_list()[0].metadata.get_parameters_dict()

    @staticmethod
    async def draw(spec, *, awaited, **arguments):
        (tool,) = spec.to_tool_list()
        output = await tool.acall(**arguments) if awaited else tool(**arguments)
        assert not output.is_error
        (image,) = [block for block in output.blocks if isinstance(block, ImageBlock)]
        return Drawn(image.resolve_image().read(), image.image_mimetype, output.content)


@pytest.fixture(params=[LangChain, LlamaIndex], ids=lambda adapter: adapter.__name__)
def adapter(request):
    return request.param


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def draw(adapter, request):
    """Have an image drawn by a tool."""
    return lambda tool, prompt=PROMPT, **arguments: asyncio.run(
        adapter.draw(tool, awaited=request.param, prompt=prompt, **arguments)
    )


def sent(entry):
    return {name: value for name, value in entry.body.items() if name != "model"}


def test_an_image_is_a_block_of_the_result(emulator, adapter, draw):
    drawn = draw(adapter.make(), aspect_ratio="16:9")
    assert drawn.mime_type == "image/png"
    assert Image.open(io.BytesIO(drawn.data)).size == (1344, 768)
    (entry,) = emulator.journal
    assert entry.path == "/v1/images/generations"
    assert entry.body == {
        "model": "stable-image-ultra",
        "prompt": PROMPT,
        "aspect_ratio": "16:9",
    }


def test_what_a_call_says_goes_before_what_the_tool_was_set_to(emulator, adapter, draw):
    usual = {"size": "1344x768", "seed": 1, "negative_prompt": "people", "output_format": "jpeg"}
    tool = adapter.make(**usual)
    first, again = draw(tool), draw(tool)
    other = draw(tool, aspect_ratio="1:1", seed=6, negative_prompt="dogs")
    assert first.mime_type == "image/jpeg"
    assert first.data == again.data != other.data
    before, _, after = emulator.journal
    assert sent(before) == {"prompt": PROMPT, **usual}
    assert sent(after) == {
        "prompt": PROMPT,
        "aspect_ratio": "1:1",
        "seed": 6,
        "negative_prompt": "dogs",
        "output_format": "jpeg",
    }
    draw(tool, seed=0)
    assert sent(emulator.journal[-1])["seed"] == 0


@pytest.mark.parametrize(("form", "suffixes"), [("png", {".png"}), ("jpeg", {".jpg", ".jpeg"})])
def test_images_are_saved_by_their_content_and_format(adapter, draw, tmp_path, form, suffixes):
    folder = tmp_path / "new" / "images"
    tool = adapter.make(**{adapter.folder: folder}, output_format=form, seed=5)
    first, second = draw(tool), draw(tool, "A cat")
    draw(tool)
    files = {file.read_bytes(): file for file in folder.iterdir()}
    assert len(list(folder.iterdir())) == 2
    assert files.keys() == {first.data, second.data}
    assert {file.suffix for file in files.values()} <= suffixes
    assert str(files[first.data]) in first.text


def test_models_are_offered_what_is_documented(adapter):
    parameters = adapter.parameters(adapter.make())
    names = ["prompt", "aspect_ratio", "negative_prompt", "seed"]
    assert list(parameters["properties"]) == names
    assert parameters["required"] == ["prompt"]
    assert "21:9" in str(parameters["properties"]["aspect_ratio"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [({"aspect_ratio": "7:3"}, "16:9"), ({"seed": -1}, "seed"), ({"prompt": " "}, "empty")],
    ids=str,
)
def test_what_is_not_documented_is_refused_and_not_sent(emulator, adapter, draw, arguments, words):
    with pytest.raises(ValueError, match=words):
        draw(adapter.make(), **arguments)
    assert not emulator.journal
