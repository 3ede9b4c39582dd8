"""Traces by X-Ray, where the parameter Tracing turns them on: the calls of AWS and of the vendor, with their times.

A trace holds names of operations, tables and buckets, keys of objects (ids and hashes), and AWS's own error texts;
never personal data, a token, a url or a code. Hence what handlers return and raise is not captured, and `requests`,
whose URLs end in a token, is not patched.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from bridge.settings import Settings

Handler = Callable[[dict[str, Any], Any], Any]

_IS_ON = Settings().is_traced()

if _IS_ON:
    # The SDK is imported only where it is used: it would be a tenth of a cold start.
    from aws_lambda_powertools import Tracer

    _tracer = Tracer(patch_modules=["botocore"])


def traced(handler: Handler) -> Handler:
    """The handler, with its invocations traced."""
    if not _IS_ON:
        return handler
    wrapped: Handler = _tracer.capture_lambda_handler(handler, capture_response=False, capture_error=False)
    return wrapped


@contextlib.contextmanager
def part(name: str) -> Iterator[None]:
    """A part of the trace. X-Ray keeps the text of an error that leaves it, so only our own errors may."""
    if not _IS_ON:
        yield
        return
    with _tracer.provider.in_subsegment(name):
        yield
