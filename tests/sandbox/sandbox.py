"""The whole bridge on one machine: AWS and the vendor, the functions, and API Gateway in front of them."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from .backing import Choices
from .gateway import Gateway
from .keys import ALL_SCOPES, PRINCIPAL
from .request_lines import announcing
from .running import Running
from .serving import Server, SilentHandler
from .stack import Stack
from .vendor import FakeVendor
from .webhooks import Say, Webhooks


class Sandbox(Running):
    """The bridge, inside a with block; one at a time, as it sets this process's environment.

    Args:
        port: of the front; 0 picks a free one.
        workers, schedule_seconds: see Running; SWEEP_SECONDS in the environment is the default of the latter.
        caching: False invokes the authorizer on every request.
        parameters, variables: of the template, and of its functions (backing.Choices).
        webhooks, say: see Running.

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
        webhooks: Webhooks | None = None,
        say: Say | None = None,
    ) -> None:
        seconds = schedule_seconds or float(os.environ.get("SWEEP_SECONDS") or 0)
        choices = Choices(parameters or {}, variables or {})
        super().__init__(choices, workers=workers, schedule_seconds=seconds, webhooks=webhooks, say=say)
        self._port = port
        self._caching = caching

    def _up(self, going_up: ExitStack) -> None:
        server = Server(port=self._port)
        going_up.callback(server.stop)
        self.api_url = server.url
        super()._up(going_up)
        self._gateway = Gateway(self.stack.api, self.invoke, caching=self._caching)
        server.start(self._gateway, announcing(self._say) if self._say else SilentHandler)
        self._start_workers()

    @property
    def api_key(self) -> str:
        """With all scopes."""
        return self.backing.api_key

    @property
    def ekyc_api_url(self) -> str:
        """Of the vendor, real or not."""
        return self.backing.ekyc_api_url

    @property
    def aws_endpoint_url(self) -> str:
        """Of the embedded AWS."""
        return self.backing.aws.url

    @property
    def vendor(self) -> FakeVendor:
        """The fake vendor. Raises RuntimeError where there is a real one."""
        if self.backing.vendor is None:
            raise RuntimeError("there is no fake vendor: EKYC_API_URL names a real vendor")
        return self.backing.vendor

    @property
    def stack(self) -> Stack:
        """The created stack."""
        return self.backing.stack

    def client(self, service: str) -> Any:
        """A boto3 client of the embedded AWS."""
        return self.backing.client(service)

    def add_key(self, principal: str = PRINCIPAL, scopes: Sequence[str] = ALL_SCOPES) -> str:
        """Another API key, which counts at once."""
        key = self.backing.secrets.add_key(principal, scopes)
        self.functions.clear_caches()
        return key

    def put_endpoints(self, endpoints: Sequence[Any]) -> None:
        """Who is sent webhooks from now on, as the secret has them."""
        self.backing.secrets.put_endpoints(endpoints)
        self.functions.clear_caches()

    def invoke(self, name: str, event: Any) -> Any:
        """Calls a function by its logical id. Raises FunctionError."""
        return self.functions.invoke(name, event)

    def reset(self) -> None:
        """No verification, message, link, fault, further key or cached authorization is left."""
        self.backing.reset()
        self._workers.skip_streams()
        self._gateway.authorizers.clear_cache()
        self.functions.clear_caches()

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Inside, this process's environment is as if there were no sandbox."""
        with self.backing.environment.hidden():
            yield
