"""Sixty-four users at once, each with an answer that streams for seconds.

The figures of the last run, which `-s` prints, stand in docs/how-to/deploy-a-chat-app.md.
"""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from uuid import uuid4

import httpx2

from heroku_emulator import Say
from tests.chat_app.process import TOKEN

PLANS = (Path(__file__).parents[2] / "examples" / "docs" / "plans.pdf").read_bytes()
USERS = 64
DYNO = 512  # MB of a basic dyno
ANSWER = " ".join(f"word{number}" for number in range(40))


async def ask(client, app):
    """Ask a question; return the answer, and the seconds until its first byte and its text."""
    began, byte, first, text = time.monotonic(), None, None, ""
    headers = {"authorization": f"Bearer {TOKEN}", "x-user": uuid4().hex}
    body = {"message": "Count the words", "stream": True}
    async with client.stream("POST", f"{app.url}/api/chat", json=body, headers=headers) as answer:
        async for line in answer.aiter_lines():
            byte = byte or time.monotonic() - began
            assert line != "event: error"
            if line.startswith("data: ") and "text" in (data := json.loads(line[6:])):
                first = first or time.monotonic() - began
                text += data["text"]
    return text, byte, first


async def upload(client, app):
    """Upload a PDF; return how many passages it has."""
    headers = {"authorization": f"Bearer {TOKEN}", "x-user": uuid4().hex}
    address = f"{app.url}/api/documents?name=plans.pdf"
    answer = await client.post(address, content=PLANS, headers=headers)
    return answer.raise_for_status().json()["passages"]


async def test_sixty_four_users_at_once_are_answered_within_a_basic_dyno(app, emulator):
    emulator.switch(pace=0.1)
    emulator.script(Say(ANSWER, times=USERS))
    idle, most, over, worked = app.megabytes(), 0.0, False, app.cpu_seconds()

    async def watch():
        nonlocal most
        while not over:
            most = max(most, app.megabytes())
            await asyncio.sleep(0.2)

    watching = asyncio.create_task(watch())
    limits = httpx2.Limits(max_connections=USERS)
    async with httpx2.AsyncClient(timeout=120, limits=limits) as client:
        uploading = asyncio.create_task(upload(client, app))  # its process counts too
        answers = await asyncio.gather(*(ask(client, app) for _ in range(USERS)))
        assert await uploading > 0
    over = True
    await watching
    assert {text for text, *_ in answers} == {ANSWER}
    firsts = sorted(first for *_, first in answers)
    print(  # noqa: T201 - for the documentation
        f"\n{USERS} users: first token after {firsts[USERS // 2]:.1f} s (median), "
        f"{firsts[-1]:.1f} s (last); memory {idle:.0f} MB before, {most:.0f} MB at most; "
        f"{app.cpu_seconds() - worked:.1f} s of CPU"
    )
    assert max(byte for _, byte, _ in answers) < 30  # as long as Heroku's router waits
    assert most < DYNO
