"""LangChain's own suites for `ChatHerokuMessages`."""

from typing import Any, ClassVar

import pytest
from langchain_tests.integration_tests import ChatModelIntegrationTests

from langchain_heroku import ChatHerokuMessages
from tests.langchain.standard import MODEL, UnitTests


class TestChatHerokuMessagesUnit(UnitTests):
    """Nothing is sent here."""

    chat_model_class = ChatHerokuMessages


@pytest.mark.usefixtures("config_vars", "images_without_network")
class TestChatHerokuMessages(ChatModelIntegrationTests):
    """Everything that the endpoint is documented to do, against the emulator."""

    chat_model_class = ChatHerokuMessages
    chat_model_params: ClassVar[dict[str, Any]] = {"model": MODEL}

    has_tool_calling = True
    has_tool_choice = True
    has_structured_output = True
    supports_json_mode = False
    supports_image_inputs = True
    supports_image_urls = True
    supports_anthropic_inputs = True
    returns_usage_metadata = True
    supports_model_override = True
    model_override_value = "claude-4-5-haiku"
