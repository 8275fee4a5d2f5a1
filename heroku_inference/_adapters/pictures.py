"""Options and files of pictures drawn by Heroku's image models (docs: images)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from heroku_inference._endpoints.images import (
    ASPECT_RATIOS,
    LARGEST_SEED,
    LONGEST_PROMPT,
    image_body,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from heroku_inference._endpoints.images import GeneratedImage

__all__ = [
    "ASPECT_RATIOS",
    "LARGEST_SEED",
    "LONGEST_PROMPT",
    "check_picture_options",
    "picture_options",
    "save_picture",
]

_INSTEAD_OF: Final = {"aspect_ratio": "size", "size": "aspect_ratio"}


def picture_options(usual: Mapping[str, Any], call: Mapping[str, Any]) -> dict[str, Any]:
    """The options of one picture: those of the call over the usual ones, without `None` values.

    `aspect_ratio` and `size` both set the shape, so either one in the call replaces both.
    """
    of_call = {name: value for name, value in call.items() if value is not None}
    replaced = {*of_call, *(_INSTEAD_OF[name] for name in _INSTEAD_OF if name in of_call)}
    kept = {name: usual[name] for name in usual if usual[name] is not None and name not in replaced}
    return {**kept, **of_call}


def check_picture_options(options: Mapping[str, Any]) -> None:
    """Refuse options that the API would refuse.

    Raises:
        ConfigError: A value is not one of the documented ones.
    """
    image_body("A picture", **{**options, "model": options.get("model") or ""})


def save_picture(image: GeneratedImage, folder: Path) -> Path:
    """Write a picture into a folder, creating it if missing, and return the file's path.

    The file is named after its content: nothing is overwritten, and saving a picture twice leaves
    one file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256(image.data).hexdigest()[:16]
    return image.save(folder / f"image-{name}")
