"""The whole bridge on one machine: AWS, the vendor, the functions, and API Gateway in front of them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from .backing_services import SandboxSettings
from .gateway import Gateway
from .keys import ALL_SCOPES, PRINCIPAL
from .local_bridge import LocalBridge
from .request_lines import printing_handler
from .serving import Server, SilentHandler
from .stack import Stack
from .vendor import FakeVendor
from .webhooks import PrintLine, Webhooks


class Sandbox(LocalBridge):
    """The bridge, which runs inside a with block. Run one at a time: it sets this process's environment.

    Args:
        port: the port of the API. 0 picks a free one.
        parameters: see SandboxSettings.
        workers, webhooks, print_line: see LocalBridge.

    Raises:
        OSError: the port is taken.
        ValueError: the template has no such parameter.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        workers: bool = True,
        parameters: Mapping[str, str] | None = None,
        webhooks: Webhooks | None = None,
        print_line: PrintLine | None = None,
    ) -> None:
        settings = SandboxSettings(parameters or {})
        super().__init__(settings, workers=workers, webhooks=webhooks, print_line=print_line)
        self._port = port

    def _start(self, exit_stack: ExitStack) -> None:
        server = Server(port=self._port)
        exit_stack.callback(server.stop)
        self.api_url = server.url
        super()._start(exit_stack)
        self._gateway = Gateway(self.stack.api, self.invoke)
        server.start(self._gateway, printing_handler(self._print_line) if self._print_line else SilentHandler)
        self._start_workers()

    @property
    def api_key(self) -> str:
        """An API key with all scopes."""
        return self.backing.api_key

    @property
    def ekyc_api_url(self) -> str:
        """The URL of the real or fake vendor."""
        return self.backing.ekyc_api_url

    @property
    def aws_endpoint_url(self) -> str:
        """The URL of the embedded AWS."""
        return self.backing.aws.url

    @property
    def vendor(self) -> FakeVendor:
        """The fake vendor. Raises RuntimeError if EKYC_API_URL names a real one."""
        if self.backing.vendor is None:
            raise RuntimeError("there is no fake vendor: EKYC_API_URL names a real vendor")
        return self.backing.vendor

    @property
    def stack(self) -> Stack:
        """The created stack."""
        return self.backing.stack

    def client(self, service: str) -> Any:
        """Returns a boto3 client of the embedded AWS."""
        return self.backing.client(service)

    def add_key(self, principal: str = PRINCIPAL, scopes: Sequence[str] = ALL_SCOPES) -> str:
        """Returns another API key, which is valid at once."""
        key = self.backing.secrets.add_key(principal, scopes)
        self.functions.clear_caches()
        return key

    def put_endpoints(self, endpoints: Sequence[Any]) -> None:
        """Replaces the webhook endpoints. Each entry is as in the secret."""
        self.backing.secrets.put_endpoints(endpoints)
        self.functions.clear_caches()

    def invoke(self, name: str, event: Any) -> Any:
        """Calls a function by its logical id. Raises FunctionError."""
        return self.functions.invoke(name, event)

    def reset(self) -> None:
        """Deletes everything that a test creates, from verifications to keys and cached authorizations."""
        self.backing.reset()
        self._workers.restart_streams()
        self._gateway.authorizers.clear_cache()
        self.functions.clear_caches()

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Restores this process's environment inside the with block, as if there were no sandbox."""
        with self.backing.environment.hidden():
            yield
