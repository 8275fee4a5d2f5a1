"""Records of what event handlers, span handlers and callbacks of LlamaIndex receive."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from llama_index.core.callbacks.base_handler import BaseCallbackHandler
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.span_handlers import SimpleSpanHandler
from pydantic import PrivateAttr

if TYPE_CHECKING:
    from llama_index.core.instrumentation.events import BaseEvent


class Events(BaseEventHandler):
    """Keeps every event."""

    _kept: list[Any] = PrivateAttr(default_factory=list)

    @classmethod
    def class_name(cls) -> str:
        return "Events"

    def handle(self, event: BaseEvent, **kwargs: Any) -> None:
        self._kept.append(event)

    @property
    def kept(self) -> list[BaseEvent]:
        return self._kept

    @property
    def names(self) -> list[str]:
        return [event.class_name() for event in self._kept]


class Spans(SimpleSpanHandler):
    """Keeps the spans that ended."""

    @property
    def names(self) -> list[str]:
        """Class and method of each, the innermost first."""
        return [span.id_.partition("-")[0] for span in self.completed_spans]


class Callbacks(BaseCallbackHandler):
    """Keeps the starts and ends of callback events."""

    def __init__(self) -> None:
        super().__init__([], [])
        self.started: list[tuple[Any, dict[str, Any]]] = []
        self.ended: list[tuple[Any, dict[str, Any]]] = []

    def on_event_start(self, event_type, payload=None, event_id="", parent_id="", **kwargs):
        self.started.append((event_type, payload))
        return event_id

    def on_event_end(self, event_type, payload=None, event_id="", **kwargs):
        self.ended.append((event_type, payload))

    def start_trace(self, trace_id=None):
        pass

    def end_trace(self, trace_id=None, trace_map=None):
        pass


@contextmanager
def recorded():
    """Events and spans of all that happens in the block."""
    events, spans, root = Events(), Spans(), get_dispatcher()
    root.event_handlers.append(events)
    root.span_handlers.append(spans)
    try:
        yield events, spans
    finally:
        root.event_handlers.remove(events)
        root.span_handlers.remove(spans)
