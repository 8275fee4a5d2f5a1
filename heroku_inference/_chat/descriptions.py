"""Words for what a conversation holds and the API does not take. Pure.

Files, sound, films, links, results of other providers' tools: the model is told what was there,
and gets all of it that is text.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pydantic_core import to_json

from heroku_inference._decoding import whole_characters

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["described"]

_NAMES: Final = ("title", "name", "filename", "file_name")
_PLACES: Final = ("url", "uri", "file_url", "file_uri", "image_url", "source", "file_id")
_TYPES: Final = ("mime_type", "mimeType", "media_type", "mimetype", "format")
_TEXTS: Final = (
    *("text", "refusal", "transcript", "output", "content", "json", "input", "args"),
    *("description", "context"),
)
_DATA: Final = ("data", "base64", "blob", "bytes", "file_data", "url")
# Where the formats of the providers keep what they say of a part, below the part itself.
_BELOW: Final = ("source", "value", "resource", "extras", "additional_kwargs")
# Says nothing to a model: pointers, marks, and what only its own provider can read.
_SILENT: Final = frozenset(
    {
        *("type", "id", "index", "call_id", "tool_call_id", "tool_use_id", "cache_control"),
        *("encrypted_content", "encrypted_index", "signature", "thumbnail", "b64_json", *_DATA),
    }
)
_TEXT_TYPES: Final = frozenset(
    {"json", "csv", "md", "markdown", "txt", "text", "html", "xml", "yaml", "yml", "x-yaml", "toml"}
    | {"x-ndjson", "jsonl", "javascript", "sql", "tsv", "rst"}
)
_DEEPEST: Final = 8
_LONGEST_WORD: Final = 200  # characters; what is longer and has no space is data


def described(part: Any) -> str:
    """What a part of a message is, in words, and what is text in it.

    Data in base64 is never repeated. Takes the parts of OpenAI's, Anthropic's, LangChain's,
    LlamaIndex's and MCP's formats; of others it says the kind, and what they hold as JSON.

    Args:
        part: The part; a text is itself.
    """
    return _described(part, 0)


class _Facts(NamedTuple):
    kind: str
    name: str
    media_type: str
    place: str
    text: str
    has_data: bool


def _described(part: Any, depth: int) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, Mapping):
        return _json(part)
    facts = _facts_of(part, depth)
    found = facts.name or facts.place or facts.media_type or facts.has_data
    if facts.text and not (facts.name or facts.place):
        return facts.text
    text = facts.text
    if not text and not found:
        text = _rest(part)
    head = " ".join(
        filter(
            None,
            (
                facts.kind,
                facts.name and f'"{facts.name}"',
                facts.media_type and f"({facts.media_type})",
                facts.place and f"at {facts.place}",
            ),
        )
    )
    return f"[{head}]\n{text}" if text else f"[{head}; its content is not included]"


def _facts_of(part: Mapping[str, Any], depth: int) -> _Facts:
    kind = part.get("type")
    layers = list(_layers(part, kind))
    if kind == "non_standard" and len(layers) > 1:
        kind = layers[1].get("type") or kind
    if not isinstance(kind, str):
        kind = next((key for key in part if isinstance(part[key], Mapping)), "content")
    name = _first_text(layers, _NAMES)
    place = _first_text(layers, _PLACES)
    media_type = _first_text(layers, _TYPES)
    has_data = False
    text = ""
    if place.startswith("data:"):
        media_type = media_type or place[5:].partition(",")[0].partition(";")[0]
        place = ""
    for layer in layers:
        for key in _DATA:
            data = layer.get(key)
            if isinstance(data, bytes):
                has_data = True
                text = text or _text_of_bytes(data, media_type, name)
            elif isinstance(data, str) and data and not (key == "url" and data[:5] != "data:"):
                has_data = True
                if layer.get("type") == "text" and key == "data":
                    text = text or data
                media_type = media_type or _type_of_url(data)
                text = text or _text_of_data(data, media_type, name)
    return _Facts(kind, name, media_type, place, text or _text_in(layers, depth), has_data)


def _layers(part: Mapping[str, Any], kind: Any) -> Iterator[Mapping[str, Any]]:
    """The part and the mappings in it that say more of it, the outer ones first."""
    yield part
    inner = [part.get(kind)] if isinstance(kind, str) else [*part.values()]
    for value in (*inner, *(part.get(key) for key in _BELOW)):
        if isinstance(value, Mapping):
            yield value
            for key in ("source", "resource", *([value["type"]] if value.get("type") else [])):
                if isinstance(key, str) and isinstance(deeper := value.get(key), Mapping):
                    yield deeper


def _first_text(layers: list[Mapping[str, Any]], keys: tuple[str, ...]) -> str:
    for layer in layers:
        for key in keys:
            if isinstance(value := layer.get(key), str) and value:
                return value
    return ""


def _text_in(layers: list[Mapping[str, Any]], depth: int) -> str:
    if depth >= _DEEPEST:
        return ""
    for layer in layers:
        for key in _TEXTS:
            value = layer.get(key)
            if isinstance(value, str):
                if value:
                    return value
            elif key in {"json", "input", "args"} and value:
                return _json(value)
            elif isinstance(value, Mapping) and layer is not value:
                return _described(value, depth + 1)
            elif isinstance(value, list) and value:
                return "\n".join(filter(None, (_described(one, depth + 1) for one in value)))
    return ""


def _type_of_url(data: str) -> str:
    return data[5:].partition(",")[0].partition(";")[0] if data.startswith("data:") else ""


def _text_of_data(data: str, media_type: str, name: str) -> str:
    if not _is_text(media_type, name):
        return ""
    is_url = data.startswith("data:")
    try:
        decoded = b64decode(data.partition(",")[2] if is_url else data, validate=True)
    except ValueError:
        return "" if is_url else data  # what is not base64 is the text itself
    return _decoded(decoded)


def _text_of_bytes(data: bytes, media_type: str, name: str) -> str:
    return _decoded(data) if _is_text(media_type, name) else ""


def _decoded(data: bytes) -> str:
    try:
        return data.decode()
    except ValueError:  # of another encoding, which nothing names
        return ""


def _is_text(media_type: str, name: str) -> bool:
    if media_type:
        kind = media_type.partition(";")[0].strip().lower()
        return kind.startswith("text/") or kind.rpartition("/")[2].rpartition("+")[2] in _TEXT_TYPES
    return name.rpartition(".")[2].lower() in _TEXT_TYPES if "." in name else False


def _rest(part: Mapping[str, Any]) -> str:
    rest = {key: value for key, value in part.items() if key not in _SILENT}
    return _json(rest) if rest else ""


def _json(value: Any) -> str:
    shown = whole_characters(_without_data(value, 0))
    return to_json(shown, fallback=str, inf_nan_mode="strings").decode()


def _without_data(value: Any, depth: int) -> Any:
    if depth == _DEEPEST and isinstance(value, Mapping | list | tuple):
        return "…"
    if isinstance(value, Mapping):
        return {
            str(key): _without_data(inner, depth + 1)
            for key, inner in value.items()
            if key not in _SILENT or not isinstance(inner, str | bytes)
        }
    if isinstance(value, list | tuple):
        return [_without_data(inner, depth + 1) for inner in value]
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, str):
        if len(value) > _LONGEST_WORD and " " not in value and "\n" not in value:
            return f"{len(value)} characters of data"
        return value
    return value
