"""`HerokuImageToolSpec`: images that Heroku draws, for LlamaIndex's agents."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from llama_index.core.base.llms.types import ImageBlock, TextBlock
from llama_index.core.tools import FunctionTool, ToolOutput

from heroku_inference._adapters.pictures import (
    ASPECT_RATIOS,
    check_picture_options,
    picture_options,
    save_picture,
)
from llama_index_heroku._agents.tool_specs import OutputToolSpec, metadata_of, tool_of
from llama_index_heroku._connection import HerokuConnection, connection_of

if TYPE_CHECKING:
    from heroku_inference import GeneratedImage
    from heroku_inference._adapters.arguments import Kind

__all__ = ["HerokuImageToolSpec"]

_NAME: Final = "generate_image"
# Arguments that a model can set, unless you have set them (docs: images).
_OFFERED: Final = {
    "aspect_ratio": {
        "type": "string",
        "enum": list(ASPECT_RATIOS),
        "description": "Width to height",
    },
    "negative_prompt": {"type": "string", "description": "What the image must not show"},
    "seed": {"type": "integer", "description": "The same number draws the same image again"},
}


class HerokuImageToolSpec(OutputToolSpec):
    """Draws images from words, with any LlamaIndex agent or by itself.

    **Setup.** Attach the add-on; the config vars `DIFFUSION_KEY`, `DIFFUSION_URL` and
    `DIFFUSION_MODEL_ID` are read, else `INFERENCE_KEY` and `INFERENCE_URL` (a standard plan has one
    key for all models) with the model `stable-image-ultra`, which is in the US only.

    ```python
    from llama_index_heroku import Heroku, HerokuImageToolSpec

    spec = HerokuImageToolSpec(save_folder="images", aspect_ratio="16:9")
    agent = FunctionAgent(tools=spec.to_tool_list(), llm=Heroku())
    await agent.run("Draw a lighthouse at dusk.")

    spec.generate_image("A lighthouse at dusk").blocks  # words, and an ImageBlock
    ```

    The image is in the tool's output as an `ImageBlock`: `Heroku` shows it to its model.

    Args:
        save_folder: A folder to save each image in, under a name made from its content; created if
            missing.
        aspect_ratio: Of all images, such as `16:9`; by default the model chooses.
        size: Of all images, such as `1344x768`, instead of a ratio.
        negative_prompt: What images must not show; by default the model chooses.
        output_format: `png`, the API's default, or `jpeg`.
        seed: Of all images; by default the model chooses.
        extra_body: Further fields of the request body, merged last.
        **connection: `model`, `api_key`, `base_url`, `alias`, `timeout` (seconds), `max_retries`,
            `rate_limit_timeout`, `max_response_bytes`, `http_client`, `async_http_client`,
            `default_headers`, as `Heroku` takes them.

    Raises:
        ConfigError: No key was found.
    """

    def __init__(
        self,
        *,
        save_folder: str | Path | None = None,
        aspect_ratio: str | None = None,
        size: str | None = None,
        negative_prompt: str | None = None,
        output_format: str | None = None,
        seed: int | None = None,
        extra_body: dict[str, Any] | None = None,
        **connection: Any,
    ) -> None:
        self._connection = connection_of(type(self), connection, _ImageConnection)
        self._folder = None if save_folder is None else Path(save_folder)
        options = {
            "aspect_ratio": aspect_ratio,
            "size": size,
            "negative_prompt": negative_prompt,
            "output_format": output_format,
            "seed": seed,
            "extra_body": extra_body,
        }
        self._options = {name: value for name, value in options.items() if value is not None}
        check_picture_options(self._options)
        self.spec_functions = [_NAME]

    def generate_image(self, prompt: str, **options: Any) -> ToolOutput:
        """Draws an image.

        Args:
            prompt: What it shows, 10,000 characters at most.
            **options: `aspect_ratio`, `size`, `negative_prompt`, `output_format`, `seed`, over
                those of the constructor.

        Returns:
            Words about the image, and the image; `raw_output` holds `path` if it was saved.

        Raises:
            ConfigError: Heroku does not document an option; nothing was sent.
            HerokuError: The request failed.
        """
        chosen = self._choose(options)
        image = self._connection._client.generate_image(prompt, **chosen)  # noqa: SLF001 - of this package
        return self._output(image, prompt, chosen)

    async def agenerate_image(self, prompt: str, **options: Any) -> ToolOutput:
        """Async version of `generate_image`."""
        chosen = self._choose(options)
        image = await self._connection._async_client.generate_image(prompt, **chosen)  # noqa: SLF001 - of this package
        return await asyncio.to_thread(self._output, image, prompt, chosen)

    def _choose(self, options: dict[str, Any]) -> dict[str, Any]:
        return {"model": self._connection.model, **picture_options(self._options, options)}

    def _output(self, image: GeneratedImage, prompt: str, options: dict[str, Any]) -> ToolOutput:
        told = f"An image ({image.mime_type}) of: {image.revised_prompt or prompt}"
        raw: dict[str, Any] = {"mime_type": image.mime_type, "revised_prompt": image.revised_prompt}
        if self._folder is not None:
            path = save_picture(image, self._folder)
            told, raw = f"{told}\nSaved as {path}", {**raw, "path": str(path)}
        said = {name: options[name] for name in options if name != "extra_body"}
        return ToolOutput(
            tool_name=_NAME,
            blocks=[
                TextBlock(text=told),
                ImageBlock(image=image.data, image_mimetype=image.mime_type),
            ],
            raw_input={"prompt": prompt, **said},
            raw_output=raw,
        )

    def _tools(self) -> list[FunctionTool]:
        fixed = {*self._options} | ({"aspect_ratio"} if "size" in self._options else set())
        parameters = {
            "properties": {
                "prompt": {"type": "string", "description": "What the image shows, in detail"},
                **{name: told for name, told in _OFFERED.items() if name not in fixed},
            },
            "required": ["prompt"],
        }
        metadata = metadata_of(_NAME, "Draws an image from words.", parameters)
        return [tool_of(metadata, self.agenerate_image, self.generate_image)]


class _ImageConnection(HerokuConnection):
    _KIND: ClassVar[Kind] = "image"
