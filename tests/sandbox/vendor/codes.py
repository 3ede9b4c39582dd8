"""Every error code that the vendor documents, as the strings that `latest_error` holds."""

from typing import Final

# What the OCR engine saw on the picture of the document.
OCR_WARNINGS: Final[dict[str, str]] = {
    "9101": "the document is covered in part",
    "9102": "the document is a photocopy",
    "9103": "the document is a photograph of a screen or a print",
    "9104": "the document was edited",
    "9107": "the document reflects light",
    "9108": "the picture is blurry",
}

# The engine behind the vendor reports the same warnings with a minus sign.
NEGATIVE_OCR_WARNINGS: Final = tuple(f"-{code}" for code in OCR_WARNINGS)

OCR_CODES: Final = (*OCR_WARNINGS, *NEGATIVE_OCR_WARNINGS)

_ABOUT_THE_PERSON: Final = """
    ActionCloseEye ActionFaceClose ActionFaceFar ActionFaceLeft ActionFaceRight ActionFirstAction
    ActionLightDark ActionLightStrong ActionNodetectFace ActionOpenMouth CompareFail CompareLowSimilarity
    LifePhotoDetectFaces LifePhotoDetectFake LifePhotoDetectNoFaces LifePhotoPoorQuality LifePhotoSizeError
    LipFaceIncomplete LipMoveSmall LipSizeError LipVideoInvalid LipVideoQuaility LipVoiceDetect LipVoiceLow
    LipVoiceRecognize LivessBestFrameError LivessDetectFail LivessDetectFake SilentDetectFail
    SilentEyeLiveFail SilentFaceDetectFail SilentFaceQualityFail SilentFaceWithMaskFail SilentMouthLiveFail
    SilentMultiFaceFail SilentPictureLiveFail SilentThreshold
"""

_ABOUT_THE_MACHINERY: Final = """
    CompareSystemError DownLoadError DownLoadTimeoutError LipNetFailed LivessSystemError LivessUnknownError
    UnKnown
"""

# The person, or the capture of the person's face ("Quaility" is the vendor's spelling).
FACE_CODES: Final = tuple(f"FailedOperation.{name}" for name in _ABOUT_THE_PERSON.split())

# The vendor's own machinery: says nothing about the person.
MACHINERY_CODES: Final = (
    "AuthFailure.InvalidAuthorization",
    *(f"FailedOperation.{name}" for name in _ABOUT_THE_MACHINERY.split()),
    "InvalidParameter",
    "InvalidParameterValue",
    "UnsupportedOperation",
)

# A code that no documentation knows: more of them can appear at any time.
UNKNOWN_CODE: Final = "SomethingNew.Code"
