import time

import pytest

from heroku_inference._chat.tool_deltas import ToolCallDeltas, generated_id
from heroku_inference._errors import InvalidResponseError


def opening(index, call_id, name, arguments="", **more):
    piece = {"index": index, "id": call_id, "type": "function", **more}
    return {**piece, "function": {"name": name, "arguments": arguments}}


def more(index, arguments):
    """A later piece as Heroku sends it, the empty name repeated."""
    return {"index": index, "function": {"name": "", "arguments": arguments}}


def calls_of(*pieces, answer_id="chatcmpl-abc"):
    """The calls that the pieces add up to, each as (id, name, arguments)."""
    deltas = ToolCallDeltas()
    news = [delta for piece in pieces for delta in deltas.read([piece])]
    news += deltas.finish(answer_id)
    calls: dict[int, list[str]] = {}
    for delta in news:
        call = calls.setdefault(delta.index, ["", "", ""])
        for place, value in enumerate((delta.id, delta.name, delta.arguments)):
            call[place] += value or ""
    return [tuple(calls[index]) for index in range(len(calls))]


A = ("a", "add", '{"x": 1}')
B = ("b", "sub", '{"y": 2}')


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param(
            [opening(0, "a", "add"), more(0, '{"x"'), more(0, ": 1}")], id="as documented"
        ),
        pytest.param([opening(0, "a", "add", '{"x": 1}')], id="whole"),
        pytest.param([opening(0, "a", "add", {"x": 1})], id="arguments as an object"),
        pytest.param([opening(1, "a", "add"), more(0, '{"x"'), more(0, ": 1}")], id="drift"),
        pytest.param([opening(0, "a", "add"), more(3, '{"x"'), more(3, ": 1}")], id="drift up"),
        pytest.param([opening(None, "a", "add"), more(None, '{"x": 1}')], id="no index"),
        pytest.param([opening(None, "a", "add"), more(0, '{"x": 1}')], id="index only later"),
        pytest.param([opening(0, "a", "add"), {"function": {"arguments": '{"x": 1}'}}], id="bare"),
        pytest.param([more(0, '{"x"'), opening(0, "a", "add"), more(0, ": 1}")], id="orphan"),
        pytest.param(
            [opening(0, "a", ""), opening(0, "", "add"), more(0, '{"x": 1}')],
            id="id, then name",
        ),
        pytest.param(
            [opening(0, "a", None, '{"x"'), more(0, ": 1"), opening(0, None, "add", "}")],
            id="name at the end",
        ),
        pytest.param(
            [opening(0, "", "add"), more(0, '{"x": 1}'), {"index": 0, "id": "a"}],
            id="name, then id",
        ),
        pytest.param(
            [opening(0, "a", "add", '{"x"'), opening(0, "a", "add", ": 1}")],
            id="id and name repeated",
        ),
        pytest.param(
            [opening(0, "a", "add", '{"x"'), opening(1, "a", "add", ": 1}")],
            id="id repeated under another index",
        ),
        pytest.param(
            [opening(0, "a", "add", '{"x"'), opening(0, None, "add", ": 1}")], id="name repeated"
        ),
        pytest.param([opening(0, "a", "add", '{"x": 1}'), more(0, "")], id="nothing after the end"),
        pytest.param(
            [opening(0, "a", "add", '{"x": 1}'), {"index": 0, "function": None}], id="no function"
        ),
        pytest.param(
            [opening(0, "a", "add", '{"x": 1}'), {"index": 0, "id": "a"}], id="the id once more"
        ),
    ],
)
def test_one_call_is_one_call_however_it_is_cut(pieces):
    call_id, name, arguments = calls_of(*pieces)[0]
    assert (call_id, name, arguments.replace(" ", "")) == ("a", "add", '{"x":1}')
    assert len(calls_of(*pieces)) == 1


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param(
            [opening(0, "a", "add"), more(0, A[2]), opening(1, "b", "sub"), more(1, B[2])],
            id="one after the other",
        ),
        pytest.param(
            [
                opening(0, "a", "add"),
                opening(1, "b", "sub"),
                more(0, '{"x"'),
                more(1, '{"y"'),
                more(0, ": 1}"),
                more(1, ": 2}"),
            ],
            id="interleaved",
        ),
        pytest.param(
            [
                opening(1, "a", "add"),
                opening(2, "b", "sub"),
                more(1, '{"x"'),
                more(2, '{"y"'),
                more(1, ": 1}"),
                more(2, ": 2}"),
            ],
            id="interleaved, numbered as blocks",
        ),
        pytest.param(
            [opening(1, "a", "add"), more(0, A[2]), opening(2, "b", "sub"), more(1, B[2])],
            id="drift by a text block",
        ),
        pytest.param(
            [opening(1, "a", "add"), more(0, A[2]), opening(2, "b", "sub"), more(0, B[2])],
            id="drift to 0",
        ),
        pytest.param(
            [
                opening(0, "a", "add"),
                more(0, A[2]),
                opening(1, "b", "sub"),
                more(0, '{"y"'),
                more(0, ": 2}"),
            ],
            id="drift to 0, which is finished",
        ),
        pytest.param(
            [opening(0, "a", "add", A[2]), opening(0, "b", "sub"), more(0, B[2])],
            id="one index for both",
        ),
        pytest.param(
            [opening(None, "a", "add"), more(None, A[2]), opening(None, "b", "sub", B[2])],
            id="no index",
        ),
        pytest.param(
            [opening(0, "a", "add", A[2]), more(1, '{"y"'), opening(1, "b", "sub", ": 2}")],
            id="orphan after a finished call",
        ),
        pytest.param(
            [opening(0, "a", "add", A[2]), more(None, '{"y": 2}'), opening(None, "b", "sub")],
            id="orphan without index",
        ),
    ],
)
def test_two_calls_stay_apart_however_they_are_numbered(pieces):
    assert calls_of(*pieces) == [A, B]


