"""Draws a picture for a prompt: a landscape in layers, not a generated image.

Words of the prompt choose colours and objects; words of the negative prompt remove them.
Everything else comes from random numbers, seeded by the whole scene.
"""

from __future__ import annotations

import colorsys
import io
import math
import random
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

__all__ = ["Scene", "draw"]

Colour = tuple[int, int, int]

_HUES = {
    "red": 0.99, "sunset": 0.04, "autumn": 0.06, "orange": 0.07, "desert": 0.09, "gold": 0.12,
    "yellow": 0.14, "spring": 0.27, "green": 0.36, "forest": 0.38, "jungle": 0.36, "sea": 0.5,
    "ocean": 0.53, "winter": 0.57, "blue": 0.6, "night": 0.66, "purple": 0.77, "violet": 0.77,
    "dawn": 0.9, "pink": 0.92,
}  # fmt: skip
_SIGHTS = {
    "stars": "night star stars starry galaxy space sky",
    "lake": "lake sea ocean water river beach reflection island boat",
    "trees": "forest tree trees wood woods pine park jungle",
    "city": "city town skyline building buildings street house tower app server",
    "birds": "bird birds seagull seagulls spring freedom",
}
_DARK = frozenset(
    ["night", "star", "stars", "starry", "galaxy", "space", "moon", "dark", "midnight"]
)
_SMOOTH = 2  # the factor by which it is drawn larger, to be reduced later


@dataclass(frozen=True)
class Scene:
    """What a picture shows."""

    prompt: str
    negative_prompt: str
    seed: int

    @cached_property
    def wanted_words(self) -> set[str]:
        """Words of the prompt that the negative prompt does not name."""
        wanted, unwanted = (
            set(re.findall(r"\w+", text.lower())) for text in (self.prompt, self.negative_prompt)
        )
        return wanted - unwanted

    @cached_property
    def unwanted_words(self) -> set[str]:
        """Words of the negative prompt."""
        return set(re.findall(r"\w+", self.negative_prompt.lower()))

    @cached_property
    def is_dark(self) -> bool:
        """Whether it is night."""
        return bool(self.wanted_words & _DARK)

    def dice(self, purpose: str) -> random.Random:
        """Returns a generator that is the same for the same scene and purpose."""
        parts = [purpose, str(self.seed), self.prompt, self.negative_prompt]
        return random.Random("\0".join(parts))  # noqa: S311 - no secret

    def shows(self, sight: str) -> bool:
        """Says whether the picture shows something: as the words say, or else by chance."""
        names = set(_SIGHTS[sight].split())
        if names & self.unwanted_words or sight in self.unwanted_words:
            return False
        return bool(names & self.wanted_words) or self.dice(sight).random() < 0.3  # noqa: PLR2004


def draw(scene: Scene, size: tuple[int, int], form: str) -> bytes:
    """Returns a picture as the bytes of a PNG or JPEG file.

    Raises:
        ModuleNotFoundError: Pillow is missing; the message says how to install it.
    """
    try:
        from PIL import Image  # noqa: PLC0415 - only pictures need it
    except ModuleNotFoundError as missing:
        install = "Pictures need Pillow: pip install 'heroku-inference[emulator]'"
        raise ModuleNotFoundError(install, name="PIL") from missing
    canvas = _Canvas(scene, (size[0] * _SMOOTH, size[1] * _SMOOTH), Image)
    file = io.BytesIO()
    canvas.paint().resize(size, Image.Resampling.BOX).save(file, form.upper(), **_SAVING[form])
    return file.getvalue()


_SAVING: dict[str, dict[str, Any]] = {"png": {"compress_level": 4}, "jpeg": {"quality": 88}}


