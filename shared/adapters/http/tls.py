"""The TLS context of every outbound connection."""

import ssl


def default_tls() -> ssl.SSLContext:
    """Verifies chain and name against Mozilla's roots; TLS 1.2 at least (RFC 8446, RFC 8996).

    Built by hand, not by ``create_default_context``: that one writes session keys to the file that
    an environment variable names.
    """
    import certifi

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(certifi.where())
    return context
