"""A constructor that refuses its arguments shows no key, even with its local variables."""

from __future__ import annotations

import asyncio
import traceback

import pytest

from heroku_inference import Settings
from llama_index_heroku import (
    Heroku,
    HerokuAgent,
    HerokuEmbedding,
    HerokuImageToolSpec,
    HerokuRerank,
    HerokuToolSpec,
    load_mcp_tools,
)

KEY = "inf-a-key-that-must-not-show"
CALLER = __file__  # who has the key in a variable of its own


def shown_by(construct) -> str:
    """All that a traceback with local variables shows of our frames and of LlamaIndex's."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - any
        construct()
    trace = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    frames = [frame for frame in trace.stack if frame.filename != CALLER]
    assert frames
    return "\n".join([str(trace), *(repr(frame.locals) for frame in frames)])


@pytest.mark.parametrize(
    "construct",
    [
        lambda: Heroku(api_key=KEY, base_url="ftp://x", model="m"),
        lambda: Heroku(api_key=KEY, base_url="http://x", model="m", temperature="warm"),
        lambda: Heroku(api_key=KEY, base_url="http://x", model="m", tempretaure=1),
        lambda: Heroku(api_key=KEY, base_url="http://x", model="m", model_name="m"),
        lambda: HerokuEmbedding(api_key=KEY, base_url="http://x", embed_batch_size=2000),
        lambda: HerokuRerank(api_key=KEY, base_url="http://x", top_n=-1),
        lambda: HerokuAgent(api_key=KEY, base_url="http://x", model="m", tools=[print]),
        lambda: HerokuToolSpec(api_key=KEY, base_url="http://x", model="m", cmd="date"),
        lambda: HerokuToolSpec(api_key=KEY, base_url="ftp://x", model="m"),
        lambda: HerokuImageToolSpec(api_key=KEY, base_url="ftp://x"),
        lambda: asyncio.run(load_mcp_tools(api_key=KEY, base_url="ftp://x")),
    ],
    ids=[
        "url",
        "value",
        "name",
        "spelling",
        "embeddings",
        "reranker",
        "agent",
        "tools",
        "tools' url",
        "images",
        "mcp",
    ],
)
def test_no_refused_argument_shows_the_key_beside_it(construct):
    assert KEY not in shown_by(construct)


def test_the_key_is_read_as_text_in_every_type_it_is_passed_as():
    given = {"base_url": "http://x", "model": "m"}
    settings = Settings(api_key=KEY, **given)
    assert Heroku(api_key=KEY, **given).api_key == KEY
    assert Heroku(api_key=settings.api_key, **given).api_key == KEY
