"""A stream of any rate: views ten times a second, the newest estimate between."""

from __future__ import annotations

from dataclasses import replace

import pytest

from capture.frame import Pose
from model.motion.session import MotionSession
from tests.support.textured_plane import plane_frames


def test_the_factor_of_a_stream_at_60_frames_a_second() -> None:
    session, answers = MotionSession(), []
    for frame in plane_frames(90, fps=60, step_m=0.003):
        answers.append(session(frame, frame.depth_m / 2))
    assert len({id(answer) for answer in answers}) == 15  # ten a second
    assert answers[-1] is not None
    assert answers[-1].scale == pytest.approx(2, rel=0.05)


def test_frames_without_pose_have_no_estimate() -> None:
    session = MotionSession()
    for frame in plane_frames(8):
        before = session(frame, frame.depth_m / 2)
    assert before is not None
    lost = replace(frame, pose=Pose(), received_ns=frame.received_ns + 10**8)
    assert session(lost, lost.depth_m) is None
    found = replace(frame, received_ns=frame.received_ns + 2 * 10**8)
    after = session(found, found.depth_m / 2)
    assert after is not None
    assert after.scale == pytest.approx(2, rel=0.1)
