"""The cost of more memory for functions that a person waits for, and the shorter cold start that it gives."""

from collections.abc import Iterator

from . import bill, usage

# Memory sizes in MB.
CHOICES = (512, 704, 1024, 1769)
FUNCTIONS = ("authorize", "redirect", "verifications")


def table(run: usage.Run) -> Iterator[str]:
    """Yields the lines of a Markdown table: USD per 1 000 verifications by function and memory size."""
    yield "| MB | a start takes | " + " | ".join(FUNCTIONS) + " |"
    yield "| ---: | ---: | ---: | ---: | ---: |"
    for megabytes in CHOICES:
        seconds = usage.COLD_START * usage.WHOLE_PROCESSOR * 1024 / megabytes
        prices = " | ".join(f"{_dollars(run, function, megabytes):.5f}" for function in FUNCTIONS)
        yield f"| {megabytes} | {seconds:.2f} s | {prices} |"


def _dollars(run: usage.Run, function: str, megabytes: int) -> float:
    invocations = [each for each in run.world.functions.invocations if each.function == function]
    used = sum(usage.gb_seconds(each, megabytes / 1024) for each in invocations) * 1000 / run.verifications
    return bill.dollars({"Lambda: GB-seconds (arm64)": used})["Lambda: GB-seconds (arm64)"]
