"""Every error code that the vendor documents, as `latest_error` has it."""

from typing import Final

# What the OCR engine finds in the picture of the document.
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

# Errors about the person, in our words: the vendor documents only names ("Quaility" is its spelling).
_ABOUT_THE_PERSON: Final[dict[str, dict[str, str]]] = {
    "The face does not match the document": {
        "CompareFail": "the face is another person's",
        "CompareLowSimilarity": "the face is not similar enough",
    },
    "No living person is shown": {
        "LifePhotoDetectFake": "the photo looks fake",
        "LivessDetectFail": "no sign of life in the video",
        "LivessDetectFake": "the video looks fake",
        "SilentDetectFail": "no sign of life in the picture",
        "SilentEyeLiveFail": "the eyes do not move",
        "SilentMouthLiveFail": "the mouth does not move",
        "SilentPictureLiveFail": "a picture was shown to the camera",
        "SilentThreshold": "signs of life below the threshold",
    },
    "The face is not seen well": {
        "ActionCloseEye": "the eyes are closed",
        "ActionFaceClose": "the face is too close",
        "ActionFaceFar": "the face is too far",
        "ActionFaceLeft": "the face is too far left",
        "ActionFaceRight": "the face is too far right",
        "ActionFirstAction": "the first action was not done",
        "ActionLightDark": "the light is too dark",
        "ActionLightStrong": "the light is too strong",
        "ActionNodetectFace": "there is no face",
        "ActionOpenMouth": "the mouth is open",
        "LifePhotoDetectFaces": "the photo shows several faces",
        "LifePhotoDetectNoFaces": "the photo shows no face",
        "LifePhotoPoorQuality": "the photo is of poor quality",
        "LifePhotoSizeError": "the photo has a wrong size",
        "LivessBestFrameError": "no frame of the video is good enough",
        "SilentFaceDetectFail": "no face was found",
        "SilentFaceQualityFail": "the face is of poor quality",
        "SilentFaceWithMaskFail": "the face wears a mask",
        "SilentMultiFaceFail": "there are several faces",
    },
    "Lips or voice are not recognized": {
        "LipFaceIncomplete": "the face is incomplete",
        "LipMoveSmall": "the lips hardly move",
        "LipSizeError": "the video has a wrong size",
        "LipVideoInvalid": "the video is not valid",
        "LipVideoQuaility": "the video is of poor quality",
        "LipVoiceDetect": "there is no voice",
        "LipVoiceLow": "the voice is too low",
        "LipVoiceRecognize": "the words were not recognized",
    },
}

_ABOUT_THE_VENDOR: Final = """
    CompareSystemError DownLoadError DownLoadTimeoutError LipNetFailed LivessSystemError LivessUnknownError
    UnKnown
"""

# Errors about the person or the capture of the face: a text for each code, by group.
FACE_GROUPS: Final = {
    title: {f"FailedOperation.{name}": text for name, text in names.items()}
    for title, names in _ABOUT_THE_PERSON.items()
}
FACE_CODES: Final = tuple(code for group in FACE_GROUPS.values() for code in group)

# Errors of the vendor itself, which say nothing about the person.
VENDOR_ERROR_CODES: Final = (
    "AuthFailure.InvalidAuthorization",
    *(f"FailedOperation.{name}" for name in _ABOUT_THE_VENDOR.split()),
    "InvalidParameter",
    "InvalidParameterValue",
    "UnsupportedOperation",
)

# A code that the vendor does not document. New ones can appear at any time.
UNKNOWN_CODE: Final = "SomethingNew.Code"
