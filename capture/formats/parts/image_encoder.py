"""Convert a picture and its depth map, image files of a foreign data set, to the files of a recording."""

from __future__ import annotations

from pathlib import Path

from capture.errors import LidarliveError
from capture.formats.parts.depth_maps import DepthReader
from capture.formats.parts.exif import without_orientation
from capture.formats.parts.images import UNKNOWN_INTRINSICS, by, same_shape
from capture.frame import Camera, Intrinsics, Pose
from capture.jpeg import Jpeg, UInt8Image
from capture.storage.encoding import EncodedFrame, encode_png


class ImageEncoder:
    """Encoder for the frames of one data set, with the reader of its depth maps and its `intrinsics`."""

    def __init__(self, depth: DepthReader, intrinsics: Intrinsics | None) -> None:
        self._depth = depth
        self._intrinsics = intrinsics or UNKNOWN_INTRINSICS

    def encode(
        self, index: int, received_ns: int, jpeg: Jpeg, depth: Path, confidence: UInt8Image | None, pose: Pose
    ) -> EncodedFrame:
        """Encode a frame for a recording; `jpeg` is checked already.

        `confidence`: uint8 (h, w) of the depth's size, 0..2, or None.

        Raises LidarliveError, naming the file, if it cannot be read or the parts do not fit together.
        """
        millimetres = self._depth.read(depth)
        depth_size = millimetres.shape[1], millimetres.shape[0]
        if not same_shape(jpeg.size, depth_size):
            turned = without_orientation(jpeg.data) is not jpeg.data
            stored = " as stored, before its EXIF orientation turns it" if turned else ""
            raise LidarliveError(
                f"{depth}: must have the shape of its picture, {by(jpeg.size)}{stored}. Received: {by(depth_size)}"
            )
        if confidence is not None and confidence.shape != millimetres.shape:
            received = by((confidence.shape[1], confidence.shape[0]))
            raise LidarliveError(f"{depth}: its confidence must have its size, {by(depth_size)}. Received: {received}")
        return EncodedFrame(
            index=index,
            received_ns=received_ns,
            time_utc=None,
            jpeg=jpeg.data,
            rgb_size=jpeg.size,
            depth_png=encode_png(millimetres),
            depth_size=depth_size,
            confidence_png=None if confidence is None else encode_png(confidence),
            intrinsics=self._intrinsics,
            pose=pose,
            camera=Camera.LIDAR,
        )
