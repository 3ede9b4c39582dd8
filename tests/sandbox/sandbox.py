"""The whole bridge on one machine: AWS and the vendor, the functions, and API Gateway in front of them."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Any, Self

from .backing import Backing, Choices
from .functions import Functions
from .gateway import Gateway
from .keys import ALL_SCOPES, PRINCIPAL
from .serving import Server
from .stack import Stack
from .vendor import FakeVendor
from .workers import Workers


class Sandbox:
    """The bridge, inside a with block; one at a time, for it sets this process's environment.

    Args:
        port: of the front; 0 picks a free one.
        workers: False leaves the schedule and the queue to sweep_now() and drain_queue().
        schedule_seconds: replaces the schedule's interval, as SWEEP_SECONDS in the environment does.
        caching: False invokes the authorizer on every request.
        parameters, variables: of the template, and of its functions (backing.Choices).

    Raises:
        OSError: the port is taken.
        ValueError: a parameter or variable is not the template's.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        workers: bool = True,
        schedule_seconds: float | None = None,
        caching: bool = True,
        parameters: Mapping[str, str] | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self._port = port
        self._has_workers = workers
        self._schedule_seconds = schedule_seconds or float(os.environ.get("SWEEP_SECONDS") or 0)
        self._caching = caching
        self._choices = Choices(parameters or {}, variables or {})

    def start(self) -> Self:
        """Starts everything; returns when requests get responses."""
        with ExitStack() as going_up:
            self._server = Server(port=self._port)
            going_up.callback(self._server.stop)
            self._backing = Backing(self._server.url, self._choices)
            going_up.callback(self._backing.stop)
            self._start_functions()
            going_up.callback(self._workers.stop)
            self._down = going_up.pop_all()
        return self

    def _start_functions(self) -> None:
        stack = self._backing.stack
        self._functions = Functions(stack.functions, stack.layers)
        self._gateway = Gateway(stack.api, self._functions.invoke, caching=self._caching)
        self._server.start(self._gateway)
        self._workers = Workers(
            stack, self._functions.invoke, self.client("sqs"), schedule_seconds=self._schedule_seconds
        )
        if self._has_workers:
            self._workers.start()

    def stop(self) -> None:
        """Stops everything; the environment is as it was."""
        self._down.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def api_url(self) -> str:
        """Of the front, without a slash at the end."""
        return self._server.url

    @property
    def api_key(self) -> str:
        """With all scopes."""
        return self._backing.api_key

    @property
    def ekyc_api_url(self) -> str:
        """Of the vendor, real or not."""
        return self._backing.ekyc_api_url

    @property
    def aws_endpoint_url(self) -> str:
        """Of the embedded AWS."""
        return self._backing.aws.url

    @property
    def vendor(self) -> FakeVendor:
        """The fake vendor. Raises RuntimeError where there is a real one."""
        if self._backing.vendor is None:
            raise RuntimeError("there is no fake vendor: EKYC_API_URL names a real vendor")
        return self._backing.vendor

    @property
    def stack(self) -> Stack:
        """What was created."""
        return self._backing.stack

    def ready(self) -> dict[str, str]:
        """The members of the READY line."""
        return {
            "api_url": self.api_url,
            "api_key": self.api_key,
            "ekyc_api_url": self.ekyc_api_url,
            "aws_endpoint_url": self.aws_endpoint_url,
        }

    def client(self, service: str) -> Any:
        """A boto3 client of the embedded AWS."""
        return self._backing.client(service)

    def add_key(self, principal: str = PRINCIPAL, scopes: Sequence[str] = ALL_SCOPES) -> str:
        """Another API key, which counts at once."""
        key = self._backing.secrets.add_key(principal, scopes)
        self._functions.clear_caches()
        return key

    def invoke(self, name: str, event: Any) -> Any:
        """Calls a function by its logical id. Raises FunctionError."""
        return self._functions.invoke(name, event)

    def sweep_now(self) -> None:
        """Runs what the schedule runs. Raises FunctionError."""
        self._workers.run_schedules()

    def drain_queue(self) -> int:
        """Passes all messages on to their functions; returns their number."""
        return self._workers.drain_queues()

    def reset(self) -> None:
        """No verification, message, link, fault, further key or cached authorization is left."""
        self._backing.reset()
        self._gateway.authorizers.clear_cache()
        self._functions.clear_caches()

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Inside, this process's environment is as if there were no sandbox."""
        with self._backing.environment.hidden():
            yield
