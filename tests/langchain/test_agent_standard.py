"""LangChain's own suites for chat models, as far as one goes that takes no functions."""

from typing import Any, ClassVar

import pytest
from langchain_tests.integration_tests import ChatModelIntegrationTests

from langchain_heroku import ChatHerokuAgent
from tests.langchain.standard import MODEL, UnitTests


class TestChatHerokuAgentUnit(UnitTests):
    """Nothing is sent here."""

    chat_model_class = ChatHerokuAgent
    # Its tools are Heroku's; functions and schemas are refused, as test_agent_objects shows.
    has_tool_calling = False
    has_structured_output = False


class Agent(ChatModelIntegrationTests):
    """A model without tools of the caller's."""

    chat_model_class = ChatHerokuAgent
    chat_model_params: ClassVar[dict[str, Any]] = {"model": MODEL}
    has_tool_calling = False
    has_structured_output = False
    supports_image_inputs = False
    returns_usage_metadata = True
    supports_model_override = True
    model_override_value = "claude-4-5-haiku"


@pytest.mark.usefixtures("config_vars")
class TestOnEmulator(Agent):
    """The emulator refuses what Heroku is known to refuse."""


@pytest.mark.live
class TestLive(Agent):
    """The same on Heroku."""
