"""How the static files are stored: with a hash in the name, and compressed once, quickly."""

from typing import Any

import brotli  # type: ignore[import-untyped]
from whitenoise.compress import Compressor  # type: ignore[import-untyped]
from whitenoise.storage import (  # type: ignore[import-untyped]
    CompressedManifestStaticFilesStorage,
)

# Of 11. The slowest setting makes the files 10 % smaller and the first start 15 s longer.
_BROTLI_QUALITY = 5


class QuickCompressor(Compressor):  # type: ignore[misc]
    """Leaves source maps alone: they are half of all bytes, and only a debugger asks for them."""

    def should_compress(self, filename: str) -> bool:
        """Tell whether a compressed copy is worth making."""
        return not filename.endswith(".map") and bool(super().should_compress(filename))

    @staticmethod
    def compress_brotli(data: bytes) -> bytes:
        """Return the data, compressed."""
        compressed: bytes = brotli.compress(data, quality=_BROTLI_QUALITY)
        return compressed


class StaticStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """The storage of STATIC_ROOT."""

    def create_compressor(self, **options: Any) -> QuickCompressor:
        """Return what makes the compressed copies."""
        return QuickCompressor(**options)
