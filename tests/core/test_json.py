import pytest

from heroku_inference._json import decoded_json


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"a": "gr\xc3\xbcn"}', {"a": "grün"}),
        (r'{"a": "\ud83d\ude00"}', {"a": "😀"}),
        (r'{"a": "x\ud83d y"}', {"a": "x\ufffd y"}),
        (rb'{"a": ["\ude00"], "\uD83D": "\ud83d\ude00"}', {"a": ["\ufffd"], "\ufffd": "😀"}),
    ],
)
def test_half_a_surrogate_pair_costs_no_text(text, value):
    assert decoded_json(text) == value


@pytest.mark.parametrize("text", [b"", b"<html>", b'{"cut', b"\xff\xfe", "[" * 100_000])
def test_invalid_json_raises_a_value_error(text):
    with pytest.raises(ValueError, match="at line 1"):
        decoded_json(text)
