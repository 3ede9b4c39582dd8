"""The vendor's codes, as its documentation lists them, and our reasons for them."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bridge
from bridge.domain import reasons
from bridge.domain.reasons import CODES, ErrorCategory, classify, reason

DOCUMENTED_WARNINGS = {
    "9101": "document_covered",
    "9102": "document_copied",
    "9103": "document_photographed",
    "9104": "document_edited",
    "9107": "document_reflective",
    "9108": "document_blurry",
}
# All with FailedOperation. before them.
DOCUMENTED_FACE_CODES = {
    "face_mismatch": "CompareFail CompareLowSimilarity",
    "liveness_not_shown": """
        LifePhotoDetectFake LivessDetectFail LivessDetectFake SilentDetectFail SilentEyeLiveFail
        SilentMouthLiveFail SilentPictureLiveFail SilentThreshold
    """,
    "face_not_captured": """
        ActionCloseEye ActionFaceClose ActionFaceFar ActionFaceLeft ActionFaceRight ActionFirstAction ActionLightDark
        ActionLightStrong ActionNodetectFace ActionOpenMouth LifePhotoDetectFaces LifePhotoDetectNoFaces
        LifePhotoPoorQuality LifePhotoSizeError LipFaceIncomplete LipMoveSmall LipSizeError LipVideoInvalid
        LipVideoQuaility LipVoiceDetect LipVoiceLow LipVoiceRecognize LivessBestFrameError SilentFaceDetectFail
        SilentFaceQualityFail SilentFaceWithMaskFail SilentMultiFaceFail
    """,
}
FACE = [(f"FailedOperation.{name}", code) for code, names in DOCUMENTED_FACE_CODES.items() for name in names.split()]
MACHINERY = (
    "AuthFailure.InvalidAuthorization",
    "FailedOperation.CompareSystemError",
    "FailedOperation.DownLoadError",
    "FailedOperation.DownLoadTimeoutError",
    "FailedOperation.LipNetFailed",
    "FailedOperation.LivessSystemError",
    "FailedOperation.LivessUnknownError",
    "FailedOperation.UnKnown",
    "InvalidParameter",
    "InvalidParameterValue",
    "UnsupportedOperation",
)
NOT_DOCUMENTED = (
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
def test_a_documented_warning_is_about_the_document(sign: str, warning: str, code: str) -> None:
    assert classify(sign + warning) == (ErrorCategory.DOCUMENT, code)


@pytest.mark.parametrize("warning", ["9100", "9105", "9106", "9109", "9199", "-9105"])
def test_a_warning_of_the_engine_that_is_not_documented_is_about_the_document_all_the_same(warning: str) -> None:
    assert classify(warning) == (ErrorCategory.DOCUMENT, "document_not_accepted")


@pytest.mark.parametrize(("vendor_code", "code"), FACE)
def test_a_documented_face_code_is_about_the_face(vendor_code: str, code: str) -> None:
    assert classify(vendor_code) == (ErrorCategory.FACE, code)


@pytest.mark.parametrize("vendor_code", MACHINERY)
def test_a_fault_of_the_machinery_is_the_vendors(vendor_code: str) -> None:
    assert classify(vendor_code) == (ErrorCategory.VENDOR, "vendor_error")


@pytest.mark.parametrize("vendor_code", NOT_DOCUMENTED)
def test_an_undocumented_code_is_of_unknown_category(vendor_code: str) -> None:
    assert classify(vendor_code) == (ErrorCategory.UNKNOWN, "vendor_error")


@given(st.text() | st.from_regex(r"-?91[0-9]{2}|FailedOperation\.\w+", fullmatch=True))
def test_any_vendor_code_maps_to_one_of_our_reasons(vendor_code: str) -> None:
    assert classify(vendor_code)[1] in CODES


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_message_is_a_sentence_for_a_person_and_holds_no_code_of_the_vendors(code: str) -> None:
    message = reason(code).message
    assert message[0].isupper()
    assert message.endswith(".")
    assert not re.search(r"\d|FailedOperation|Invalid", message)


def test_a_reason_of_a_newer_version_is_shown_as_it_can_be() -> None:
    assert reason("of_tomorrow").code == "of_tomorrow"
    assert reason("of_tomorrow").message


def test_the_same_code_stands_for_one_reason_only() -> None:
    assert len(reasons._REASONS) == len(CODES)


def codes_that_are_written() -> Iterator[str]:
    """Every reason code that stands in the code of the bridge, wherever one is given."""
    for path in Path(inspect.getfile(bridge)).parent.rglob("*.py"):
        source = path.read_text()
        yield from re.findall(r'"?reason_code"?\s*[:=]\s*"(\w+)"', source)
        yield from re.findall(r'Decision\([^()]*, "(\w+)"', source)
        yield from (code for each in re.findall(r"Decision\(.*EXPIRED, (.*)\)", source) for code in _texts(each))


def _texts(source: str) -> list[str]:
    return re.findall(r'"(\w+)"', source)


def test_every_reason_that_is_written_is_known() -> None:
    written = set(codes_that_are_written())
    # Should one of these be missing, the search above no longer finds what it should.
    assert {"not_started", "abandoned", "link_not_created", "redacted", "vendor_unreachable"} <= written
    assert written <= CODES
