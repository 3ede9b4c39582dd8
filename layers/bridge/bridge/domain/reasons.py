"""Why a verification ended as it did: our own reasons, and the vendor's error codes that lead to them.

The codes come from the vendor's public documentation (docs/decisions.md lists what it leaves open). A code that is not
documented is nobody's fault that we know of: it never rejects a person.
"""

from dataclasses import dataclass
from enum import Enum, auto


@dataclass(frozen=True, slots=True)
class Reason:
    """`message` is fit to show to the person; `retryable` says that a new verification may end better."""

    code: str
    message: str
    retryable: bool


_REASONS = (
    Reason("not_begun", "The verification has not begun yet.", True),
    Reason("not_started", "The link was not used before it expired.", True),
    Reason("abandoned", "The verification was not finished before the link expired.", True),
    Reason("document_covered", "Part of the document was covered.", True),
    Reason("document_copied", "A copy of the document was shown. Please use the document itself.", True),
    Reason("document_photographed", "A picture of the document was shown. Please use the document itself.", True),
    Reason("document_edited", "The picture of the document was altered.", False),
    Reason("document_reflective", "Light reflected from the document.", True),
    Reason("document_blurry", "The picture of the document was not sharp.", True),
    Reason("document_not_accepted", "The document could not be accepted.", True),
    Reason("face_mismatch", "The face did not match the document.", True),
    Reason("face_not_captured", "The face could not be captured well enough.", True),
    Reason("liveness_not_shown", "We could not see that a person was in front of the camera.", True),
    Reason("vendor_error", "The verification failed for a technical reason. Please try again.", True),
    Reason("vendor_unreachable", "The result could not be obtained. Please try again.", True),
    Reason("link_not_created", "The link could not be created. Please try again.", True),
    Reason("inconsistent_result", "The result could not be confirmed. Please try again.", True),
    Reason("redacted", "The data of this verification was erased.", True),
)
_BY_CODE = {reason.code: reason for reason in _REASONS}
CODES = frozenset(_BY_CODE)


def reason(code: str) -> Reason:
    """The reason of that code; one that a newer version wrote is shown as it can be."""
    return _BY_CODE.get(code) or Reason(code, "The verification could not be completed.", True)


class ErrorCategory(Enum):
    """Who an error is about."""

    DOCUMENT = auto()
    FACE = auto()
    VENDOR = auto()
    UNKNOWN = auto()


_DOCUMENT = {
    "9101": "document_covered",
    "9102": "document_copied",
    "9103": "document_photographed",
    "9104": "document_edited",
    "9107": "document_reflective",
    "9108": "document_blurry",
}

_FACE_MISMATCH = ("CompareFail", "CompareLowSimilarity")
_LIVENESS_NOT_SHOWN = (
    "LifePhotoDetectFake",
    "LivessDetectFail",
    "LivessDetectFake",
    "SilentDetectFail",
    "SilentEyeLiveFail",
    "SilentMouthLiveFail",
    "SilentPictureLiveFail",
    "SilentThreshold",
)
_FACE_NOT_CAPTURED = (
    "ActionCloseEye",
    "ActionFaceClose",
    "ActionFaceFar",
    "ActionFaceLeft",
    "ActionFaceRight",
    "ActionFirstAction",
    "ActionLightDark",
    "ActionLightStrong",
    "ActionNodetectFace",
    "ActionOpenMouth",
    "LifePhotoDetectFaces",
    "LifePhotoDetectNoFaces",
    "LifePhotoPoorQuality",
    "LifePhotoSizeError",
    "LipFaceIncomplete",
    "LipMoveSmall",
    "LipSizeError",
    "LipVideoInvalid",
    "LipVideoQuaility",
    "LipVoiceDetect",
    "LipVoiceLow",
    "LipVoiceRecognize",
    "LivessBestFrameError",
    "SilentFaceDetectFail",
    "SilentFaceQualityFail",
    "SilentFaceWithMaskFail",
    "SilentMultiFaceFail",
)
_VENDOR = frozenset(
    {
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
    }
)
_FACE = {
    f"FailedOperation.{name}": code
    for code, names in (
        ("face_mismatch", _FACE_MISMATCH),
        ("liveness_not_shown", _LIVENESS_NOT_SHOWN),
        ("face_not_captured", _FACE_NOT_CAPTURED),
    )
    for name in names
}


def classify(vendor_code: str) -> tuple[ErrorCategory, str]:
    """Who the vendor's error is about, and the code of our reason for it."""
    if vendor_code in _FACE:
        return ErrorCategory.FACE, _FACE[vendor_code]
    if vendor_code in _VENDOR:
        return ErrorCategory.VENDOR, "vendor_error"
    # The engine behind the vendor also reports document warnings negative, and knows more than the documented ones.
    warning = vendor_code.removeprefix("-")
    if len(warning) == 4 and warning.startswith("91") and warning.isascii() and warning.isdigit():
        return ErrorCategory.DOCUMENT, _DOCUMENT.get(warning, "document_not_accepted")
    return ErrorCategory.UNKNOWN, "vendor_error"
