"""The table of histories that every class is held against, as messages of LlamaIndex."""

from __future__ import annotations

from typing import Any

import pytest
from llama_index.core.base.llms.types import ImageBlock, TextBlock, ToolCallBlock
from llama_index.core.llms import ChatMessage, MessageRole

from heroku_inference import ConfigError
from tests.histories import NEXT, each_history, each_refused, images_sent, texts_sent
from tests.llama_index.test_histories import SENDERS, every_class, user_warnings

pytestmark = [
    pytest.mark.usefixtures("config_vars"),
    pytest.mark.filterwarnings(
        "ignore::DeprecationWarning"  # LlamaIndex's workflows use what is deprecated
    ),
]

# Fields of a message that LlamaIndex has in `additional_kwargs`.
_BESIDE = ("tool_calls", "tool_call_id", "name", "refusal", "function_call", "audio", "mood")

_NOT_OF_LLAMA_INDEX = ("other names of roles", "words beside a result in Anthropic's form")


@pytest.fixture(autouse=True)
def strict(emulator):
    emulator.switch(bare_tool_history="reject")


def as_chat_message(message: dict[str, Any]) -> ChatMessage:
    """A message in OpenAI's form as LlamaIndex's own, whatever its role and its parts."""
    beside = {name: message[name] for name in _BESIDE if name in message}
    content = message["content"] if isinstance(message["content"], list) else [message["content"]]
    blocks = [_block(part) for part in content if part is not None]
    calls = [_call(call) for call in beside.get("tool_calls") or ()]
    if all(calls):
        beside.pop("tool_calls", None)
        blocks += calls
    roles = {role.value: role for role in MessageRole}
    role = roles.get(message["role"], message["role"])
    # Without validation, as copies of messages are made.
    return ChatMessage.model_construct(role=role, blocks=blocks, additional_kwargs=beside)


def _block(part: Any) -> Any:
    if isinstance(part, str):
        return TextBlock(text=part)
    if part.get("type") == "text" and "cache_control" not in part:
        return TextBlock(text=part["text"])
    if part.get("type") == "image_url":
        return ImageBlock(url=part["image_url"]["url"])
    return part


def _call(call: dict[str, Any]) -> ToolCallBlock | None:
    function = call["function"]
    if not function["name"]:
        return None
    return ToolCallBlock(
        tool_call_id=call["id"],
        tool_name=function["name"],
        tool_kwargs=function["arguments"] or {},
    )


def is_agent(send: Any) -> bool:
    return send is SENDERS["HerokuAgent.run"]


@every_class
@each_history(without=_NOT_OF_LLAMA_INDEX)
def test_it_is_sent(emulator, send, history):
    messages = [as_chat_message(message) for message in history.messages]
    with user_warnings() as warned:
        send(messages)
    (entry,) = emulator.journal
    texts = texts_sent(entry.body)
    for text in history.seen_by_agents if is_agent(send) else history.seen:
        assert text in texts
    for text in history.unseen:
        assert text not in texts
    assert images_sent(entry.body) == history.images
    assert len(warned) <= 1
    if history.warns is False:
        assert not warned


@every_class
@each_refused()
def test_it_is_refused_once(emulator, send, refused):
    messages = [ChatMessage("Hello"), ChatMessage("Hi.", role="assistant")]
    messages.append(as_chat_message(refused.message))
    if refused.taken_by_messages and send is SENDERS["HerokuMessages.chat"]:
        send(messages)
    else:
        with pytest.raises(ConfigError, match=rf"messages\[2\]: .*{refused.error}"):
            send(messages)
        assert not emulator.journal
    with user_warnings() as warned:
        send([*messages, as_chat_message(NEXT)])
    texts = texts_sent(emulator.journal[-1].body)
    for text in refused.seen:
        assert text in texts
    assert len(warned) == 1
