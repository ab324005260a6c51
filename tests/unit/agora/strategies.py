"""Hypothesis strategies for every token our builder can make."""

from hypothesis import strategies as st

from shared.agora.access_token import AccessToken
from shared.agora.services import (
    ApaasService,
    ChatService,
    ConvoAiService,
    FcdnService,
    FpaService,
    RtcService,
    Rtm2Service,
    RtmService,
    Service,
    StreamingService,
    SttService,
    service_type,
)

U16 = st.integers(0, 2**16 - 1)
U32 = st.integers(0, 2**32 - 1)
TEXT = st.text(max_size=40)
HEX32 = st.text("0123456789abcdefABCDEF", min_size=32, max_size=32)
PRIVILEGES = st.dictionaries(U16, U32, max_size=5)
RESOURCES = st.lists(TEXT, max_size=3).map(tuple)
PERMISSIONS = st.dictionaries(U16, st.dictionaries(U16, RESOURCES, max_size=3), max_size=3)

SERVICES: st.SearchStrategy[Service] = st.one_of(
    st.builds(RtcService, channel=TEXT, uid=TEXT, privileges=PRIVILEGES),
    st.builds(RtmService, user_id=TEXT, privileges=PRIVILEGES),
    st.builds(StreamingService, channel=TEXT, account=TEXT, privileges=PRIVILEGES),
    st.builds(FpaService, privileges=PRIVILEGES),
    st.builds(ChatService, user_id=TEXT, privileges=PRIVILEGES),
    st.builds(FcdnService, channel=TEXT, account=TEXT, privileges=PRIVILEGES),
    st.builds(
        ApaasService,
        room_uuid=TEXT,
        user_uuid=TEXT,
        role=st.integers(-(2**15), 2**15 - 1),
        privileges=PRIVILEGES,
    ),
    st.builds(Rtm2Service, user_id=TEXT, permissions=PERMISSIONS, privileges=PRIVILEGES),
    st.builds(ConvoAiService, privileges=PRIVILEGES),
    st.builds(SttService, privileges=PRIVILEGES),
)


def in_wire_order(services: list[Service]) -> tuple[Service, ...]:
    """Ascending by type, equals in the order given: as a parser finds them."""
    return tuple(sorted(services, key=service_type))


TOKENS: st.SearchStrategy[AccessToken] = st.builds(
    AccessToken,
    app_id=HEX32,
    issued_at=U32,
    ttl=U32,
    salt=U32,
    services=st.lists(SERVICES, min_size=1, max_size=6).map(in_wire_order),
)
