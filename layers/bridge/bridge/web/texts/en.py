"""English."""

from bridge.domain.verification import Status
from bridge.web.page_texts import Language, StartTexts, Text

TEXTS = Language(
    tag="en",
    service="Identity check",
    help="Help",
    outcomes={
        Status.PENDING: Text("Please wait", "Your verification has not started yet. This page updates by itself."),
        Status.PROCESSING: Text("Please wait", "Your verification is being checked. This page updates by itself."),
        Status.VERIFIED: Text("You are verified", "Your verification succeeded. You can close this page."),
        Status.REJECTED: Text("Not verified", "Your verification was not successful."),
        Status.FAILED: Text("Not verified", "Your verification could not be completed."),
        Status.EXPIRED: Text("Link expired", "The time for your verification is over."),
    },
    errors={
        "not_found": Text("Page not found", "This page does not exist. Please return to the site where you started."),
        "redirect_not_allowed": Text("Thank you", "Your verification was received. You can close this page."),
        "prefetch_refused": Text("Please reload", "Please reload this page to continue."),
        "storage_unavailable": Text("Please wait", "This page reloads automatically in a few seconds."),
        "vendor_unavailable": Text(
            "Not available right now",
            "The identity check cannot begin now. Please try again in a few minutes.",
        ),
    },
    reasons={},
    other_reason="The verification could not be completed.",
    try_again="You can try again: return to the site where you started.",
    back="Try again",
    ask="Please ask for help at the site where you started.",
    start=StartTexts(
        ready=Text("Verify your identity", "You will take pictures with your camera. It takes a few minutes."),
        ready_button="Start",
        resume=Text("Continue your verification", "You have begun. Continue where you stopped."),
        resume_button="Continue",
        wait=Text("One moment", "Your verification is being prepared or checked. This page updates by itself."),
        none_left="You have used all attempts. Please ask for help at the site where you started.",
        last_start="You can start once more.",
        starts_left="You can start {n} more times.",
        valid="This link is valid for another {time}.",
        units=(
            (86400, "1 day", "{n} days"),
            (3600, "1 hour", "{n} hours"),
            (60, "1 minute", "{n} minutes"),
            (1, "1 second", "{n} seconds"),
        ),
        needs="Have these ready",
        documents={
            "ID_CARD": "Your identity card: the card itself, not a copy or a photo of it",
            "PASSPORT": "Your passport: the book itself, open at the page with your photo",
        },
        light="Good light without glare",
        camera="A camera: allow the page to use it when you are asked",
        face="Your face: you look into the camera for a moment",
        scan=Text(
            "Continue on your phone", "Scan this code with the camera of your phone. This page then updates by itself."
        ),
        qr_code="QR code with the link to this page",
        this_device="Continue on this device",
        in_app=Text(
            "Open this page in your browser",
            "The camera often does not work inside other apps. Open the menu (⋯ or ⋮) and choose “Open in browser”, or "
            "copy the link and paste it into your browser.",
        ),
        link="Link to this page",
        copy="Copy the link",
        copied="Copied",
    ),
)
