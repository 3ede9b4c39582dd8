"""python -m tests.tools.advisories: audits the packages of the lock files for known vulnerabilities.

The exit code is 1 if a package is vulnerable, or if only some packages could be looked up. If none could be, such as
without the internet, it reports this and exits with 0.

PIP_AUDIT is the executable of pip-audit.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]


def locks() -> list[Path]:
    """Returns the lock files: first those of deployed packages, then those of development tools."""
    return [
        ROOT / "layers/bridge/requirements.txt",
        *sorted((ROOT / "layers/jwt").glob("*.txt")),
        *sorted((ROOT / "tests/requirements").glob("*.txt")),
    ]


def audit(lock: Path) -> list[dict[str, Any]]:
    """Returns pip-audit's entry for each package, with `vulns`, or with a `skip_reason` if it has no result."""
    options = ["--disable-pip", "--format=json", "--progress-spinner=off", f"--requirement={lock}"]
    run = subprocess.run([os.environ["PIP_AUDIT"], *options], capture_output=True, text=True, check=False)
    try:
        found: list[dict[str, Any]] = json.loads(run.stdout)["dependencies"]
    except (ValueError, KeyError):
        reason = (run.stderr.strip().splitlines() or ["pip-audit printed nothing"])[-1]
        return [{"name": str(lock.relative_to(ROOT)), "skip_reason": reason}]
    return found


def report(entries: list[dict[str, Any]]) -> tuple[str, int]:
    """Returns the text to print, and the exit code."""
    skipped = [entry for entry in entries if "skip_reason" in entry]
    vulnerable = [entry for entry in entries if entry.get("vulns")]
    lines = [
        f"VULNERABLE: {entry['name']} {entry['version']}: {vulnerability['id']},"
        f" fixed in {', '.join(vulnerability['fix_versions']) or 'no version yet'}"
        for entry in vulnerable
        for vulnerability in entry["vulns"]
    ]
    if entries and len(skipped) == len(entries):
        return (
            f"LEFT OUT: nothing was audited. The advisories cannot be reached from here ({skipped[0]['skip_reason']}).",
            0,
        )
    lines += [f"NOT AUDITED: {entry['name']}: {entry['skip_reason']}" for entry in skipped]
    lines += [f"{len(entries) - len(skipped)} packages were looked up, {len(vulnerable)} are vulnerable."]
    return "\n".join(lines), int(bool(vulnerable or skipped or not entries))


def main() -> int:
    """Audits every lock file."""
    entries = {f"{e['name']}=={e.get('version')}": e for lock in locks() for e in audit(lock)}
    text, code = report(list(entries.values()))
    print(text)
    return code


if __name__ == "__main__":
    sys.exit(main())
