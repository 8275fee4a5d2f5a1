"""A picture from words (docs: images)."""

from __future__ import annotations

import base64
import binascii
import os
import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from heroku_inference._config.arguments import SENDING_OPTIONS, check_extra_body, unknown_argument
from heroku_inference._error_bodies import excerpt
from heroku_inference._errors import ConfigError, UnknownArgumentError
from heroku_inference._json import invalid_response, read_json
from heroku_inference._public_names import publish
from heroku_inference._values import Reply
from heroku_inference._wire_types import count, identifier

if TYPE_CHECKING:
    from collections.abc import Mapping


__all__ = [
    "ASPECT_RATIOS",
    "FORMATS",
    "LARGEST_SEED",
    "LONGEST_PROMPT",
    "SIZES",
    "GeneratedImage",
    "image_body",
    "read_image",
]

ASPECT_RATIOS: Final = ("16:9", "1:1", "21:9", "2:3", "3:2", "4:5", "5:4", "9:16", "9:21")
"""The documented ratios."""
SIZES: Final = (
    "1344x768",
    "1024x1024",
    "1536x640",
    "832x1216",
    "1216x832",
    "896x1088",
    "1088x896",
    "768x1344",
    "640x1536",
)
"""The documented sizes in pixels, width by height, in the order of their ratios."""
FORMATS: Final = ("png", "jpeg")
"""The documented formats."""
LONGEST_PROMPT: Final = 10_000  # characters
LARGEST_SEED: Final = 4_294_967_295
_IGNORED: Final = frozenset({"n", "quality", "style", "response_format", "user"})

_DATA_URL: Final = re.compile(r"^data:[^,]*;base64,", re.IGNORECASE)
_UNKNOWN_KIND: Final = "application/octet-stream"
_SUFFIXES: Final = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".jpe": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
}


