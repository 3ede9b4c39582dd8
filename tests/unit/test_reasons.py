"""The vendor's documented error codes, and the reasons that they lead to."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bridge
from bridge.domain import reasons
from bridge.domain.reasons import BY_CODE, ErrorCategory, Reason, classify, reason
from tests.unit.documented_codes import DOCUMENTED_WARNINGS, FACE, VENDOR_ERRORS

UNDOCUMENTED = (
    "",
    "unnamed",
    "CompareFail",
    "failedoperation.comparefail",
    "FailedOperation.CompareFail ",
    "FailedOperation.SomethingNew",
    "9001",
    "91011",
    "910",
    "--9101",
    "+9101",
    "９１０１",
    "9101.0",
)


def test_all_37_documented_face_codes_are_tested() -> None:
    assert len(FACE) == len(dict(FACE)) == 37


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize(("warning", "code"), DOCUMENTED_WARNINGS.items())
def test_a_documented_warning_is_a_document_error(sign: str, warning: str, code: str) -> None:
    assert classify(sign + warning) == (ErrorCategory.DOCUMENT, code)


@pytest.mark.parametrize("warning", ["9100", "9105", "9106", "9109", "9199", "-9105"])
def test_an_undocumented_warning_is_a_document_error_too(warning: str) -> None:
    assert classify(warning) == (ErrorCategory.DOCUMENT, "document_not_accepted")


@pytest.mark.parametrize(("vendor_code", "code"), FACE)
def test_a_documented_face_code_is_a_face_error(vendor_code: str, code: str) -> None:
    assert classify(vendor_code) == (ErrorCategory.FACE, code)


@pytest.mark.parametrize("vendor_code", VENDOR_ERRORS)
def test_an_error_of_the_vendors_system_is_a_vendor_error(vendor_code: str) -> None:
    assert classify(vendor_code) == (ErrorCategory.VENDOR, "vendor_error")


@pytest.mark.parametrize("vendor_code", UNDOCUMENTED)
def test_any_other_code_is_of_unknown_category(vendor_code: str) -> None:
    assert classify(vendor_code) == (ErrorCategory.UNKNOWN, "vendor_error")


@given(st.text() | st.from_regex(r"-?91[0-9]{2}|FailedOperation\.\w+", fullmatch=True))
def test_any_vendor_code_maps_to_one_of_our_reasons(vendor_code: str) -> None:
    assert classify(vendor_code)[1] in BY_CODE


@pytest.mark.parametrize("code", sorted(BY_CODE))
def test_a_message_is_a_sentence_without_a_code_of_the_vendor(code: str) -> None:
    message = reason(code).message
    assert message[0].isupper()
    assert message.endswith(".")
    assert not re.search(r"\d|FailedOperation|Invalid", message)


def test_a_reason_of_a_newer_version_keeps_its_code_and_gets_a_message() -> None:
    assert reason("of_tomorrow") == Reason("of_tomorrow", "The verification could not be completed.", retryable=True)


def test_each_reason_code_is_unique() -> None:
    assert len(reasons._REASONS) == len(BY_CODE)


def codes_in_the_source() -> Iterator[str]:
    """Returns every reason code that the source of the bridge sets."""
    for path in Path(inspect.getfile(bridge)).parent.rglob("*.py"):
        source = path.read_text()
        yield from re.findall(r'"?reason_code"?\s*[:=]\s*"(\w+)"', source)
        yield from re.findall(r'Decision\([^()]*, "(\w+)"', source)
        for arguments in re.findall(r"Decision\(.*EXPIRED, (.*)\)", source):
            yield from re.findall(r'"(\w+)"', arguments)


def test_every_reason_code_in_the_source_is_known() -> None:
    codes = set(codes_in_the_source())
    # Guards the search above: it must find at least these.
    assert {"not_started", "abandoned", "link_not_created", "redacted", "vendor_unreachable"} <= codes
    assert codes <= BY_CODE.keys()
