"""The built-in engine: vectors and scores by shared words, calls by schema, loops that end."""

import json
import math

import pytest

from heroku_emulator.built_in.deterministic import DeterministicEngine
from heroku_emulator.engine import Engine

ENGINE = DeterministicEngine()


def tool(name, description, **properties):
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    function = {"name": name, "description": description, "parameters": parameters}
    return {"type": "function", "function": function}


INTEGER, STRING = {"type": "integer"}, {"type": "string"}
ADD = tool("add", "Adds two numbers.", a=INTEGER, b=INTEGER)
WEATHER = tool("get_weather", "Get weather at a location.", location=STRING)
ANSWER = tool("final_answer", "Give the final answer.", summary=STRING)


def ask(question, *tools, system=None, history=(), **fields):
    instructions = [{"role": "system", "content": system}] if system else []
    messages = [*instructions, {"role": "user", "content": question}, *history]
    return ENGINE.chat({"messages": messages, "tools": list(tools)} | fields)


def after(name, result="It is sunny."):
    function = {"name": name, "arguments": "{}"}
    return [
        {
            "role": "assistant",
            "content": ".",
            "tool_calls": [{"id": f"id-{name}", "type": "function", "function": function}],
        },
        {"role": "tool", "tool_call_id": f"id-{name}", "content": result},
    ]


def similarity(one, other):
    first, second = ENGINE.embed([one, other], "search_document")
    return sum(a * b for a, b in zip(first, second, strict=True))


def test_it_is_an_engine():
    assert isinstance(ENGINE, Engine)


@pytest.mark.parametrize("text", ["", "a", "words and more words", "你好", "🎉"])
def test_every_vector_has_unit_length(text):
    (vector,) = ENGINE.embed([text], "search_query")
    assert len(vector) == 1024
    assert math.hypot(*vector) == pytest.approx(1)


def test_texts_that_share_words_are_similar():
    near = similarity("the rate limit of the embedding model", "embedding models have rate limits")
    assert near > 0.8
    assert near > similarity("the rate limit", "a limit on rates of growth") > 0.2
    assert abs(similarity("cats eat fish", "the gateway answers with 429")) < 0.1
    assert similarity("你好世界", "世界你好") == pytest.approx(1)


def test_the_same_text_has_the_same_vector_everywhere():
    (vector,) = ENGINE.embed(["inference"], "search_query")
    assert [place for place, number in enumerate(vector) if number] == [101, 249, 288]


def test_rerank_prefers_rare_words_of_the_query():
    scores = ENGINE.rerank(
        "What is the limit for haiku?",
        ["The limit for sonnet is 150.", "The limit for haiku is 200.", "Cats.", ""],
    )
    assert scores[1] == max(scores)
    assert scores[0] > scores[2] == scores[3] == 0
    assert all(0 <= score <= 1 for score in scores)
    assert ENGINE.rerank("", ["x"]) == [0]


@pytest.mark.parametrize("extra", [0, 1])
def test_tokens_are_counted_about_as_bedrock_does(extra):
    captured = (
        "The capital of France is Paris. It's not only the political capital but also a major "
        "cultural and economic hub in Europe, known for landmarks like the Eiffel Tower, the "
        "Louvre Museum, and Notre-Dame Cathedral."
    )
    assert ENGINE.count_tokens(captured + "!" * extra) == 51 + extra
    assert (ENGINE.count_tokens(""), ENGINE.count_tokens(" ")) == (0, 1)


def test_without_tools_it_repeats_the_question():
    assert ask("Hello").text == "You said: Hello"
    parts = [{"type": "text", "text": "Look:"}, {"type": "image_url", "image_url": {"url": "x"}}]
    assert ask(parts).text == "You said: Look:"
    alone = ENGINE.chat({"messages": [{"role": "system", "content": "Be kind."}]})
    assert alone.text == "You said: Be kind."


def test_with_a_context_it_quotes_the_sentence_that_answers():
    context = (
        "The gateway limits the number of requests. Chat has a limit of 150 requests a minute. "
        "Embeddings take at most 96 texts. Rerank takes a thousand documents.\n" * 3
    )
    answer = ask(f"Context:\n{context}\n\nHow many texts do embeddings take?")
    assert answer.text == "Embeddings take at most 96 texts."
    assert ask(f"Context:\n{context}\n\nWho is Ada?").text.startswith("You said:")


def test_it_thinks_aloud_when_asked_to():
    assert ask("Hi").reasoning is None
    assert "Hi" in ask("Hi", reasoning_effort="low").reasoning
    assert "Hi" in ask("Hi", extended_thinking={"enabled": True}).reasoning
    assert ask("Hi", extended_thinking={"enabled": False}).reasoning is None


