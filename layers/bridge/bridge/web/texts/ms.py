"""Malay."""

from bridge.domain.verification import Status
from bridge.web.page_texts import Language, StartTexts, Text

TEXTS = Language(
    tag="ms",
    service="Semakan identiti",
    help="Bantuan",
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
        "redirect_not_allowed": Text("Terima kasih", "Pengesahan anda telah diterima. Anda boleh menutup halaman ini."),
        "prefetch_refused": Text("Sila muat semula", "Sila muat semula halaman ini untuk meneruskan."),
        "storage_unavailable": Text("Sila tunggu", "Halaman ini dimuat semula dengan sendirinya dalam beberapa saat."),
        "vendor_unavailable": Text(
            "Tidak tersedia buat masa ini",
            "Pengesahan identiti tidak dapat dimulakan sekarang. Sila cuba lagi dalam beberapa minit.",
        ),
    },
    reasons={
        "not_begun": "Pengesahan belum bermula.",
        "not_started": "Pautan tamat tempoh sebelum pengesahan dimulakan.",
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
    back="Cuba lagi",
    ask="Sila minta bantuan di laman tempat anda bermula.",
    start=StartTexts(
        ready=Text(
            "Sahkan identiti anda",
            "Anda akan mengambil gambar dengan kamera anda. Ia mengambil masa beberapa minit.",
        ),
        ready_button="Mula",
        resume=Text("Teruskan pengesahan anda", "Anda sudah bermula. Teruskan dari tempat anda berhenti."),
        resume_button="Teruskan",
        wait=Text(
            "Sebentar", "Pengesahan anda sedang disediakan atau disemak. Halaman ini dikemas kini dengan sendirinya."
        ),
        none_left="Anda telah menggunakan semua percubaan. Sila minta bantuan di laman tempat anda bermula.",
        last_start="Anda boleh mula sekali lagi sahaja.",
        starts_left="Anda boleh mula {n} kali lagi.",
        valid="Pautan ini sah untuk {time} lagi.",
        units=(
            (86400, "1 hari", "{n} hari"),
            (3600, "1 jam", "{n} jam"),
            (60, "1 minit", "{n} minit"),
            (1, "1 saat", "{n} saat"),
        ),
        needs="Sediakan perkara ini",
        documents={
            "ID_CARD": "Kad pengenalan anda: kad asal, bukan salinan atau gambarnya",
            "PASSPORT": "Pasport anda: buku asal, dibuka pada halaman yang ada gambar anda",
        },
        light="Cahaya yang baik tanpa silau",
        camera="Kamera: benarkan halaman menggunakannya apabila anda diminta",
        face="Wajah anda: pandang kamera seketika",
        scan=Text(
            "Teruskan di telefon anda",
            "Imbas kod ini dengan kamera telefon anda. Halaman ini dikemas kini dengan sendirinya.",
        ),
        qr_code="Kod QR dengan pautan ke halaman ini",
        this_device="Teruskan pada peranti ini",
        in_app=Text(
            "Buka halaman ini dalam pelayar anda",
            "Kamera sering tidak berfungsi di dalam aplikasi lain. Buka menu (⋯ atau ⋮) dan pilih “Buka dalam "
            "pelayar”, atau salin pautan dan tampalkannya dalam pelayar anda.",
        ),
        link="Pautan ke halaman ini",
        copy="Salin pautan",
        copied="Disalin",
    ),
)
