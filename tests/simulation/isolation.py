"""Replaces what Python and the libraries would take from the machine: clocks, randomness, timers, output.

Entered once around a run; the state that Powertools keeps once per process
is saved and restored at each switch of tasks.
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

# What cannot be replayed.
_FORBIDDEN: dict[ModuleType, tuple[str, ...]] = {
    os: ("urandom",),
    secrets: ("token_bytes",),
    random: ("random", "uniform", "choice", "randint"),
    uuid: ("uuid4",),
    time: ("sleep",),
}


class Powertools:
    """Its per-process state: the event of a resolver, the metrics not yet sent."""

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
    """Inside, nothing but the seed decides what happens."""

    @contextlib.contextmanager
    def within(seconds: float) -> Iterator[Deadline]:
        assert kernel.current is not None
        deadline = kernel.current.owner.deadline = Deadline(kernel.now + seconds)
        yield deadline

    with contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.object(vendor_transport, "within", within))
        stack.enter_context(mock.patch.object(outbound_session, "DeadlineAdapter", adapter))
        stack.enter_context(mock.patch.object(public_post, "PublicPost", return_value=receivers))
        # Its timer counts the machine's time; a simulated invocation is ended by the simulated Lambda.
        stack.enter_context(mock.patch.object(entry, "time_limit", contextlib.nullcontext))
        # The time by which Powertools caches secrets.
        clock = SimpleNamespace(now=lambda: datetime.fromtimestamp(kernel.now, UTC))
        stack.enter_context(mock.patch.object(parameters, "datetime", clock))
        for module, names in _FORBIDDEN.items():
            for name in names:
                stack.enter_context(mock.patch.object(module, name, _forbidden(f"{module.__name__}.{name}")))
        stack.enter_context(_captured(logs))
        yield


@contextlib.contextmanager
def _captured(logs: LogCapture) -> Iterator[None]:
    """Logs of any library on any level, and all output."""
    # What no line has takes time: docs.python.org/3/howto/logging.html#optimization
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    everything = logging.StreamHandler(logs)
    root = logging.getLogger()
    level = root.level
    ours = [handler for handler in logger.handlers if isinstance(handler, logging.StreamHandler)]
    # Not by setStream: what it would flush may be closed, where tests run twice in one process.
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