@pytest.mark.parametrize(
    ("question", "calls"),
    [
        ("What is add(1, 2)?", [("add", {"a": 1, "b": 2})]),
        ("What is add(b=1, a=2)?", [("add", {"a": 2, "b": 1})]),
        ("What is add(1)? And 7?", [("add", {"a": 1, "b": 7})]),
        ("What is add(x, y) of 3 and 4?", [("add", {"a": 3, "b": 4})]),
        ("What is add(1, 2, 3)?", [("add", {"a": 1, "b": 2})]),
        ("Use add for 5 and 6.", [("add", {"a": 5, "b": 6})]),
        ("add(1, 2) and add(3, 4)", [("add", {"a": 1, "b": 2}), ("add", {"a": 3, "b": 4})]),
        (
            "What is the weather in San Francisco, CA?",
            [("get_weather", {"location": "San Francisco, CA"})],
        ),
        (
            "Use get_weather('Oslo') and add(1, 2).",
            [("get_weather", {"location": "Oslo"}), ("add", {"a": 1, "b": 2})],
        ),
        ("What additional address is there?", []),
        ("Hello!", []),
    ],
)
def test_tools_are_called_when_the_user_asks_for_them(question, calls):
    assert ask(question, ADD, WEATHER).tool_calls == calls


def test_one_call_at_a_time_where_parallel_calls_are_off():
    calls = ask("add(1, 2) and add(3, 4)", ADD, parallel_tool_calls=False).tool_calls
    assert calls == [("add", {"a": 1, "b": 2})]


def test_no_tool_is_called_twice_for_one_question():
    answer = ask("What is the weather in Oslo?", WEATHER, history=after("get_weather"))
    assert answer.tool_calls == []
    assert answer.text == "get_weather says: It is sunny."
    again = [*after("get_weather"), {"role": "user", "content": "And the weather in Rome?"}]
    assert ask("What is the weather in Oslo?", WEATHER, history=again).tool_calls


@pytest.mark.parametrize("choice", ["none", None])
def test_without_tools_or_with_choice_none_it_makes_no_calls(choice):
    tools = [] if choice is None else [ADD]
    assert ask("add(1, 2)", *tools, tool_choice=choice).tool_calls == []


def test_a_forced_tool_is_always_called():
    choice = {"type": "function", "function": {"name": "add"}}
    (call,) = ask("Hello!", WEATHER, ADD, tool_choice=choice).tool_calls
    assert call == ("add", {"a": 1, "b": 1})
    (call,) = ask("add(1, 2), add(3, 4)", ADD, tool_choice=choice).tool_calls
    assert call == ("add", {"a": 1, "b": 2})


def test_a_required_call_goes_to_the_fitting_tool_then_to_the_last():
    tools = [WEATHER, ANSWER]
    (first,) = ask("The weather in Oslo?", *tools, tool_choice="required").tool_calls
    assert first[0] == "get_weather"
    history = after("get_weather")
    (second,) = ask(
        "The weather in Oslo?", *tools, tool_choice="required", history=history
    ).tool_calls
    assert second[0] == "final_answer"
    history += after("final_answer")
    (third,) = ask(
        "The weather in Oslo?", *tools, tool_choice="required", history=history
    ).tool_calls
    assert third[0] == "final_answer"


def test_a_tool_that_instructions_demand_is_called_last_and_once():
    order = "Give your final answer by calling the tool `final_answer`."
    assert [name for name, _ in ask("Hello", WEATHER, ANSWER, system=order).tool_calls] == [
        "final_answer"
    ]
    history = after("get_weather")
    (call,) = ask("The weather?", WEATHER, ANSWER, system=order, history=history).tool_calls
    assert call == ("final_answer", {"summary": "The weather? It is sunny."})
    history += after("final_answer")
    assert not ask("The weather?", WEATHER, ANSWER, system=order, history=history).tool_calls
    assert not ask("Hello", ANSWER, system="You may use final_answer.").tool_calls


SCHEMA = {
    "type": "object",
    "properties": {"name": STRING, "age": INTEGER},
    "required": ["name", "age"],
}


@pytest.mark.parametrize(
    ("system", "question", "answer"),
    [
        (
            f"Answer with one JSON object of this schema: {json.dumps(SCHEMA)}",
            "Alice Smith is 30.",
            {"name": "Alice Smith", "age": 30},
        ),
        ("Use {braces} and {}. Return only JSON.", "Hello", {"answer": "Hello"}),
        (
            "Respond in JSON.",
            "Say 'x' with 'one' and 'two' keys",
            {"one": "x", "two": "one"},
        ),
        (None, "Return 'x' in JSON with `one` field.", {"one": "x"}),
        (None, "Return a JSON.", None),
        ("You know about JSON.", "Hello", None),
    ],
)
def test_it_answers_in_json_if_asked_to(system, question, answer):
    text = ask(question, system=system).text
    if answer is None:
        assert text.startswith("You said")
    else:
        assert json.loads(text) == answer


@pytest.mark.parametrize(
    ("wanted", "answer"),
    [
        ({"type": "json_object"}, {"answer": "Ada is 3."}),
        ({"type": "json_schema", "json_schema": {"schema": SCHEMA}}, {"name": "Ada", "age": 3}),
        ({"type": "text"}, None),
    ],
)
def test_an_honoured_response_format_is_followed(wanted, answer):
    text = ask("Ada is 3.", response_format=wanted).text
    assert text == "You said: Ada is 3." if answer is None else json.loads(text) == answer
