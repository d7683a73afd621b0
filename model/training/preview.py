"""The prediction for one fixed frame, small enough to travel in an event."""

from __future__ import annotations

import base64

import cv2
import numpy as np

from capture.errors import LidarliveError
from capture.frame import DepthMap
from model.data.batches import FrameRef
from model.events import Preview

MOST_MM = 65535  # the most that 16 bits hold
_UNIT_MM = 1000


def preview(ref: FrameRef, depth_m: DepthMap) -> Preview:
    """Encode `depth_m`, float32 (h, w), the prediction for that frame at the network's size. NaN becomes 0."""
    depth_mm = np.clip(np.rint(np.nan_to_num(depth_m) * _UNIT_MM), 0, MOST_MM).astype(np.uint16)
    _, png = cv2.imencode(".png", depth_mm)
    return Preview(str(ref.recording.path), ref.index, base64.b64encode(png.tobytes()).decode())


def predicted_m(shown: Preview) -> DepthMap:
    """Decode the prediction, float32 (h, w) in metres. Raises LidarliveError where it holds no 16-bit PNG."""
    try:
        png = np.frombuffer(base64.b64decode(shown.depth_mm_png, validate=True), np.uint8)
        depth_mm = cv2.imdecode(png, cv2.IMREAD_UNCHANGED)
    except (ValueError, cv2.error) as error:
        raise LidarliveError(f"the preview cannot be read: {error}") from None
    if depth_mm is None or depth_mm.dtype != np.uint16:
        raise LidarliveError(f"the preview must be a 16-bit PNG. Received: {len(png)} bytes of something else")
    return np.asarray(depth_mm, dtype=np.float32) / np.float32(_UNIT_MM)
