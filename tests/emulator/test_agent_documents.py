"""`html_to_markdown` and `pdf_to_markdown` at work, on pages of this machine."""

import io
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pypdf
import pytest
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from tests.emulator.tool_runner import run_tool

PAGE = """<!DOCTYPE html><html><head><title>Dynos</title><style>p {}</style>
<script>alert(1)</script></head><body><h1>Größe</h1><p>A <b>dyno</b> is a
<a href="/x">container</a>.</p><ul><li>one</li><li>two</li></ul></body></html>"""


def pdf(*pages):
    """A PDF of one line a page."""
    writer = pypdf.PdfWriter()
    name = NameObject
    font = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}
    font = DictionaryObject({name(key): name(value) for key, value in font.items()})
    for text in pages:
        page = writer.add_blank_page(300, 300)
        fonts = DictionaryObject({name("/F1"): font})
        page[name("/Resources")] = DictionaryObject({name("/Font"): fonts})
        content = DecodedStreamObject()
        content.set_data(f"BT /F1 12 Tf 20 200 Td ({text}) Tj ET".encode())
        page[name("/Contents")] = writer._add_object(content)
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


ANSWERS = {
    "/page": (200, {"content-type": "text/html; charset=utf-8"}, PAGE.encode()),
    "/latin": (200, {"content-type": "text/html; charset=iso-8859-1"}, "<p>Größe".encode("latin1")),
    "/pdf": (200, {"content-type": "application/pdf"}, pdf("First page", "Second page")),
    "/to-page": (302, {"location": "/page"}, b""),
    "/away": (302, {"location": "http://example.com/"}, b""),
    "/file": (302, {"location": "file:///etc/passwd"}, b""),
    "/round": (302, {"location": "/round"}, b""),
    "/huge": (200, {}, b"x" * 5_000_001),
    "/long": (200, {}, b"x" * 200_000),
    "/deep": (200, {}, b"<div>" * 5_000),
}


class Pages(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/slow":
            self.server.released.wait(20)
        status = 200 if self.path == "/drip" else 404
        status, headers, body = ANSWERS.get(self.path, (status, {}, b"gone"))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        while self.path == "/drip" and not self.server.released.wait(0.2):
            self.wfile.write(b"x")
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def site():
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        server.released = threading.Event()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.released.set()
        server.shutdown()


@pytest.mark.parametrize("path", ["/page", "/to-page"])
def test_a_page_becomes_markdown(emulator, site, path):
    failed, text = run_tool(emulator, "html_to_markdown", {"url": site + path})
    assert not failed
    assert "# Größe" in text
    assert "A **dyno** is a\n[container](/x)." in text
    assert "- one\n- two" in text
    assert "alert" not in text
    assert "p {}" not in text


def test_a_page_is_read_in_the_encoding_its_server_names(emulator, site):
    assert run_tool(emulator, "html_to_markdown", {"url": site + "/latin"}) == (False, "Größe")


def test_a_pdf_becomes_text(emulator, site):
    result = run_tool(emulator, "pdf_to_markdown", {"url": site + "/pdf"})
    assert result == (False, "First page\n\nSecond page")


def test_a_document_that_is_not_a_pdf_is_a_failed_call(emulator, site):
    failed, text = run_tool(emulator, "pdf_to_markdown", {"url": site + "/page"})
    assert failed
    assert "not a readable PDF" in text


@pytest.mark.parametrize("tool", ["html_to_markdown", "pdf_to_markdown"])
@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://example.com/", "only http:// pages on this machine"),
        ("https://127.0.0.1/", "only http:// pages on this machine"),
        ("file:///etc/passwd", "only http:// pages on this machine"),
        ("http://127.0.0.1@example.com/", "only http:// pages on this machine"),
        ("http://127.0.0.1.example.com/", "only http:// pages on this machine"),
        ("http://169.254.169.254/", "only http:// pages on this machine"),
        ("http://0.0.0.0/", "only http:// pages on this machine"),
        ("", "only http:// pages on this machine"),
        (None, "only http:// pages on this machine"),
        ("http://127.0.0.1:1/", "cannot be fetched"),
        ("http://127.0.0.1:65536/", "only http:// pages on this machine"),
        ("http://[::ffff:127.0.0.1]/", "only http:// pages on this machine"),
        ("http://2130706433/", "only http:// pages on this machine"),
        ("http://[::1", "cannot be fetched"),
        ("{site}/away", "only http:// pages on this machine"),
        ("{site}/file", "only http:// pages on this machine"),
        ("{site}/round", "redirected more than 5 times"),
        ("{site}/huge", "larger than 5000000 bytes"),
        ("{site}/nowhere", "answers with status 404"),
    ],
)
def test_only_pages_of_this_machine_are_fetched(emulator, site, tool, url, reason):
    url = url if url is None else url.replace("{site}", site)
    failed, text = run_tool(emulator, tool, {"url": url})
    assert failed
    assert reason in text


def test_a_proxy_in_the_environment_is_ignored(emulator, site, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert run_tool(emulator, "html_to_markdown", {"url": site + "/page"})[0] is False


def test_a_slow_page_is_given_up(emulator, site):
    arguments = {"url": site + "/slow"}
    failed, text = run_tool(emulator, "html_to_markdown", arguments, ttl_seconds=1)
    assert failed
    assert "ReadTimeout" in text or "did not end within 1 seconds" in text


def test_a_page_that_never_ends_is_given_up(emulator, site):
    result = run_tool(emulator, "html_to_markdown", {"url": site + "/drip"}, ttl_seconds=1)
    assert result == (True, "it did not end within 1 seconds (ttl_seconds)")


def test_a_page_that_breaks_the_converter_is_a_failed_call(emulator, site):
    failed, text = run_tool(emulator, "html_to_markdown", {"url": site + "/deep"})
    assert failed
    assert text.startswith("RecursionError")


def test_a_long_page_is_cut_and_says_so(emulator, site):
    failed, text = run_tool(emulator, "html_to_markdown", {"url": site + "/long"})
    assert not failed
    assert text.endswith("[cut: the first 100000 of 200000 characters]")


@pytest.mark.parametrize("tool", ["html_to_markdown", "pdf_to_markdown"])
def test_without_the_extra_the_result_says_what_to_install(emulator, site, monkeypatch, tool):
    for module in ("markdownify", "pypdf"):
        monkeypatch.setitem(sys.modules, module, None)
    failed, text = run_tool(emulator, tool, {"url": site + "/page"})
    assert failed
    assert "extra `demo`" in text
