"""Where panels go: arithmetic without Qt."""

from __future__ import annotations

from itertools import combinations

import pytest

from app.window.views.grid_layout import Box, GridSpace, arrange

NAMES = ("rgb", "predicted", "lidar", "difference", "edges_predicted", "edges_true", "confidence")
PAIRS = (("predicted", "lidar"), ("edges_predicted", "edges_true"))
TEXT, GAP = 70, 12  # pixels


def laid_out(count: int, size: tuple[int, int], aspect: float = 0.75) -> dict[str, Box]:
    """The first panels."""
    return arrange(NAMES[:count], GridSpace(*size, aspect, TEXT, GAP), PAIRS)


def overlap(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


@pytest.mark.parametrize("count", range(1, 8))
@pytest.mark.parametrize("aspect", [0.75, 4 / 3])
@pytest.mark.parametrize("size", [(480, 320), (1256, 700), (1896, 980), (600, 1200)])
def test_nothing_overlaps_or_leaves_the_grid(size: tuple[int, int], aspect: float, count: int) -> None:
    boxes = list(laid_out(count, size, aspect).values())
    assert len(boxes) == count
    for box in boxes:
        assert min(box.x, box.y) >= 0
        assert box.x + box.width <= size[0]
        assert box.y + box.height <= size[1]
    assert not any(overlap(one, other) for one, other in combinations(boxes, 2))
    assert len({(box.width, box.height) for box in boxes}) == 1, "all pictures are of one size"
    assert boxes[0].width / (boxes[0].height - TEXT) == pytest.approx(aspect, rel=0.04)


@pytest.mark.parametrize("count", range(3, 8))
@pytest.mark.parametrize("size", [(1256, 600), (600, 1000), (900, 900), (480, 320)])
def test_pairs_stay_side_by_side(size: tuple[int, int], count: int) -> None:
    boxes = laid_out(count, size)
    for left, right in PAIRS:
        if left in boxes and right in boxes and len({box.y for box in boxes.values()}) < count:
            assert boxes[left].y == boxes[right].y
            assert boxes[left].x + boxes[left].width < boxes[right].x


def test_one_row_if_it_is_wide_and_two_by_two_if_it_is_narrow() -> None:
    boxes = laid_out(4, (1256, 600))
    assert sorted(boxes, key=lambda name: boxes[name].x) == list(NAMES[:4])
    assert len({box.y for box in boxes.values()}) == 1
    boxes = laid_out(4, (600, 1000))
    assert boxes["predicted"].y == boxes["lidar"].y < boxes["rgb"].y == boxes["difference"].y


def test_no_other_number_of_columns_makes_larger_pictures() -> None:
    space = GridSpace(900, 700, 0.75, TEXT, GAP)
    width = arrange(NAMES, space)["rgb"].width
    assert width == max(space.picture(columns, len(NAMES))[0] for columns in range(1, len(NAMES) + 1))
