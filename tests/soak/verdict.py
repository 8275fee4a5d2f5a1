"""What of a soak's report is a fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.soak.soak import Report

__all__ = ["faults_of"]

MOST_FILES = 5  # more at the end: a library may open one for good at its first error
MOST_GROWTH = 0.15  # of the memory after the warm-up
MOST_MEGABYTES = 30  # of growth that short runs may have: caches fill up


def faults_of(report: Report) -> list[str]:
    """In words; none if all is well."""
    faults = list(report.wrong)
    if not report.typed or not report.right:
        faults.append("A soak without errors, or without answers, proves nothing.")
    (files, files_left), (threads, threads_left) = report.files, report.threads
    if files_left > files + MOST_FILES:
        faults.append(f"{files_left - files} files were left open.")
    if threads_left > threads:
        faults.append(f"{threads_left - threads} threads were left.")
    before, after = report.megabytes
    if after - before > max(MOST_MEGABYTES, before * MOST_GROWTH):
        faults.append(f"Memory grew from {before:.0f} to {after:.0f} MB.")
    return faults
