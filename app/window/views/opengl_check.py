"""Whether this computer can draw with OpenGL, found out before anything depends on it."""

from __future__ import annotations

import ctypes
import os
import sys

from PyQt5.QtGui import QOffscreenSurface, QOpenGLContext, QSurfaceFormat

LEAST = (2, 1)  # what pyqtgraph draws with


def surface_format() -> QSurfaceFormat:
    """What is asked of the driver; it may give more."""
    asked = QSurfaceFormat()
    asked.setVersion(*LEAST)
    return asked


def prepare() -> None:
    """Let PyOpenGL be imported for the kind of context that Qt makes here. Raises RuntimeError where it makes none."""
    context, surface = QOpenGLContext(), QOffscreenSurface()
    context.setFormat(surface_format())
    if not context.create():
        raise RuntimeError("there is no OpenGL")
    if context.format().version() < LEAST:
        raise RuntimeError("there is only OpenGL {}.{}".format(*context.format().version()))
    surface.setFormat(context.format())
    surface.create()
    if not context.makeCurrent(surface):
        raise RuntimeError("its OpenGL does not answer")
    if sys.platform == "linux":
        os.environ.setdefault("PYOPENGL_PLATFORM", "glx" if _is_glx() else "egl")
    context.doneCurrent()


def _is_glx() -> bool:
    """Whether the context in use was made through GLX, not EGL.

    PyOpenGL guesses by the desktop and is wrong where Qt shows its windows through X on a Wayland desktop: then it
    finds no context, and nothing is drawn.
    """
    current = ctypes.CDLL("libGL.so.1").glXGetCurrentContext
    current.restype = ctypes.c_void_p
    return bool(current())
