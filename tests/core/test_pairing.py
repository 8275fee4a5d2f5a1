"""Which result answers which call, and the ids that the API takes."""

from __future__ import annotations

import re
import time

import pytest

from heroku_inference._chat.pairing import Call, Result, pair


def paired(*turns):
    """Pairs these: a list is a turn of calls `(id, name)`, a tuple a result `(id, name)`.

    Gives the place of each result's call as `turn.number`, or `None`; and the ids of all calls.
    """
    calls, results, places = [], [], {}
    for place, turn in enumerate(turns):
        if isinstance(turn, list):
            for number, (call_id, name) in enumerate(turn):
                calls.append(Call(call_id, name, place))
                places[calls[-1]] = f"{place}.{number}"
        else:
            results.append(Result(*turn, place))
    pair(calls, results)
    found = [places[result.call] if result.call else None for result in results]
    return found, [call.wire_id for call in calls]


@pytest.mark.parametrize(
    ("turns", "found"),
    [
        pytest.param([[("a", "f")], ("a", None)], ["0.0"], id="by id"),
        pytest.param(
            [[("a", "f"), ("b", "f")], ("b", None), ("a", None)], ["0.1", "0.0"], id="order"
        ),
        pytest.param([[("a", "f")], [("a", "f")], ("a", None)], ["1.0"], id="the latest turn"),
        pytest.param([[("a", "f")], ("a", None), ("a", None)], ["0.0", "0.0"], id="two results"),
        pytest.param(
            [[("f", "f"), ("f", "f")], ("f", None), ("f", None)], ["0.0", "0.1"], id="one id"
        ),
        pytest.param([("a", None), [("a", "f")]], ["1.0"], id="before its call"),
        pytest.param([[("a", "f")], ("z", None)], [None], id="another id"),
        pytest.param([[("a", "f")], (None, None)], ["0.0"], id="no id"),
        pytest.param(
            [[("a", "f"), ("b", "g")], (None, "g"), (None, "f")], ["0.1", "0.0"], id="by name"
        ),
        pytest.param([[("a", "f")], (None, "g")], [None], id="another name"),
        pytest.param([[(None, "f")], ("made", None)], ["0.0"], id="only the result has an id"),
        pytest.param(
            [[(None, "f"), (None, "g")], ("g", None), ("f", None)],
            ["0.1", "0.0"],
            id="id is a name",
        ),
        pytest.param([[(None, "a/b")], (None, "a_b")], ["0.0"], id="names as the wire has them"),
        pytest.param(
            [[("a", "f"), ("b", "f")], (None, None), ("a", None)], ["0.1", "0.0"], id="ids first"
        ),
        pytest.param([[(7, "f")], ("7", None)], ["0.0"], id="numbers"),
        pytest.param([[(["x"], "f")], (["x"], "f")], ["0.0"], id="not an id"),
        pytest.param([(None, None), [("a", "f")]], [None], id="nothing says which"),
    ],
)
def test_a_result_finds_its_call(turns, found):
    assert paired(*turns)[0] == found


@pytest.mark.parametrize(
    ("ids", "wire"),
    [
        (["a", "b"], ["a", "b"]),
        (["call_0", "call_0", "call_0"], ["call_0", "call_0_2", "call_0_3"]),
        ([None, "", 0], ["call_1", "call_2", "0"]),
        (["call_1", None], ["call_1", "call_2"]),
        ([None, "call_1"], ["call_2", "call_1"]),
        (["a", "a", "a_2"], ["a", "a_3", "a_2"]),
        (["functions.f:0", "functions_f_0"], ["functions_f_0", "functions_f_0_2"]),
        (["i" * 70, "i" * 64], ["i" * 64, "i" * 62 + "_2"]),
    ],
    ids=str,
)
def test_each_call_gets_an_id_of_its_own(ids, wire):
    made = paired([(call_id, "f") for call_id in ids])[1]
    assert made == wire
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", one) for one in made)


def test_the_time_for_a_long_history_grows_with_its_length():
    turns = [turn for _ in range(2000) for turn in ([("call_0", "f")], ("call_0", None))]
    start = time.process_time()
    paired(*turns)
    assert time.process_time() - start < 2