class _Canvas:
    """Paints the sky, the light, ridges with trees or houses, and the water in front."""

    def __init__(self, scene: Scene, size: tuple[int, int], pil: Any) -> None:
        self._scene = scene
        self._width, self._height = size
        self._pil = pil
        dice = scene.dice("colours")
        named = sorted(_HUES[word] for word in scene.wanted_words & _HUES.keys())
        self._hue = (dice.choice(named) if named else dice.random()) + dice.uniform(-0.03, 0.03)
        self._glow = self._hue + dice.choice([-0.14, -0.1, 0.08, 0.14])
        self._horizon = dice.uniform(0.5, 0.62)

    def paint(self) -> Picture:
        """Returns the picture."""
        picture = self._sky()
        if self._scene.is_dark and self._scene.shows("stars"):
            self._stars(picture)
        picture = self._light(picture)
        ridges = self._scene.dice("ridges").randint(4, 6)
        for number in range(ridges):
            self._ridge(picture, number, ridges)
        if self._scene.shows("birds"):
            self._birds(picture)
        return self._lake(picture) if self._scene.shows("lake") else picture

    def _colour(self, hue: float, saturation: float, value: float) -> Colour:
        value *= 0.5 if self._scene.is_dark else 1.0
        red, green, blue = colorsys.hsv_to_rgb(hue % 1, saturation, value)
        return round(red * 255), round(green * 255), round(blue * 255)

    def _gradient(self, colours: list[Colour], size: tuple[int, int]) -> Picture:
        """Returns a smooth gradient of the colours, from top to bottom."""
        column = self._pil.new("RGB", (1, len(colours)))
        column.putdata(colours)
        stretched: Picture = column.resize(size, self._pil.Resampling.BICUBIC)
        return stretched

    def _sky(self) -> Picture:
        zenith = self._colour(self._hue, 0.75, 0.62)
        middle = self._colour(self._hue, 0.45, 0.85)
        low = self._colour(self._glow, 0.42, 1.0)
        return self._gradient([zenith, middle, low, low, low], (self._width, self._height))

    def _stars(self, picture: Picture) -> None:
        dice, pen = self._scene.dice("stars"), self._pen(picture)
        for _ in range(240):
            x, y = dice.random() * self._width, dice.random() * self._height * self._horizon
            radius = dice.uniform(0.5, 2.2) * _SMOOTH
            shade = dice.randint(170, 255)
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), (shade, shade, 255))

    def _light(self, picture: Picture) -> Picture:
        """Adds the sun or the moon, and its glow."""
        from PIL import ImageFilter  # noqa: PLC0415 - only pictures need it

        dice = self._scene.dice("light")
        short = min(self._width, self._height)
        x, y = dice.uniform(0.2, 0.8) * self._width, dice.uniform(0.18, 0.42) * self._height
        radius = dice.uniform(0.05, 0.11) * short
        small = self._pil.new("L", (self._width // 16, self._height // 16))
        reach = radius * 1.8 / 16
        box = (x / 16 - reach, y / 16 - reach, x / 16 + reach, y / 16 + reach)
        self._pen(small).ellipse(box, 190)
        halo = small.filter(ImageFilter.GaussianBlur(short / 16 / 14))
        air = self._pil.new("RGB", picture.size, self._colour(self._glow, 0.25, 1.0))
        lit: Picture = self._pil.composite(
            air, picture, halo.resize(picture.size, self._pil.Resampling.BICUBIC)
        )
        disc = (245, 243, 232) if self._scene.is_dark else self._colour(self._glow, 0.12, 1.0)
        self._pen(lit).ellipse((x - radius, y - radius, x + radius, y + radius), disc)
        return lit

    def _ridge(self, picture: Picture, number: int, ridges: int) -> None:
        """Adds a line of hills: the nearer, the lower, darker and rougher."""
        near = (number + 1) / ridges
        dice = self._scene.dice(f"ridge {number}")
        base = self._height * (self._horizon + (0.98 - self._horizon) * (near - 1 / ridges))
        swell = self._height * dice.uniform(0.05, 0.1)
        waves = [
            (swell / (1 + step), dice.uniform(0.6, 1.4) * (1.9**step), dice.random() * math.tau)
            for step in range(5)
        ]
        line = [
            (x, base - sum(h * math.sin(f * x / self._width * math.tau + at) for h, f, at in waves))
            for x in range(0, self._width + 8, 8)
        ]
        hue = self._glow + (self._hue - self._glow) * near
        colour = self._colour(hue, 0.3 + 0.4 * near, 0.86 - 0.68 * near)
        pen = self._pen(picture)
        pen.polygon([(0, self._height), *line, (self._width, self._height)], colour)
        if number == ridges - 2 and self._scene.shows("city"):
            self._city(pen, line, colour, dice)
        elif number >= ridges - 2 and self._scene.shows("trees"):
            self._trees(pen, line, colour, dice, near)

    def _trees(
        self, pen: Any, line: list[Any], colour: Colour, dice: random.Random, near: float
    ) -> None:
        for x, y in line[:: max(1, round(6 * near))]:
            tall = self._height * dice.uniform(0.02, 0.06) * near
            for tier in range(3):
                top, wide = y - tall * (1 - tier * 0.25), tall * (0.14 + 0.07 * tier)
                foot = top + tall * 0.45
                pen.polygon([(x, top), (x - wide, foot), (x + wide, foot)], colour)

    def _city(self, pen: Any, line: list[Any], colour: Colour, dice: random.Random) -> None:
        """Adds houses with lit windows."""
        unit = self._width // 90
        for x, y in line[:: max(1, unit * 3 // 8)]:
            wide, tall = unit * dice.uniform(1.5, 3), self._height * dice.uniform(0.03, 0.16)
            pen.rectangle((x, y - tall, x + wide, self._height), colour)
            for _ in range(round(tall / unit)):
                left, top = x + dice.random() * wide * 0.8, y - dice.random() * tall * 0.95
                pen.rectangle((left, top, left + unit / 5, top + unit / 4), (255, 221, 148))

    def _birds(self, picture: Picture) -> None:
        dice, pen = self._scene.dice("birds"), self._pen(picture)
        left, top = dice.uniform(0.15, 0.7) * self._width, dice.uniform(0.12, 0.35) * self._height
        ink = self._colour(self._hue, 0.5, 0.25)
        for _ in range(dice.randint(4, 9)):
            x, y = (
                left + dice.gauss(0, 0.06) * self._width,
                top + dice.gauss(0, 0.03) * self._height,
            )
            wing = dice.uniform(0.006, 0.014) * self._width
            for side in (-1, 1):
                box = sorted((x, x + side * 2 * wing))
                pen.arc((box[0], y, box[1], y + wing), 180, 360, ink, max(2, round(wing / 5)))

    def _lake(self, picture: Picture) -> Picture:
        """Adds still water that mirrors what is above it, softer and darker."""
        from PIL import ImageFilter, ImageOps  # noqa: PLC0415 - only pictures need it

        shore = round(self._height * 0.8)
        deep = self._height - shore
        above = picture.crop((0, shore - deep * 2, self._width, shore))
        mirrored = ImageOps.flip(above).resize((self._width, deep))
        blurred = mirrored.filter(ImageFilter.GaussianBlur(2 * _SMOOTH))
        water = self._pil.new("RGB", blurred.size, self._colour(self._hue, 0.6, 0.45))
        picture.paste(self._pil.blend(blurred, water, 0.35), (0, shore))
        pen, dice = self._pen(picture), self._scene.dice("waves")
        for _ in range(40):
            y = shore + deep * dice.random() ** 1.5
            x, wide = dice.random() * self._width, dice.uniform(0.02, 0.12) * self._width
            pen.line((x, y, x + wide, y), self._colour(self._glow, 0.3, 0.9), _SMOOTH // 2)
        return picture

    def _pen(self, picture: Picture) -> Any:
        from PIL import ImageDraw  # noqa: PLC0415 - only pictures need it

        return ImageDraw.Draw(picture)
