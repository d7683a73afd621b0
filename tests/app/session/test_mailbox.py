"""What the threads of the live view share: one slot for the newest, and how often something happened."""

from __future__ import annotations

import threading

from app.session.mailbox import Mailbox, RateMeter


def test_a_mailbox_holds_the_newest_only() -> None:
    box: Mailbox[int] = Mailbox()
    assert box.take(0) is None
    box.put(1)
    box.put(2)
    assert box.take(0) == 2
    assert box.take(0) is None
    threading.Timer(0.05, box.put, (3,)).start()
    assert box.take(10) == 3


def test_a_rate_needs_two_events() -> None:
    rate = RateMeter()
    assert (rate.per_second(), rate.mean_seconds()) == (0, None)
    rate.count()
    assert rate.per_second() == 0
    rate.count(0.5)
    assert rate.per_second() > 0
    assert rate.mean_seconds() == 0.25
