"""Check that a training fits into the free memory. No Keras here: the window checks as well."""

from __future__ import annotations

import psutil

from capture.errors import LidarliveError
from model.preset_facts import facts_of


def training_bytes(preset: str, size: tuple[int, int], batch: int) -> int:
    """Estimated memory of a training on pictures of `size` (w, h), without the cache of decoded frames."""
    memory = facts_of(preset).memory
    return memory.fixed_bytes + memory.bytes_per_pixel * size[0] * size[1] * batch


def check_memory(preset: str, size: tuple[int, int], batch: int) -> None:
    """Raises LidarliveError where a training does not fit into the memory that is free now."""
    needed, available = training_bytes(preset, size, batch), psutil.virtual_memory().available
    if needed > available:
        raise LidarliveError(
            f"Training preset {preset} at {size[0]}x{size[1]} with batch {batch} takes about {needed / 1e9:.1f} GB of "
            f"memory, and {available / 1e9:.1f} GB are free. Close other programs, or choose a smaller --size"
        )
