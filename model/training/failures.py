"""How a training ends that cannot go on: one sentence, whatever went wrong, and what is left of the training."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

import cv2

from capture.errors import LidarliveError
from model.jobs.client import OUT_OF_MEMORY
from model.jobs.worker import Stopped
from model.training.checkpoint import is_interrupted

# Of TensorFlow's exception, of what it and XLA write of it, and of OpenVINO's and NumPy's text.
_MEMORY_WORDS = ("ResourceExhausted", "RESOURCE_EXHAUSTED", "OOM when allocating", "bad_alloc", "Unable to allocate")
_DISK_WORDS = ("No space left on device", f"errno = {errno.ENOSPC}")  # HDF5 has no exception of its own for it


@contextlib.contextmanager
def explained_failures(out: Path) -> Iterator[None]:
    """Around the training that is to become `out`: its end, where it is stopped or memory or disk are full, as words.

    Raises LidarliveError; Stopped, with words where it can go on; and what else went wrong, as it came.
    """
    try:
        yield
    except LidarliveError:
        raise
    except Stopped:
        if is_interrupted(out):
            raise Stopped(f"The training was stopped. {left_of(out)}") from None
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise LidarliveError(f"The training {OUT_OF_MEMORY}. {left_of(out)}") from error
        if (reason := _disk_fault(error)) is not None:
            raise LidarliveError(f"{out} cannot be written ({reason}). {left_of(out)}") from error
        raise


def left_of(out: Path) -> str:
    """What there is of a training that was to become `out` and ended before that, as a sentence without a full stop."""
    if not is_interrupted(out):
        return "Nothing was saved"
    return "What was trained is kept: Retrain in the window goes on with it, or the same command and --resume"


def is_out_of_memory(error: Exception) -> bool:
    if isinstance(error, cv2.error):
        return bool(error.code == cv2.Error.StsNoMem)
    words = f"{type(error).__name__}: {error}"
    return isinstance(error, MemoryError) or any(each in words for each in _MEMORY_WORDS)


def _disk_fault(error: BaseException | None) -> str | None:
    """Why a file could not be written, as the system says it; None where that is not what went wrong."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    while error is not None:  # in what came of it the libraries do not always repeat it
        if any(each in str(error) for each in _DISK_WORDS):
            return os.strerror(errno.ENOSPC)
        error = error.__cause__ or error.__context__
    return None
