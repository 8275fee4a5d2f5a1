"""`HerokuImageToolSpec`: images as blocks of a tool's output, and as files."""

from __future__ import annotations

import copy
import io
import pickle

import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ImageBlock, TextBlock
from PIL import Image

from heroku_emulator import CallTools, Say
from heroku_inference import ConfigError
from llama_index_heroku import Heroku, HerokuImageToolSpec
from tests.llama_index.heroku_agents import run_to_end

pytestmark = [
    pytest.mark.usefixtures("config_vars"),
    pytest.mark.filterwarnings(
        "ignore::DeprecationWarning"  # LlamaIndex's workflows use what is deprecated
    ),
]

PATH = "/v1/images/generations"
PROMPT = "A lighthouse at dusk"


def tool_of(spec):
    (tool,) = spec.to_tool_list()
    return tool


async def draw(spec, way, **options):
    """An image, in each of the ways there are to have one drawn."""
    if way == "blocking":
        return spec.generate_image(PROMPT, **options)
    if way == "awaited":
        return await spec.agenerate_image(PROMPT, **options)
    if way == "tool":
        return tool_of(spec)(prompt=PROMPT, **options)
    return await tool_of(spec).acall(prompt=PROMPT, **options)


ways = pytest.mark.parametrize("way", ["blocking", "awaited", "tool", "awaited tool"])


def picture(output):
    (block,) = [block for block in output.blocks if isinstance(block, ImageBlock)]
    return block.resolve_image().read(), block.image_mimetype


@ways
async def test_an_image_is_a_block_beside_words(emulator, way):
    output = await draw(HerokuImageToolSpec(), way, aspect_ratio="16:9")
    words, _ = output.blocks
    assert isinstance(words, TextBlock)
    assert PROMPT in words.text
    data, mime_type = picture(output)
    assert mime_type == "image/png"
    assert Image.open(io.BytesIO(data)).size == (1344, 768)
    assert not output.is_error
    (entry,) = emulator.journal
    assert entry.path == PATH
    assert entry.body == {
        "model": "stable-image-ultra",
        "prompt": PROMPT,
        "aspect_ratio": "16:9",
    }


@ways
async def test_what_was_said_of_all_images_holds_and_the_call_comes_before_it(emulator, way):
    spec = HerokuImageToolSpec(size="1024x1024", negative_prompt="people", seed=5)
    first = await draw(spec, way)
    again = await draw(spec, way)
    other = await draw(spec, way, seed=6, aspect_ratio="1:1")
    assert picture(first) == picture(again)
    assert picture(first) != picture(other)
    said = [{k: v for k, v in entry.body.items() if k != "model"} for entry in emulator.journal]
    assert said[0] == {
        "prompt": PROMPT,
        "size": "1024x1024",
        "negative_prompt": "people",
        "seed": 5,
    }
    assert said[2] == {
        "prompt": PROMPT,
        "aspect_ratio": "1:1",
        "negative_prompt": "people",
        "seed": 6,
    }


@ways
async def test_an_image_is_saved_by_its_content_and_format(tmp_path, way):
    folder = tmp_path / "new" / "images"
    spec = HerokuImageToolSpec(save_folder=folder, output_format="jpeg", seed=5)
    output = await draw(spec, way)
    await draw(spec, way)
    (file,) = folder.iterdir()
    assert file.suffix in {".jpg", ".jpeg"}
    assert file.read_bytes() == picture(output)[0]
    assert output.raw_output["path"] == str(file)
    assert str(file) in output.content


def test_models_are_offered_what_is_documented_and_not_what_was_said_already():
    def offered(**arguments):
        return tool_of(HerokuImageToolSpec(**arguments)).metadata.get_parameters_dict()

    every = offered()
    assert list(every["properties"]) == ["prompt", "aspect_ratio", "negative_prompt", "seed"]
    assert every["required"] == ["prompt"]
    assert len(every["properties"]["aspect_ratio"]["enum"]) == 9
    assert list(offered(size="1024x1024")["properties"]) == ["prompt", "negative_prompt", "seed"]
    assert list(offered(aspect_ratio="1:1", seed=1, negative_prompt="x")["properties"]) == [
        "prompt"
    ]


async def test_an_agent_draws_and_is_shown_the_image(emulator):
    emulator.script(CallTools([("generate_image", {"prompt": PROMPT})]), Say("There it is."))
    agent = FunctionAgent(tools=HerokuImageToolSpec(seed=5).to_tool_list(), llm=Heroku())
    done = await run_to_end(agent, "Draw a lighthouse at dusk.")
    assert str(done.output) == "There it is."
    data, _ = picture(done.results[0].tool_output)
    assert data.startswith(b"\x89PNG")
    *_, result, shown = emulator.journal[-1].body["messages"]
    assert (result["role"], shown["role"]) == ("tool", "user")
    assert PROMPT in result["content"]
    assert [part["type"] for part in shown["content"]] == ["text", "image_url"]


@ways
@pytest.mark.parametrize(
    "options",
    [{"aspect_ratio": "7:3"}, {"size": "1x1"}, {"seed": -1}, {"output_format": "gif"}],
    ids=str,
)
async def test_what_is_not_documented_is_refused_and_not_sent(emulator, way, options):
    with pytest.raises(ConfigError):
        await draw(HerokuImageToolSpec(), way, **options)
    assert not emulator.journal


def test_the_attachment_for_images_is_read_first(emulator, monkeypatch):
    monkeypatch.setenv("INFERENCE_URL", "http://127.0.0.1:9")
    assert picture(HerokuImageToolSpec().generate_image(PROMPT))
    for name in ("KEY", "URL", "MODEL_ID"):
        monkeypatch.delenv(f"DIFFUSION_{name}", raising=False)
    monkeypatch.setenv("INFERENCE_URL", emulator.url)
    assert picture(HerokuImageToolSpec().generate_image(PROMPT))
    assert emulator.journal[-1].body["model"] == "stable-image-ultra"


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_copy_works_and_none_shows_a_key(emulator, copied):
    spec = copied(HerokuImageToolSpec(seed=5))
    assert picture(spec.generate_image(PROMPT))
    assert emulator.api_key not in repr(spec) + repr(vars(spec)) + str(spec.to_tool_list())
    assert emulator.api_key.encode() not in pickle.dumps(spec)
