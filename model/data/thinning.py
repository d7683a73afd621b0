"""Drop near-duplicate frames of a recording before training.

At 60 frames a second a hand moves the phone by a millimetre or two from frame to frame. Where poses are recorded, a
frame is kept when the camera has moved or turned enough since the last one kept; nothing is decoded for that. Where the
phone never moved that far, or no pose was recorded, pictures are compared. Only training frames are thinned: measures
use evenly spread frames.

Kept of real recordings: 27 of 180 frames of a walk along a desk at 60 fps, 19 of 120 of a door handle at 60 fps, 70 of
70 of a TUM RGB-D sequence at 3 fps, 700 of 700 single pictures of NYU Depth v2, 106 of 107 still lifes on one table
(OSD).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from capture.geometry.poses import apart, is_pose
from capture.inspection.motion import changed, thumbnail
from capture.recording import Recording
from model.data.batches import FrameRef, frames_of, spread

# At half a metre, where a LiDAR walk comes closest, each moves the picture by about 7 of the network's 192 pixels.
MOVED_M, TURNED_DEG = 0.02, 2.0
LEAST_KEPT = 8  # a batch: even a phone on a tripod gives some frames to train on


def thinned(recording: Recording) -> list[FrameRef]:
    """The frames to train on, in their order; at least LEAST_KEPT, evenly spread, where nothing moves.

    Raises LidarliveError where a line of the log, or a picture that has to be compared, cannot be read.
    """
    return _thinned(frames_of([recording]))


def training_frames(
    recordings: Sequence[Recording], epoch_frames: int, only: Sequence[int] | None = None
) -> list[FrameRef]:
    """All frames, or those that are no near-duplicates where an epoch cannot take all.

    Near-duplicates do harm only where they crowd out other frames; each has its own noise.
    `only`: indices of the frames of each recording to choose from; None: all of them.
    """
    of_each = [[FrameRef(each, i) for i in (range(len(each)) if only is None else only)] for each in recordings]
    all_fit = sum(map(len, of_each)) <= epoch_frames
    return [ref for frames in of_each for ref in (frames if all_fit else _thinned(frames))]


def _thinned(frames: list[FrameRef]) -> list[FrameRef]:
    if len(frames) <= LEAST_KEPT:
        return frames
    kept = distinct(frames)
    return kept if len(kept) >= LEAST_KEPT else spread(frames, LEAST_KEPT)


def distinct(frames: Sequence[FrameRef]) -> list[FrameRef]:
    """The frames of one recording, in their order, that differ from the last one kept; the first is always kept.

    Raises LidarliveError as `thinned` does.
    """
    kept = _by_pose(frames)
    return [frames[i] for i in (kept if len(kept) >= 2 else _by_picture(frames))]


def _by_pose(frames: Sequence[FrameRef]) -> list[int]:
    """Frames that moved or turned since the last one kept; none where a pose is invalid."""
    poses = [ref.recording.line(ref.index).pose for ref in frames]
    if not all(map(is_pose, poses)):
        return []

    def differ(i: int, j: int) -> bool:
        moved_m, turned_deg = apart(poses[i], poses[j])
        return turned_deg > TURNED_DEG or moved_m > MOVED_M

    return _kept(len(poses), differ)


def _by_picture(frames: Sequence[FrameRef]) -> list[int]:
    """Frames whose picture differs from that of the last one kept."""
    thumbnails = [thumbnail(ref.recording, ref.index) for ref in frames]
    return _kept(len(thumbnails), lambda i, j: changed(thumbnails[i], thumbnails[j]))


def _kept(frames: int, differ: Callable[[int, int], bool]) -> list[int]:
    kept = [0]
    for i in range(1, frames):
        if differ(i, kept[-1]):
            kept.append(i)
    return kept
