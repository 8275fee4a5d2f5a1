"""Parts: rows are found again, whatever groups they were written in."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from heroku_inference._corpus.parts import Parts


def test_a_vector_is_read_from_its_row_in_groups_of_any_size(tmp_path):
    parts = Parts(tmp_path, ledger_name="l", model="m", input_type="t", dtype="float32")
    vectors = np.arange(40, dtype="float32").reshape(20, 2)
    cuts = [0, 3, 4, 11, 20]
    groups = [
        ([f"Nº {row}" for row in range(start, end)], vectors[start:end])
        for start, end in pairwise(cuts)
    ]
    parts.write(0, 2, iter(groups))
    rows = [19, 0, 3, 10, 2, 4, 11]
    found = parts.vectors(0, rows)
    assert [np.frombuffer(found[row], "float32").tolist() for row in rows] == [
        vectors[row].tolist() for row in rows
    ]
    assert [id_ for ids in parts.ids(0) for id_ in ids] == [f"Nº {row}" for row in range(20)]


def test_a_part_that_fails_halfway_is_not_there(tmp_path):
    parts = Parts(tmp_path, ledger_name="l", model="m", input_type="t", dtype="float32")

    def groups():
        yield ["a"], np.zeros((1, 2), "float32")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        parts.write(0, 2, groups())
    assert list(tmp_path.iterdir()) == []


def test_pandas_is_not_imported_where_it_is_installed(tmp_path):
    # pyarrow imports it with its first array: for a second, in which Ctrl-C is another error.
    program = """if True:
        import sys
        from pathlib import Path
        import numpy as np
        from heroku_inference._corpus.parts import Parts

        kind = {"ledger_name": "l", "model": "m", "input_type": "t", "dtype": "int8"}
        parts = Parts(Path(sys.argv[1]), **kind)
        parts.write(0, 2, [(["a", "b"], np.arange(4, dtype="int8").reshape(2, 2))])
        print(parts.vectors(0, [1]), list(parts.ids(0)), "pandas" in sys.modules)
    """
    command = [sys.executable, "-c", program, str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ran.stdout == "{1: b'\\x02\\x03'} [['a', 'b']] False\n"
