"""The demo room: its geometry against ray casting, its poses against its depth, and its simulated LiDAR."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from capture.frame import Intrinsics
from capture.geometry.poses import apart
from capture.room import DemoRoom
from capture.room.builder import Builder, Materials
from capture.room.lidar import measure
from capture.room.light import Lamp, bake
from capture.room.render import Rasteriser, RenderedView, Surface
from capture.room.scene import build_scene
from capture.room.textures import smooth

pytestmark = pytest.mark.slow

RGB, DEPTH = (90, 120), (48, 64)


@cache
def room_of(seed):
    return DemoRoom(seed)


@pytest.fixture(scope="module")
def room():
    return room_of(0)


@pytest.fixture(scope="module")
def frames(room):
    return [room.render(i, RGB, (96, 128)) for i in range(0, 240, 16)]


def exact_depth_m(room, i, size):
    """True depth along the optical axis at pixel centres, float32 (h, w), metres, without the LiDAR's errors."""
    inverse_depth, _ = room._unlit.depth(room._view(i, size))
    return np.asarray(1 / inverse_depth, dtype=np.float32)


def matrix(quaternion):
    x, y, z, w = quaternion
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def world_points(frame, depth_m):
    """World coordinates (h, w, 3) of a depth map's pixels."""
    h, w = depth_m.shape
    k = frame.intrinsics.resized(frame.rgb_size, (w, h))
    x, y = np.meshgrid((np.arange(w) + 0.5 - k.cx) / k.fx, (np.arange(h) + 0.5 - k.cy) / k.fy)
    camera = np.stack([x, -y, -np.ones_like(x)], axis=2) * depth_m[..., None]
    return camera @ matrix(frame.pose.quaternion).T + frame.pose.position_m


def pixels(frame, points, size):
    """Column, row (continuous, centres at + 0.5) and depth of world points in a map of `size` of this frame."""
    k = frame.intrinsics.resized(frame.rgb_size, size)
    camera = (points - frame.pose.position_m) @ matrix(frame.pose.quaternion)
    z = -camera[..., 2]
    return k.fx * camera[..., 0] / z + k.cx, k.cy - k.fy * camera[..., 1] / z, z


def test_frames_have_the_right_shapes_and_types(frames):
    frame = frames[1]
    assert (frame.index, frame.received_ns, frame.jpeg) == (16, 533_333_333, None)
    assert (frame.rgb_size, frame.depth_size) == (RGB, (96, 128))
    assert frame.intrinsics.fx == pytest.approx(727 / 8, rel=0.01)


def test_the_same_seed_and_index_give_the_same_frame(room):
    again = DemoRoom(0)
    room.render(3, RGB, DEPTH)  # whatever was rendered before
    one, other, next_one = (r.render(i, RGB, DEPTH) for r, i in ((room, 7), (again, 7), (room, 8)))
    np.testing.assert_array_equal(one.rgb, other.rgb)
    np.testing.assert_array_equal(one.depth_m, other.depth_m)
    np.testing.assert_array_equal(one.confidence, other.confidence)
    assert one.pose == other.pose
    assert np.abs(one.rgb.astype(int) - next_one.rgb).mean() > 1


def test_depth_agrees_with_ray_casting_every_surface(room):
    """Independently of the rasteriser: rays in world space against each outline as a fan of triangles."""
    rng = np.random.default_rng(1)
    triangles = np.concatenate([_triangles(s) for s in build_scene(0).surfaces])
    for i in (0, 77, 150):
        frame = room.render(i, RGB, DEPTH)
        exact = exact_depth_m(room, i, DEPTH)
        at_one_metre = world_points(frame, np.ones_like(exact))
        rows, columns = rng.integers(0, 64, 60), rng.integers(0, 48, 60)
        origin = np.array(frame.pose.position_m)
        cast = np.array([_nearest(triangles, origin, p - origin) for p in at_one_metre[rows, columns]])
        agrees = np.abs(cast - exact[rows, columns]) < 1e-3 * cast
        assert agrees.mean() >= 58 / 60  # an edge may pass exactly through a pixel's centre


def _triangles(surface):
    fans = []
    for outline in surface.outlines:
        p = surface.points(outline)
        fans += [np.stack([p[0], p[k], p[k + 1]]) for k in range(1, len(p) - 1)]
    fans = np.stack(fans)
    return np.concatenate([fans, fans[:, ::-1]]) if surface.two_sided else fans


