"""What was repaired in the conversation of one request, and the one warning about it."""

from __future__ import annotations

from enum import StrEnum

from heroku_inference._warnings import warn_caller

__all__ = ["Repair", "Repairs"]


class Repair(StrEnum):
    """A change that the caller should know about, in the words of the warning."""

    DESCRIBED = "what Heroku does not take (files, audio, links …) is described in words"
    EMPTY = "messages of the user without content were left out"
    NOT_RUN = "calls without a result got one that says so"
    MOVED = "results of tools were put behind their calls"
    JOINED = "several results of one call were joined"
    ORPHANED = "results whose calls are gone became words of the user"
    NAMELESS = "calls that name no tool became words"
    IMAGES = "images that were not the user's were put into messages of the user"
    ROLES = "messages of roles that Heroku does not have became the user's"
    FIELDS = "fields that Heroku does not have were left out"
    GO_ON = "a model that thinks cannot continue its own last message, so it is asked to go on"


class Repairs:
    """Collects the repairs of one request."""

    __slots__ = ("_made",)

    def __init__(self) -> None:
        self._made: set[Repair] = set()

    def note(self, repair: Repair) -> None:
        """Remember that this was done at least once."""
        self._made.add(repair)

    def warn(self) -> None:
        """Warn of all repairs at once, in words that are the same for every such request."""
        if self._made:
            made = "; ".join(repair.value for repair in Repair if repair in self._made)
            warn_caller(f"The conversation was repaired before it was sent: {made}.")
