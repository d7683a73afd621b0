"""A stand-in iPhone at the protocol level: usbmuxd and the Record3D app, for any Record3D client and without a phone.

    clips      what it plays, encoded beforehand           daemon     usbmuxd as a process, which can go down
    camera     when a frame is due, and what is dropped    usbmux     usbmuxd's side of the plist protocol
    server     usbmuxd and the app, its threads
    faults     how it breaks when asked to                 damage     what that does to the bytes of a message
    send_log   what was sent when                          phone      in a child process, or in the foreground

A client finds it through the environment variable USBMUXD_SOCKET_ADDRESS. It must be another process than the client:
the `record3d` package holds Python's global lock while it waits for usbmuxd.
"""
