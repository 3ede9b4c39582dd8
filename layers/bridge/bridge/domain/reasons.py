"""The bridge's reason codes, and the mapping of the vendor's error codes to them.

The vendor's codes are from its public documentation; docs/decisions.md lists its gaps. An undocumented code never
rejects a person.
"""

from enum import Enum, auto
from typing import NamedTuple


class Reason(NamedTuple):
    """Why a verification has its status.

    message: English text to show to the person.
    retryable: a new verification may succeed.
    """

    code: str
    message: str
    retryable: bool


_REASONS = (
    Reason("not_begun", "The verification has not started yet.", True),
    Reason("not_started", "The link expired before the verification was started.", True),
    Reason("abandoned", "The link expired before the verification was finished.", True),
    Reason("document_covered", "Part of the document was covered.", True),
    Reason("document_copied", "A copy of the document was shown. Please use the original document.", True),
    Reason("document_photographed", "A photo of the document was shown. Please use the original document.", True),
    Reason("document_edited", "The image of the document was edited.", False),
    Reason("document_reflective", "The document reflected light. Please avoid glare.", True),
    Reason("document_blurry", "The image of the document was blurry.", True),
    Reason("document_not_accepted", "The document was not accepted.", True),
    Reason("face_mismatch", "The face did not match the document.", True),
    Reason("face_not_captured", "The image of the face was not good enough.", True),
    Reason("liveness_not_shown", "The camera could not confirm that a real person was present.", True),
    Reason("vendor_error", "The verification failed for a technical reason. Please try again.", True),
    Reason("vendor_unreachable", "The result could not be retrieved. Please try again.", True),
    Reason("link_not_created", "The link could not be created. Please try again.", True),
    Reason("inconsistent_result", "The result could not be confirmed. Please try again.", True),
    Reason("redacted", "The data of this verification was deleted.", True),
)
BY_CODE = {reason.code: reason for reason in _REASONS}


def reason(code: str) -> Reason:
    """The reason with this code. An unknown code, written by a newer version, has a generic message."""
    return BY_CODE.get(code) or Reason(code, "The verification could not be completed.", True)


class ErrorCategory(Enum):
    """What a vendor error is about: the person's document or face, the vendor itself, or unknown."""

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
    """The category of a vendor error code, and the reason code for it."""
    if vendor_code in _FACE:
        return ErrorCategory.FACE, _FACE[vendor_code]
    if vendor_code in _VENDOR:
        return ErrorCategory.VENDOR, "vendor_error"
    # The engine behind the vendor may report document warnings as negative numbers, and has undocumented ones.
    warning = vendor_code.removeprefix("-")
    if len(warning) == 4 and warning.startswith("91") and warning.isascii() and warning.isdigit():
        return ErrorCategory.DOCUMENT, _DOCUMENT.get(warning, "document_not_accepted")
    return ErrorCategory.UNKNOWN, "vendor_error"
