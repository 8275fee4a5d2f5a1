"""`HerokuImageTool`: a tool with which agents draw pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from langchain_core.tools import BaseTool
from pydantic import BaseModel, ConfigDict, Field

from heroku_inference._adapters.arguments import Kind
from heroku_inference._adapters.pictures import (
    ASPECT_RATIOS,
    LARGEST_SEED,
    LONGEST_PROMPT,
    check_picture_options,
    picture_options,
    save_picture,
)
from langchain_heroku._connection import HerokuConnection
from langchain_heroku.errors import langchain_errors

if TYPE_CHECKING:
    from heroku_inference import GeneratedImage

__all__ = ["HerokuImageTool"]


class _Picture(BaseModel):
    prompt: str = Field(
        max_length=LONGEST_PROMPT,
        description="What the picture shows: subject, setting, style, light and colours.",
    )
    aspect_ratio: Literal[ASPECT_RATIOS] | None = Field(  # type: ignore[valid-type]
        default=None, description="Width to height; 1:1 by default."
    )
    negative_prompt: str | None = Field(
        default=None, max_length=LONGEST_PROMPT, description="What the picture must not show."
    )
    seed: int | None = Field(
        default=None,
        ge=0,
        le=LARGEST_SEED,
        description="The same number and prompt give the same picture.",
    )


class HerokuImageTool(HerokuConnection, BaseTool):
    """Draws pictures with an image model of Heroku Managed Inference.

    **Setup.** Attach the add-on; the config vars `DIFFUSION_KEY`, `DIFFUSION_URL` and
    `DIFFUSION_MODEL_ID` are read, else `INFERENCE_KEY` and `INFERENCE_URL` (a standard plan has
    one key for all models) with the model `stable-image-ultra`.

    **In an agent.** The tool returns an image block. A model that understands images sees the
    picture, in a message after the results of its turn.

    ```python
    from langchain_heroku import ChatHeroku, HerokuImageTool

    agent = create_agent(ChatHeroku(), [HerokuImageTool(save_to="pictures")])
    ```

    **By itself.** Called as a tool, it returns a `ToolMessage` with the block as `content` and the
    `GeneratedImage` (bytes, `save(path)`, shown by notebooks) as `artifact`.

    ```python
    call = {"type": "tool_call", "id": "1", "name": "draw_image", "args": {"prompt": "A fox"}}
    HerokuImageTool().invoke(call).artifact.save("fox.png")
    ```

    The fields below are defaults for every call.

    **Errors** are both Heroku's and LangChain's: see `langchain_heroku.errors`. They are raised,
    not shown to the model. Only arguments that the API would refuse are reported to the model.

    Raises:
        ConfigError: No key was found, or arguments contradict each other.
    """

    model_config = ConfigDict(extra="forbid", defer_build=False)

    _KIND: ClassVar[Kind] = "image"

    name: str = "draw_image"
    description: str = "Draws a picture from a description, and shows it."
    args_schema: type[BaseModel] = _Picture
    response_format: Literal["content", "content_and_artifact"] = "content_and_artifact"

    aspect_ratio: str | None = None
    """Width to height, such as `16:9` (docs: images)."""

    size: str | None = None
    """Width and height in pixels, such as `1344x768`, instead of `aspect_ratio`."""

    negative_prompt: str | None = None
    """What pictures must not show."""

    output_format: str | None = None
    """`png` (the API's default) or `jpeg`."""

    seed: int | None = None
    """A number that makes the same prompt give the same picture; 0 is random."""

    save_to: Path | None = None
    """A folder to save pictures in, created on first use. The model sees the path of each."""

    extra_body: dict[str, Any] | None = None
    """Further fields of the request body, merged over ours."""

    if TYPE_CHECKING:  # other spellings of arguments are accepted too

        def __init__(self, **data: Any) -> None: ...

    def _check_values(self) -> None:
        super()._check_values()
        check_picture_options(self._options({}))

    def _run(self, prompt: str, **arguments: Any) -> tuple[list[dict[str, Any]], GeneratedImage]:
        with langchain_errors():
            image = self._client.generate_image(prompt, **self._options(arguments))
            return self._blocks(image), image

    async def _arun(
        self, prompt: str, **arguments: Any
    ) -> tuple[list[dict[str, Any]], GeneratedImage]:
        with langchain_errors():
            image = await self._async_client.generate_image(prompt, **self._options(arguments))
            return self._blocks(image), image

    def _options(self, arguments: dict[str, Any]) -> dict[str, Any]:
        usual = {
            "model": self.model,
            "aspect_ratio": self.aspect_ratio,
            "size": self.size,
            "negative_prompt": self.negative_prompt,
            "output_format": self.output_format,
            "seed": self.seed,
            "extra_body": self.extra_body,
        }
        call = {name: arguments.get(name) for name in ("aspect_ratio", "negative_prompt", "seed")}
        return picture_options(usual, call)

    def _blocks(self, image: GeneratedImage) -> list[dict[str, Any]]:
        block = {"type": "image", "base64": image.base64, "mime_type": image.mime_type}
        if self.save_to is None:
            return [block]
        path = save_picture(image, self.save_to)
        return [{"type": "text", "text": f"The picture is saved in {path}."}, block]
