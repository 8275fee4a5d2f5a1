"""LangChain's own suites for chat models, as far as one goes that takes no functions."""

from typing import Any, ClassVar

import pytest
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from langchain_heroku import ChatHerokuAgent

MODEL = "claude-4-5-sonnet"


class TestChatHerokuAgentUnit(ChatModelUnitTests):
    """Nothing is sent here."""

    chat_model_class = ChatHerokuAgent
    chat_model_params: ClassVar[dict[str, Any]] = {
        "model": MODEL,
        "api_key": "inf-test-key",
        "base_url": "https://x.test",
    }
    # Its tools are Heroku's; functions and schemas are refused, as test_agent_objects shows.
    has_tool_calling = False
    has_structured_output = False

    @property
    def init_from_env_params(self):
        config_vars = {
            "INFERENCE_KEY": "inf-test-key",
            "INFERENCE_URL": "https://x.test",
            "INFERENCE_MODEL_ID": MODEL,
        }
        return config_vars, {}, {"model": MODEL}

    @pytest.mark.xfail(
        reason="core loads classes of its own mapping only; test_agent_objects allows ours",
        strict=True,
    )
    def test_serdes(self, model, snapshot):
        super().test_serdes(model, snapshot)


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
