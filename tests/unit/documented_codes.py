"""The error codes that the vendor documents, with the reason codes that they lead to."""

DOCUMENTED_WARNINGS = {
    "9101": "document_covered",
    "9102": "document_copied",
    "9103": "document_photographed",
    "9104": "document_edited",
    "9107": "document_reflective",
    "9108": "document_blurry",
}
# Without their prefix "FailedOperation."
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
VENDOR_ERRORS = (
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
