"""A JPEG decoded as strictly as libjpeg can: OpenCV decodes a garbled one without a word, and shows it grey or shifted.

A scan has no checksum: what is noticed is a code that does not exist, or that there is too much or too little in the
end. Measured in docs/check.md.
"""

from __future__ import annotations

import numpy as np
import simplejpeg

from capture.frame import UInt8Image


def decode_strictly(data: bytes, at_least: tuple[int, int]) -> UInt8Image:
    """uint8 (H, W) grey, as stored, at an eighth to all of its size, but not smaller than `at_least` (width, height).

    All of the scan is read whatever the size. Raises ValueError where anything in it is wrong.
    """
    try:
        grey = simplejpeg.decode_jpeg(data, "GRAY", min_width=at_least[0], min_height=at_least[1], strict=True)
    except ValueError as error:
        raise ValueError(f"the JPEG is garbled ({error})") from None
    return np.asarray(grey[:, :, 0], dtype=np.uint8)
