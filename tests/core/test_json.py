import pytest

from heroku_inference._decoding import decoded_json, is_too_deep


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


def lists(depth, inner=""):
    return "[" * depth + inner + "]" * depth


def test_what_is_nested_too_deep_is_text():
    deep = lists(300, '"a ] \\" [ b"')
    value = decoded_json(f'{{"right": "[[", "deep": {deep}, "after": [1]}}')
    assert (value["right"], value["after"]) == ("[[", [1])
    level, depth = value["deep"], 1
    while isinstance(level, list):
        (level,) = level
        depth += 1
    assert depth == 100
    assert level == lists(201, '"a ] \\" [ b"')


@pytest.mark.parametrize(
    ("text", "deep"),
    [(lists(100), False), (lists(101), True), ("[" + "[]," * 200 + "1]", False), ('"{{"', False)],
    ids=["100", "101", "many", "text"],
)
def test_levels_are_counted(text, deep):
    assert is_too_deep(text) is deep


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"\xef\xbb\xbf[1]", [1]),
        ("\ufeff[1]", [1]),
        ('{"a": 1}'.encode("utf-16"), {"a": 1}),
        (b'["a\xffb"]', ["a\ufffdb"]),
        ("[" + "9" * 5000 + "]", ["9" * 5000]),
        ("[" + "9" * 400 + "]", [int("9" * 400)]),
        ("[1e400, NaN]", pytest.approx([float("inf"), float("nan")], nan_ok=True)),
    ],
    ids=["mark", "mark in text", "UTF-16", "not UTF-8", "5000 digits", "400 digits", "no numbers"],
)
def test_what_the_fast_parser_refuses_is_read(text, value):
    assert decoded_json(text) == value
