"""Turn failures of a training into one sentence each that ends in what was kept."""

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

# In the names and texts of exceptions of TensorFlow, XLA, OpenVINO and NumPy.
_MEMORY_WORDS = ("ResourceExhausted", "RESOURCE_EXHAUSTED", "OOM when allocating", "bad_alloc", "Unable to allocate")
_DISK_WORDS = ("No space left on device", f"errno = {errno.ENOSPC}")  # HDF5 has no exception of its own for it


@contextlib.contextmanager
def explained_failures(out: Path) -> Iterator[None]:
    """Explain why the training of `out` ended: stopped, out of memory, or a full disk.

    Raises LidarliveError; Stopped, with a message where it can be resumed; other exceptions unchanged.
    """
    try:
        yield
    except LidarliveError:
        raise
    except Stopped:
        if is_interrupted(out):
            raise Stopped(f"The training was stopped. {kept_of(out)}") from None
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise LidarliveError(f"The training {OUT_OF_MEMORY}. {kept_of(out)}") from error
        if (reason := _disk_fault(error)) is not None:
            raise LidarliveError(f"{out} cannot be written ({reason}). {kept_of(out)}") from error
        raise


def kept_of(out: Path) -> str:
    """What was kept of an interrupted training of `out`, as a sentence without a full stop."""
    if not is_interrupted(out):
        return "Nothing was saved"
    return "The finished epochs are kept: continue with Retrain in the window, or with the same command and --resume"


def is_out_of_memory(error: Exception) -> bool:
    if isinstance(error, cv2.error):
        return bool(error.code == cv2.Error.StsNoMem)
    words = f"{type(error).__name__}: {error}"
    return isinstance(error, MemoryError) or any(each in words for each in _MEMORY_WORDS)


def _disk_fault(error: BaseException | None) -> str | None:
    """The system's reason why a file could not be written; None where the error is another."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    while error is not None:  # the libraries do not always repeat it in their own exception
        if any(each in str(error) for each in _DISK_WORDS):
            return os.strerror(errno.ENOSPC)
        error = error.__cause__ or error.__context__
    return None