def _nearest(triangles, origin, direction):
    """Moeller and Trumbore, "Fast, minimum storage ray-triangle intersection", 1997; front sides only."""
    a, b, c = triangles.transpose(1, 0, 2)
    across = np.cross(direction, c - a)
    det = np.einsum("nk,nk->n", b - a, across)
    front = np.einsum("nk,k->n", np.cross(b - a, c - a), direction) > 0  # clockwise from the front
    with np.errstate(divide="ignore", invalid="ignore"):
        u = np.einsum("nk,nk->n", origin - a, across) / det
        q = np.cross(origin - a, b - a)
        v, t = q @ direction / det, np.einsum("nk,nk->n", c - a, q) / det
    hit = front & (u >= 0) & (v >= 0) & (u + v <= 1) & (t > 0)
    return t[hit].min()


def test_a_turned_box_has_the_depth_of_the_slab_test():
    rng = np.random.default_rng(0)
    builder = Builder(rng, Materials.draw(rng)).moved(0.3, 1.2, -2.0, yaw=0.7, pitch=0.3)
    low, high = np.array([-0.5, -0.3, -0.4]), np.array([0.4, 0.5, 0.3])
    builder.box(tuple(low), tuple(high), smooth(rng, (200, 100, 50)))
    view = RenderedView(np.eye(3), np.array([0.0, 1.4, 0.0]), Intrinsics(90, 91, 47, 66), (96, 128))
    inverse_depth, seen = Rasteriser(builder.surfaces).depth(view)

    x, y = np.meshgrid((np.arange(96) + 0.5 - 47) / 90, (66 - np.arange(128) - 0.5) / 91)
    directions = np.stack([x, y, -np.ones_like(x)], axis=2) @ builder.rotation
    start = (view.position_m - builder.origin) @ builder.rotation
    to_low, to_high = (low - start) / directions, (high - start) / directions
    near, far = np.minimum(to_low, to_high).max(axis=2), np.maximum(to_low, to_high).min(axis=2)
    assert (near < far).sum() > 500
    np.testing.assert_array_equal(seen >= 0, near < far)
    np.testing.assert_allclose(1 / inverse_depth[seen >= 0], near[near < far], rtol=1e-5)


@pytest.mark.parametrize(("first", "second"), [(0, 6), (100, 92), (239, 4)])
def test_poses_and_depth_agree_between_frames(room, first, second):
    size = (96, 128)
    a, b = (room.render(i, size, size) for i in (first, second))
    depth_a, depth_b = (exact_depth_m(room, i, size) for i in (first, second))
    x, y, z = pixels(b, world_points(a, depth_a), size)
    inside = (x > 0) & (x < size[0] - 1) & (y > 0) & (y < size[1] - 1) & (z > 0)
    assert inside.mean() > 0.4
    column, row = x[inside].astype(int), y[inside].astype(int)
    visible = z[inside] < depth_b[row, column] * 1.02
    assert visible.mean() > 0.85
    error = np.abs(z[inside] - depth_b[row, column]) / z[inside]
    assert np.quantile(error[visible], 0.9) < 0.02

    # The picture moves with the depth: its colours agree better where the pose says than a little beside it.
    difference = [
        np.abs(a.rgb[inside].astype(int) - b.rgb[row, np.clip(column + shift, 0, size[0] - 1)])[visible].mean()
        for shift in (-4, 0, 4)
    ]
    assert difference[1] < 0.8 * min(difference[0], difference[2])


def test_the_walk_is_a_closed_loop(room):
    poses = [room.render(i, (9, 12), (6, 8)).pose for i in (238, 239, 0, 240)]
    assert poses[2] == poses[3]
    before, last, start = (np.array(p.position_m) for p in poses[:3])
    assert np.linalg.norm(start - last) < 2 * np.linalg.norm(last - before) < 0.2
    assert abs(np.dot(poses[1].quaternion, poses[2].quaternion)) > np.cos(np.radians(2))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_camera_keeps_its_distance_and_sees_no_gaps(seed):
    room = room_of(seed)
    depths = np.stack([exact_depth_m(room, i, DEPTH) for i in range(0, 240, 8)])
    assert np.isfinite(depths).all()
    assert depths.min() > 0.3
    assert 3.4 < np.quantile(depths, 0.999) < 7.5
    assert np.quantile(depths, 0.02) < 1.3


