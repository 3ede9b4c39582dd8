"""python -m tests.sandbox run | demo | sam-local [TemplateParameter=value …]

run        runs the whole bridge until you interrupt it. PORT sets the API's port (8080).
           WEBHOOK_URL sets the endpoints of webhooks. Without it they go to the sandbox's own receiver.
demo       runs one verification from link to final record, and prints each step.
sam-local  runs the bridge with `sam local start-api`. PORT sets the API's port (3000), SAM the executable,
           SAM_TEMPLATE the output of `sam build` (.aws-sam/build/template.yaml).

run and sam-local print one line on stdout when the bridge is ready, and nothing else:
READY {"api_url": …, "api_key": …, "frontend_url": …, "demo_url": …, "ekyc_api_url": …, "aws_endpoint_url": …,
       "webhook_secret": …}
Before it, stderr has the same values as lines for a shell: export API_URL=…
After it, stderr has a line for each request and each webhook, and the functions' logs from WARNING upwards.
"""

import json
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, NoReturn, TextIO

if TYPE_CHECKING:
    from .local_bridge import LocalBridge
    from .webhooks import Webhooks

RUN_PORT = 8080
SAM_LOCAL_PORT = 3000
# Seconds between two checks for an interrupt.
POLL_SECONDS = 0.2
# The command line overrides these. `make run` itself prints a line for each request, so functions need not log it.
DEFAULT_PARAMETERS = {"LogLevel": "WARNING"}


def main(arguments: list[str]) -> int:
    """Runs a command; returns the process's exit code."""
    out = sys.stdout
    # Functions print metrics and logs; stdout is for programs that parse it.
    sys.stdout = sys.stderr
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, _interrupt)
    commands: dict[str, Callable[[dict[str, str], TextIO], int]] = {
        "run": _run,
        "demo": _demo,
        "sam-local": _sam_local,
    }
    if not arguments or arguments[0] not in commands or any("=" not in item for item in arguments[1:]):
        print(__doc__, file=sys.stderr)
        return 2
    parameters = dict(item.split("=", 1) for item in arguments[1:])
    try:
        return commands[arguments[0]](parameters, out)
    except KeyboardInterrupt:
        return 0
    except (OSError, ValueError) as problem:
        print(problem, file=sys.stderr)
        return 1


def _run(parameters: dict[str, str], out: TextIO) -> int:
    port, webhooks = _settings(RUN_PORT)
    from .sandbox import Sandbox

    chosen = DEFAULT_PARAMETERS | parameters
    return _until_interrupted(Sandbox(port=port, parameters=chosen, webhooks=webhooks, print_line=_print_line), out)


def _demo(parameters: dict[str, str], out: TextIO) -> int:
    from .demo import demonstrate

    return 0 if demonstrate(parameters, out) else 1


def _sam_local(parameters: dict[str, str], out: TextIO) -> int:
    port, webhooks = _settings(SAM_LOCAL_PORT)
    from .sam_local import SamLocal

    chosen = DEFAULT_PARAMETERS | parameters
    return _until_interrupted(SamLocal(port=port, parameters=chosen, webhooks=webhooks, print_line=_print_line), out)


def _until_interrupted(bridge: "LocalBridge", out: TextIO) -> NoReturn:
    _print_line("Starting the bridge, an embedded AWS and the vendor …")
    with bridge:
        ready = bridge.ready()
        _print_line(f"Open the demo frontend in a browser: {ready['demo_url']}")
        _print_line("To call the API yourself, paste these lines into another terminal. Press Ctrl-C to stop.\n")
        for name, value in ready.items():
            _print_line(f"export {name.upper()}={shlex.quote(value)}")
        _print_line("")
        print("READY", json.dumps(ready), file=out, flush=True)
        # Short sleeps: the system may deliver the signal to another thread, and this thread has to notice it.
        while True:
            time.sleep(POLL_SECONDS)


def _settings(default_port: int) -> "tuple[int, Webhooks]":
    """Returns the port and the webhook endpoints. Raises ValueError for a bad variable before anything starts."""
    from . import variables

    os.environ.setdefault("POWERTOOLS_METRICS_DISABLED", "true")
    variables.check()
    return variables.port(default_port), variables.webhooks()


def _print_line(line: str) -> None:
    # One write for the whole line, because several threads print.
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _interrupt(signum: int, frame: FrameType | None) -> None:
    # A second signal must not interrupt the clean-up after the first.
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
