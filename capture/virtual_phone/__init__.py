"""A stand-in iPhone at the protocol level: usbmuxd and the Record3D app, for any Record3D client and without a phone.

    clips.py   what it plays, as messages encoded beforehand        wire.py     one frame as bytes on the tunnel
    phone.py   the live camera and the process it runs in           usbmux.py   usbmuxd's side of the plist protocol

A client finds it through the environment variable USBMUXD_SOCKET_ADDRESS. It must be another process than the client:
the `record3d` package holds Python's global lock while it waits for usbmuxd.
"""
