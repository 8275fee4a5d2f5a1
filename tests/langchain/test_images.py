"""Pictures drawn by a tool: called by itself, in an agent, and when it goes wrong."""

import base64

import pytest
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage, ToolMessage

from heroku_emulator import CallTools, Say
from heroku_inference import GeneratedImage
from langchain_heroku import ChatHeroku, HerokuImageTool

pytestmark = pytest.mark.usefixtures("config_vars")


def call_of(**arguments):
    return {"type": "tool_call", "id": "1", "name": "draw_image", "args": arguments}


def test_the_artifact_is_the_file_of_the_block():
    message = HerokuImageTool().invoke(call_of(prompt="A fox in the snow"))
    (block,) = message.content_blocks
    picture = message.artifact
    assert isinstance(picture, GeneratedImage)
    assert base64.b64decode(block["base64"]) == picture.data
    assert picture.data.startswith(b"\x89PNG")


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
