"""What a window keeps from one start to the next."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from app.session.display_options import RANGES_M, DisplayOptions
from app.window.settings import save_display_options, saved_display_options, settings


def test_it_is_kept_until_the_next_start(own_home: Path) -> None:
    assert saved_display_options() == DisplayOptions()
    chosen = DisplayOptions("viridis", RANGES_M[1], "dimmed", "received", 3)
    save_display_options(chosen)
    assert saved_display_options() == chosen
    save_display_options(replace(chosen, far_m=None))
    assert saved_display_options().far_m is None


def test_what_makes_no_sense_any_more_is_as_usual(own_home: Path) -> None:
    nonsense = {"colours": "mauve", "far_m": "7000", "doubtful": "loud", "orientation": "down", "quarter_turns": 7}
    for name, value in nonsense.items():
        settings().setValue(name, value)
    assert saved_display_options() == DisplayOptions()
