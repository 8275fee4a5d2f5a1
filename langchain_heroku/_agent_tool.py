"""An agent of Heroku's as a tool of another agent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from langchain_core.language_models.chat_models import BaseChatModel  # noqa: TC002 - pydantic
from langchain_core.runnables import RunnableConfig  # noqa: TC002 - core reads the annotation
from langchain_core.tools import BaseTool
from pydantic import BaseModel, Field

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage

__all__ = ["AgentAsTool"]


class _Task(BaseModel):
    task: str = Field(description="What is to be done, in words, with all that must be known.")


class AgentAsTool(BaseTool):
    """Gives its agent a task; returns the answer, and the whole message as artifact."""

    agent: BaseChatModel
    args_schema: type[BaseModel] = _Task
    response_format: Literal["content", "content_and_artifact"] = "content_and_artifact"

    def _run(self, task: str, config: RunnableConfig, **_: Any) -> tuple[str, AIMessage]:
        message = self.agent.invoke(task, config)
        return str(message.text), message

    async def _arun(self, task: str, config: RunnableConfig, **_: Any) -> tuple[str, AIMessage]:
        message = await self.agent.ainvoke(task, config)
        return str(message.text), message
