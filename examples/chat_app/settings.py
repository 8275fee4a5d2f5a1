"""What the config vars say. Nothing else here reads the environment."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

from pydantic import Field, PositiveInt, ValidationError
from pydantic_settings import BaseSettings

INSTRUCTIONS = Path(__file__).with_name("prompt.md").read_text().strip()
"""The prompt."""


class Settings(BaseSettings, env_ignore_empty=True):
    """The config vars, by their names in small letters."""

    database_url: str = Field(description="attach a database, or run `make app`")
    session_secret: str = Field(min_length=32, description="`openssl rand -hex 32` makes one")
    """Signs the cookies. A new one ends all sessions."""
    password: str | None = None
    """Opens the page; without one, everybody may use it."""
    api_token: str | None = Field(None, min_length=16)
    """Opens the API; without one, nobody may use it."""
    chat_model: str = "claude-4-5-sonnet"
    retrieval: Literal["langchain", "llama_index"] = "langchain"
    messages_a_minute: PositiveInt = 20
    dyno: str | None = None
    """The name of the dyno; `None` elsewhere than on Heroku."""
    port: int = 8000


def read_settings() -> Settings:
    """Reads the config vars.

    Raises:
        SystemExit: One is missing, or makes no sense.
    """
    try:
        return Settings()  # type: ignore[call-arg]  # the environment has them
    except ValidationError as error:
        wrong = {str(one["loc"][0]): one["msg"] for one in error.errors()}
    known = Settings.model_fields
    told = [f"Set {one.upper()}: {known[one].description or wrong[one]}" for one in wrong]
    sys.exit("\n".join(told))
