"""X-Ray traces of the calls to AWS and to the vendor, if the parameter Tracing is Active.

A trace contains names of operations, tables and buckets, object keys (ids and hashes), and error texts of AWS. It
contains no personal data, token, URL or code. For that reason responses and errors of handlers are not captured, and
`requests`, whose URLs contain tokens, is not patched.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from bridge.settings import Settings

Handler = Callable[[dict[str, Any], Any], Any]

_IS_ON = Settings().is_traced

if _IS_ON:
    # Imported only if needed: the SDK takes a tenth of a cold start.
    from aws_lambda_powertools import Tracer

    _tracer = Tracer(patch_modules=["botocore"])


def traced(handler: Handler) -> Handler:
    """The handler, with tracing if it is on."""
    if not _IS_ON:
        return handler
    wrapped: Handler = _tracer.capture_lambda_handler(handler, capture_response=False, capture_error=False)
    return wrapped


@contextlib.contextmanager
def subsegment(name: str) -> Iterator[None]:
    """A subsegment of the trace. Only BridgeErrors may leave it, because X-Ray stores the text of an error."""
    if not _IS_ON:
        yield
        return
    with _tracer.provider.in_subsegment(name):
        yield
