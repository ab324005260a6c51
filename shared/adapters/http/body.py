"""A response body, undone and counted as it arrives: no size and no compression fills memory."""

import zlib

from shared.core.outbound.errors import ResponseUnreadable

_AUTO = zlib.MAX_WBITS | 32  # gzip or zlib, told apart by their first bytes


class Body:
    """Feeds pieces as sent, gives pieces as meant.

    ``over`` turns true at the first byte beyond ``limit``, counted as sent or as decompressed; what
    :meth:`feed` returned until then is the exact prefix, and it returns nothing more.
    """

    def __init__(self, encoding: str, limit: int) -> None:
        """``encoding``: the ``Content-Encoding`` header. One layer of gzip or deflate is undone.

        Raises :class:`ResponseUnreadable` for any other: nested ones multiply, and we ask for none.
        """
        coding = encoding.strip().lower()
        if coding not in {"", "identity", "gzip", "x-gzip", "deflate"}:
            raise ResponseUnreadable("Another service answered in an encoding that is not supported")
        self.over = False
        self._zipped = coding not in {"", "identity"}
        self._undo = zlib.decompressobj(_AUTO)
        self._clean_end = True
        self._wire_left = limit
        self._left = limit

    def feed(self, piece: bytes) -> bytes:
        """The next meant bytes. Raises :class:`ResponseUnreadable`."""
        if self.over or not piece:
            return b""
        if len(piece) > self._wire_left:
            piece = piece[: self._wire_left]
            self.over = True
        self._wire_left -= len(piece)
        meant = self._unzip(piece) if self._zipped else piece
        self._left -= len(meant)
        return meant

    def finish(self) -> None:
        """The peer says that was all. Raises :class:`ResponseUnreadable` if it cannot have been."""
        if not self._clean_end and not self.over:
            raise ResponseUnreadable("Another service's compressed answer is incomplete")

    def _unzip(self, piece: bytes) -> bytes:
        meant = b""
        try:
            while piece and len(meant) <= self._left:
                meant += self._undo.decompress(piece, self._left + 1 - len(meant))
                self._clean_end = self._undo.eof
                if self._undo.eof:  # gzip may hold several members, each a stream of its own
                    piece, self._undo = self._undo.unused_data, zlib.decompressobj(_AUTO)
                else:
                    piece = self._undo.unconsumed_tail
        except zlib.error as exc:
            raise ResponseUnreadable("Another service's compressed answer is broken") from exc
        if len(meant) > self._left:
            self.over = True
            return meant[: self._left]
        return meant
