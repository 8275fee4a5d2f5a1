"""Every call of a chat history with its result right after it, as the server wants them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heroku_inference._chat.pairing import Call, Result, is_wire_id, orphan_words, pair
from heroku_inference._chat.repairs import Repair
from heroku_inference._chat.words import NOT_RUN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from heroku_inference._chat.repairs import Repairs

__all__ = ["answered_calls"]


def answered_calls(
    messages: list[dict[str, Any]], repairs: Repairs, no_result: str = NOT_RUN
) -> list[dict[str, Any]]:
    """The messages with a result after each call, and no result without its call.

    Calls without a result get `no_result`, results without a call become words of the user, and
    ids are made where there are none, where they are not unique, or where the API does not take
    them.

    Args:
        messages: Wire messages of our own, whose calls may lack their id. Those of tools can have
            the `name` of their tool, which is taken away.
        repairs: Where to note what was done.
        no_result: What a call without a result is answered with.
    """
    if _are_answered(messages):
        return messages
    calls = {
        place: [Call(call["id"], call["function"]["name"], place) for call in message["tool_calls"]]
        for place, message in enumerate(messages)
        if message.get("tool_calls")
    }
    results = {
        place: Result(message["tool_call_id"], message.pop("name", None), place)
        for place, message in enumerate(messages)
        if message["role"] == "tool"
    }
    pair([call for turn in calls.values() for call in turn], list(results.values()))
    ordered: list[dict[str, Any]] = []
    for place, message in enumerate(messages):
        if place in calls:
            ordered.append(_with_ids(message, calls[place]))
            ordered += _results(messages, calls[place], repairs, no_result)
        elif place not in results:
            ordered.append(message)
        elif results[place].call is None:
            repairs.note(Repair.ORPHANED)
            ordered.append(_orphan(message, results[place]))
    return ordered


def _are_answered(messages: Sequence[dict[str, Any]]) -> bool:
    """Whether nothing is to be done, in one look at each message."""
    waiting: set[str] = set()
    seen: set[str] = set()
    for message in messages:
        if message["role"] == "tool":
            answered = message["tool_call_id"]
            if not isinstance(answered, str) or answered not in waiting:
                return False
            waiting.remove(answered)
        elif waiting:
            return False
        elif calls := message.get("tool_calls"):
            for call in calls:
                call_id = call["id"]
                if not isinstance(call_id, str) or call_id in seen or not is_wire_id(call_id):
                    return False
                seen.add(call_id)
                waiting.add(call_id)
    if waiting:
        return False
    for message in messages if seen else ():
        if "name" in message:
            del message["name"]
    return True


def _with_ids(message: dict[str, Any], calls: Sequence[Call]) -> dict[str, Any]:
    pairs = zip(message["tool_calls"], calls, strict=True)
    return {**message, "tool_calls": [{**wire, "id": call.wire_id} for wire, call in pairs]}


def _results(
    messages: Sequence[Mapping[str, Any]], calls: Sequence[Call], repairs: Repairs, no_result: str
) -> list[dict[str, Any]]:
    """The results of one turn, in the order in which they came; those that never did at the end."""
    answered = sorted((call for call in calls if call.results), key=_place_of_result)
    if any(not _follows(messages, call) for call in answered):
        repairs.note(Repair.MOVED)
    found = [_result(messages, call, repairs) for call in answered]
    missing = [call.wire_id for call in calls if not call.results]
    if missing:
        repairs.note(Repair.NOT_RUN)
    return [
        *found,
        *({"role": "tool", "content": no_result, "tool_call_id": id_} for id_ in missing),
    ]


def _place_of_result(call: Call) -> int:
    return call.results[0].place


def _follows(messages: Sequence[Mapping[str, Any]], call: Call) -> bool:
    """Whether there are only results between a call and its own."""
    place = call.results[0].place
    return place > call.place and all(
        message["role"] == "tool" for message in messages[call.place + 1 : place]
    )


def _result(messages: Sequence[Mapping[str, Any]], call: Call, repairs: Repairs) -> dict[str, Any]:
    contents = [messages[result.place]["content"] for result in call.results]
    different = [one for number, one in enumerate(contents) if one not in contents[:number]]
    if len(different) > 1:
        repairs.note(Repair.JOINED)
    return {"role": "tool", "content": _joined(different), "tool_call_id": call.wire_id}


def _joined(contents: Sequence[str | list[dict[str, Any]]]) -> str | list[dict[str, Any]]:
    if all(isinstance(content, str) for content in contents):
        return "\n".join(map(str, contents))
    return [part for content in contents for part in _parts(content)]


def _parts(content: str | list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _orphan(message: Mapping[str, Any], result: Result) -> dict[str, Any]:
    words, content = orphan_words(result.name), message["content"]
    if isinstance(content, str):
        return {"role": "user", "content": f"{words}\n{content}"}
    return {"role": "user", "content": [{"type": "text", "text": words}, *content]}
