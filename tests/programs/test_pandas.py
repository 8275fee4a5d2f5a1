"""DataFrames of our results: named columns, one row each."""

from __future__ import annotations

import numpy as np
import pandas as pd

from heroku_inference import KNOWN_MODELS, Client, Usage

TEXTS = ["red apples", "green apples", "blue whales"]


def test_results_go_into_frames_as_they_are():
    client = Client()
    hits = pd.DataFrame(client.rerank("apples", TEXTS).hits)
    assert list(hits.columns) == ["index", "score"]
    assert hits.score.is_monotonic_decreasing

    models = pd.DataFrame(client.models()).set_index("model_id")
    facts = pd.DataFrame(KNOWN_MODELS.values()).set_index("model_id")
    assert facts.loc["claude-4-5-haiku", "kind"] == "chat"
    assert models.loc["claude-4-5-haiku", "type"] == ("text-to-text",)

    questions = [[{"role": "user", "content": text}] for text in TEXTS]
    usages = [client.chat(question).usage for question in questions]
    counts = pd.DataFrame(usages)
    assert counts.total_tokens.sum() == sum(usage.total_tokens for usage in usages)
    assert list(counts.columns) == list(Usage(0, 0, 0).keys())
    assert pd.Series(dict(usages[0])).total_tokens == usages[0].total_tokens

    vectors = pd.DataFrame(client.embed(TEXTS), index=TEXTS)
    assert vectors.shape == (3, len(client.embed(TEXTS)[0]))
    assert set(vectors.dtypes) == {np.dtype("float32")}
