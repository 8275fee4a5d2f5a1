"""Which attachments the environment has."""

from __future__ import annotations

import pytest

from heroku_inference._config.attachments import Attachment, attachments

KEY = "inf-made-up"
US = "https://us.inference.heroku.com"


@pytest.mark.parametrize(
    ("config_vars", "found"),
    [
        ({"INFERENCE_KEY": KEY}, Attachment("INFERENCE", True, None, None)),
        (
            {"INFERENCE_URL": "us.inference.heroku.com/v1/"},
            Attachment("INFERENCE", False, US, None),
        ),
        (
            {"HEROKU_INFERENCE_TEAL_KEY": KEY, "HEROKU_INFERENCE_TEAL_URL": US},
            Attachment("HEROKU_INFERENCE_TEAL", True, US, None),
        ),
        (
            {"INFERENCE_3_5_KEY": KEY, "INFERENCE_3_5_URL": US, "INFERENCE_3_5_MODEL_ID": "m"},
            Attachment("INFERENCE_3_5", True, US, "m"),
        ),
        ({"HAIKU_KEY": KEY, "HAIKU_URL": US}, Attachment("HAIKU", True, US, None)),
        (
            {"HAIKU_KEY": KEY, "HAIKU_URL": "http://127.0.0.1:1", "HAIKU_MODEL_ID": "m"},
            Attachment("HAIKU", True, "http://127.0.0.1:1", "m"),
        ),
        ({"RERANK_KEY": KEY, "RERANK_URL": "ftp://x"}, Attachment("RERANK", True, None, None)),
    ],
    ids=["key", "url", "colour", "digits", "named", "with-model", "bad-url"],
)
def test_an_attachment_is_known_by_its_config_vars(monkeypatch, config_vars, found):
    for name, value in config_vars.items():
        monkeypatch.setenv(name, value)
    assert attachments() == [found]
    assert KEY not in repr(attachments())


@pytest.mark.parametrize(
    "config_vars",
    [
        {"PAYMENT_KEY": KEY, "PAYMENT_URL": "https://pay.example.com"},
        {"PAYMENT_KEY": KEY, "PAYMENT_MODEL_ID": "m"},
        {"EMBEDDINGX_KEY": KEY},
        {"INFERENCE_MODEL_ID": "m"},
        {"INFERENCE_KEY": "", "INFERENCE_URL": ""},
    ],
    ids=["other-service", "no-url", "other-word", "only-model", "empty"],
)
def test_variables_of_others_are_no_attachment(monkeypatch, config_vars):
    for name, value in config_vars.items():
        monkeypatch.setenv(name, value)
    assert attachments() == []
