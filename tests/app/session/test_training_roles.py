"""What recordings are marked for, in the file beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.session.training_roles import HELD_OUT, ROLES_NAME, TRAIN, move_role, read_roles, write_role
from capture.errors import LidarliveError


def test_a_role_is_kept_changed_and_taken_away(tmp_path: Path):
    assert read_roles(tmp_path) == {}
    write_role(tmp_path / "a", TRAIN)
    write_role(tmp_path / "b", HELD_OUT)
    write_role(tmp_path / "a", HELD_OUT)
    assert read_roles(tmp_path) == {"a": HELD_OUT, "b": HELD_OUT}
    write_role(tmp_path / "b", "")
    assert read_roles(tmp_path) == {"a": HELD_OUT}


def test_a_role_goes_with_its_recording(tmp_path: Path):
    write_role(tmp_path / "a", TRAIN)
    move_role(tmp_path / "a", tmp_path / "b")
    assert read_roles(tmp_path) == {"b": TRAIN}
    move_role(tmp_path / "c", tmp_path / "d")
    move_role(tmp_path / "b", tmp_path / "b")
    assert read_roles(tmp_path) == {"b": TRAIN}
    move_role(tmp_path / "b", None)
    assert read_roles(tmp_path) == {}


@pytest.mark.parametrize("text", ["no JSON", "[1]", '{"a": "master", "b": 3}'])
def test_what_makes_no_sense_is_left_out(tmp_path: Path, text: str):
    (tmp_path / ROLES_NAME).write_text(text)
    assert read_roles(tmp_path) == {}


def test_a_file_that_cannot_be_written_is_one_clear_line(tmp_path: Path):
    (tmp_path / ROLES_NAME).mkdir()
    with pytest.raises(LidarliveError, match=r"roles\.json cannot be written \("):
        write_role(tmp_path / "a", TRAIN)
