"""python -m tests.sandbox run | demo | sam-local [ParameterOfTheTemplate=value …]

run        the whole bridge until it is interrupted; PORT picks the front's port (8080)
           WEBHOOK_URL has the endpoints of webhooks; without it they go to a receiver of the sandbox's own
demo       one verification from link to final record, step by step
sam-local  the same front by `sam local start-api`; PORT picks its port (3000), SAM the executable,
           SAM_TEMPLATE what `sam build` wrote (.aws-sam/build/template.yaml)

run and sam-local print one line on stdout when all is up, and nothing else:
READY {"api_url": …, "api_key": …, "frontend_url": …, "demo_url": …, "ekyc_api_url": …, "aws_endpoint_url": …,
       "webhook_secret": …}
Before it, stderr has the same as lines for a shell: export API_URL=…
After it, stderr has a line for each request and each webhook, and what functions log from WARNING upwards.
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
    from .running import Running
    from .webhooks import Webhooks

RUN_PORT = 8080
SAM_LOCAL_PORT = 3000
# Seconds between two looks at whether an interrupt came.
POLL_SECONDS = 0.2
# The template's parameters, unless the command line has others: `make run` prints a line for each request itself.
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
    return _until_interrupted(Sandbox(port=port, parameters=chosen, webhooks=webhooks, say=_say), out)


def _demo(parameters: dict[str, str], out: TextIO) -> int:
    from .demo import demonstrate

    return 0 if demonstrate(parameters, out) else 1


def _sam_local(parameters: dict[str, str], out: TextIO) -> int:
    port, webhooks = _settings(SAM_LOCAL_PORT)
    from .sam_local import SamLocal

    chosen = DEFAULT_PARAMETERS | parameters
    return _until_interrupted(SamLocal(port=port, parameters=chosen, webhooks=webhooks, say=_say), out)


def _until_interrupted(what: "Running", out: TextIO) -> NoReturn:
    _say("Starting the bridge, an embedded AWS and the vendor …")
    with what as running:
        ready = running.ready()
        _say(f"Open the demo frontend in a browser: {ready['demo_url']}")
        _say("Or paste these lines into another terminal. Ctrl-C ends all of it.\n")
        for name, value in ready.items():
            _say(f"export {name.upper()}={shlex.quote(value)}")
        _say("")
        print("READY", json.dumps(ready), file=out, flush=True)
        # Not one endless wait: the system may hand an interrupt to another thread, and this one has to notice.
        while True:
            time.sleep(POLL_SECONDS)


def _settings(default_port: int) -> "tuple[int, Webhooks]":
    """What the environment says, checked before anything is started."""
    from . import variables

    os.environ.setdefault("POWERTOOLS_METRICS_DISABLED", "true")
    variables.check()
    return variables.port(default_port), variables.webhooks()


def _say(line: str) -> None:
    # In one piece, as threads take turns.
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _interrupt(signum: int, frame: FrameType | None) -> None:
    # A second signal must not interrupt the clean-up after the first.
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
