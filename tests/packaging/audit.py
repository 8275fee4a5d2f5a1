"""Asks OSV for known vulnerabilities of the pinned packages: `audit.py requirements/*.txt`.

Ends with 0 if there are none, with 1 if there are, and with 2 if no database was reachable: then
nothing was audited, and it says so.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

UNREACHABLE = ("ConnectionError", "ServiceError", "ConnectTimeout", "ReadTimeout")


def found_in(lock: Path) -> list[str] | None:
    """A line for each vulnerability of this lock's pins; `None` if no database was reachable."""
    command = [
        *(sys.executable, "-m", "pip_audit", "--vulnerability-service", "osv", "--disable-pip"),
        *("--no-deps", "--format", "json", "--progress-spinner", "off", "-r", str(lock)),
    ]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if not run.stdout.lstrip().startswith("{"):
        if any(word in run.stderr for word in UNREACHABLE):
            return None
        raise SystemExit(f"pip-audit failed on {lock}:\n{run.stderr[-2000:]}")
    return [
        f"{package['name']} {package['version']}: {fault['id']}, mended in "
        f"{', '.join(fault['fix_versions']) or 'no version yet'}"
        for package in json.loads(run.stdout)["dependencies"]
        for fault in package.get("vulns", ())
    ]


def main() -> int:
    faults: set[str] = set()
    locks = [Path(name) for name in sys.argv[1:]]
    for lock in locks:
        found = found_in(lock)
        if found is None:
            print("No advisory database was reachable (api.osv.dev): NOTHING WAS AUDITED.")  # noqa: T201 - a command
            return 2
        faults.update(found)
    for fault in sorted(faults):
        print(fault)  # noqa: T201 - a command
    print(f"{len(faults)} known vulnerabilities in {len(locks)} locks.")  # noqa: T201 - a command
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
