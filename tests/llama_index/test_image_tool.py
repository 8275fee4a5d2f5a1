"""`HerokuImageToolSpec`: images as blocks of a tool's output, and as files."""

from __future__ import annotations

import copy
import pickle

import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ImageBlock, TextBlock

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
async def test_an_image_stands_beside_words(way, tmp_path):
    output = await draw(HerokuImageToolSpec(save_folder=tmp_path), way, aspect_ratio="16:9")
    words, _ = output.blocks
    assert isinstance(words, TextBlock)
    assert PROMPT in words.text
    assert [output.raw_output["path"]] == [str(file) for file in tmp_path.iterdir()]
    assert picture(output)[1] == "image/png"
    assert not output.is_error


def test_models_are_not_offered_what_was_said_already():
    def offered(**arguments):
        return tool_of(HerokuImageToolSpec(**arguments)).metadata.get_parameters_dict()

    assert len(offered()["properties"]["aspect_ratio"]["enum"]) == 9
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


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_copy_works_and_none_shows_a_key(emulator, copied):
    spec = copied(HerokuImageToolSpec(seed=5))
    assert picture(spec.generate_image(PROMPT))
    assert emulator.api_key not in repr(spec) + repr(vars(spec)) + str(spec.to_tool_list())
    assert emulator.api_key.encode() not in pickle.dumps(spec)
