"""A Heroku agent as a tool of another agent."""

from __future__ import annotations

from typing import Any, Literal

from langchain_core.callbacks import (
    AsyncCallbackManagerForToolRun,
    CallbackManagerForToolRun,
)
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import patch_config
from langchain_core.tools import BaseTool
from pydantic import BaseModel, Field

__all__ = ["AgentAsTool"]


class _Task(BaseModel):
    task: str = Field(description="What to do, in words, with all the information needed.")


class AgentAsTool(BaseTool):
    """Gives its agent a task, and returns the answer with the whole message as the artifact."""

    agent: BaseChatModel
    args_schema: type[BaseModel] = _Task
    response_format: Literal["content", "content_and_artifact"] = "content_and_artifact"

    def _run(
        self,
        task: str,
        config: RunnableConfig,
        run_manager: CallbackManagerForToolRun | None = None,
        **_: Any,
    ) -> tuple[str, AIMessage]:
        callbacks = run_manager.get_child() if run_manager else None
        message = self.agent.invoke(task, patch_config(config, callbacks=callbacks))
        return str(message.text), message

    async def _arun(
        self,
        task: str,
        config: RunnableConfig,
        run_manager: AsyncCallbackManagerForToolRun | None = None,
        **_: Any,
    ) -> tuple[str, AIMessage]:
        callbacks = run_manager.get_child() if run_manager else None
        message = await self.agent.ainvoke(task, patch_config(config, callbacks=callbacks))
        return str(message.text), message
