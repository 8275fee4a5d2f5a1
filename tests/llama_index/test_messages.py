"""`HerokuMessages` as an object: arguments, what it sends, secrets, copies and dumps."""

from __future__ import annotations

import subprocess
import sys

import pytest
from llama_index.core.base.llms.types import (
    CachePoint,
    ChatMessage,
    CitableBlock,
    DocumentBlock,
    ImageBlock,
    TextBlock,
    ThinkingBlock,
)
from llama_index.core.callbacks import CallbackManager, TokenCountingHandler
from llama_index.llms.anthropic import Anthropic

from heroku_inference import ConfigError
from tests.wire_cases import PIXEL

MODEL = "claude-4-5-sonnet"
HI = [ChatMessage("Hi")]


def test_the_integrations_own_argument_sets_thinking_for_a_call(emulator, make_model):
    make_model(extended_thinking=True).chat(HI, thinking={"type": "enabled", "budget_tokens": 1200})
    assert emulator.journal[0].body["thinking"]["budget_tokens"] == 1200


@pytest.mark.parametrize(
    ("model", "window"), [(MODEL, 200_000), ("claude-of-tomorrow", 128_000)], ids=["known", "new"]
)
def test_any_model_has_metadata(make_model, model, window):
    llm = make_model(model=model)
    assert isinstance(llm, Anthropic)
    assert llm.class_name() == "HerokuMessages"
    assert (llm.metadata.context_window, llm.metadata.num_output) == (window, 8192)
    assert llm.metadata.is_function_calling_model
    assert llm.metadata.model_name == model


def test_cache_control_of_blocks_is_sent(emulator, make_model):
    point = CachePoint(cache_control={"type": "ephemeral"})
    system = ChatMessage([TextBlock(text="Long."), point], role="system")
    make_model().chat([system, ChatMessage([TextBlock(text="Hi"), point])])
    body = emulator.journal[0].body
    cached = {"cache_control": {"type": "ephemeral"}}
    shown = [{name: block.get(name) for name in cached} for block in body["system"]]
    assert shown == [{"cache_control": {"type": "ephemeral", "ttl": "5m"}}]
    assert body["messages"][0]["content"][0]["cache_control"]["type"] == "ephemeral"


def test_cache_idx_marks_messages_and_leaves_them_alone(emulator, make_model):
    asked = ChatMessage("Hi")
    make_model(cache_idx=-1).chat([asked])
    assert emulator.journal[0].body["messages"][0]["content"][0]["cache_control"]
    assert asked == ChatMessage("Hi")


def test_images_are_sent(emulator, make_model):
    shown = [TextBlock(text="What is it?"), ImageBlock(image=PIXEL, image_mimetype="image/png")]
    make_model().chat([ChatMessage(shown)])
    assert emulator.journal[0].body["messages"][0]["content"][1]["type"] == "image"


def test_image_urls_are_passed_on(emulator, make_model):
    url = "https://a.b/c.png"
    make_model().chat([ChatMessage([TextBlock(text="What is it?"), ImageBlock(url=url)])])
    shown = emulator.journal[0].body["messages"][0]["content"][1]
    assert shown == {"type": "image", "source": {"type": "url", "url": url}}


def test_text_documents_and_sources_go_as_text(emulator, make_model):
    documents = [
        DocumentBlock(data=b"a,b;c", document_mimetype="text/csv", title="Table"),
        DocumentBlock(data=b"# Notes, all of them", title="notes.md"),
        CitableBlock(title="A", source="a.txt", content="said"),
    ]
    make_model().chat([ChatMessage([*documents, TextBlock(text="Read.")])])
    content = emulator.journal[0].body["messages"][0]["content"]
    assert [block["text"] for block in content] == [
        "Table:\na,b;c",
        "notes.md:\n# Notes, all of them",
        "A (a.txt):",
        "said",
        "Read.",
    ]


def test_a_refusal_is_remembered(emulator, make_model):
    refused = ChatMessage("", role="assistant", additional_kwargs={"refusal": "No."})
    make_model().chat([*HI, refused, ChatMessage("Why?")])
    assert "No." in str(emulator.journal[0].body["messages"][1])


def test_the_systems_mark_for_caching_and_the_last_ones_are_kept(emulator, make_model):
    talk = [ChatMessage(f"Part {number}.") for number in range(6)]
    make_model(cache_idx=-1).chat([ChatMessage("Be brief.", role="system"), *talk])
    sent = emulator.journal[0].body
    (message,) = sent["messages"]
    marked = [block["text"] for block in message["content"] if "cache_control" in block]
    assert "cache_control" in sent["system"][0]
    assert marked == ["Part 3.", "Part 4.", "Part 5."]


def test_a_mark_at_the_start_of_the_newest_turn_is_refused(make_model):
    point = CachePoint(cache_control={"type": "ephemeral"})
    with pytest.raises(ConfigError, match=r"^messages\[1\]: a CachePoint must follow"):
        make_model().chat([*HI, ChatMessage([point, TextBlock(text="Hi")])])


def test_thinking_of_other_models_and_blank_text_are_left_out(emulator, make_model):
    foreign = [ThinkingBlock(content="Hm."), TextBlock(text="Yes."), TextBlock(text=" ")]
    history = [*HI, ChatMessage(foreign, role="assistant"), ChatMessage("Why?")]
    make_model(extended_thinking=True).chat(history)
    sent = emulator.journal[0].body["messages"][1]
    assert sent["content"] == [{"type": "text", "text": "Yes."}]


@pytest.mark.parametrize("streamed", [False, True])
def test_tokens_are_counted(make_model, streamed):
    counter = TokenCountingHandler()
    llm = make_model(callback_manager=CallbackManager([counter]))
    if streamed:
        list(llm.stream_chat(HI))
    else:
        llm.chat(HI)
    assert counter.prompt_llm_token_count > 0
    assert counter.completion_llm_token_count > 0


def test_without_the_integration_the_extra_is_named():
    program = (
        "import sys; sys.modules['llama_index.llms.anthropic'] = None\n"
        "try:\n    from llama_index_heroku import HerokuMessages\n"
        "except ImportError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "heroku-inference[llama-index-anthropic]" in done.stdout
