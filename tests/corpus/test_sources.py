"""Ids and texts from files: what is read, and what is refused with its file and line."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys

import pytest

from heroku_inference import ConfigError
from heroku_inference._corpus.sources import Source

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

ROWS = [("a", "Grüße"), ("b", 'Two\nlines, "quoted"'), ("c", "再见")]
_LINES = "".join(json.dumps({"id": id_, "text": text}) + "\n" for id_, text in ROWS)
_CSV = 'id,text\na,Grüße\nb,"Two\nlines, ""quoted"""\nc,再见\n'

_MEMORY = """
import re, sys
from pathlib import Path
from heroku_inference._corpus.sources import Source
texts = sum(1 for _ in Source(sys.argv[1:]))
peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
print(texts, int(peak[1]) // 1024)
"""


def table(path, **columns):
    pq.write_table(pa.table(columns), path)


def read(path, **options):
    return list(Source([str(path)], **options))


def refusal(path, **options):
    with pytest.raises(ConfigError) as caught:
        read(path, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.jsonl", _LINES),
        ("x.ndjson", "\ufeff" + _LINES.replace("\n", "\r\n\r\n")),
        ("x.csv", _CSV),
        ("x.CSV", "\ufeff" + _CSV.replace(",text", ";text").replace("a,", "a;")
         .replace("b,", "b;").replace("c,", "c;")),
        ("x.tsv", 'n\ttext\tid\n1\tGrüße\ta\n\n2\t"Two\nlines, ""quoted"""\tb\n3\t再见\tc\n'),
    ],
    ids=["lines", "windows-lines", "csv", "semicolons", "tabs"],
)  # fmt: skip
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gz"])
def test_ids_and_texts_come_as_they_stand(tmp_path, name, text, packed):
    path = tmp_path / (f"{name}.gz" if packed else name)
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    assert read(path) == ROWS


@pytest.mark.parametrize("kind", ["string", "large_string", "dictionary"])
def test_parquet_is_read_whatever_its_kind_of_string(tmp_path, kind):
    texts = pa.array([text for _, text in ROWS])
    texts = texts.dictionary_encode() if kind == "dictionary" else texts.cast(kind)
    table(tmp_path / "x.parquet", more=[[1.5]] * 3, body=texts, key=[7, 8, 9])
    rows = read(tmp_path / "x.parquet", id_column="key", text_column="body")
    assert rows == [(7, "Grüße"), (8, ROWS[1][1]), (9, "再见")]


def test_a_folder_is_its_text_files_by_their_paths(tmp_path):
    for name in ("b.md", "a/z.TXT", "a/picture.png", ".git/c.md", ".hidden.txt", "a.rst"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"In {name}", encoding="utf-8")
    assert read(tmp_path) == [("b.md", "In b.md"), ("a/z.TXT", "In a/z.TXT")]


def test_stdin_has_json_lines_and_is_read_once(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(_LINES.encode())))
    source = Source(["-"])
    assert (list(source), source.can_be_read_again) == (ROWS, False)


def test_files_follow_each_other_and_rows_can_be_numbered_through_them(tmp_path):
    (tmp_path / "x.csv").write_text("text\nOne\nTwo\n")
    (tmp_path / "y.jsonl").write_text('{"text": "Three"}\n')
    table(tmp_path / "z.parquet", text=["Four"])
    paths = [str(tmp_path / name) for name in ("x.csv", "y.jsonl", "z.parquet")]
    source = Source(paths, number_rows=True)
    assert list(source) == list(source) == [(1, "One"), (2, "Two"), (3, "Three"), (4, "Four")]
    assert source.can_be_read_again


