"""Decode JPEG files as strictly as libjpeg can: OpenCV silently decodes a garbled one to a grey or shifted picture.

A scan has no checksum; detectable are invalid codes, and missing or surplus data at the end. Measured in docs/check.md.
"""

from __future__ import annotations

import numpy as np
import simplejpeg

from capture.jpeg import UInt8Image


def decode_strictly(data: bytes, at_least: tuple[int, int]) -> UInt8Image:
    """Decode to uint8 (H, W) grey, as stored, at an eighth to the full size, but at least `at_least` (width, height).

    Always reads the whole scan. Raises ValueError if anything in it is wrong.
    """
    try:
        grey = simplejpeg.decode_jpeg(data, "GRAY", min_width=at_least[0], min_height=at_least[1], strict=True)
    except ValueError as error:
        raise ValueError(f"the JPEG is garbled ({error})") from None
    return np.asarray(grey[:, :, 0], dtype=np.uint8)
