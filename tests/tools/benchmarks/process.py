"""The measured process: imports the function and calls it, as Lambda's runtime does.

python process.py <event.json> <text> <calls>

Every result must contain the text, as JSON. It prints to stderr the most memory that the first call took, in kilobytes,
or with more calls the processor time per later call, with all threads: microseconds, the median of ten equal parts.
"""

import importlib
import json
import sys
import time


class Context:
    aws_request_id = "8f3c1d6e-7a51-4b0e-9f7e-2f6f6a1c0d55"
    function_name = "benchmark"
    memory_limit_in_mb = "512"
    invoked_function_arn = "arn:aws:lambda:ap-southeast-1:123456789012:function:benchmark"

    def get_remaining_time_in_millis(self) -> int:
        return 20_000


def main() -> None:
    path, expected, calls = sys.argv[1], sys.argv[2], int(sys.argv[3])
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - importing pathlib would slow both starts
        event = json.load(file)
    app = importlib.import_module("app")

    def call() -> None:
        result = app.lambda_handler(event, Context())
        assert expected in json.dumps(result), result

    call()
    if calls > 1:
        parts = []
        for _ in range(10):
            before = time.process_time_ns()
            for _ in range(calls // 10):
                call()
            parts.append((time.process_time_ns() - before) / (calls // 10) / 1000)
        print(sorted(parts)[5], file=sys.stderr)
    else:
        print(_peak_kb(), file=sys.stderr)


def _peak_kb() -> int:
    """The kernel's count for this program. On Linux, ru_maxrss is at least that of the process that started it."""
    if sys.platform == "darwin":
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    with open("/proc/self/status", encoding="utf-8") as file:  # noqa: PTH123 - pathlib is slow to import
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM:"))


main()