GOOD = '{"id": 1, "text": "One"}\n\n'


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.jsonl", GOOD + '{"text": "Two"}', "line 3: there is no id under 'id', only 'text'."),
        ("x.jsonl", GOOD + '{"ID": 2, "text": ""}', "under 'id', but there is 'ID'. Name the col"),
        ("x.jsonl", GOOD + '{"id": "", "text": ""}', "line 3: there is no id under 'id'. Name"),
        ("x.jsonl", GOOD + '{"id": 1.5, "text": ""}', "line 3: the id 1.5 is of type float. An id"),
        ("x.jsonl", GOOD + '{"id": true, "text": ""}', "line 3: the id True is of type bool. An"),
        ("x.jsonl", GOOD + '{"id": 2, "text": 42}', "line 3: the text is of type int: '42'. Make"),
        ("x.jsonl", GOOD + '{"id": 2, "text": null}', "line 3: there is no text under 'text'. Na"),
        ("x.jsonl", GOOD + '{"id": 2, "txt": "a"}', "under 'text', but there is 'txt'. Name the"),
        ("x.jsonl", GOOD + '{"id": 2, "text": "a"', "line 3: this is not JSON: EOF while parsing"),
        ("x.jsonl", GOOD + '["a"]', 'line 3: this is not a JSON object. Write {"id": ..., "text"'),
        ("x.jsonl", GOOD.encode() + b'{"id": 2, "text": "\xe4"}', "line 3: byte 20 is not UTF-8"),
        ("x.jsonl", GOOD.encode("utf-16"), "line 1: byte 1 is not UTF-8 (0xff). Save it as text"),
        ("x.jsonl", "\n", "x.jsonl' has no texts."),
        ("x.csv", "", "x.csv' has no texts."),
        ("x.csv", "id,text\n", "x.csv' has no texts."),
        ("x.csv", "id,body\n1,a", "line 1: there is no column 'text', only 'id', 'body'. Name the"),
        ("x.csv", "Id,text\n1,a", "no column 'id', but there is 'Id'. Name the column of ids with"),
        ("x.csv", 'id,text\n1,"a\nb"\n2,b,c', "line 4: the header has 2 columns, and this row has"),
        ("x.csv", 'id,text\n1,"a\nb"\n2,"b', "line 4: this is not CSV: unexpected end of data. A"),
        ("x.csv", "id,text\n1,a\n,b\n", "line 3: there is no id under 'id'. Name the column of"),
        ("x.csv", b"id,text\n1,\xe4", "line 2: byte 3 is not UTF-8 (0xe4). Save it as text in"),
        ("x.csv.gz", b"id,text", "cannot be read: Not a gzipped file (b'id'). Check the file."),
        ("x.csv.gz", gzip.compress(b"id,text\n1,a\n" * 99)[:40], "cannot be read: Compressed file"),
        ("x.parquet", b"id,text\n1,a\n", "cannot be read as Parquet: Parquet magic bytes"),
        ("x.json", "[]", "is of an unknown kind. Texts are read from JSON lines (.jsonl, .ndjson)"),
    ],
    ids=["no-id", "id-in-capitals", "blank-id", "float-id", "bool-id", "number", "null",
         "near-name", "cut-line", "list", "latin-1", "utf-16", "blank-lines", "empty-csv",
         "header-alone", "no-text-column", "near-column", "cells", "open-quote", "csv-blank-id",
         "csv-latin-1", "not-gz", "cut-gz", "not-parquet", "json"],
)  # fmt: skip
def test_what_cannot_be_read_is_said_with_its_line(tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    said = refusal(path)
    assert said.startswith((f"{str(path)!r}", "There"))
    assert words in said


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"id": [1], "body": ["a"]}, "there is no column 'text', only 'id', 'body'. Name the"),
        ({"id": [1, 2], "text": ["a", None]}, "row 2: there is no text under 'text'. Name the"),
        ({"id": [1, None], "text": ["a", "b"]}, "row 2: there is no id under 'id'. Name the"),
        ({"id": [1], "text": [42]}, "row 1: the text is of type int: '42'. Make it a string."),
        ({"id": [[1]], "text": ["a"]}, "row 1: the id [1] is of type list. An id is a text or"),
        ({"id": [], "text": []}, "has no texts."),
    ],
    ids=["no-column", "no-text", "no-id", "number", "list", "no-rows"],
)
def test_parquet_is_refused_with_its_row(tmp_path, columns, words):
    table(tmp_path / "x.parquet", **columns)
    assert words in refusal(tmp_path / "x.parquet")


def test_a_damaged_parquet_is_said_so_when_it_is_reached(tmp_path):
    path = tmp_path / "x.parquet"
    table(path, id=list(range(9000)), text=[f"text {number}" for number in range(9000)])
    data = bytearray(path.read_bytes())
    data[1000:40_000] = b"\xff" * 39_000
    path.write_bytes(data)
    assert "cannot be read" in refusal(path)


def test_what_came_before_a_wrong_row_was_given(tmp_path):
    (tmp_path / "x.jsonl").write_text(GOOD + "oops")
    rows = iter(Source([str(tmp_path / "x.jsonl")]))
    assert next(rows) == (1, "One")
    with pytest.raises(ConfigError, match="line 3"):
        next(rows)


def test_a_path_that_is_not_there_is_said_before_anything_is_read():
    with pytest.raises(ConfigError, match=r"There is no file or folder 'gone\.csv'"):
        Source(["gone.csv"])


def test_a_folder_without_texts_and_a_text_that_is_not_utf_8_are_said(tmp_path):
    assert "has no texts" in refusal(tmp_path)
    (tmp_path / "a.txt").write_bytes(b"Gr\xfc\xdfe")
    assert "a.txt': byte 3 is not UTF-8 (0xfc)" in refusal(tmp_path)


def test_a_text_may_be_longer_than_the_csv_module_expects(tmp_path):
    (tmp_path / "x.csv").write_text(f"id,text\n1,{'x' * 200_000}\n")
    assert len(read(tmp_path / "x.csv")[0][1]) == 200_000


def test_without_pyarrow_the_extra_is_named(tmp_path, monkeypatch):
    table(tmp_path / "x.parquet", id=[1], text=["a"])
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert 'pip install "heroku-inference[corpus]"' in refusal(tmp_path / "x.parquet")


def test_files_are_streamed(tmp_path):
    text = "word " * 100
    rows = 200_000
    with (tmp_path / "x.jsonl").open("w") as file:
        file.writelines(f'{{"id": {n}, "text": "{text}"}}\n' for n in range(rows))
    # 100 MB in one group of rows, as they stand.
    columns = pa.table({"id": list(range(rows)), "text": [f"{n} {text}" for n in range(rows)]})
    plain = {"compression": "none", "use_dictionary": False, "row_group_size": rows}
    pq.write_table(columns, tmp_path / "x.parquet", **plain)
    for name in ("x.jsonl", "x.parquet"):
        run = subprocess.run(
            [sys.executable, "-c", _MEMORY, str(tmp_path / name)],
            capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
        texts, peak = map(int, run.stdout.split())
        assert (texts, peak < 150) == (rows, True), f"{name}: {peak} MiB"
