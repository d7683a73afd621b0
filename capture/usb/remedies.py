"""Connection problems between this computer and a phone, and the remedy for each on each operating system."""

from __future__ import annotations

import sys
from enum import Enum, auto


class Problem(Enum):
    """A reason why no frames arrive; `remedy` returns what to do about it."""

    NO_RECORD3D = auto()
    BAD_ADDRESS = auto()
    NOT_INSTALLED = auto()
    NOT_STARTED = auto()
    NOT_AT_ADDRESS = auto()
    DENIED = auto()
    STALE = auto()
    HUNG = auto()
    NOT_USBMUXD = auto()
    NO_PHONE = auto()
    OVER_NETWORK = auto()
    OTHER_SERIAL = auto()
    UNTRUSTED = auto()
    UNPLUGGED = auto()
    NOT_STREAMING = auto()
    SILENT = auto()
    DAMAGED = auto()
    OLD_APP = auto()
    TOO_LARGE = auto()
    CRASHED = auto()
    UNSTEADY = auto()


_UNSET = "unset USBMUXD_SOCKET_ADDRESS"
_RESTART_WINDOWS = (
    "end AppleMobileDeviceProcess (or the service Apple Mobile Device Service) in the Task Manager, then start the "
    "Apple Devices app or iTunes again"
)
_PLUG_IN = "connect it with a USB cable that carries data, unlock it and tap Trust"
_RESTART = {
    "linux": "type `sudo systemctl restart usbmuxd`, then plug the phone in again",
    "darwin": "type `sudo killall usbmuxd` (macOS starts it again), then plug the phone in again",
    "win32": _RESTART_WINDOWS,
}

# Linux: udev starts usbmuxd when a phone is plugged in, and it exits without one; its socket is open to every user
# (usbmuxd, src/main.c: `--systemd` implies `--enable-exit`; chmod 0666). Windows: part of Apple Devices and iTunes.
_REMEDIES: dict[Problem, str | dict[str, str]] = {
    Problem.NO_RECORD3D: {
        "linux": "lidarlive uses its own driver; for the official one type `pip install record3d==1.4.1`",
        "darwin": "",  # the package has no wheel for macOS
        "win32": "lidarlive uses its own driver; for the official one type `pip install record3d==1.4.1`",
    },
    Problem.BAD_ADDRESS: {"linux": _UNSET, "darwin": _UNSET, "win32": "delete the variable USBMUXD_SOCKET_ADDRESS"},
    Problem.NOT_INSTALLED: {
        "linux": "type `sudo apt-get install usbmuxd` (or dnf), then plug the phone in",
        "darwin": "it is part of macOS and should always run: restart the computer",
        "win32": "install the Apple Devices app or iTunes from the Microsoft Store, then start it once",
    },
    Problem.NOT_STARTED: {
        "linux": "plug the phone in, which starts it; or type `sudo systemctl start usbmuxd`",
        "darwin": "it is part of macOS and should always run: restart the computer",
        "win32": "start the Apple Devices app or iTunes once",
    },
    Problem.NOT_AT_ADDRESS: {
        "linux": f"restart the program that should listen there (a `lidarlive emulate`?), or {_UNSET}",
        "darwin": f"restart the program that should listen there (a `lidarlive emulate`?), or {_UNSET}",
        "win32": "restart the program that should listen there (a `lidarlive emulate`?), or delete the variable "
        "USBMUXD_SOCKET_ADDRESS",
    },
    Problem.DENIED: {
        "linux": "type `sudo systemctl restart usbmuxd`, which opens its socket to every user; do not run this program "
        "in a sandbox",
        "darwin": "restart the computer; do not run this program in a sandbox",
        "win32": "allow Python to connect to 127.0.0.1, port 27015, in your firewall or virus scanner",
    },
    Problem.STALE: _RESTART,
    Problem.HUNG: _RESTART,
    Problem.NOT_USBMUXD: {
        "linux": f"another program listens there: end it, or {_UNSET}",
        "darwin": f"another program listens there: end it, or {_UNSET}",
        "win32": "another program listens there: find it with `netstat -abno` as administrator, and end it",
    },
    Problem.NO_PHONE: {
        "linux": f"{_PLUG_IN}; if `lsusb` lists no Apple device, try another cable or port",
        "darwin": f"{_PLUG_IN}; if Finder does not list it, try another cable or port",
        "win32": f"{_PLUG_IN}; if the Apple Devices app does not list it, try another cable or port",
    },
    Problem.OVER_NETWORK: "connect it with a USB cable: the app does not stream over Wi-Fi",
    Problem.OTHER_SERIAL: "connect that phone, or choose one that is connected (--serial; for the window --source "
    "usb:SERIAL)",
    Problem.UNTRUSTED: {
        "linux": "unlock it, plug it in again and tap Trust; if it does not ask, type `idevicepair pair` (package "
        "libimobiledevice-utils)",
        "darwin": "unlock it, select it in Finder's side bar, click Trust there and tap Trust on the phone",
        "win32": "unlock it, select it in the Apple Devices app or iTunes and tap Trust on the phone",
    },
    Problem.UNPLUGGED: "unlock the phone and plug it in again",
    Problem.NOT_STREAMING: "in the Record3D app choose Settings > Live RGBD Video Streaming > USB, "
    "then press the red record button",
    Problem.SILENT: "unlock the phone, keep Record3D open on its screen, and press its red record button again",
    Problem.DAMAGED: "update Record3D; if that does not help, save the phone's stream with `lidarlive devices "
    "--save-wire phone.wire` and attach it to a bug report",
    Problem.OLD_APP: "update the Record3D app in the App Store (lidarlive reads the streams of version 1.10 and later)",
    Problem.TOO_LARGE: "choose smaller pictures in the Record3D app's settings; if that does not help, save the "
    "phone's stream with `lidarlive devices --save-wire phone.wire` and attach it to a bug report",
    Problem.CRASHED: "start again with the option --driver native (`lidarlive view --driver native`): lidarlive's own "
    "driver does without that package",
    Problem.UNSTEADY: "plug the phone directly into the computer, close programs that keep the computer busy, and let "
    "a hot phone cool down",
}


def remedy(problem: Problem, system: str = sys.platform) -> str:
    """Return what to do, in one line. `system` is a value of sys.platform; unknown ones count as Linux."""
    text = _REMEDIES[problem]
    return text if isinstance(text, str) else text.get(system, text["linux"])
