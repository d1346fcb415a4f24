"""How the node stands with the hub, and the way back after a restore."""

from __future__ import annotations

import dataclasses

from sqlalchemy.orm import Session

from kuwei_node.uplink import store
from kuwei_node.uplink.domain import HubHello, Identity, LinkState
from kuwei_node.uplink.models import UplinkStatus
from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.errors import KuweiError

MESSAGE_MAX = 400


class Standing:
    """Remembers the last word from the hub, for pages and the operator."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def heard(self, session: Session, hello: HubHello) -> None:
        """Note a good answer."""
        now = self._clock.now()
        store.keep_status(
            session,
            state=LinkState.CONNECTED,
            code=None,
            message=None,
            hub_epoch=hello.epoch,
            clock_skew_ms=hello.clock_skew_ms,
            changed_at=now,
            heard_at=now,
        )

    def heard_again(self, session: Session) -> None:
        """Note that the hub answered once more; how the node stands is unchanged."""
        store.hear(session, self._clock.now())

    def failed(self, session: Session, state: LinkState, error: KuweiError) -> None:
        """Note why the hub is out of reach, refuses, or must not be sent to."""
        store.keep_status(
            session,
            state=state,
            code=error.code,
            message=error.message[:MESSAGE_MAX],
            changed_at=self._clock.now(),
        )

    def now(self, session: Session) -> UplinkStatus | None:
        """Return how the node stands; None before the first attempt."""
        return store.status(session)

    def begin_epoch(self, session: Session, identity: Identity) -> Identity:
        """Begin a new epoch after a restore; every recorded day goes up again.

        The hub will show a history fork: that is the point of confirming it.
        """
        status = store.status(session)
        known = (status.hub_epoch or 0) if status is not None else 0
        store.touch_recorded(session)
        return dataclasses.replace(identity, epoch=max(identity.epoch, known) + 1)
