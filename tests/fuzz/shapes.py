"""For each reader, Hypothesis' strategy for its bytes: right ones from the corpus, made wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import DrawFn, SearchStrategy

__all__ = ["CORPUS", "bytes_for"]

CORPUS = Path(__file__).parent / "corpus"

_NUMBERS = st.one_of(
    st.integers(),
    st.integers(-3, 3),
    st.floats(allow_nan=False),
    st.sampled_from([2**31, 2**53, 2**63, 2**64, -(2**63) - 1, 10**30, float("inf")]),
)
_TEXTS = st.one_of(
    st.text(max_size=20), st.sampled_from(["", "5", "null", "stop", "[DONE]", "\ud83d"])
)
_KEYS = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        [
            "choices",
            "delta",
            "message",
            "content",
            "text",
            "type",
            "error",
            "code",
            "usage",
            "id",
            "index",
            "tool_calls",
            "function",
            "name",
            "arguments",
            "role",
            "finish_reason",
            "data",
            "embedding",
            "results",
            "relevance_score",
            "b64_json",
            "reasoning",
            "thinking",
            "signature",
            "partial_json",
        ]
    ),
)
ANY_JSON: SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), _NUMBERS, _TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_KEYS, inner, max_size=4)),
    max_leaves=8,
)
_DEEP = st.builds(
    lambda depth, pair: pair[0] * depth + pair[1] * depth,
    st.integers(90, 3000),
    st.sampled_from([("[", "]"), ('{"a":', "}")]),
)


def _encoded(value: Any, *, ascii_only: bool) -> bytes:
    return json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", errors="replace")


@st.composite
def _changed(draw: DrawFn, value: Any, changes: int = 3) -> Any:
    """A JSON value in which a few places hold something else, or nothing, or hold it twice."""
    value = json.loads(json.dumps(value))
    for _ in range(draw(st.integers(0, changes))):
        holder, key = None, None
        inner = value
        while isinstance(inner, dict | list) and inner:
            if holder is not None and draw(st.integers(0, 3)) == 0:
                break
            key = draw(
                st.sampled_from(sorted(inner) if isinstance(inner, dict) else range(len(inner)))
            )
            holder, inner = inner, inner[key]
        if holder is None:
            return draw(ANY_JSON)
        how = draw(st.sampled_from(["other", "other", "gone", "twice", "new"]))
        if how == "gone":
            del holder[key]
        elif how == "twice" and isinstance(holder, list):
            holder.insert(key, inner)
        elif how == "new" and isinstance(holder, dict):
            holder[draw(_KEYS)] = draw(ANY_JSON)
        else:
            holder[key] = draw(ANY_JSON)
    return value


@st.composite
def _json_like(draw: DrawFn, seeds: list[bytes]) -> bytes:
    seed = draw(st.sampled_from(seeds))
    try:
        value = json.loads(seed)
    except (ValueError, RecursionError):
        return draw(_scratched(seed))
    body = _encoded(draw(_changed(value)), ascii_only=draw(st.booleans()))
    if draw(st.integers(0, 20)) == 0:
        body = body.replace(b'""', draw(_DEEP).encode(), 1)
    if draw(st.integers(0, 20)) == 0:
        return draw(_scratched(body))
    return draw(st.sampled_from([b"", b"", b"", b"\xef\xbb\xbf", b" \n"])) + body


@st.composite
def _scratched(draw: DrawFn, seed: bytes) -> bytes:
    """Bytes of which some are cut out, and others put in."""
    start = draw(st.integers(0, len(seed)))
    end = draw(st.integers(start, len(seed)))
    return seed[:start] + draw(st.binary(max_size=12)) + seed[end:]


@st.composite
def _changed_event(draw: DrawFn, frame: bytes) -> bytes:
    head, _, data = frame.partition(b"data:")
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return frame
    return head + b"data: " + _encoded(draw(_changed(value)), ascii_only=draw(st.booleans()))


@st.composite
def _stream_like(draw: DrawFn, seeds: list[bytes]) -> bytes:
    """The events of a stream, some changed, dropped, repeated or in another order and framing."""
    frames = [frame for frame in draw(st.sampled_from(seeds)).split(b"\n\n") if frame]
    changed = []
    for frame in frames:
        how = draw(
            st.sampled_from(["as it is"] * 5 + ["changed", "changed", "gone", "twice", "scratched"])
        )
        if how == "changed":
            changed.append(draw(_changed_event(frame)))
        elif how == "scratched":
            changed.append(draw(_scratched(frame)))
        elif how != "gone":
            changed += [frame] * (2 if how == "twice" else 1)
    if draw(st.integers(0, 5)) == 0:
        changed = draw(st.permutations(changed))
    end = draw(st.sampled_from([b"\n", b"\n", b"\r\n", b"\r"]))
    return b"".join(frame + b"\n\n" for frame in changed).replace(b"\n", end)


@st.composite
def _answer_like(draw: DrawFn, seeds: list[bytes]) -> bytes:
    """The lines of an answer, some changed, dropped, repeated, or from another answer."""
    lines = []
    others = [line for seed in seeds for line in seed.split(b"\r\n")]
    for line in draw(st.sampled_from(seeds)).split(b"\r\n"):
        how = draw(st.sampled_from(["as it is"] * 9 + ["gone", "twice", "scratched", "other"]))
        if how == "scratched":
            lines.append(draw(_scratched(line)))
        elif how == "other":
            lines += [line, draw(st.sampled_from(others))]
        elif how != "gone":
            lines += [line] * (2 if how == "twice" else 1)
    end = draw(st.sampled_from([b"\r\n"] * 6 + [b"\n", b"\r"]))
    return end.join(lines)


@st.composite
def _text_like(draw: DrawFn, seeds: list[bytes]) -> bytes:
    if draw(st.booleans()):
        return draw(_scratched(draw(st.sampled_from(seeds))))
    return draw(
        st.one_of(
            st.text(max_size=60).map(lambda t: t.encode("utf-8", "replace")), st.binary(max_size=60)
        )
    )


_LIKE: dict[str, Callable[[list[bytes]], SearchStrategy[bytes]]] = {
    "sse": _stream_like,
    "plain_answer": _answer_like,
    "chat_stream": _stream_like,
    "agent_stream": _stream_like,
    "messages_stream": _stream_like,
    "headers": _text_like,
    "compressed": _text_like,
    "url": _text_like,
}


def bytes_for(reader: str) -> SearchStrategy[bytes]:
    """What to feed to a reader."""
    seeds = [path.read_bytes() for path in sorted((CORPUS / reader).iterdir())]
    return _LIKE.get(reader, _json_like)(seeds)
