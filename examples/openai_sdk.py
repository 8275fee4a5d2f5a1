"""The openai SDK on Heroku Managed Inference: chat, stream, tools, embeddings, thinking.

    python examples/openai_sdk.py
    python examples/openai_sdk.py --model claude-4-5-haiku

For programs that use this SDK. Config vars come from the environment or from `.env`. With
INFERENCE_KEY and INFERENCE_URL this calls Heroku, otherwise a local emulator.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import openai
from dotenv import load_dotenv
from retrieval.interrupts import finish, leave_on_interrupt

from heroku_inference import ConfigError, Settings, openai_client

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PAGE = """A dyno is a container that runs one process of an app. Dynos restart at least once a day.
A slug is a compressed copy of the app's code, made when the app is deployed."""
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "weather_in",
        "description": "The weather in a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "enum": ["Lisbon", "Porto"]}},
            "required": ["city"],
        },
    },
}


def weather_in(city: str) -> str:
    """Says what the weather is in a city."""
    return f"{city}: 18 degrees, light rain"


def chat(client: openai.OpenAI, model: str) -> None:
    """Asks a question, and prints the answer and its tokens."""
    answer = client.chat.completions.create(
        model=model,
        messages=[
            {"role": "system", "content": "You answer in one sentence."},
            {"role": "user", "content": f"{PAGE}\n\nWhat is a dyno?"},
        ],
        max_tokens=200,
    )
    tokens = answer.usage.total_tokens if answer.usage else "unknown"
    print(f"chat: {answer.choices[0].message.content} ({tokens} tokens)")


def stream(client: openai.OpenAI, model: str) -> None:
    """Shows words as they come."""
    print("stream: ", end="")
    messages: Any = [{"role": "user", "content": f"{PAGE}\n\nHow often do dynos restart?"}]
    for chunk in client.chat.completions.create(model=model, messages=messages, stream=True):
        for choice in chunk.choices:
            print(choice.delta.content or "", end="", flush=True)
    print()


def tools(client: openai.OpenAI, model: str) -> None:
    """Lets the model call a function, and answer with its result."""
    messages: Any = [{"role": "user", "content": "What is the weather in Porto?"}]
    first = client.chat.completions.create(model=model, messages=messages, tools=[WEATHER])
    message: Any = first.choices[0].message
    messages.append(message)
    for call in message.tool_calls or []:
        result = weather_in(**json.loads(call.function.arguments))
        messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
    if not message.tool_calls:
        print("tools: the model called none")
        return
    second = client.chat.completions.create(model=model, messages=messages, tools=[WEATHER])
    print(f"tools: {second.choices[0].message.content}")


def embeddings(client: openai.OpenAI, model: str) -> None:
    """Finds the text that is nearest to a question; `input_type` says which is which."""
    texts = ["Dynos run your app.", "Cats sleep most of the day."]
    documents = client.embeddings.create(
        model=model, input=texts, extra_body={"input_type": "search_document"}
    )
    question = client.embeddings.create(
        model=model, input="What runs an app?", extra_body={"input_type": "search_query"}
    )
    query = question.data[0].embedding
    products = [
        sum(a * b for a, b in zip(query, item.embedding, strict=True)) for item in documents.data
    ]
    print(f"embeddings: {texts[products.index(max(products))]}")


def thinking(client: openai.OpenAI, model: str) -> None:
    """Lets the model think first, and shows its thoughts, a field that the SDK does not know."""
    answer = client.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": f"{PAGE}\n\nWhen is a slug made?"}],
        extra_body={
            "extended_thinking": {
                "enabled": True,
                "budget_tokens": 1024,
                "include_reasoning": True,
            }
        },
    )
    message = answer.choices[0].message
    reasoning = (message.model_extra or {}).get("reasoning") or {}
    print(f"thinking: {message.content} (thought: {reasoning.get('thinking', 'not shown')})")


@contextmanager
def server() -> Iterator[dict[str, Any]]:
    """Gives the arguments of a connection: none if the config vars are set, else an emulator's."""
    if os.environ.get("INFERENCE_KEY"):  # noqa: TID251 - an application reads its config vars
        yield {}
        return
    # Imported here, so that people with a key need not install the emulator.
    from heroku_emulator import Emulator  # noqa: PLC0415

    with Emulator() as emulator:
        print(f"INFERENCE_KEY is not set: using a local emulator ({emulator.engine.name})")
        yield {"api_key": emulator.api_key, "base_url": emulator.url}


def run(model: str | None) -> None:
    """Runs the five programs."""
    with server() as connection:
        settings = Settings(
            model=model or ("claude-4-5-sonnet" if connection else None), **connection
        )
        vectors = Settings(kind="embedding", **connection).require_model()
        with openai_client(**connection) as client:
            for program in (chat, stream, tools, thinking):
                program(client, settings.require_model())
        with openai_client(kind="embedding", **connection) as client:
            embeddings(client, vectors)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the example; returns the exit code: 2 for a mistake that the user can correct."""
    usage, _, details = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=usage, epilog=details, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", help="chat model id (default: INFERENCE_MODEL_ID)")
    options = parser.parse_args(arguments)
    load_dotenv(".env")
    try:
        run(options.model)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    except openai.OpenAIError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    leave_on_interrupt()
    finish(main())
