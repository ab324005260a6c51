"""Agora's event numbers and the names our event catalogue gives them.

An event number means something only together with its product: 101 is a channel's creation for RTC
and an agent's arrival for Conversational AI. Names are ``agora.<product>.<what happened>``; what is
not listed is kept and named by its number. Listed names are promises: they are filter keys of
customers, never rename one.

Sources (docs.agora.io): RTC "channel event types"; cloud recording "receive notifications";
Conversational AI "notification event types" (2026-06-11); the ids of products 4, 5 and 20 from
their callback pages. The Conversational AI Platform preview numbers its events anew (1001 …); its
page names no product id we could check, so those stay unnamed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Product:
    """One ``productId``: the name's middle part and the names of its ``eventType`` numbers."""

    name: str
    events: Mapping[int, str] = field(default_factory=dict)


PRODUCTS: Mapping[int, Product] = {
    1: Product(
        "rtc",
        {
            101: "channel_created",
            102: "channel_destroyed",
            103: "host_joined",
            104: "host_left",
            105: "audience_joined",
            106: "audience_left",
            107: "user_joined",
            108: "user_left",
            111: "role_changed_to_host",
            112: "role_changed_to_audience",
        },
    ),
    3: Product(
        "recording",
        {
            1: "error",
            2: "warning",
            3: "status_updated",
            4: "playlist_created",
            11: "session_exited",
            12: "session_failed_over",
            30: "uploader_started",
            31: "uploaded",
            32: "backed_up",
            33: "upload_progressed",
            40: "recorder_started",
            41: "recorder_left",
            42: "slice_started",
            43: "audio_stream_state_changed",
            44: "video_stream_state_changed",
            45: "snapshot_taken",
            60: "vod_started",
            61: "vod_triggered",
            70: "web_recorder_started",
            71: "web_recorder_stopped",
            72: "web_recorder_limited",
            73: "web_recorder_reloaded",
            80: "transcoder_started",
            81: "transcoder_completed",
            90: "download_failed",
            100: "rtmp_status_changed",
            1001: "transcode_finished",
        },
    ),
    4: Product("media_pull"),
    5: Product("media_push"),
    17: Product(
        "convoai",
        {
            101: "agent_joined",
            102: "agent_left",
            103: "agent_history",
            104: "agent_token_expiring",
            110: "agent_error",
            111: "agent_metrics",
            112: "turns_finished",
            201: "inbound_call_changed",
            202: "outbound_call_changed",
        },
    ),
    20: Product("stt"),
}

_UNKNOWN = Product("unknown")

EVENT_TYPES = tuple(f"agora.{product.name}.{name}" for product in PRODUCTS.values() for name in product.events.values())
"""Every listed name, by product and number."""


def event_type(product_id: int, event_code: int) -> str:
    """The catalogue's name of an Agora event, listed or not (``agora.unknown.event_7``)."""
    product = PRODUCTS.get(product_id, _UNKNOWN)
    return f"agora.{product.name}.{product.events.get(event_code, f'event_{event_code}')}"
