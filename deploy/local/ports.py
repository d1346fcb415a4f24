"""Which loopback ports the demo uses: the usual ones, or the nearest free."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from places import PLACES
from processes import listens

HUB_WEB = 8100
HUB_GRPC = 8101
ENROLMENT = 8102
ISSUER = 8103
REDIS = 8109
SPAN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The ports of this run."""

    hub_web: int
    hub_grpc: int
    enrolment: int
    issuer: int
    redis: int
    nodes: dict[str, int]

    @classmethod
    def chosen(cls, is_taken: Callable[[int], bool] = listens) -> Ports:
        """Take the usual ports, all moved by the same step until all are free."""
        usual = [HUB_WEB, HUB_GRPC, ENROLMENT, ISSUER, REDIS]
        usual += [place.port for place in PLACES]
        for step in range(0, 100 * SPAN, SPAN):
            if not any(is_taken(port + step) for port in usual):
                return cls(
                    hub_web=HUB_WEB + step,
                    hub_grpc=HUB_GRPC + step,
                    enrolment=ENROLMENT + step,
                    issuer=ISSUER + step,
                    redis=REDIS + step,
                    nodes={place.code: place.port + step for place in PLACES},
                )
        raise RuntimeError("no free run of loopback ports from 8100 on")

    def moved(self, demo: str) -> str:
        """Return the demo's file with the page addresses of this run."""
        step = self.hub_web - HUB_WEB
        for usual in (HUB_WEB, *(place.port for place in PLACES)):
            demo = re.sub(rf":{usual}\b", f":{usual + step}", demo)
        return demo
