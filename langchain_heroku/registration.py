"""`register`, after which `init_chat_model` and `init_embeddings` accept `"heroku:..."`."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

__all__ = ["register"]

_CHAT_MODELS: Final = {
    "heroku": "ChatHeroku",
    "heroku_messages": "ChatHerokuMessages",
    "heroku_agent": "ChatHerokuAgent",
}
_CLASSES: Final = {
    "langchain.chat_models.base": _CHAT_MODELS,
    "langchain.embeddings.base": {"heroku": "HerokuEmbeddings"},
}


def register() -> None:
    """Add `heroku`, `heroku_messages` and `heroku_agent` to LangChain's providers in this process.

    ```python
    import langchain_heroku

    langchain_heroku.register()
    init_chat_model("heroku:claude-4-5-sonnet")
    init_embeddings("heroku:cohere-embed-multilingual")
    create_agent("heroku:claude-4-5-sonnet", tools)
    init_chat_model("heroku_messages:claude-4-5-sonnet", extended_thinking=True)
    init_chat_model("heroku_agent:claude-4-5-sonnet", tools=["code_exec_python"])
    ```

    LangChain does not offer a public way to do this, so this function writes into a private table.
    Calling it again changes nothing.

    Raises:
        ImportError: The package `langchain` is not installed.
        RuntimeError: This release of `langchain` does not have that table. Nothing was changed;
            pass objects (`ChatHeroku(...)`) instead of names.
    """
    tables = {name: _table(name) for name in _CLASSES}
    for name, table in tables.items():
        for provider, class_name in _CLASSES[name].items():
            table[provider] = ("langchain_heroku", class_name, _create)


def _create(cls: type[Any], **arguments: Any) -> Any:
    return cls(**arguments)


def _table(module_name: str) -> dict[str, tuple[str, str, Any]]:
    """The private table of providers of one of LangChain's factories."""
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != "langchain":
            raise
        if error.name != "langchain":
            raise _unknown_table(module_name) from error
        raise ImportError(
            "register() extends the package langchain, which is not installed: "
            "`pip install langchain`."
        ) from error
    table = getattr(module, "_BUILTIN_PROVIDERS", None)
    if not isinstance(table, dict) or not all(_is_entry(entry) for entry in table.values()):
        raise _unknown_table(module_name)
    return table


def _is_entry(entry: object) -> bool:
    match entry:
        case (str(), str(), create):
            return callable(create)
    return False


def _unknown_table(module_name: str) -> RuntimeError:
    return RuntimeError(
        f"register() does not know the installed version of {module_name}, so nothing was changed. "
        'Pass objects instead of names: ChatHeroku(model="...") works wherever "heroku:..." would.'
    )