def test_a_call_without_arguments_takes_no_arguments_of_the_next_under_drift():
    pieces = [opening(1, "a", "now"), more(0, ""), opening(2, "b", "sub"), more(1, B[2])]
    assert calls_of(*pieces) == [("a", "now", ""), B]


def test_once_the_numbers_have_disagreed_they_are_not_trusted_again():
    pieces = [
        *(opening(0, "a", "add", A[2]), opening(1, "b", "sub"), more(0, B[2])),
        *(opening(2, "c", "now"), opening(3, "d", "mul"), more(2, '{"z": 3}')),
    ]
    assert calls_of(*pieces) == [A, B, ("c", "now", ""), ("d", "mul", '{"z": 3}')]


def test_pieces_by_two_numbers_are_enough_to_trust_them():
    openings = [opening(1, "a", "add"), opening(2, "b", "sub"), opening(3, "c", "now")]
    pieces = [more(1, '{"x"'), more(2, '{"y"'), more(1, ": 1}"), more(2, ": 2}")]
    assert calls_of(*openings, *pieces) == [A, B, ("c", "now", "")]


def test_pieces_that_can_be_of_either_call_are_held_until_it_is_clear():
    deltas = ToolCallDeltas()
    deltas.read([opening(1, "a", "add"), opening(2, "b", "sub")])
    assert deltas.read([more(1, A[2])]) == []
    news = deltas.read([more(2, B[2])])
    assert [(delta.index, delta.arguments) for delta in news] == [(0, A[2]), (1, B[2])]


def test_a_call_that_is_incomplete_still_takes_its_pieces_after_the_next_has_opened():
    pieces = [opening(0, "a", "add"), opening(1, "b", "sub", B[2]), more(0, A[2])]
    assert calls_of(*pieces) == [A, B]


def test_the_same_name_again_is_another_call_once_the_first_is_complete():
    pieces = [opening(0, None, "add", "{}"), opening(0, None, "add", A[2])]
    assert calls_of(*pieces) == [("call_abc_0", "add", "{}"), ("call_abc_1", "add", A[2])]


def test_another_name_is_another_call():
    pieces = [opening(0, None, "add"), opening(0, None, "sub")]
    assert [name for _, name, _ in calls_of(*pieces)] == ["add", "sub"]


def test_several_entries_of_one_frame_are_read_in_order():
    news = ToolCallDeltas().read([opening(0, "a", "add", "{}"), opening(1, "b", "sub", "{}")])
    assert [(delta.index, delta.id, delta.name, delta.arguments) for delta in news] == [
        (0, "a", "add", "{}"),
        (1, "b", "sub", "{}"),
    ]


def test_pieces_bring_only_their_news():
    deltas = ToolCallDeltas()
    assert not deltas
    (first,) = deltas.read([opening(1, "a", "add")])
    assert deltas
    (second,) = deltas.read([more(0, '{"x"')])
    assert (first.id, first.name, first.arguments) == ("a", "add", "")
    assert (second.index, second.id, second.name, second.arguments) == (0, None, None, '{"x"')


def test_a_call_without_id_gets_one_that_stays_the_same():
    assert calls_of(opening(0, "", "add", "{}")) == [("call_abc_0", "add", "{}")]


def test_ids_of_answers_without_id_differ():
    assert generated_id(None, 0) != generated_id(None, 0)
    assert generated_id(None, 1).endswith("_1")


def test_arguments_that_never_find_a_call_raise():
    with pytest.raises(InvalidResponseError, match="never opened") as caught:
        calls_of(more(0, '{"x": 1}'))
    assert caught.value.body == '{"x": 1}'


def test_a_call_that_never_gets_a_name_raises():
    with pytest.raises(InvalidResponseError, match="without a name"):
        calls_of(opening(0, "a", ""), more(0, "{}"))


def test_white_space_without_a_call_is_nothing():
    assert calls_of(opening(None, "a", "add", "{}"), more(None, "\n")) == [("a", "add", "{}")]


@pytest.mark.parametrize("opens_first", [True, False], ids=["drift", "orphans"])
def test_the_time_for_long_arguments_grows_with_their_length_only(opens_first):
    arguments = '{"rows": [' + '{"a": {}}, ' * 25_000 + "{}]}"
    rest = [more(0, arguments[at : at + 8]) for at in range(0, len(arguments), 8)]
    call = opening(1, "a", "add")
    deltas = ToolCallDeltas()
    start = time.process_time()
    news = deltas.read([call, *rest] if opens_first else [*rest, call])
    assert time.process_time() - start < 3  # many times that if pieces were joined each time
    assert "".join(delta.arguments for delta in news) == arguments
