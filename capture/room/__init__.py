"""The demo room: a furnished room drawn by the project itself, walked through with a stand-in for an iPhone's LiDAR.

`scene` says what stands where, `furniture`, `builder` and `textures` what it is made of, `light` how bright it is,
`walk` where the camera goes, `render` what it sees and `lidar` what it measures; `demo` puts them together.
"""

from capture.room.demo import VERSION, DemoRoom

__all__ = ["VERSION", "DemoRoom"]
