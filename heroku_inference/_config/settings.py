"""Which key, URL and model to use: from arguments, or from the config vars of an attachment."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, Never

from pydantic import SecretStr

from heroku_inference._config.arguments import refuse_unknown
from heroku_inference._config.base_url import DEFAULT_BASE_URL, normalise_url
from heroku_inference._config.environment import config_var
from heroku_inference._errors import ConfigError, add_place, short_traceback
from heroku_inference._public_names import publish

__all__ = ["Kind", "Settings"]

Kind = Literal["chat", "embedding", "rerank", "image"]


# The aliases Heroku's own pages attach each kind of model under (docs: embeddings, rerank, images).
_ALIASES: Final[Mapping[Kind, tuple[str, ...]]] = {
    "chat": ("INFERENCE",),
    "embedding": ("EMBEDDING", "INFERENCE"),
    "rerank": ("RERANK", "INFERENCE"),
    "image": ("DIFFUSION", "INFERENCE"),
}
_KINDS: Final = (*_ALIASES,)  # a tuple: a list has no hash to look for
_KEY: Final = re.compile(r"[!-~]+")
# A standard plan has one key for all models and names none; these are the documented ones.
WELL_KNOWN_MODELS: Final[Mapping[Kind, str]] = {
    "embedding": "cohere-embed-multilingual",
    "rerank": "cohere-rerank-3-5",
    "image": "stable-image-ultra",
}


class Settings:
    """A key, the URL it belongs to, and a default model.

    Each is taken from its argument, else from the config vars that the add-on sets:
    `<ALIAS>_KEY`, `<ALIAS>_URL` and `<ALIAS>_MODEL_ID`. Key and URL come from one attachment:
    a key found in the environment is never sent to a URL that it does not belong to.

    ```python
    Settings()                                   # INFERENCE_KEY, INFERENCE_URL, INFERENCE_MODEL_ID
    Settings(alias="INFERENCE_TEAL")             # INFERENCE_TEAL_KEY, ...
    Settings(api_key="inf-...", base_url="eu.inference.heroku.com", model="claude-4-5-sonnet")
    ```

    Args:
        api_key: The key. Kept as a `SecretStr`: absent from `repr`, and from pickles unless it
            was given here.
        base_url: Where the API is. May be bare, end in `/`, `/v1` or `/v1/`, or lack `https://`:
            all mean the same. Defaults to the US endpoint when only a key is known. `http://` is
            for private hosts: this machine, addresses of private networks, names without a dot,
            and names that end in `.internal`, `.invalid`, `.local`, `.localhost` or `.test`.
        model: The model id.
        inference_url: Another spelling of `base_url`.
        alias: The attachment whose config vars to read, with or without a trailing underscore.
            Defaults to the one usual for `kind`; embeddings, rerank and images then fall back to
            `INFERENCE`, with the well-known model of that kind.
        kind: What the model is for.
        allow_plaintext: Whether to accept `http://` for public hosts too, where everybody on the
            way can read the key.
        **unknown: Any other name; raises UnknownArgumentError.

    Raises:
        ConfigError: No key was found, or a key from a config var would be sent to a URL that it
            does not belong to, or an argument is malformed.
    """

    __slots__ = ("_given", "alias", "api_key", "base_url", "kind", "model")

    api_key: SecretStr
    base_url: str
    model: str | None
    alias: str
    kind: Kind

    def __init__(
        self,
        *,
        api_key: str | SecretStr | None = None,
        base_url: str | None = None,
        model: str | None = None,
        alias: str | None = None,
        kind: Kind = "chat",
        inference_url: str | None = None,
        allow_plaintext: bool = False,
        **unknown: Never,
    ) -> None:
        # First of all: what raises below may be printed with the local variables of this function.
        api_key = hidden(api_key)
        with short_traceback():
            if unknown:
                known = Settings.__init__.__kwdefaults__ or ()
                refuse_unknown(unknown, known, type(self).__name__)
            _check_pairs(base_url, inference_url, model)
            _check_kind(kind)
            base_url = base_url or inference_url
            key = None if api_key is None else _trim_key(api_key)
            found = _resolve(key, base_url, model, alias, kind, allow_plaintext=allow_plaintext)
        given = {
            "api_key": key,
            "base_url": base_url,
            "model": model,
            "alias": alias,
            "kind": kind,
            "allow_plaintext": allow_plaintext,
        }
        for name, value in {**found, "kind": kind, "_given": given}.items():
            object.__setattr__(self, name, value)

    @classmethod
    def from_env_file(
        cls,
        path: str | Path = ".env",
        *,
        api_key: str | SecretStr | None = None,
        base_url: str | None = None,
        model: str | None = None,
        alias: str | None = None,
        kind: Kind = "chat",
        inference_url: str | None = None,
        allow_plaintext: bool = False,
        **unknown: Never,
    ) -> "Settings":
        """Load the config vars of a `.env` file into the environment, then read settings.

        Variables that are set already win over the file's.

        Raises:
            ConfigError: There is no such file, or the settings are incomplete.
        """
        from dotenv import load_dotenv  # noqa: PLC0415 - importing a library reads no file

        api_key = hidden(api_key)
        refuse_unknown(unknown, cls.__init__.__kwdefaults__ or (), cls.__name__)
        if not Path(path).is_file():
            raise ConfigError(
                f"There is no file {str(path)!r} to read config vars from.",
                "Pass the path of one, or set the config vars in the environment.",
            )
        load_dotenv(path)
        return cls(
            api_key=api_key,
            base_url=base_url,
            model=model,
            alias=alias,
            kind=kind,
            inference_url=inference_url,
            allow_plaintext=allow_plaintext,
        )

    def require_model(self, model: str | None = None) -> str:
        """The model to call: the argument, or else the default; `ConfigError` without one."""
        if chosen := model or self.model:
            return chosen
        raise ConfigError(
            "Model is required, and none is set.",
            f"Pass the id of a model, or set {self.alias}_MODEL_ID, which a standard plan leaves "
            "unset. `heroku-inference models` lists the ids.",
        )

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"Settings are immutable; {name!r} cannot be set.")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"Settings are immutable; {name!r} cannot be deleted.")

    def __repr__(self) -> str:
        # A traceback may print settings that were never finished.
        shown = ("api_key", "base_url", "model", "alias", "kind")
        return f"Settings({', '.join(f'{name}={getattr(self, name, None)!r}' for name in shown)})"

    def _values(self) -> tuple[str, str, str | None, str, Kind]:
        key = self.api_key.get_secret_value()
        return (key, self.base_url, self.model, self.alias, self.kind)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Settings) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __reduce__(self) -> tuple[Any, ...]:
        # Only what the caller gave travels; a key from a config var is looked up where it arrives.
        return (_restore, (self._given,))  # type: ignore[attr-defined]


def check_settings(
    api_key: object,
    base_url: object,
    inference_url: object,
    model: object,
    alias: object,
    *,
    allow_plaintext: bool = False,
) -> None:
    """Refuse wrong arguments of `Settings` without a look at the config vars.

    Raises:
        ConfigError: An argument is malformed, or both spellings of the URL were given.
    """
    if api_key is not None:
        _trim_key(api_key)
    _check_pairs(base_url, inference_url, model)
    if base_url or inference_url:
        normalise_url(base_url or inference_url, allow_plaintext=allow_plaintext)
    if alias is not None:
        _normalise_alias(alias)


def _check_kind(kind: object) -> None:
    if kind not in _KINDS:
        raise ConfigError(f"{kind!r} is not a kind of model.", f"Use one of {', '.join(_ALIASES)}.")


def _check_pairs(base_url: object, inference_url: object, model: object) -> None:
    """Refuse what looking for key and URL would not notice."""
    if base_url and inference_url:
        raise ConfigError(
            "base_url and inference_url are two names of one argument.", "Pass one of them."
        )
    if model is not None and not isinstance(model, str):
        raise ConfigError(
            f"model must be a str, got a value of type {type(model).__name__}.",
            "Pass the id of a model, such as 'claude-4-5-sonnet'.",
        )


def _restore(given: dict[str, Any]) -> Settings:
    return Settings(**given)


def hidden(api_key: str | SecretStr | None) -> SecretStr | None:
    """The key in a form whose `repr` does not show it."""
    return SecretStr(api_key) if isinstance(api_key, str) else api_key


def _resolve(
    api_key: SecretStr | None,
    base_url: str | None,
    model: str | None,
    alias: str | None,
    kind: Kind,
    *,
    allow_plaintext: bool,
) -> dict[str, Any]:
    attachment = _attachment(alias, kind, wanted=api_key is None)
    url_there = _url_there(attachment) if api_key is None or not base_url else None
    if api_key is None:
        api_key = _key_for(attachment, base_url, url_there)
    if not model and (there := config_var(f"{attachment}_MODEL_ID")) and may_be(kind, there):
        model = there
    model = model or WELL_KNOWN_MODELS.get(kind)
    return {
        "api_key": api_key,
        "base_url": normalise_url(
            base_url or url_there or DEFAULT_BASE_URL, allow_plaintext=allow_plaintext
        ),
        "model": model,
        "alias": attachment,
    }


def _url_there(attachment: str) -> str | None:
    name = f"{attachment}_URL"
    url = config_var(name)
    try:
        return normalise_url(url, allow_plaintext=True) if url else None
    except ConfigError as error:
        add_place(error, name)
        raise


def _attachment(alias: str | None, kind: Kind, *, wanted: bool) -> str:
    """The attachment to read: the one named, else the first usual one that has a key."""
    if alias is not None:
        return _normalise_alias(alias)
    *first, last = _ALIASES[kind]
    marks = ("_KEY", "_URL") if wanted else ("_URL",)
    for name in first:
        if any(config_var(name + mark) for mark in marks):
            return name
    return last


def _normalise_alias(alias: object) -> str:
    name = alias.strip().rstrip("_").upper() if isinstance(alias, str) else ""
    if not re.fullmatch(r"[A-Z][A-Z0-9_]*", name):
        raise ConfigError(
            f"{alias!r} is not a valid alias of an attachment.",
            "Use letters, digits and underscores, beginning with a letter, such as INFERENCE or "
            "INFERENCE_TEAL.",
        )
    return name


def _key_for(attachment: str, base_url: str | None, url_there: str | None) -> SecretStr:
    key = hidden(config_var(f"{attachment}_KEY"))
    if key is None:
        error = ConfigError(
            f"API key is required: {attachment}_KEY is not set.",
            "Pass api_key=... and base_url=..., or copy the config vars of your app: "
            f"`heroku config -a APP -s | grep {attachment} >> .env`. A resource attached under "
            "another name is read with alias=....",
        )
        error.missing = f"{attachment}_KEY"
        raise error
    if not base_url and not url_there:
        raise ConfigError(
            f"{attachment.partition('_')[0].capitalize()} URL is required: {attachment}_KEY is set "
            f"but {attachment}_URL is not, and a key is only sent to the URL it belongs to.",
            f"Set {attachment}_URL too, or pass the URL yourself.",
        )
    ours, theirs = (
        normalise_url(url or url_there or base_url, allow_plaintext=True)
        for url in (base_url, url_there)
    )
    if ours != theirs:
        raise ConfigError(
            f"{ours!r} is not the URL that {attachment}_KEY belongs to "
            f"({attachment}_URL={theirs!r}).",
            "Leave the URL out, or pass the key that belongs to it as well.",
        )
    return _trim_key(key)


def _trim_key(key: object) -> SecretStr:
    if not isinstance(key, SecretStr):
        raise ConfigError(
            f"api_key must be a str or a SecretStr, got a value of type {type(key).__name__}.",
            "Pass the add-on's key, or None to use the config var.",
        )
    trimmed = SecretStr(key.get_secret_value().strip())
    if not trimmed.get_secret_value():
        raise ConfigError(
            "The API key is empty.", "Pass the add-on's key, or None to use the config var."
        )
    if not _KEY.fullmatch(trimmed.get_secret_value()):
        raise ConfigError(
            "The API key contains characters that a key cannot have.",
            "Check that it was copied whole, without quotes or line breaks.",
        )
    return trimmed


def may_be(kind: Kind, model: str) -> bool:
    """Whether a model could serve calls of this kind, as far as is known."""
    from heroku_inference._catalogue import known_model  # noqa: PLC0415 - asked for rarely

    facts = known_model(model)
    return facts is None or facts.kind == kind


publish(__name__)
