"""What the pages for a person say, in each language; tests/unit/test_page_texts.py holds that none is missing."""

from typing import NamedTuple

from bridge.domain.reasons import reason
from bridge.domain.verification import Status

DEFAULT = "en"
# More languages than any browser sends.
_MAX_RANGES = 20


class Text(NamedTuple):
    """The heading and the paragraph of a page."""

    title: str
    text: str


class Language(NamedTuple):
    """`tag`: for the `lang` attribute. `outcomes` are the pages of statuses, `errors` those of error codes.

    `reasons` is empty for the language in which domain/reasons.py has them. `try_again` and `ask` say what to do after
    a verification that did not succeed.
    """

    tag: str
    outcomes: dict[Status, Text]
    errors: dict[str, Text]
    reasons: dict[str, str]
    other_reason: str
    try_again: str
    ask: str

    def reason(self, code: str) -> str:
        """The text of a reason; that of no reason in particular for a code of a newer version."""
        if self.reasons:
            return self.reasons.get(code, self.other_reason)
        return reason(code).message


LANGUAGES = {
    "en": Language(
        tag="en",
        outcomes={
            Status.PENDING: Text("Please wait", "Your verification has not started yet. This page updates by itself."),
            Status.PROCESSING: Text("Please wait", "Your verification is being checked. This page updates by itself."),
            Status.VERIFIED: Text("You are verified", "Your verification succeeded. You can close this page."),
            Status.REJECTED: Text("Not verified", "Your verification was not successful."),
            Status.FAILED: Text("Not verified", "Your verification could not be completed."),
            Status.EXPIRED: Text("Link expired", "The time for your verification is over."),
        },
        errors={
            "not_found": Text(
                "Page not found", "This page does not exist. Please return to the site where you started."
            ),
            "redirect_not_allowed": Text("Thank you", "Your verification was received. You can close this page."),
            "prefetch_refused": Text("Please reload", "Please reload this page to continue."),
            "storage_unavailable": Text("Please wait", "This page reloads automatically in a few seconds."),
        },
        reasons={},
        other_reason="The verification could not be completed.",
        try_again="You can try again: return to the site where you started.",
        ask="Please ask for help at the site where you started.",
    ),
    "ms": Language(
        tag="ms",
        outcomes={
            Status.PENDING: Text(
                "Sila tunggu", "Pengesahan anda belum bermula. Halaman ini dikemas kini dengan sendirinya."
            ),
            Status.PROCESSING: Text(
                "Sila tunggu", "Pengesahan anda sedang disemak. Halaman ini dikemas kini dengan sendirinya."
            ),
            Status.VERIFIED: Text("Anda telah disahkan", "Pengesahan anda berjaya. Anda boleh menutup halaman ini."),
            Status.REJECTED: Text("Tidak disahkan", "Pengesahan anda tidak berjaya."),
            Status.FAILED: Text("Tidak disahkan", "Pengesahan anda tidak dapat diselesaikan."),
            Status.EXPIRED: Text("Pautan tamat tempoh", "Masa untuk pengesahan anda telah tamat."),
        },
        errors={
            "not_found": Text(
                "Halaman tidak ditemui", "Halaman ini tidak wujud. Sila kembali ke laman tempat anda bermula."
            ),
            "redirect_not_allowed": Text(
                "Terima kasih", "Pengesahan anda telah diterima. Anda boleh menutup halaman ini."
            ),
            "prefetch_refused": Text("Sila muat semula", "Sila muat semula halaman ini untuk meneruskan."),
            "storage_unavailable": Text(
                "Sila tunggu", "Halaman ini dimuat semula dengan sendirinya dalam beberapa saat."
            ),
        },
        reasons={
            "not_begun": "Pengesahan belum bermula.",
            "not_started": "Pautan tamat tempoh sebelum dibuka.",
            "abandoned": "Pautan tamat tempoh sebelum pengesahan selesai.",
            "document_covered": "Sebahagian dokumen terlindung.",
            "document_copied": "Salinan dokumen ditunjukkan. Sila gunakan dokumen asal.",
            "document_photographed": "Gambar dokumen ditunjukkan. Sila gunakan dokumen asal.",
            "document_edited": "Imej dokumen telah disunting.",
            "document_reflective": "Dokumen memantulkan cahaya. Sila elakkan silau.",
            "document_blurry": "Imej dokumen kabur.",
            "document_not_accepted": "Dokumen tidak diterima.",
            "face_mismatch": "Wajah tidak sepadan dengan dokumen.",
            "face_not_captured": "Imej wajah tidak cukup jelas.",
            "liveness_not_shown": "Kamera tidak dapat memastikan kehadiran orang sebenar.",
            "vendor_error": "Pengesahan gagal atas sebab teknikal. Sila cuba lagi.",
            "vendor_unreachable": "Keputusan tidak dapat diperoleh. Sila cuba lagi.",
            "link_not_created": "Pautan tidak dapat dibuat. Sila cuba lagi.",
            "inconsistent_result": "Keputusan tidak dapat dipastikan. Sila cuba lagi.",
            "redacted": "Data pengesahan ini telah dipadamkan.",
        },
        other_reason="Pengesahan tidak dapat diselesaikan.",
        try_again="Anda boleh cuba lagi: kembali ke laman tempat anda bermula.",
        ask="Sila minta bantuan di laman tempat anda bermula.",
    ),
    "zh": Language(
        tag="zh-Hans",
        outcomes={
            Status.PENDING: Text("请稍候", "您的验证尚未开始。本页面会自动更新。"),
            Status.PROCESSING: Text("请稍候", "正在核对您的验证。本页面会自动更新。"),
            Status.VERIFIED: Text("验证成功", "您已通过验证，可以关闭本页面。"),
            Status.REJECTED: Text("未通过验证", "您的验证未成功。"),
            Status.FAILED: Text("未通过验证", "您的验证未能完成。"),
            Status.EXPIRED: Text("链接已过期", "您的验证时间已结束。"),
        },
        errors={
            "not_found": Text("找不到页面", "本页面不存在。请返回您开始的网站。"),
            "redirect_not_allowed": Text("谢谢", "已收到您的验证，可以关闭本页面。"),
            "prefetch_refused": Text("请重新加载", "请重新加载本页面以继续。"),
            "storage_unavailable": Text("请稍候", "本页面将在几秒后自动重新加载。"),
        },
        reasons={
            "not_begun": "验证尚未开始。",
            "not_started": "链接在打开之前已过期。",
            "abandoned": "链接在验证完成之前已过期。",
            "document_covered": "证件的一部分被遮挡。",
            "document_copied": "出示的是证件复印件。请使用证件原件。",
            "document_photographed": "出示的是证件照片。请使用证件原件。",
            "document_edited": "证件图像经过编辑。",
            "document_reflective": "证件反光。请避开强光。",
            "document_blurry": "证件图像模糊。",
            "document_not_accepted": "证件未被接受。",
            "face_mismatch": "人脸与证件不符。",
            "face_not_captured": "人脸图像不够清晰。",
            "liveness_not_shown": "摄像头无法确认是本人在场。",
            "vendor_error": "由于技术原因，验证失败。请重试。",
            "vendor_unreachable": "无法取得结果。请重试。",
            "link_not_created": "无法创建链接。请重试。",
            "inconsistent_result": "无法确认结果。请重试。",
            "redacted": "此验证的数据已被删除。",
        },
        other_reason="验证未能完成。",
        try_again="您可以重试：请返回您开始的网站。",
        ask="请在您开始的网站寻求帮助。",
    ),
}


def language(accept_language: str | None) -> Language:
    """The language that a browser's Accept-Language header wants most, of those that there are; English otherwise."""
    chosen, most = LANGUAGES[DEFAULT], 0.0
    for wanted in (accept_language or "").split(",")[:_MAX_RANGES]:
        name, _, weight = wanted.partition(";")
        language = LANGUAGES.get(name.strip().partition("-")[0].lower())
        # The first of several that are wanted alike.
        if language and (quality := _quality(weight)) > most:
            chosen, most = language, quality
    return chosen


def _quality(weight: str) -> float:
    """Of `q=0.5`, as RFC 9110 has it: 1 if there is none, 0 for what is no number."""
    name, _, number = weight.replace(" ", "").partition("=")
    try:
        return float(number) if name.lower() == "q" else 1.0
    except ValueError:
        return 0.0
