"""What kind of browser opens a page, by its User-Agent. It only chooses what is shown first; nothing depends on it."""

import re
from enum import StrEnum


class Device(StrEnum):
    """IN_APP is a browser inside another app of a phone. There the camera often does not work."""

    PHONE = "phone"
    DESKTOP = "desktop"
    IN_APP = "in_app"


_MOBILE = re.compile(r"Mobi|Android|iPhone|iPad")
_IN_APP = re.compile(
    r"; wv\)|\bFBA[NV]\b|FB_IAB|\bInstagram\b|WhatsApp/|\bLine/|MicroMessenger|\bTelegram|BytedanceWebview|musical_ly|"
    r"TikTok",
    re.IGNORECASE,
)


def device(user_agent: str) -> Device:
    if not _MOBILE.search(user_agent):
        return Device.DESKTOP
    return Device.IN_APP if _IN_APP.search(user_agent) else Device.PHONE
