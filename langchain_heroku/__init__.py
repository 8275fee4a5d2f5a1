"""Heroku Managed Inference in LangChain.

```python
from langchain_heroku import ChatHeroku, HerokuEmbeddings, HerokuRerank
```

- `ChatHeroku`, `HerokuEmbeddings`, `HerokuRerank`: chat, embeddings and reranking.
- `ChatHerokuAgent`: Heroku's own agents, whose tools run on Heroku.
- `ChatHerokuMessages`: Claude through Heroku's Messages API, with thinking between tool calls.
- `HerokuImageTool`, `load_mcp_tools`: pictures and the tools of MCP servers, for any agent.
- `register`: makes `init_chat_model("heroku:...")` and `init_embeddings("heroku:...")` work.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from langchain_heroku.agents import ChatHerokuAgent
    from langchain_heroku.anthropic_messages import ChatHerokuMessages
    from langchain_heroku.chat_models import ChatHeroku
    from langchain_heroku.embeddings import HerokuEmbeddings
    from langchain_heroku.images import HerokuImageTool
    from langchain_heroku.mcp import load_mcp_tools
    from langchain_heroku.registration import register
    from langchain_heroku.rerank import HerokuRerank

__all__ = [
    "ChatHeroku",
    "ChatHerokuAgent",
    "ChatHerokuMessages",
    "HerokuEmbeddings",
    "HerokuImageTool",
    "HerokuRerank",
    "load_mcp_tools",
    "register",
]

# Loaded on first use: embeddings alone load in a tenth of the time of a chat model.
_MODULES: Final = {
    "ChatHerokuAgent": "langchain_heroku.agents",
    "ChatHerokuMessages": "langchain_heroku.anthropic_messages",
    "HerokuImageTool": "langchain_heroku.images",
    "load_mcp_tools": "langchain_heroku.mcp",
    "ChatHeroku": "langchain_heroku.chat_models",
    "HerokuEmbeddings": "langchain_heroku.embeddings",
    "HerokuRerank": "langchain_heroku.rerank",
    "register": "langchain_heroku.registration",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("heroku_inference").__version__
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = import_module(_MODULES[name])
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] != "langchain_core":
            raise
        raise ModuleNotFoundError(
            f'{name} needs LangChain: pip install "heroku-inference[langchain]"', name=error.name
        ) from error
    value = globals()[name] = getattr(module, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


# Lets LangChain read our messages from a checkpoint before any model is made. If its messages are
# not loaded yet there are none to read, and loading them here would take too long.
if "langchain_core.messages" in sys.modules:
    import_module("langchain_heroku._blocks_of_answers")
