"""Messages of Heroku's models as LangChain's standard content blocks."""

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages import content as standard

import langchain_heroku.chat_models  # noqa: F401 - registers the translator

OURS = {"model_provider": "heroku"}
THOUGHT = {"reasoning": {"thinking": "hm", "signature": "s"}, "reasoning_content": "hm"}


def message(content="", **fields):
    return AIMessage(content, response_metadata=OURS, **fields)


def test_a_whole_message_is_reasoning_then_text_then_calls():
    blocks = message(
        "Four.",
        additional_kwargs=THOUGHT,
        tool_calls=[{"name": "add", "args": {"a": 1}, "id": "1"}],
        invalid_tool_calls=[{"name": "add", "args": "{", "id": "2", "error": "no"}],
    ).content_blocks
    assert blocks == [
        {"type": "reasoning", "reasoning": "hm", "extras": {"signature": "s"}},
        {"type": "text", "text": "Four."},
        {"type": "tool_call", "name": "add", "args": {"a": 1}, "id": "1"},
        {"type": "invalid_tool_call", "name": "add", "args": "{", "id": "2", "error": "no"},
    ]


def test_an_empty_message_has_no_blocks():
    assert message().content_blocks == []


def test_content_in_blocks_passes_and_what_is_foreign_says_so():
    blocks = message(["a", {"type": "text", "text": "b"}, {"type": "strange"}]).content_blocks
    assert blocks == [
        {"type": "text", "text": "a"},
        {"type": "text", "text": "b"},
        {"type": "non_standard", "value": {"type": "strange"}},
    ]


def test_pieces_have_indices_of_their_kind_so_that_they_merge_with_their_like():
    chunk = AIMessageChunk(
        "Four",
        response_metadata=OURS,
        additional_kwargs={"reasoning": {"thinking": "hm"}},
        tool_call_chunks=[
            {"type": "tool_call_chunk", "name": "f", "args": "{", "id": "1", "index": 0},
            {"type": "tool_call_chunk", "name": "g", "args": "", "id": "2", "index": 1},
        ],
    )
    assert [block["index"] for block in chunk.content_blocks] == [
        "lc_reasoning",
        "lc_text",
        "lc_tc_0",
        "lc_tc_1",
    ]


def test_a_refusal_in_pieces_has_an_index_of_its_kind():
    chunk = AIMessageChunk("", response_metadata=OURS, additional_kwargs={"refusal": "I"})
    assert [block["index"] for block in chunk.content_blocks] == ["lc_refusal"]


@pytest.mark.parametrize("has_block", [hasattr(standard, "RefusalContentBlock")])
def test_a_refusal_has_a_block_of_its_own_where_core_knows_one(has_block):
    (block,) = message(additional_kwargs={"refusal": "I won't."}).content_blocks
    if has_block:
        assert block == {"type": "refusal", "refusal": "I won't."}
    else:
        assert block["value"] == {"type": "refusal", "refusal": "I won't."}


def test_the_translator_is_there_as_soon_as_the_package_meets_messages():
    from langchain_core.messages.block_translators import get_translator

    assert get_translator("heroku") is not None
