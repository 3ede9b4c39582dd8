"""Replaces what Python and libraries take from the machine: clocks, randomness, timers, output.

A run enters it once. At each switch of tasks the kernel saves and restores the state that Powertools has per process.
"""

import contextlib
import logging
import os
import random
import secrets
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest import mock

from aws_lambda_powertools.event_handler.api_gateway import BaseRouter
from aws_lambda_powertools.utilities.parameters import base as parameters

from bridge.observability import logger, metrics
from bridge.outbound import public_post
from bridge.outbound import session as outbound_session
from bridge.vendor import transport as vendor_transport
from bridge.web import entry

from .kernel import Kernel
from .leaks import LogCapture
from .receivers import Receivers
from .vendor_adapter import Deadline, VendorAdapter

# Functions whose results a seed cannot repeat.
_FORBIDDEN: dict[ModuleType, tuple[str, ...]] = {
    os: ("urandom",),
    secrets: ("token_bytes",),
    random: ("random", "uniform", "choice", "randint"),
    uuid: ("uuid4",),
    time: ("sleep",),
}


class Powertools:
    """The state that Powertools has per process: a resolver's event, and metrics that are not flushed yet."""

    def save(self) -> Any:
        waiting = dict(metrics.provider.metric_set)
        metrics.provider.metric_set.clear()
        router = vars(BaseRouter)
        return router.get("current_event"), router.get("lambda_context"), waiting

    def restore(self, state: Any) -> None:
        BaseRouter.current_event, BaseRouter.lambda_context, waiting = state
        metrics.provider.metric_set.clear()
        metrics.provider.metric_set.update(waiting)


def _forbidden(name: str) -> Callable[..., Any]:
    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError(f"{name} was called: it cannot be replayed")

    return refuse


@contextlib.contextmanager
def isolated(
    kernel: Kernel, adapter: Callable[[], VendorAdapter], receivers: Receivers, logs: LogCapture
) -> Iterator[None]:
    """Inside, only the seed decides what happens."""

    @contextlib.contextmanager
    def within(seconds: float) -> Iterator[Deadline]:
        assert kernel.current is not None
        deadline = kernel.current.owner.deadline = Deadline(kernel.now + seconds)
        yield deadline

    with contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.object(vendor_transport, "within", within))
        stack.enter_context(mock.patch.object(outbound_session, "DeadlineAdapter", adapter))
        stack.enter_context(mock.patch.object(public_post, "PublicPost", return_value=receivers))
        # time_limit measures the machine's time. The simulated Lambda ends a simulated invocation.
        stack.enter_context(mock.patch.object(entry, "time_limit", contextlib.nullcontext))
        # Powertools caches secrets by this clock.
        clock = SimpleNamespace(now=lambda: datetime.fromtimestamp(kernel.now, UTC))
        stack.enter_context(mock.patch.object(parameters, "datetime", clock))
        for module, names in _FORBIDDEN.items():
            for name in names:
                stack.enter_context(mock.patch.object(module, name, _forbidden(f"{module.__name__}.{name}")))
        stack.enter_context(_captured(logs))
        yield


@contextlib.contextmanager
def _captured(logs: LogCapture) -> Iterator[None]:
    """Inside, `logs` gets all output, and the log lines of every library at every level."""
    # No log line needs these, and they take time: docs.python.org/3/howto/logging.html#optimization
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    everything = logging.StreamHandler(logs)
    root = logging.getLogger()
    level = root.level
    ours = [handler for handler in logger.handlers if isinstance(handler, logging.StreamHandler)]
    # setStream would flush the old stream, which is closed where tests run twice in one process.
    streams = [handler.stream for handler in ours]
    for handler in ours:
        handler.stream = logs
    root.addHandler(everything)
    root.setLevel(logging.DEBUG)
    try:
        with logs.of_output():
            yield
    finally:
        root.removeHandler(everything)
        root.setLevel(level)
        for handler, stream in zip(ours, streams, strict=True):
            handler.stream = stream
