"""Parts: rows are found again, whatever groups they were written in."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from heroku_inference._corpus.parts import Parts


def test_a_vector_is_read_from_its_row_in_groups_of_any_size(tmp_path):
    parts = Parts(tmp_path, ledger_name="l", model="m", input_type="t", dtype="float32")
    vectors = np.arange(40, dtype="float32").reshape(20, 2)
    cuts = [0, 3, 4, 11, 20]
    groups = [
        ([str(row) for row in range(start, end)], vectors[start:end])
        for start, end in pairwise(cuts)
    ]
    parts.write(0, 2, iter(groups))
    rows = [19, 0, 3, 10, 2, 4, 11]
    found = parts.vectors(0, rows)
    assert [np.frombuffer(found[row], "float32").tolist() for row in rows] == [
        vectors[row].tolist() for row in rows
    ]
    assert [id_ for ids in parts.ids(0) for id_ in ids] == [str(row) for row in range(20)]


def test_a_part_that_fails_halfway_is_not_there(tmp_path):
    parts = Parts(tmp_path, ledger_name="l", model="m", input_type="t", dtype="float32")

    def groups():
        yield ["a"], np.zeros((1, 2), "float32")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        parts.write(0, 2, groups())
    assert list(tmp_path.iterdir()) == []