@dataclass(frozen=True, slots=True)
class GeneratedImage:
    """A picture that the model drew. Notebooks show it.

    Attributes:
        data: The file's bytes.
        mime_type: What they are: `image/png` or `image/jpeg`.
        prompt: What was asked for.
        revised_prompt: What the server made of that, should it say so.
        created: Unix time in seconds.
        model: The model that was asked.
        reply: Status and headers of the HTTP answer, with `request_id` and `rate_limits`. Its
            body, which held the picture, is left out.
    """

    data: bytes
    mime_type: str
    prompt: str
    revised_prompt: str | None = None
    created: int | None = None
    model: str | None = None
    reply: Reply | None = None

    @property
    def base64(self) -> str:
        """The bytes in base64."""
        return base64.b64encode(self.data).decode("ascii")

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture to a file, in place of any that is there, and return its path.

        Args:
            path: Where to. A path without a suffix gets the fitting one; `~` is your home.

        Raises:
            ConfigError: The suffix is that of another format, so other programs would be misled.
            OSError: The file cannot be written, or `path` is that of a folder.
        """
        target = Path(path).expanduser()
        if target.is_dir() or str(path).endswith(("/", os.sep)):
            raise IsADirectoryError(f"{target} is a folder. Give the file in it a name.")
        if not target.suffix:
            fitting = (suffix for suffix, kind in _SUFFIXES.items() if kind == self.mime_type)
            target = target.with_name(target.name + next(fitting, ".bin"))
        if _SUFFIXES.get(target.suffix.lower(), self.mime_type) != self.mime_type:
            raise ConfigError(
                f"{target.name!r} does not fit a picture of type {self.mime_type}.",
                "Leave the suffix out to get the right one, or ask for the other output_format.",
            )
        target.write_bytes(self.data)
        return target

    def __repr__(self) -> str:
        # Prompts are long, and tracebacks and notebooks show this.
        revised = self.revised_prompt and excerpt(self.revised_prompt)
        return (
            f"GeneratedImage(<{len(self.data)} bytes>, mime_type={self.mime_type!r}, "
            f"prompt={excerpt(self.prompt)!r}, revised_prompt={revised!r}, model={self.model!r})"
        )

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """What a notebook shows."""
        return {self.mime_type: self.base64, "text/plain": repr(self)}


def image_body(
    prompt: str,
    *,
    model: str,
    aspect_ratio: str | None = None,
    size: str | None = None,
    negative_prompt: str | None = None,
    output_format: str | None = None,
    seed: int | None = None,
    allow_ignored_params: bool | None = None,
    extra_body: Mapping[str, Any] | None = None,
    **unknown: Any,
) -> dict[str, Any]:
    """The body of the request. What is `None` is not sent. Arguments are those of `ImageOptions`.

    Raises:
        ConfigError: A value is not one of the documented ones.
        TypeError: There is no such option.
    """
    _refuse_unknown(unknown)
    _check_prompt("prompt", prompt)
    if not prompt.strip():
        raise ConfigError("prompt is empty.", "Say what the picture should show.")
    if negative_prompt is not None:
        _check_prompt("negative_prompt", negative_prompt)
    if aspect_ratio is not None and size is not None:
        raise ConfigError(
            f"aspect_ratio={aspect_ratio!r} and size={size!r} both give the shape.",
            "Pass one of them.",
        )
    _check_one_of("aspect_ratio", aspect_ratio, ASPECT_RATIOS)
    _check_one_of("size", size, SIZES)
    _check_one_of("output_format", output_format, FORMATS)
    _check_seed(seed)
    check_extra_body(extra_body)
    optional = {
        "aspect_ratio": aspect_ratio,
        "size": size,
        "negative_prompt": negative_prompt,
        "output_format": output_format,
        "seed": seed,
        "allow_ignored_params": allow_ignored_params,
    }
    said = {name: value for name, value in optional.items() if value is not None}
    return {"model": model, "prompt": prompt, **said, **(extra_body or {})}


def read_image(reply: Reply, body: Mapping[str, Any]) -> GeneratedImage:
    """The picture in an answer to the request with this body.

    Raises:
        InvalidResponseError: There is no picture in it, or more than one.
    """
    answer = read_json(reply, _shape())
    pictures = answer["data"]
    if len(pictures) != 1:
        raise invalid_response(reply, f"it has {len(pictures)} pictures where one is documented")
    picture = pictures[0]
    data = _decode(reply, picture)
    return GeneratedImage(
        data=data,
        mime_type=_kind_of(data),
        prompt=body["prompt"],
        revised_prompt=identifier(picture.get("revised_prompt")),
        created=count(answer.get("created")),
        model=body["model"],
        reply=replace(reply, body=b""),
    )


class _Picture(TypedDict, total=False):
    b64_json: str | None
    url: Any
    revised_prompt: Any


class _RequiredAnswer(TypedDict):
    data: list[_Picture]


class _Answer(_RequiredAnswer, total=False):
    created: Any


@cache
def _shape() -> TypeAdapter[_Answer]:
    return TypeAdapter(_Answer)


def _decode(reply: Reply, picture: _Picture) -> bytes:
    url = identifier(picture.get("url"))
    text = "".join(_DATA_URL.sub("", picture.get("b64_json") or url or "").split())
    if not text:
        raise invalid_response(reply, "it has no b64_json")
    if text == url:
        raise invalid_response(reply, "it has an address in place of b64_json")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise invalid_response(reply, "b64_json is not base64") from None


def _kind_of(data: bytes) -> str:
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return "image/gif" if data.startswith((b"GIF87a", b"GIF89a")) else _UNKNOWN_KIND


def _check_prompt(name: str, text: object) -> None:
    if not isinstance(text, str):
        raise ConfigError(f"{name} is a {type(text).__name__}, not a string.", "Pass a string.")
    if len(text) > LONGEST_PROMPT:
        raise ConfigError(
            f"{name} has {len(text)} characters; Heroku takes at most {LONGEST_PROMPT}.",
            "Shorten it.",
        )


def _check_one_of(name: str, value: str | None, documented: tuple[str, ...]) -> None:
    if value is not None and value not in documented:
        raise ConfigError(
            f"{name}={value!r} is not documented.", f"Pass one of {', '.join(documented)}."
        )


def _check_seed(seed: Any) -> None:
    if seed is None:
        return
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= LARGEST_SEED:
        raise ConfigError(
            f"seed must be a whole number from 0 to {LARGEST_SEED}, got {seed!r}.",
            "Pass 0, or leave it out, for a random one.",
        )


def _refuse_unknown(unknown: Mapping[str, Any]) -> None:
    for name in unknown:
        if name in _IGNORED:
            raise UnknownArgumentError(
                f"generate_image() has no option {name!r}: Heroku ignores it.",
                "Send it in extra_body, with allow_ignored_params=True.",
            )
        options = [*(image_body.__kwdefaults__ or ()), *SENDING_OPTIONS]
        raise unknown_argument(name, options, owner="generate_image", kind="option")


publish(__name__)
