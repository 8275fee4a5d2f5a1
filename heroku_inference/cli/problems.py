"""What to do about an error, in the words of the command line."""

from __future__ import annotations

from typing import Final

from heroku_inference._errors import (
    APIError,
    ConfigError,
    HerokuError,
    InvalidRequestError,
    StreamInterruptedError,
)

__all__ = ["COPY_CONFIG_VARS", "describe", "remedy_of"]

COPY_CONFIG_VARS: Final = (
    "Copy them from your app: `heroku config -a APP -s | grep INFERENCE >> .env`."
)


def describe(error: HerokuError) -> str:
    """What is wrong and what to do, in one line."""
    return f"{error.problem} {remedy_of(error)}".rstrip()


def remedy_of(error: HerokuError) -> str:
    """The error's own remedy, if it has one that is not meant for programs."""
    if isinstance(error, ConfigError) and error.missing:
        alias = error.missing.removesuffix("_KEY")
        return (
            f"Copy the config vars of your app: `heroku config -a APP -s | grep {alias} >> .env`. "
            "A resource attached under another name is read with --alias."
        )
    if error.remedy and not isinstance(error, StreamInterruptedError):
        return error.remedy
    if isinstance(error, ConfigError):
        return ""
    advice = "Try again; if it stays so, tell Heroku's support."
    if isinstance(error, InvalidRequestError):
        advice = "The model may not take such requests: try another --model."
    if isinstance(error, APIError) and error.request_id:
        return f"{advice} The request's id is {error.request_id}."
    return advice
