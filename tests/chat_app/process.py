"""The chat app as a process of its own."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from uuid import uuid4

import httpx2
import psutil

TOKEN = "a token for tests"


def eventually(check, seconds=30.0):
    """Wait until the check returns something true, and return it."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := check():
            return found
        time.sleep(0.05)
    raise AssertionError(f"{check} stayed false for {seconds} seconds")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return str(free.getsockname()[1])


class App:
    """The app's web process, as `make app` or a dyno starts it."""

    def __init__(self, config_vars, log):
        self.config_vars, self.log = config_vars, log
        self.url = f"http://127.0.0.1:{config_vars['PORT']}"
        self.process = None
        self._clients = []

    def run(self, module, *arguments):
        """Run another module of the app to its end, and return what it printed."""
        command = [sys.executable, "-m", module, *map(str, arguments)]
        return subprocess.run(
            command, env=self.config_vars, check=True, capture_output=True, text=True
        ).stdout

    def start(self):
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "chat_app.main"],
                env=self.config_vars,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        eventually(self.is_healthy, 60)

    def is_healthy(self):
        assert self.process.poll() is None, self.log.read_text()
        try:
            return httpx2.get(f"{self.url}/healthz", timeout=10).status_code == 200
        except httpx2.TransportError:
            return False

    def stop(self, how=signal.SIGTERM):
        """Stop it, and return its exit code."""
        self.process.send_signal(how)
        return self.process.wait(35)

    def megabytes(self):
        """What the process and those that it started have in memory."""
        web = psutil.Process(self.process.pid)
        return sum(one.memory_info().rss for one in [web, *web.children(recursive=True)]) / 2**20

    def cpu_seconds(self):
        """How long the process has worked so far."""
        return sum(psutil.Process(self.process.pid).cpu_times()[:2])

    def client(self, user=None, **options):
        """Make a client of the API for one user, a new one by default."""
        headers = {"authorization": f"Bearer {TOKEN}", "x-user": user or uuid4().hex}
        client = httpx2.Client(base_url=self.url, headers=headers, timeout=60, **options)
        self._clients.append(client)
        return client

    def close(self):
        """Kill what still runs, and close the clients."""
        if self.process.poll() is None:
            self.stop(signal.SIGKILL)
        for client in self._clients:
            client.close()
