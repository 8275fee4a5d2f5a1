"""A strict local server of Heroku's inference API, for tests and for trying things out.

An independent reading of the API's documentation: it shares no code with the clients.
"""

from __future__ import annotations

from heroku_emulator.emulator import Emulator
from heroku_emulator.engine import Answer, Engine
from heroku_emulator.journal import Journal, JournalEntry
from heroku_emulator.script import (
    CallTools,
    Cut,
    ErrorEvent,
    Fault,
    RawBody,
    RawStream,
    Reset,
    Say,
    Step,
)
from heroku_emulator.switches import Switches

__all__ = [
    "Answer",
    "CallTools",
    "Cut",
    "Emulator",
    "Engine",
    "ErrorEvent",
    "Fault",
    "Journal",
    "JournalEntry",
    "RawBody",
    "RawStream",
    "Reset",
    "Say",
    "Step",
    "Switches",
]
