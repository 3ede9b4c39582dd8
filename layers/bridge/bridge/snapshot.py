"""Lambda SnapStart: what goes into the snapshot that all copies of a function start from, and what must not.

Into it goes what is the same for all: modules, and AWS's description of S3. Clients with their credentials,
connections, secrets and the state of random numbers do not: they are made after the restore, when they are first
needed.
"""

import random
from collections.abc import Callable

from bridge import aws, wiring

try:
    # The runtime's own; it is in no package.
    from snapshot_restore_py import register_after_restore, register_before_snapshot
except ImportError:

    def register_before_snapshot(hook: Callable[[], None]) -> None: ...
    def register_after_restore(hook: Callable[[], None]) -> None: ...


def before_snapshot() -> None:
    """Does once what every copy would have to do at its first call."""
    wiring.import_parts()
    if wiring.bridge().settings.keeps_evidence():
        aws.describe_s3()
    wiring.bridge.cache_clear()


def after_restore() -> None:
    """Makes this copy unlike the others. botocore draws the pauses between S3's retries from this state."""
    wiring.bridge.cache_clear()
    random.seed()


def register() -> None:
    register_before_snapshot(before_snapshot)
    register_after_restore(after_restore)
