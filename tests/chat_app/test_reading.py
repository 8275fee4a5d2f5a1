"""Uploads: what can be read becomes passages, and everything else a sentence."""

from __future__ import annotations

import asyncio
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import docx
import psutil
import pytest
from retrieval import uploads
from retrieval.uploads import MOST_BYTES, UploadError, read, read_upload

PLANS = Path(__file__).parents[2] / "examples" / "docs" / "plans.pdf"


async def test_pages_and_headings_tell_where_a_passage_stands():
    page = b"<html><body><h1>Rates</h1><p>Twenty a minute.</p><script>x()</script></body></html>"
    assert await read_upload("rates.html", page) == [("Rates", "# Rates\n\nTwenty a minute.")]
    assert await read_upload("rates.md", b"# Rates\n\nTwenty.") == [("Rates", "# Rates\n\nTwenty.")]
    assert await read_upload("rates.txt", b"Twenty.") == [("", "Twenty.")]
    plans = await read_upload("plans.pdf", PLANS.read_bytes())
    assert plans[0].place == "page 1"


async def test_many_passages_come_whole_and_fit_into_an_embedding():
    words = " ".join(f"word{number}" for number in range(40_000))
    passages = await read_upload("long.txt", words.encode())
    assert len(passages) > 300
    assert max(len(passage.text.encode()) for passage in passages) <= 2048
    assert "word39999" in passages[-1].text


async def test_a_heading_without_end_does_not_come_back_with_each_passage():
    """It would: 300 times a megabyte."""
    words = " ".join(f"word{number}" for number in range(40_000))
    passages = await read_upload("long.md", f"# {'x' * 1_000_000}\n\n{words}".encode())
    assert len(passages) > 300
    assert {passage.place for passage in passages} == {"x" * 200}


async def test_the_app_takes_no_more_from_the_process_than_a_document_needs(monkeypatch, tmp_path):
    """A parser that was taken over could write without end."""
    endless = tmp_path / "python"
    endless.write_text("#!/bin/sh\nwhile :; do printf '%0100000d' 0; done\n")
    endless.chmod(0o700)
    before = psutil.Process().children()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", str(endless))
        patch.setattr(uploads, "MOST_ANSWER", 1_000_000)
        patch.setattr(uploads, "SECONDS", 5)
        with pytest.raises(UploadError, match=r"^long\.txt is too long: upload its chapters"):
            await read_upload("long.txt", b"x" * MOST_BYTES)
    assert psutil.Process().children() == before
    assert await read_upload("small.txt", b"Still here.") == [("", "Still here.")]


async def test_a_file_is_not_in_memory_while_it_waits_for_its_turn(monkeypatch, tmp_path):
    turn = asyncio.Semaphore(0)
    monkeypatch.setattr(uploads, "_one_at_a_time", turn)
    file = tmp_path / "0f1e2d"  # a server does not keep a file under the name that it was sent with
    file.write_text("Before its turn.")
    waiting = asyncio.create_task(read_upload("notes.txt", file))
    await asyncio.sleep(0.1)
    file.write_text("At its turn.")
    turn.release()
    assert await waiting == [("", "At its turn.")]
    file.write_bytes(b"x" * (MOST_BYTES + 1))
    monkeypatch.setattr(uploads, "_one_at_a_time", None)  # it does not wait to be refused
    with pytest.raises(UploadError, match=r"^large\.txt is larger than 10 MB\."):
        await read_upload("large.txt", file)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("run.exe", b"MZ", "run.exe is not one of .md, .markdown, .txt,"),
        ("empty.txt", b"", "empty.txt is empty."),
        ("picture.txt", b"\x00\x01", "picture.txt is binary, not text."),
        ("plans.pdf", b"%PDF-1.4 not really", "plans.pdf cannot be read as PDF: "),
        ("large.txt", b"x" * (MOST_BYTES + 1), "large.txt is larger than 10 MB."),
        ("long.txt", b"word " * 500_000, "long.txt is too long: upload its chapters one by one."),
        ("../../etc/passwd", b"root", "passwd is not one of "),
        ("a\0.txt", b"root", "The name of the file has characters that cannot be printed."),
        (f"{'x' * 200}.txt", b"root", "The name of the file is longer than 200 characters."),
    ],
    ids=["kind", "empty", "binary", "damaged", "large", "long", "path", "control", "name"],
)
async def test_what_cannot_be_read_is_refused_in_words(name, data, said):
    with pytest.raises(UploadError) as refusal:
        await read_upload(name, data)
    assert str(refusal.value).startswith(said)


def document_of(xml):
    """A Word document with this inside its body."""
    saved, packed = BytesIO(), BytesIO()
    docx.Document().save(saved)
    with zipfile.ZipFile(saved) as original, zipfile.ZipFile(packed, "w", 8) as changed:
        for name in original.namelist():
            content = original.read(name)
            if name == "word/document.xml":
                content = content.replace(b"<w:body>", b"<w:body>" + xml)
            changed.writestr(name, content)
    return packed.getvalue()


async def test_a_document_that_needs_too_much_memory_is_refused_and_the_app_lives():
    assert await read_upload("ok.docx", document_of(b"<w:p><w:r><w:t>Hi</w:t></w:r></w:p>"))
    bomb = document_of(b"<w:p/>" * 5_000_000)
    assert len(bomb) < 200_000
    with pytest.raises(UploadError, match=r"^bomb\.docx cannot be read"):
        await read_upload("bomb.docx", bomb)
    assert await read_upload("small.txt", b"Still here.") == [("", "Still here.")]


async def test_a_document_that_takes_too_long_is_refused_and_its_process_is_gone(monkeypatch):
    monkeypatch.setattr(uploads, "SECONDS", 0.05)
    before = psutil.Process().children()
    with pytest.raises(UploadError, match=r"^slow\.txt takes more than 0\.05 seconds to read\.$"):
        await read_upload("slow.txt", b"Hello.")
    assert psutil.Process().children() == before


def test_the_process_that_parses_knows_no_config_vars():
    assert (
        {"PATH"}
        <= uploads._ENVIRONMENT.keys()
        <= {"LANG", "LD_LIBRARY_PATH", "PATH"}
        | {
            "PYTHONHOME",
            "PYTHONPATH",
        }
    )


def test_documents_that_one_trusts_are_read_without_a_process():
    assert read("rates.txt", b"Twenty.") == [("", "Twenty.")]
