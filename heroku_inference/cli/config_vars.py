"""Which config vars there are, where they come from, and what each attachment serves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dotenv import load_dotenv

from heroku_inference._catalogue import known_model
from heroku_inference._config.attachments import attachments
from heroku_inference._config.settings import Kind, Settings
from heroku_inference._errors import ConfigError
from heroku_inference.cli.problems import COPY_CONFIG_VARS

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["KINDS", "OWN_ALIASES", "ConfigVars", "Found", "load", "look_up"]

KINDS: Final[dict[Kind, str]] = {
    "chat": "chat",
    "embedding": "embeddings",
    "rerank": "rerank",
    "image": "images",
}
"""What models are for, and how the user calls it."""

OWN_ALIASES: Final[dict[Kind, str]] = {
    "embedding": "EMBEDDING",
    "rerank": "RERANK",
    "image": "DIFFUSION",
}
"""The alias that Heroku's pages attach a kind under, where it is not `INFERENCE`."""


@dataclass(frozen=True, slots=True)
class Found:
    """An attachment: what its config vars say, and what it is used for.

    Attributes:
        alias: The prefix of its config vars.
        has_key: Whether there is a key.
        url: Where the API is; `None` when the config var is missing or malformed.
        model: Its model; `None` on a standard plan.
        source: `environment`, or the name of the file that the config vars were read from.
        used_for: The kinds of calls that read it.
    """

    alias: str
    has_key: bool
    url: str | None
    model: str | None
    source: str
    used_for: tuple[Kind, ...]


@dataclass(frozen=True, slots=True)
class ConfigVars:
    """All that was found, and the settings of each kind of call that can be made with it."""

    found: list[Found]
    settings: dict[Kind, Settings]
    problems: dict[Kind, ConfigError]
    """Why calls of a kind cannot be made."""

    def attached(self, kind: Kind) -> bool:
        """Whether a resource is attached for just this kind, so that its key must serve it."""
        alias = self.settings[kind].alias
        model = next((one.model for one in self.found if one.alias == alias), None)
        facts = known_model(model) if model else None
        return alias == OWN_ALIASES.get(kind) or (facts is not None and facts.kind == kind)


def load(env_file: Path | None) -> tuple[str, frozenset[str]]:
    """Loads a file of config vars; what is set already wins.

    Args:
        env_file: Which file; `None` is `.env` in the current folder, if there is one.

    Returns:
        The file's name, empty if there was none, and the aliases that were set before.

    Raises:
        ConfigError: The file does not exist or is not text.
    """
    before = frozenset(one.alias for one in attachments() if one.has_key)
    path = env_file or Path(".env")
    if not path.is_file():
        if env_file is None:
            return "", before
        raise ConfigError(
            f"There is no file {str(env_file)!r} to read config vars from.",
            "Check the path, or leave it out to read the environment.",
        )
    try:
        load_dotenv(path)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{str(path)!r} cannot be read: {type(error).__name__}.",
            "Save it as text in UTF-8, which Windows PowerShell's `>>` does not write.",
        ) from None
    return path.name, before


def look_up(
    env_file: Path | None, alias: str | None, base_url: str | None, model: str | None
) -> ConfigVars:
    """Everything that a check needs to know about the config vars.

    Raises:
        ConfigError: No call at all can be made with them.
    """
    name, before = load(env_file)
    settings: dict[Kind, Settings] = {}
    problems: dict[Kind, ConfigError] = {}
    for kind in KINDS:
        try:
            settings[kind] = Settings(
                alias=alias, base_url=base_url, model=_for_kind(kind, model), kind=kind
            )
        except ConfigError as error:
            problems[kind] = error
    found = [
        Found(
            *one,
            source="environment" if one.alias in before or not name else name,
            used_for=tuple(kind for kind in settings if settings[kind].alias == one.alias),
        )
        for one in attachments()
    ]
    if not settings:
        raise _nothing_usable(found, alias, problems["chat"], name)
    return ConfigVars(found, settings, problems)


def _for_kind(kind: Kind, model: str | None) -> str | None:
    """The model of the user's choice, if it is for this; one that nobody knows is to chat."""
    facts = known_model(model) if model else None
    return model if kind == (facts.kind if facts else "chat") else None


def _nothing_usable(
    found: Sequence[Found], alias: str | None, problem: ConfigError, file: str
) -> ConfigError:
    others = [one.alias for one in found if one.has_key and one.url]
    where = f"the environment or {file}" if file else "the environment, and there is no .env here"
    if not found and alias is None:
        what = f"No config vars found: INFERENCE_KEY is not in {where}."
        return ConfigError(what, COPY_CONFIG_VARS)
    if others and problem.missing:
        what = f"{problem.problem} Attached here: {', '.join(others)}."
        return ConfigError(what, f"Pass --alias {others[0]}.")
    return problem
