"""Render a picture beside its depth, in the colours of the window, with a scale below."""

from __future__ import annotations

from io import BytesIO

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from app.session.color_maps import BACKGROUND, MIN_SPAN_M, STEPS, TEXT, TURBO, depth_indices
from capture.frame import DepthMap, clean_depth
from capture.jpeg import UInt8Image
from model.data.targets import resize_rgb

LONG_SIDE = 960  # pixels of the longer side of each picture: the scale stays legible at any original size
GAP = 16
BAR, FONT = 14, 22  # heights of the scale and of its text, pixels
LEAST_WIDTH = 240  # both labels of the scale fit, however narrow the picture


def encode_side_by_side(rgb: UInt8Image, depth_m: DepthMap, near_m: float, far_m: float) -> bytes:
    """Encode a PNG of the picture and its depth, blue (`near_m`) to red (`far_m`), above a labelled scale.

    `rgb` is uint8 (H, W, 3), `depth_m` float32 (h, w) over the whole of it, metres. The scale is at least MIN_SPAN_M
    wide, as the window's.
    """
    far_m = max(far_m, near_m + MIN_SPAN_M)
    width, height = _fitted((rgb.shape[1], rgb.shape[0]))
    column = max(width, LEAST_WIDTH)
    canvas = Image.new("RGB", (2 * column + 3 * GAP, height + BAR + FONT + 4 * GAP), BACKGROUND)
    depth = clean_depth(cv2.resize(depth_m, (width, height), interpolation=cv2.INTER_LINEAR))
    canvas.paste(Image.fromarray(resize_rgb(rgb, (width, height))), (GAP, GAP))
    left, top = 2 * GAP + column, GAP
    canvas.paste(Image.fromarray(TURBO[depth_indices(depth, near_m, far_m)]), (left, top))
    _draw_scale(canvas, (left, top + height + GAP), column, near_m, far_m)
    buffer = BytesIO()
    canvas.save(buffer, "PNG")
    return buffer.getvalue()


def _draw_scale(canvas: Image.Image, corner: tuple[int, int], width: int, near_m: float, far_m: float) -> None:
    """Draw a bar of all colours, and below it the depth at both ends."""
    left, top = corner
    ramp = Image.fromarray(TURBO[np.linspace(1, STEPS, width).round().astype(int)][None])
    canvas.paste(ramp.resize((width, BAR)), corner)
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(FONT)
    below = top + BAR + GAP // 2
    draw.text((left, below), f"{near_m:.2f} m", TEXT, font, anchor="la")
    draw.text((left + width, below), f"{far_m:.2f} m", TEXT, font, anchor="ra")


def _fitted(size: tuple[int, int]) -> tuple[int, int]:
    """Return (width, height) with the same aspect ratio and LONG_SIDE as the longer side."""
    longer = max(size)
    return max(1, round(size[0] * LONG_SIDE / longer)), max(1, round(size[1] * LONG_SIDE / longer))
