"""Scripted faults and answers."""

import time

import httpx
import pytest

from heroku_emulator import CallTools, Cut, ErrorEvent, Fault, RawBody, Reset, Say

STATUSES = {
    400: "invalid_request",
    401: "authentication_error",
    403: "authorization_error",
    404: "not_found",
    408: "request_timeout",
    422: "unprocessable_entity",
    429: "rate_limit_error",
    500: "server_error",
    502: "server_error",
    503: "server_error",
    529: "server_error",
}


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("stream", [False, True])
def test_a_fault_has_status_and_documented_error(emulator, call, status, stream):
    emulator.script(Fault(status))
    answer = call.chat(stream=stream)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["type"]) == (status, status, STATUSES[status])
    assert error["message"]
    assert call.chat().status_code == 200


def test_faults_are_served_in_order_and_counted(emulator, call):
    emulator.script(Fault(503, times=2), Fault(429), Say("At last."))
    statuses = [call.chat().status_code for _ in range(3)]
    assert statuses == [503, 503, 429]
    assert call.message()["content"] == "At last."
    assert len(emulator.remaining_script) == 0
    assert [entry.status for entry in emulator.journal] == [503, 503, 429, 200]


def test_a_fault_sends_its_message_headers_and_body(emulator, call):
    emulator.script(
        Fault(429, message="slow down", error_type="t", headers={"retry-after": "7"}),
        Fault(500, body={"odd": 1}),
        Fault(500, body="words", content_type="text/plain", headers={"x-request-id": "mine"}),
    )
    answer = call.chat()
    assert answer.json() == {"error": {"code": 429, "message": "slow down", "type": "t"}}
    assert answer.headers["retry-after"] == "7"
    assert call.chat().json() == {"odd": 1}
    answer = call.chat()
    assert (answer.text, answer.headers["content-type"]) == ("words", "text/plain")
    assert answer.headers["x-request-id"] == "mine"


def test_a_fault_comes_before_the_check_of_key_and_body(emulator, call):
    emulator.script(Fault(503))
    answer = call.http.post("/v1/chat/completions", content=b"{", headers={"authorization": ""})
    assert answer.status_code == 503


def test_an_answer_waits_for_an_accepted_request(emulator, call):
    emulator.script(Say("For the good ones."))
    assert call.chat(temperature=2).status_code == 400
    assert call.message()["content"] == "For the good ones."


def test_a_step_can_be_for_one_path(emulator, call):
    emulator.script(Fault(503, path="/v1/rerank"), Fault(429, path="embeddings"))
    assert call.chat().status_code == 200
    assert call.embed("x").status_code == 429
    assert call.rerank("x", ["y"]).status_code == 503


def test_chat_answers_are_for_chat(emulator, call):
    emulator.script(Say("Hello."), CallTools([]))
    assert call.embed("x").status_code == 200
    assert len(emulator.remaining_script) == 2


@pytest.mark.parametrize("path", ["/available-models", "/nowhere"])
def test_any_path_can_fail(emulator, call, path):
    emulator.script(Fault(503))
    assert call.http.get(path).status_code == 503


@pytest.mark.parametrize("times", [0, -1])
def test_a_step_for_no_request_is_refused(emulator, times):
    with pytest.raises(ValueError, match="times"):
        emulator.script(Fault(times=times))


def test_the_firewall_serves_html(emulator, call):
    emulator.script(Fault.html403())
    answer = call.chat()
    assert (answer.status_code, answer.headers["content-type"]) == (403, "text/html")
    assert answer.headers["server"] == "CloudFront"
    assert "Request blocked" in answer.text


def test_an_error_can_be_empty(emulator, call):
    emulator.script(Fault.empty(times=1), Fault.empty(502))
    answers = [call.chat(), call.chat()]
    assert [(a.status_code, a.content) for a in answers] == [(503, b""), (502, b"")]