def test_other_seeds_give_other_rooms(room):
    first, second = exact_depth_m(room, 0, DEPTH), exact_depth_m(room_of(1), 0, DEPTH)
    assert np.abs(first - second).mean() > 0.1


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_second_walk_looks_elsewhere_wherever_it_passes_the_first(seed):
    rooms = room_of(seed), DemoRoom(seed, reverse=True)
    first, second = ([room._walk.pose(i) for i in range(0, 240, 4)] for room in rooms)
    both = [apart(one, other) for one in first for other in second]
    field_of_view_deg = 2 * np.degrees(np.arctan(360 / 727))
    beside = [turned_deg for moved_m, turned_deg in both if moved_m < 0.5]
    assert beside
    assert min(beside) > field_of_view_deg, "no picture shows what one of the other walk shows from there"


def test_the_second_walk_sees_no_gaps_and_no_frame_of_the_first(room):
    other = DemoRoom(reverse=True)
    depths = np.stack([exact_depth_m(other, i, DEPTH) for i in range(0, 240, 8)])
    assert np.isfinite(depths).all()
    assert depths.min() > 0.3
    one, two = room.render(3, (36, 48), DEPTH), other.render(3, (36, 48), DEPTH)
    assert not np.array_equal(one.depth_m, two.depth_m)
    assert not np.array_equal(one.rgb, two.rgb)


def test_the_camera_is_held_at_the_height_of_a_hand(frames):
    assert all(1.15 < frame.pose.position_m[1] < 1.65 for frame in frames)


def test_lidar_of_the_walk(room, frames):
    exact = np.stack([exact_depth_m(room, f.index, f.depth_size) for f in frames])
    depth = np.stack([f.depth_m for f in frames])
    confidence = np.stack([f.confidence for f in frames])
    read = depth > 0
    assert np.isfinite(depth).all()
    assert 0.001 < (~read).mean() < 0.4
    assert set(np.unique(confidence)) == {0, 1, 2}
    assert (confidence == 2).mean() > 0.5
    assert not confidence[~read].any()
    error = np.abs(depth - exact)
    by_distance = [np.median(error[read & (exact > d) & (exact <= d + 1)]) for d in (0.5, 1.5, 2.5, 3.5)]
    assert by_distance == sorted(by_distance)
    assert 0.001 < by_distance[0] < by_distance[-1] < 0.05
    assert np.median(error[read & (confidence == 0)]) > 2 * np.median(error[confidence == 2])


def test_lidar_loses_far_dark_grazing_and_glass_surfaces():
    def wall(depth_m, cosine=1.0, brightness=0.6, glass=False):
        shape = (64, 48)
        rng = np.random.default_rng(0)
        full = [np.full(shape, v, dtype=np.float32) for v in (1 / depth_m, 1.0, cosine, brightness)]
        return measure(*full, np.full(shape, glass), rng)

    near, far, dark, grazing = (wall(*v) for v in ((1.0,), (4.5,), (3.0, 1.0, 0.0), (3.0, 0.1)))
    assert (near[1] == 2).all()
    assert np.abs(near[0] - 1).mean() < 0.01
    assert near[1].mean() > far[1].mean()
    assert dark[1].mean() < wall(3.0)[1].mean()
    assert grazing[1].mean() < wall(3.0)[1].mean()
    for depth_m, confidence in (wall(7.0), wall(1.0, glass=True), wall(4.5, cosine=0.05)):
        assert not depth_m.any()
        assert not confidence.any()


def test_light_falls_from_the_lamp_and_a_box_casts_a_shadow():
    rng = np.random.default_rng(0)
    builder = Builder(rng, Materials.draw(rng))
    grey = np.full((64, 64, 3), 110, dtype=np.uint8)
    floor = Surface(np.array([-2.0, 0, -2.0]), np.array([4.0, 0, 0]), np.array([0, 0, 4.0]), grey)
    builder.surfaces.append(floor)
    builder.box((-0.5, 0.5, -0.5), (0.5, 0.6, 0.5), builder.materials.black)
    lamp = Lamp(np.array([[0, 2, 0]], dtype=np.float32), np.ones(3, dtype=np.float32))
    lit = bake(builder.surfaces, 1, builder.ray_boxes(), [lamp], None)[0].texture.astype(int).mean(axis=2)
    under, beside, corner = lit[32, 32], lit[32, 48], lit[2, 2]
    assert beside > corner > 0
    assert under < 0.6 * beside
