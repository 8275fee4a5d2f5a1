"""POST /v1/images/generations: checks the request, draws the picture (docs: images)."""

from __future__ import annotations

import base64
import random
import time
from typing import TYPE_CHECKING, Any

from heroku_emulator.fields import (
    bad_request,
    check_choice,
    check_integer,
    check_text,
    refuse_unknown,
    switches_of,
)
from heroku_emulator.images_picture import Scene, draw

if TYPE_CHECKING:
    from heroku_emulator.switches import Switches

__all__ = ["check_images_request", "images_body"]

_SIZES = {
    "16:9": "1344x768",
    "1:1": "1024x1024",
    "21:9": "1536x640",
    "2:3": "832x1216",
    "3:2": "1216x832",
    "4:5": "896x1088",
    "5:4": "1088x896",
    "9:16": "768x1344",
    "9:21": "640x1536",
}
_FIELDS = (
    "model",
    "prompt",
    "aspect_ratio",
    "size",
    "negative_prompt",
    "output_format",
    "seed",
    "allow_ignored_params",
)
_MOST_CHARACTERS = 10_000
_LARGEST_SEED = 4_294_967_295


def check_images_request(body: dict[str, Any], switches: Switches) -> None:
    """Checks everything that Heroku is documented to refuse.

    Raises:
        ApiError: 400.
    """
    switches = switches_of(body, switches)
    refuse_unknown(body, _FIELDS, switches)
    check_text(body, "prompt")
    for name in ("prompt", "negative_prompt"):
        text = body.get(name)
        if text is not None and not isinstance(text, str):
            raise bad_request(f"{name} must be a string")
        if len(text or "") > _MOST_CHARACTERS:
            raise bad_request(f"{name} must be at most {_MOST_CHARACTERS} characters")
    check_choice(body, "output_format", ("png", "jpeg"))
    if (check_integer(body, "seed", low=0) or 0) > _LARGEST_SEED:
        raise bad_request(f"seed must be at most {_LARGEST_SEED}")
    ratio = check_choice(body, "aspect_ratio", _SIZES)
    size = check_choice(body, "size", _SIZES.values())
    if ratio is not None and size is not None and _SIZES[ratio] != size:
        raise bad_request(f"size {size} does not match aspect_ratio {ratio}: use {_SIZES[ratio]}")


def images_body(body: dict[str, Any], turn: int) -> dict[str, Any]:
    """Draws the one picture of an answer.

    The same request gets the same picture, except with seed 0, which means any seed: then `turn`
    decides, the number of this request since the emulator started.

    Raises:
        ModuleNotFoundError: Pillow is missing; the message says how to install it.
    """
    width, height = map(int, _size(body).split("x"))
    picture = draw(
        Scene(
            body["prompt"], body.get("negative_prompt") or "", body.get("seed") or _any_seed(turn)
        ),
        (width, height),
        body.get("output_format") or "png",
    )
    image = {"b64_json": base64.b64encode(picture).decode(), "revised_prompt": ""}
    return {"created": int(time.time()), "data": [image]}


def _size(body: dict[str, Any]) -> str:
    return body.get("size") or _SIZES[body.get("aspect_ratio") or "1:1"]


def _any_seed(turn: int) -> int:
    return random.Random(turn).randint(1, _LARGEST_SEED)  # noqa: S311 - no secret