@pytest.mark.parametrize("stream", [False, True])
def test_a_200_can_be_html_or_have_the_wrong_shape(emulator, call, stream):
    emulator.script(Fault.not_json(), Fault.wrong_shape(), Fault.wrong_shape([1]))
    answers = [call.chat(stream=stream) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert answers[0].text.startswith("<html>")
    assert answers[1].json() == {"unexpected": True}
    assert answers[2].json() == [1]


@pytest.mark.parametrize("stream", [False, True])
def test_a_connection_can_be_reset_before_the_answer(emulator, call, stream):
    emulator.script(Reset())
    with pytest.raises(httpx.ReadError):
        call.chat(stream=stream)
    assert emulator.journal[-1].wait()
    assert emulator.journal[-1].status is None


def test_a_connection_can_be_closed_before_the_answer(emulator, call):
    emulator.script(Reset(politely=True))
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        call.chat()


@pytest.mark.parametrize("path", ["chat", "embed", "rerank"])
def test_a_plain_answer_can_be_cut_in_its_body(emulator, call, path):
    ends = {"chat": "/v1/chat/completions", "embed": "/v1/embeddings", "rerank": "/v1/rerank"}
    emulator.script(Cut(path=ends[path]))
    arguments = {"chat": (), "embed": ("x",), "rerank": ("x", ["y"])}[path]
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        getattr(call, path)(*arguments)


def test_a_cut_without_a_path_waits_for_a_stream(emulator, call):
    emulator.script(Cut(after=1, politely=True), Say("Paris."))
    assert call.embed("x").status_code == call.rerank("x", ["y"]).status_code == 200
    assert call.chat().json()["choices"][0]["message"]["content"] == "Paris."
    assert [str(step) for step in emulator.remaining_script] == ["Cut(after=1, politely=True)"]
    assert len(call.chunks()) == 1
    served = [[str(step) for step in entry.steps] for entry in emulator.journal]
    assert served == [[], [], ["Say(text='Paris.')"], ["Cut(after=1, politely=True)"]]


def test_the_journal_says_which_request_a_fault_was_served_to(emulator, call):
    emulator.script(Fault(503, path="/v1/rerank", times=2), Reset())
    with pytest.raises(httpx.ReadError):
        call.embed("x")
    for _ in range(2):
        call.rerank("x", ["y"])
    call.embed("x")
    assert emulator.journal[-1].wait()
    assert [str(entry).partition(":")[0] for entry in emulator.journal] == [
        "POST /v1/embeddings -> no answer by Reset()",
        "POST /v1/rerank -> 503 by Fault(path='/v1/rerank', status=503)",
        "POST /v1/rerank -> 503 by Fault(path='/v1/rerank', status=503)",
        "POST /v1/embeddings -> 200",
    ]


def test_a_stream_can_be_cut_after_some_frames(emulator, call):
    emulator.script(Cut(after=2, answer=Say("one two three")))
    received = []
    body = {"model": "claude-4-5-sonnet", "messages": [{"role": "user", "content": "Hello"}]}
    with (
        call.http.stream("POST", "/v1/chat/completions", json=body | {"stream": True}) as answer,
        pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"),
    ):
        received.extend(line for line in answer.iter_lines() if line.startswith("data"))
    assert len(received) == 2
    assert '"content":"two "' in received[1]


def test_a_stream_can_end_early_but_well_formed(emulator, call):
    emulator.script(Cut(after=1, politely=True))
    (chunk,) = call.chunks()
    assert chunk["choices"][0]["delta"]["content"] == "You "


@pytest.mark.parametrize(
    ("form", "data"),
    [
        ("object", '{"error":{"code":503,"message":"gone","type":"server_error"}}'),
        (
            "string",
            r'{"error":"{\"code\":503,\"message\":\"gone\",\"type\":\"server_error\"}"}',
        ),
        ("flat", '{"code":503,"message":"gone","type":"server_error"}'),
        ("text", "gone"),
    ],
)
def test_a_stream_can_turn_into_an_error_event(emulator, call, form, data):
    emulator.script(ErrorEvent(after=1, form=form, status=503, message="gone", answer=Say("a b")))
    events = call.events()
    assert len(events) == 2
    assert events[-1] == ("error", data)


def test_without_a_stream_an_error_event_is_an_error(emulator, call):
    emulator.script(ErrorEvent(status=503))
    assert call.chat().status_code == 503


@pytest.mark.parametrize("path", ["chat", "embed", "rerank"])
@pytest.mark.parametrize(
    ("body", "content"), [(b"\xff", b"\xff"), ("x", b"x"), ({"a": [1]}, b'{"a":[1]}')]
)
def test_raw_bodies_are_sent_unchanged(emulator, call, path, body, content):
    emulator.script(RawBody(body, status=201, content_type="text/x", headers={"x-odd": "1"}))
    arguments = {"chat": (), "embed": ("x",), "rerank": ("x", ["y"])}[path]
    answer = getattr(call, path)(*arguments)
    assert (answer.content, answer.status_code) == (content, 201)
    assert (answer.headers["content-type"], answer.headers["x-odd"]) == ("text/x", "1")


def test_a_fault_can_be_delayed(emulator, call):
    emulator.script(Fault(503, delay=0.1), Reset(delay=0.1))
    began = time.monotonic()
    assert call.chat().status_code == 503
    with pytest.raises(httpx.ReadError):
        call.chat()
    assert time.monotonic() - began >= 0.2


def test_a_client_that_gives_up_waiting_is_noticed(emulator, call):
    emulator.script(Fault(503, delay=60))
    with pytest.raises(httpx.ReadTimeout):
        call.http.post("/v1/chat/completions", json={}, timeout=0.1)
    assert emulator.journal[-1].wait()
    assert emulator.journal[-1].client_left


def test_a_plain_answer_that_takes_too_long_is_a_408(emulator, call):
    emulator.switch(latency=0.2, time_limit=0.05)
    assert call.refusal(408).startswith("Request timed out. Please use streaming")
    assert call.chat(stream=True).status_code == 200


def test_latency_delays_every_answer(emulator, call):
    emulator.switch(latency=0.1)
    began = time.monotonic()
    call.http.get("/available-models")
    assert time.monotonic() - began >= 0.1


@pytest.mark.parametrize(
    ("envelope", "content"),
    [
        (
            "object",
            '{"error":{"code":400,"message":"error parsing JSON","type":"invalid_request"}}',
        ),
        ("plain", '{"error":"error parsing JSON"}'),
        ("flat", '{"code":400,"message":"error parsing JSON","type":"invalid_request"}'),
        ("message", '{"message":"error parsing JSON"}'),
        ("text", "error parsing JSON"),
        ("empty", ""),
        (
            "html403",
            '{"error":{"code":400,"message":"error parsing JSON","type":"invalid_request"}}',
        ),
    ],
)
def test_errors_have_the_switched_envelope(emulator, call, envelope, content):
    emulator.switch(error_envelope=envelope)
    answer = call.http.post("/v1/embeddings", content=b"{")
    assert (answer.status_code, answer.text) == (400, content)


def test_double_encoded_errors_equal_the_captured_ones(emulator, call, sample):
    emulator.switch(error_envelope="string")
    answer = call.http.post("/v1/embeddings", content=b"{")
    assert answer.json() == sample("error_400_double_encoded.json")
    emulator.script(Fault(403))
    assert call.chat().json() == sample("error_403_double_encoded.json")


def test_every_403_can_be_html(emulator, call):
    emulator.switch(error_envelope="html403")
    emulator.script(Fault(403))
    assert call.chat().headers["content-type"] == "text/html"


INSIDE = [
    "http://localhost:3000/",
    "https://localhost",
    "HTTP://LocalHost/x",
    "see http://127.0.0.1:8080.",
    "http://192.168.1.1/",
    "http://10.0.0.7/x",
    "http://172.16.0.1",
    "http://user:word@192.168.0.1/",
    "[link](http://localhost:8000)",
    "postgres://localhost/app",
    "http://[::1]:8000/",
    "http://169.254.169.254/",
    "curl 169.254.169.254/latest/meta-data/",
]
OUTSIDE = [
    "localhost:3000",
    "192.168.1.1/admin",
    "https://example.com/?host=localhost",
    "http://172.32.0.1/",
    "http://11.0.0.1/",
    "http://localhost.example.com/",
    "http://example.com/127.0.0.1",
    "169.254.169.254",
]


def blocked(answer):
    is_page = "html" in answer.headers["content-type"]
    assert is_page is (answer.status_code == 403)
    assert answer.status_code in (200, 403), answer.text
    return is_page


@pytest.mark.parametrize("text", INSIDE)
def test_the_edge_blocks_urls_to_private_and_loopback_hosts(emulator, call, text):
    message = {"role": "user", "content": text}
    for answer in (
        call.chat(messages=[message]),
        call.embed(["a", text]),
        call.rerank("a", [text]),
    ):
        assert blocked(answer)
        assert answer.headers["server"] == "CloudFront"
    assert not blocked(call.agents(messages=[message]))
    emulator.switch(block_inside_urls=False)
    assert not blocked(call.embed(text))


@pytest.mark.parametrize("text", OUTSIDE)
def test_the_edge_lets_other_hosts_and_hosts_without_a_scheme_pass(call, text):
    assert not blocked(call.embed(text))


def test_the_edge_comes_before_the_check_of_the_key(call):
    headers = {"authorization": "Bearer inf-wrong"}
    body = {"input": "http://localhost/"}
    assert call.http.post("/v1/embeddings", json=body, headers=headers).status_code == 403
    assert call.http.post("/v1/embeddings", json={}, headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("prompt", "status"),
    [
        ("<script>alert(1)</script>", 403),
        ("cat ../../etc/passwd", 403),
        ("{{ config }}", 403),
        ("import os", 403),
        ("-----", 403),
        ("an ordinary question", 200),
    ],
)
def test_the_firewall_blocks_prompts_that_look_like_attacks(emulator, call, prompt, status):
    assert call.embed(prompt).status_code == 200
    emulator.switch(firewall=True)
    answer = call.embed(prompt)
    assert answer.status_code == status
    assert ("html" in answer.headers["content-type"]) is (status == 403)
