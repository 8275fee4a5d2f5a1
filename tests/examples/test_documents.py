"""What the examples read from each kind of file."""

from __future__ import annotations

import importlib
from io import BytesIO
from pathlib import Path

import docx
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"

HTML = """<!DOCTYPE html><html><head><title>Oil</title><style>p {}</style></head><body>
<nav>Home</nav><h1>Lamps<a class="headerlink" href="#l">#</a></h1><p>They burn <b>oil</b>, up to
<code>max_litres</code>.<ul><li>one<li>two</ul>
<h2>Prices</h2><table><tr><th>oil<th>euro<tr><td>1 l<td>2</table><script>alert()</script>"""

REST = """
Lamps
=====

They burn ``oil``, see :ref:`oil`.

- one
- two

.. note:: Mind the flame.

.. versionadded:: 2
   Lamps for two.

.. include:: secret.txt

.. a comment

Prices
------

===  ====
oil  euro
===  ====
1 l  2
===  ====
"""


def word() -> bytes:
    document = docx.Document()
    document.add_heading("Lamps", 1)
    document.add_paragraph("They burn oil.")
    document.add_heading("Prices", 2)
    table = document.add_table(rows=1, cols=2)
    table.cell(0, 0).text, table.cell(0, 1).text = "1 l", "2 euro"
    file = BytesIO()
    document.save(file)
    return file.getvalue()


@pytest.fixture
def read(monkeypatch, tmp_path):
    """Reads bytes as a file of a name; returns places and texts, or the error."""
    monkeypatch.syspath_prepend(EXAMPLES)
    documents = importlib.import_module("retrieval.documents")
    errors = importlib.import_module("retrieval.errors")
    (tmp_path / "secret.txt").write_text("A secret.")
    monkeypatch.chdir(tmp_path)

    def read(name: str, data: bytes | str) -> dict[str, str] | str:
        file = tmp_path / name
        file.write_bytes(data if isinstance(data, bytes) else data.encode())
        try:
            return {section.place: section.text for section in documents.read_file(file)}
        except errors.InputError as error:
            return str(error)

    return read


def test_html_is_read_by_headings_without_what_is_around(read):
    assert read("lamps.html", HTML) == {
        "Lamps": "They burn **oil**, up to\n`max_litres`.\n\n- one\n- two",
        "Lamps > Prices": "| oil | euro |\n| --- | --- |\n| 1 l | 2 |",
    }


def test_html_is_decoded_as_it_says(read):
    page = "<meta charset={}><h1>経費</h1><p>三十日以内"
    assert read("a.html", page.format("shift_jis").encode("shift_jis")) == {"経費": "三十日以内"}
    assert read("b.html", page.format("utf-8")) == {"経費": "三十日以内"}
    assert read("c.html", page.format("nonsense")) == {"経費": "三十日以内"}


def test_rest_is_read_by_headings_with_what_only_sphinx_knows(read):
    found = read("lamps.rst", REST)
    assert list(found) == ["Lamps", "Lamps > Prices"]
    text = found["Lamps"]
    assert text.startswith("They burn oil, see :ref:`oil`.")
    assert "- one\n- two" in text
    assert "Mind the flame." in text
    assert "Lamps for two." in text
    assert "comment" not in text
    assert "A secret." not in text
    assert found["Lamps > Prices"] == "oil | euro\n\n1 l | 2"


def test_word_is_read_by_headings_with_tables(read):
    assert read("lamps.docx", word()) == {
        "Lamps": "They burn oil.",
        "Lamps > Prices": "1 l | 2 euro",
    }


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_front_matter_is_dropped_and_a_rule_is_not(read, end):
    page = "---\ntitle: Lamps\ntags:\n  - oil\n---\n# Lamps\n\nThey burn.\n\n---\n\nAll night.\n"
    assert read("a.md", page.replace("\n", end)) == {"Lamps": "They burn.\n\n---\n\nAll night."}
    rule = "---\n\nLamps burn.\n\n---\n\nAll night."
    assert read("b.md", rule) == {"": rule}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "windows-1252"])
def test_text_is_read_in_the_encodings_of_western_europe(read, encoding):
    assert read("a.txt", "Größe: 5 m²".encode(encoding)) == {"": "Größe: 5 m²"}


@pytest.mark.parametrize("data", [b"a\x00b", b"\xff\x01\x02", b"\x81\x8d", b"\xff\xfe\x00\xd8"])
def test_what_is_not_text_is_refused(read, data):
    assert "text" in read("a.txt", data)
