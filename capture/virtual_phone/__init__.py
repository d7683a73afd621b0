"""A stand-in iPhone at the protocol level: usbmuxd and the Record3D app, for any Record3D client.

    process    runs it in a child process or the foreground    phone           usbmuxd and the app together
    clips      what it plays, encoded in advance                player          which frame is sent or dropped
    clip_times its frames' own times                            schedule        when each frame is due
    faults     how it fails on request                          damage          how a fault changes a message
    send_log   what was sent when                               wire_file       files of saved streams
    usbmuxd_server, usbmux_messages                             the usbmuxd side

A client finds it through the environment variable USBMUXD_SOCKET_ADDRESS. It must run in another process than the
client: the `record3d` package holds Python's global lock while it waits for usbmuxd.
"""
