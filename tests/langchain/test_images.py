"""Pictures drawn by a tool: called by itself, in an agent, and when it goes wrong."""

import asyncio
import base64

import pytest
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import ValidationError

from heroku_emulator import CallTools, Say
from heroku_inference import GeneratedImage
from langchain_heroku import ChatHeroku, HerokuImageTool, errors

pytestmark = pytest.mark.usefixtures("config_vars")

PATH = "/v1/images/generations"


def call_of(**arguments):
    return {"type": "tool_call", "id": "1", "name": "draw_image", "args": arguments}


@pytest.fixture(params=["sync", "async"])
def draw(request):
    """Has a tool called as an agent calls it."""
    if request.param == "sync":
        return lambda tool, **arguments: tool.invoke(call_of(**arguments))
    return lambda tool, **arguments: asyncio.run(tool.ainvoke(call_of(**arguments)))


def test_a_picture_is_a_content_block_and_the_artifact_is_the_file(emulator, draw):
    message = draw(HerokuImageTool(), prompt="A fox in the snow")
    (block,) = message.content_blocks
    assert (block["type"], block["mime_type"]) == ("image", "image/png")
    picture = message.artifact
    assert isinstance(picture, GeneratedImage)
    assert base64.b64decode(block["base64"]) == picture.data
    assert picture.data.startswith(b"\x89PNG")
    assert emulator.journal[-1].path == PATH
    assert emulator.journal[-1].body == {
        "model": "stable-image-ultra",
        "prompt": "A fox in the snow",
    }


def test_what_a_call_says_goes_before_what_the_tool_was_set_to(emulator, draw):
    tool = HerokuImageTool(size="1344x768", seed=1, negative_prompt="people", output_format="jpeg")
    message = draw(tool, prompt="A fox")
    assert message.content_blocks[0]["mime_type"] == "image/jpeg"
    body = emulator.journal[-1].body
    assert body == {
        "model": "stable-image-ultra",
        "prompt": "A fox",
        "size": "1344x768",
        "seed": 1,
        "negative_prompt": "people",
        "output_format": "jpeg",
    }
    draw(tool, prompt="A fox", aspect_ratio="16:9", seed=0, negative_prompt="dogs")
    body = emulator.journal[-1].body
    assert "size" not in body
    assert (body["aspect_ratio"], body["seed"], body["negative_prompt"]) == ("16:9", 0, "dogs")


def test_pictures_are_saved_under_names_of_their_own(draw, tmp_path):
    tool = HerokuImageTool(save_to=tmp_path / "new" / "folder")
    first = draw(tool, prompt="A fox", seed=1)
    second = draw(tool, prompt="A cat", seed=1)
    draw(tool, prompt="A fox", seed=1)
    files = {file.read_bytes(): file for file in (tmp_path / "new" / "folder").iterdir()}
    assert files.keys() == {first.artifact.data, second.artifact.data}
    told, shown = first.content_blocks
    assert str(files[first.artifact.data]) in told["text"]
    assert shown["type"] == "image"


def test_the_tool_definition_lists_what_the_api_takes():
    definition = convert_to_openai_tool(HerokuImageTool())["function"]
    parameters = definition["parameters"]["properties"]
    assert parameters.keys() == {"prompt", "aspect_ratio", "negative_prompt", "seed"}
    assert "21:9" in str(parameters["aspect_ratio"])
    assert definition["parameters"]["required"] == ["prompt"]


def test_an_argument_outside_the_documented_is_refused_before_any_request(emulator, draw):
    with pytest.raises(ValidationError, match="16:9"):
        draw(HerokuImageTool(), prompt="A fox", aspect_ratio="7:3")
    with pytest.raises(errors.ConfigError, match="1344x768"):
        draw(HerokuImageTool(size="1x1"), prompt="A fox")
    with pytest.raises(errors.ConfigError, match="empty"):
        draw(HerokuImageTool(), prompt=" ")
    assert len(emulator.journal) == 0


# In an agent


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
async def test_an_agent_draws_and_its_model_sees_the_picture(emulator, way):
    emulator.script(CallTools([("draw_image", {"prompt": "A fox", "seed": 3})]))
    emulator.script(Say("Here is your fox."))
    agent = create_agent(ChatHeroku(), [HerokuImageTool()])
    question = {"messages": [HumanMessage("Draw a fox.")]}
    state = agent.invoke(question) if way == "invoke" else await agent.ainvoke(question)
    (result,) = (m for m in state["messages"] if isinstance(m, ToolMessage))
    assert result.content_blocks[0]["base64"] == result.artifact.base64
    assert state["messages"][-1].text == "Here is your fox."
    _, _, told, shown = emulator.journal[-1].body["messages"]
    assert told["role"] == "tool"
    assert told["content"] == "The image is shown in the next message."
    assert shown["role"] == "user"
    url = f"data:image/png;base64,{result.artifact.base64}"
    assert shown["content"][1] == {"type": "image_url", "image_url": {"url": url}}


def test_an_agent_learns_which_values_are_allowed(emulator):
    emulator.script(CallTools([("draw_image", {"prompt": "A fox", "aspect_ratio": "7:3"})]))
    emulator.script(Say("I cannot."))
    agent = create_agent(ChatHeroku(), [HerokuImageTool()])
    state = agent.invoke({"messages": [HumanMessage("Draw a fox.")]})
    (result,) = (m for m in state["messages"] if isinstance(m, ToolMessage))
    assert result.status == "error"
    assert "16:9" in result.content


# As an object


def test_a_standard_plans_key_serves_too(emulator, config_vars, monkeypatch):
    for name in config_vars:
        if name.startswith("DIFFUSION"):
            monkeypatch.delenv(name)
    assert HerokuImageTool().invoke(call_of(prompt="A fox")).artifact
    assert emulator.journal[-1].body["model"] == "stable-image-ultra"
