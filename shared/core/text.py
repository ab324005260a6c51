"""Text that others sent, made fit to be encoded and stored."""


def encodable(text: str) -> str:
    """``text`` with each lone surrogate replaced by U+FFFD.

    JSON can spell half of a surrogate pair (an emoji that its writer cut in two); UTF-8 and our stores cannot.
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def bounded(text: str, most: int) -> str:
    """The first ``most`` characters of it, encodable."""
    return encodable(text[:most])
