"""The services that the functions call: the embedded AWS with the stack in it, the vendor, the secrets."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import boto3

from . import cleaning, stack, template
from .aws import EmbeddedAws, credentials, region
from .environment import Environment
from .keys import Secrets, random_credentials, vendor_credentials
from .lambda_runner import merged_environment
from .vendor import FakeVendor

# The origins of frontends on any port of this machine.
LOCAL_ORIGINS = "http://localhost:*,http://127.0.0.1:*"
LOOPBACK = "127.0.0.1"
_API_URL = "EKYC_API_URL"
_ENDPOINT = "AWS_ENDPOINT_URL"
_ALLOW_LOOPBACK = "WEBHOOK_ALLOW_HTTP_LOOPBACK"


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """Settings of a sandbox.

    Attributes:
        parameters: the template's parameters.
        hosts: addresses on which AWS and the fake vendor listen. The functions of this process use the first.
    """

    parameters: Mapping[str, str] = field(default_factory=dict)
    hosts: Sequence[str] = (LOOPBACK,)


class BackingServices:
    """The services, which run from the constructor to stop(). Run one at a time: it sets this process's environment.

    Args:
        public_url: the URL of the API, without a slash at the end.

    Attributes:
        vendor: the fake vendor, or None if EKYC_API_URL names a real vendor.
        variables: the variables of all functions.
    """

    def __init__(self, public_url: str, settings: SandboxSettings) -> None:
        self.environment = Environment()
        self.vendor: FakeVendor | None = None
        self._clients: dict[str, Any] = {}
        self.aws = EmbeddedAws(settings.hosts)
        try:
            self._start(public_url, settings)
        except BaseException:
            self.stop()
            raise

    def _start(self, public_url: str, settings: SandboxSettings) -> None:
        outer = dict(os.environ)
        self._start_aws()
        parameters = {"AllowedCorsOrigins": LOCAL_ORIGINS} | dict(settings.parameters)
        created = stack.create(template.read(parameters), boto3.Session(), self.aws.url)
        local = {"ALLOWED_REDIRECT_ORIGINS": LOCAL_ORIGINS, "PUBLIC_BASE_URL": public_url}
        known = merged_environment(created.functions).keys()
        chosen = {name: outer[name] for name in known & outer.keys()}
        created = created.with_variables(local | chosen)
        api_url, vendor_account = self._start_vendor(created, settings.hosts, outer)
        self.stack = created.with_variables({_API_URL: api_url})
        # No function of the template declares these two variables.
        self.variables = merged_environment(self.stack.functions) | {_ENDPOINT: self.aws.url, _ALLOW_LOOPBACK: "true"}
        self.environment.apply(self.variables)
        self.secrets = Secrets(self.client("secretsmanager"), self.variables)
        self.secrets.put_credentials(*vendor_account)
        self.api_key = self.secrets.add_key()

    def _start_aws(self) -> None:
        self.aws.start()
        # A profile would override the variables below.
        self.environment.drop("AWS_PROFILE")
        self.environment.apply({"AWS_DEFAULT_REGION": region(), "AWS_REGION": region()} | credentials())
        # Tests purge a queue more often than AWS allows.
        self.environment.apply({_ENDPOINT: self.aws.url, "MOTO_SQS_ENFORCE_STRICT_QUEUE_PURGE_BEHAVIOUR": "false"})

    def _start_vendor(
        self, created: stack.Stack, hosts: Sequence[str], outer: Mapping[str, str]
    ) -> tuple[str, tuple[str, str]]:
        """Returns the URL and the credentials of the real vendor, or of the fake vendor, which it starts."""
        if outer.get(_API_URL):
            return outer[_API_URL], vendor_credentials(outer)
        client_id, client_secret = random_credentials()
        lifetime = float(merged_environment(created.functions)["LINK_LIFETIME_SECONDS"])
        self.vendor = FakeVendor(hosts=hosts, client_id=client_id, client_secret=client_secret, link_lifetime=lifetime)
        self.vendor.start()
        return self.vendor.url, (client_id, client_secret)

    @property
    def ekyc_api_url(self) -> str:
        """The URL of the real or fake vendor."""
        return self.variables[_API_URL]

    def client(self, service: str) -> Any:
        """Returns a boto3 client of the AWS that the functions call."""
        if service not in self._clients:
            self._clients[service] = boto3.Session().client(service)
        return self._clients[service]

    def reset(self) -> None:
        """Deletes all verifications, messages, links, faults and endpoints, and all keys but the first."""
        if self.vendor is not None:
            self.vendor.reset()
        self.secrets.keep_first_key()
        self.secrets.put_endpoints([])
        cleaning.empty(self.stack)

    def stop(self) -> None:
        """Stops the services, and restores the environment."""
        if self.vendor is not None:
            self.vendor.stop()
        self.aws.stop()
        self.environment.restore()
