"""The ledger: what it keeps, for whom, and that several processes may write it at a time."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from array import array
from concurrent.futures import ThreadPoolExecutor

import pytest

from heroku_inference import ConfigError, InvalidResponseError
from heroku_inference._corpus.ledger import Known, Ledger
from tests.corpus.limited_server import ROOT

KIND = {"model": "m", "input_type": "search_document"}


def vectors_of(ledger, known):
    spot = ledger.places(known.answer)[known.place]
    return array(ledger.typecode, spot.vector).tolist()


def test_an_answer_is_there_for_whoever_opens_the_file_next(tmp_path):
    first = Ledger(tmp_path / "ledger", **KIND)
    one, two, three = (first.key(text) for text in ("one", "two", "three"))
    first.keep([one, two], [[1.0, 0.5], [2.0, 0.25]])
    first.refuse({three: "no"})
    second = Ledger(tmp_path / "ledger", **KIND)
    known = second.known([one, two, three, second.key("four")])
    assert list(known) == [one, two, three]
    assert vectors_of(second, known[two]) == [2.0, 0.25]
    assert known[three] == Known(None, None, "no")
    assert second.width == 2
    assert second.name == first.name


def test_keys_differ_by_all_that_a_vector_depends_on():
    kinds = [
        KIND,
        KIND | {"model": "n"},
        KIND | {"input_type": "search_query"},
        KIND | {"embedding_type": "int8"},
    ]
    ledgers = [Ledger(":memory:", **kind) for kind in kinds]
    keys = {ledger.key("text") for ledger in ledgers}
    keys |= {ledgers[0].key("text", "split"), ledgers[0].key("Text"), ledgers[0].key("\ud800")}
    assert len(keys) == 7
    assert Ledger(":memory:", **KIND, embedding_type="float").key("text") == ledgers[0].key("text")


def test_the_first_answer_stays_and_a_refusal_never_replaces_one():
    ledger = Ledger(":memory:", **KIND)
    key = ledger.key("one")
    ledger.refuse({key: "no"})
    ledger.keep([key], [[1.0]])
    ledger.keep([key], [[2.0]])
    ledger.refuse({key: "no"})
    assert vectors_of(ledger, ledger.known([key])[key]) == [1.0]


def test_vectors_of_another_width_are_refused_whole(tmp_path):
    ledger = Ledger(tmp_path / "ledger", **KIND)
    ledger.keep([b"a"], [[1.0, 2.0]])
    other = Ledger(tmp_path / "ledger", **KIND)
    with pytest.raises(InvalidResponseError, match="3 numbers, after vectors of 2"):
        other.keep([b"b"], [[1.0, 2.0, 3.0]])
    assert ledger.known([b"a", b"b"]).keys() == {b"a"}
    assert ledger.newest_answer() == 1


def test_a_ledger_of_another_version_is_refused(tmp_path):
    Ledger(tmp_path / "ledger", **KIND).close()
    with sqlite3.connect(tmp_path / "ledger") as db:
        db.execute("UPDATE settings SET value = '0' WHERE name = 'version'")
    with pytest.raises(ConfigError, match="another version"):
        Ledger(tmp_path / "ledger", **KIND)


WRITER = """
import sys
import threading
from heroku_inference._corpus.ledger import Ledger
ledger = Ledger(sys.argv[1], model="m", input_type="search_document")
for number in range(200):
    keys = [ledger.key(f"{sys.argv[2]} {number} {place}") for place in range(10)]
    ledger.keep([*keys, ledger.key(f"shared {number}")], [[float(number)]] * 11)
"""


def test_several_processes_write_one_ledger(tmp_path):
    path = tmp_path / "ledger"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), name], cwd=ROOT)
        for name in ("a", "b", "c")
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    ledger = Ledger(path, **KIND)
    keys = [ledger.key(f"b {number} 9") for number in range(200)]
    keys += [ledger.key(f"shared {number}") for number in range(200)]
    known = ledger.known(keys)
    assert [vectors_of(ledger, known[key])[0] for key in keys] == [*range(200), *range(200)]
    assert ledger.newest_answer() == 600


def test_those_who_open_a_new_ledger_at_the_same_moment_all_get_it(tmp_path):
    together = threading.Barrier(8)

    def opened(path):
        together.wait()
        ledger = Ledger(path, **KIND)
        ledger.close()
        return ledger.name

    with ThreadPoolExecutor(8) as pool:
        for number in range(20):
            path = tmp_path / f"ledger-{number}"
            assert len(set(pool.map(opened, [path] * 8))) == 1
