"""How much memory a training takes, and whether that much is free. No Keras here: the window asks, too."""

from __future__ import annotations

from typing import NamedTuple

import psutil

from capture.errors import LidarliveError


class Takes(NamedTuple):
    """Of a process that trains, at its peak."""

    bytes_besides: int
    bytes_per_pixel: int  # of all pictures of a batch


TAKES = {
    # TensorFlow 2.21, in batches of 8: 1.55 GB at 192x256, measured. How it grows with the size was not: the pictures
    # are taken for less than half of it.
    "fast": Takes(900_000_000, 1_700),
    # ... in batches of 2: 1.1 GB at 96x128, 1.8 at 192x256, 6.3 at 480x640, 13.2 at 720x960. Half of it is what the
    # activations and normalisations, of 600 channels each, keep in float32 for the way back.
    "original": Takes(800_000_000, 9_000),
}


def training_bytes(preset: str, size: tuple[int, int], batch: int) -> int:
    """The memory, about, that a training on pictures of `size` (w, h) takes in all, but for frames kept decoded."""
    takes = TAKES[preset]
    return takes.bytes_besides + takes.bytes_per_pixel * size[0] * size[1] * batch


def check_memory(preset: str, size: tuple[int, int], batch: int) -> None:
    """Raises LidarliveError where a training would not fit into the memory that is free now."""
    needed, available = training_bytes(preset, size, batch), psutil.virtual_memory().available
    if needed > available:
        raise LidarliveError(
            f"Training preset {preset} at {size[0]}x{size[1]} with batch {batch} takes about {needed / 1e9:.1f} GB of "
            f"memory, and {available / 1e9:.1f} GB are free. Close other programs, or choose a smaller --size"
        )
