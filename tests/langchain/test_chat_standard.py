"""LangChain's own suites for chat models, in every way to structure an answer.

Against the emulator, and, where `INFERENCE_KEY` is set, against Heroku (`make live`).
"""

from typing import Any, ClassVar

import pytest
import vcr
from langchain_tests.integration_tests import ChatModelIntegrationTests

from langchain_heroku import ChatHeroku
from tests.langchain.standard import MODEL, UnitTests


class TestChatHerokuUnit(UnitTests):
    """Nothing is sent here."""

    chat_model_class = ChatHeroku


class EverythingChatHerokuCan(ChatModelIntegrationTests):
    """What it says of itself; what is not named here has no place in Heroku's API."""

    chat_model_class = ChatHeroku
    chat_model_params: ClassVar[dict[str, Any]] = {"model": MODEL}

    has_tool_calling = True
    has_tool_choice = True
    has_structured_output = True
    supports_json_mode = True
    supports_image_inputs = True
    supports_image_urls = True
    supports_anthropic_inputs = True
    returns_usage_metadata = True
    supports_model_override = True
    model_override_value = "claude-4-5-haiku"


@pytest.mark.usefixtures("config_vars", "images_without_network")
class OnEmulator(EverythingChatHerokuCan):
    """The emulator refuses what Heroku is known to refuse."""


class TestByToolCall(OnEmulator):
    """The default."""

    enable_vcr_tests = True

    @pytest.fixture
    def vcr_config(self):
        return {"allow_playback_repeats": True}

    @pytest.fixture
    def vcr_cassette_dir(self, request, emulator, tmp_path, default_cassette_name):
        """A cassette made on the spot: what is proven is that recorders see and replay us."""
        if request.node.get_closest_marker("vcr") is None:
            yield str(tmp_path)
            return
        llm = ChatHeroku(model=MODEL, api_key=emulator.api_key, base_url=emulator.url)
        with vcr.use_cassette(str(tmp_path / f"{default_cassette_name}.yaml")):
            list(llm.stream("Write a story about a cat."))
        yield str(tmp_path)
        assert len(emulator.journal) == 1


class TestByJsonSchema(OnEmulator):
    """`response_format`, done by a hidden tool."""

    structured_output_kwargs: ClassVar[dict[str, Any]] = {"method": "json_schema"}


class TestByJsonMode(OnEmulator):
    """`response_format`, done by an instruction."""

    structured_output_kwargs: ClassVar[dict[str, Any]] = {"method": "json_mode"}


@pytest.mark.live
class TestLive(EverythingChatHerokuCan):
    """The same on Heroku."""
