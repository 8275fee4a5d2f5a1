"""Heroku Managed Inference in LlamaIndex.

```python
from llama_index_heroku import Heroku, HerokuEmbedding, HerokuRerank
```

- `Heroku`, `HerokuEmbedding`, `HerokuRerank`: an LLM, embeddings and reranking.
- `HerokuAgent`: Heroku's own agents, whose tools run on Heroku.
- `HerokuMessages`: Claude through Heroku's Messages API, with thinking between tool calls.
- `HerokuToolSpec`, `HerokuImageToolSpec`, `load_mcp_tools`: Heroku's tools, pictures and the tools
  of MCP servers, for any agent.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from llama_index_heroku.agents import HerokuAgent
    from llama_index_heroku.anthropic_messages import HerokuMessages
    from llama_index_heroku.embeddings import HerokuEmbedding
    from llama_index_heroku.images import HerokuImageToolSpec
    from llama_index_heroku.llms import Heroku
    from llama_index_heroku.mcp import load_mcp_tools
    from llama_index_heroku.postprocessor import HerokuRerank
    from llama_index_heroku.tools import HerokuToolSpec

__all__ = [
    "Heroku",
    "HerokuAgent",
    "HerokuEmbedding",
    "HerokuImageToolSpec",
    "HerokuMessages",
    "HerokuRerank",
    "HerokuToolSpec",
    "load_mcp_tools",
]

# Loaded on first use.
_MODULES: Final = {
    "HerokuAgent": "llama_index_heroku.agents",
    "HerokuMessages": "llama_index_heroku.anthropic_messages",
    "HerokuToolSpec": "llama_index_heroku.tools",
    "HerokuImageToolSpec": "llama_index_heroku.images",
    "load_mcp_tools": "llama_index_heroku.mcp",
    "Heroku": "llama_index_heroku.llms",
    "HerokuEmbedding": "llama_index_heroku.embeddings",
    "HerokuRerank": "llama_index_heroku.postprocessor",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = import_module(_MODULES[name])
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] != "llama_index":
            raise
        raise ModuleNotFoundError(
            f'{name} needs LlamaIndex: pip install "heroku-inference[llama-index]"', name=error.name
        ) from error
    value = globals()[name] = getattr(module, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
