"""The library: releases signed, assigned, withdrawn, kept fresh and handed out.

Invariants:
* author and approver are two holders; the threshold of keys enforces it again;
* an assignment names a published release at or above the floor, so rolling back
  is assigning an earlier one, and never below what was withdrawn.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

from securesystemslib.signer import Signer
from sqlalchemy.orm import Session

from kuwei_hub.distribution.domain import (
    ASSIGNMENT_TOPIC,
    CATALOGUE_TOPIC,
    Freshness,
    Publication,
    ReleaseRow,
    ReleaseStatus,
)
from kuwei_hub.distribution.service.ports import Announce, Online
from kuwei_hub.distribution.store import library as store
from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.kernel.pages import Page, PageRequest
from kuwei_shared.releases.assignment import write_rollout
from kuwei_shared.releases.keys import KeyFolder, RenewedKeys
from kuwei_shared.releases.layout import (
    RESIGN_AFTER,
    TARGETS,
    RoleName,
    Stamp,
    bundle_path,
    missing,
)
from kuwei_shared.releases.repository import Repository, Trust

PINNED_ROOT = "metadata/1.root.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """Releases of one hub."""

    clock: Clock
    online: Online
    announce: Announce

    def found(self, session: Session, keys: KeyFolder) -> bytes:
        """Write the empty repository; return the root every node will pin.

        Raises:
            KuweiError: ``release.founded`` when there is one already.
        """
        store.lock(session)
        if self._files(session).read(PINNED_ROOT) is not None:
            raise KuweiError(
                "release.founded", "发布库已建立,不会重建。", kind=Kind.CONFLICT
            )
        trust = Trust(keys={role: keys.public(role) for role in RoleName})
        return self._repository(session).create(
            trust,
            root=_holders(keys, RoleName.ROOT, trust.root_threshold),
            targets=_holders(keys, RoleName.TARGETS, trust.targets_threshold),
            online=keys.online(),
        )

    def publish(
        self,
        session: Session,
        publication: Publication,
        keys: KeyFolder,
        *,
        withdraw_below: int | None = None,
    ) -> ReleaseRow:
        """Sign a release with two holders' keys and offer it.

        Args:
            session: the open transaction; files and row commit together.
            publication: what and who.
            keys: where both holders' keys are.
            withdraw_below: raise the floor: no earlier serial may run anywhere.

        Raises:
            KuweiError: ``release.one_person``, ``keys.*``, ``release.published``.
        """
        if publication.author == publication.approver:
            raise KuweiError(
                "release.one_person",
                "发布须由起草人与另一名审批人共同签署,不能为同一人。",
                kind=Kind.DENIED,
            )
        store.lock(session)
        serial = store.last_serial(session) + 1
        stamp = Stamp(version=publication.version, serial=serial)
        people = (publication.author, publication.approver)
        self._repository(session).publish(
            publication.bundle,
            stamp,
            signers=[keys.signer(RoleName.TARGETS, person) for person in people],
            online=self.online(),
            serial_min=withdraw_below,
        )
        row = self._record(session, publication, stamp)
        if withdraw_below is not None:
            store.withdraw_below(session, withdraw_below)
            self._direct(session)
        self.announce(session, CATALOGUE_TOPIC)
        return row

    def assign(
        self, session: Session, version: str, codes: Collection[str], *, by: str
    ) -> ReleaseRow:
        """Have jurisdictions run a release; an earlier one is a roll-back.

        Raises:
            KuweiError: ``release.missing`` or ``release.withdrawn``.
        """
        store.lock(session)
        release = store.find(session, version)
        if release is None:
            raise missing(version)
        if release.status is ReleaseStatus.WITHDRAWN:
            raise KuweiError(
                "release.withdrawn",
                f"版本 {version} 已撤回,不能再安排;请选择更新的版本。",
                kind=Kind.CONFLICT,
            )
        if codes:
            wanted = dict.fromkeys(codes, release.serial)
            store.put_assignments(session, wanted, by=by, now=self.clock.now())
            self._direct(session)
        return release

    def pause(self, session: Session, codes: Collection[str]) -> None:
        """Have jurisdictions keep what is active and take nothing new."""
        store.lock(session)
        store.set_paused(session, list(codes), is_paused=True)
        self._direct(session)

    def resume(self, session: Session, codes: Collection[str]) -> None:
        """Let paused jurisdictions go on to what they are assigned."""
        store.lock(session)
        store.set_paused(session, list(codes), is_paused=False)
        self._direct(session)

    def resign(self, session: Session) -> None:
        """Sign the online roles again before they age."""
        store.lock(session)
        self._repository(session).resign(self.online())

    def resign_if_due(self, session: Session) -> bool:
        """Sign again when a quarter of the timestamp's life is over.

        Safe to call from several processes: they take turns, the second finds
        nothing to do. Before the repository is founded there is nothing either.
        """
        store.lock(session)
        if self._files(session).read(PINNED_ROOT) is None:
            return False
        if self.freshness(session).used[RoleName.TIMESTAMP] < RESIGN_AFTER:
            return False
        self._repository(session).resign(self.online())
        return True

    def rotate(self, session: Session, keys: KeyFolder) -> RenewedKeys:
        """Exchange the hub's own keys for fresh ones, in one step for every reader.

        A new root names the fresh keys, targets name the fresh director, and all is
        signed again under versions that go on growing; nodes follow by themselves.
        ``adopt`` what is returned once this transaction has committed; until then, and
        after a crash in between, nothing is signed, and rotating again mends it.

        Raises:
            KuweiError: ``release.missing`` before there is a repository, ``keys.*``.
        """
        store.lock(session)
        renewed, repository = keys.renew_online(), self._repository(session)
        kept = {role: keys.public(role) for role in (RoleName.ROOT, RoleName.TARGETS)}
        trust = Trust(keys=kept | {role: [key] for role, key in renewed.public.items()})
        roots = _holders(keys, RoleName.ROOT, trust.root_threshold)
        repository.rotate_root(trust, old=roots, new=())
        repository.reseal(
            signers=_holders(keys, RoleName.TARGETS, trust.targets_threshold),
            online=renewed.online,
        )
        self.announce(session, CATALOGUE_TOPIC)
        return renewed

    def adopt(self, session: Session, keys: KeyFolder, renewed: RenewedKeys) -> None:
        """Sign with fresh keys from now on, unless another rotation came after.

        Raises:
            KuweiError: ``release.superseded`` when the newest root names other keys:
                adopting these would leave the hub unable to sign.
        """
        store.lock(session)
        named = self._repository(session).root().roles[RoleName.TIMESTAMP].keyids
        if renewed.public[RoleName.TIMESTAMP].keyid not in named:
            raise KuweiError(
                "release.superseded",
                "另有一次轮换在后完成,现行根已改用那次的密钥;"
                "本次的密钥不启用,无须再办。",
                kind=Kind.CONFLICT,
            )
        keys.adopt(renewed)

    def freshness(self, session: Session) -> Freshness:
        """Return how much of each signature's life is used up."""
        repository = self._repository(session)
        expires = {
            RoleName.ROOT: repository.root().expires,
            RoleName.TARGETS: repository.targets().expires,
            RoleName.TIMESTAMP: repository.timestamp().expires,
        }
        used = {role: repository.age(role, moment) for role, moment in expires.items()}
        return Freshness(
            used={str(role): fraction for role, fraction in used.items()},
            expires={str(role): moment for role, moment in expires.items()},
        )

    def blob(self, session: Session, path: str) -> bytes:
        """Return a repository file.

        Raises:
            KuweiError: ``release.bad_path`` or ``release.missing``.
        """
        data = self._files(session).read(path)
        if data is None:
            raise missing(path)
        return data

    def bundle(self, session: Session, serial: int) -> bytes:
        """Return the bundle of a release, withdrawn ones too.

        Raises:
            KuweiError: ``release.missing``.
        """
        found = store.find_serial(session, serial)
        if found is None:
            raise missing(str(serial))
        folder, _, name = bundle_path(found.version).rpartition("/")
        return self.blob(session, f"{TARGETS}/{folder}/{found.sha256}.{name}")

    def pinned_root(self, session: Session) -> bytes | None:
        """Return root 1, which a node pins when it is enrolled."""
        return self._files(session).read(PINNED_ROOT)

    def releases(
        self, session: Session, request: PageRequest, status: str | None = None
    ) -> Page[ReleaseRow]:
        """Return releases, newest first unless asked otherwise."""
        return store.page(session, request, status)

    def next_serial(self, session: Session) -> int:
        """Return the serial the next release will have; holds the publisher's lock."""
        store.lock(session)
        return store.last_serial(session) + 1

    def _record(
        self, session: Session, publication: Publication, stamp: Stamp
    ) -> ReleaseRow:
        row = ReleaseRow(
            serial=stamp.serial,
            version=stamp.version,
            status=ReleaseStatus.PUBLISHED,
            sha256=hashlib.sha256(publication.bundle).hexdigest(),
            length_bytes=len(publication.bundle),
            rule_count=publication.rule_count,
            author=publication.author,
            approver=publication.approver,
            note=publication.note,
            published_at=self.clock.now(),
        )
        store.add_release(session, row)
        return row

    def _direct(self, session: Session) -> None:
        document = write_rollout(store.assignments(session))
        self._repository(session).assign(document, self.online())
        self.announce(session, ASSIGNMENT_TOPIC)

    def _files(self, session: Session) -> store.DatabaseFiles:
        return store.DatabaseFiles(session, self.clock)

    def _repository(self, session: Session) -> Repository:
        return Repository(self._files(session), self.clock)


def _holders(keys: KeyFolder, role: RoleName, count: int) -> list[Signer]:
    return [keys.signer(role, person) for person in keys.holders(role)[:count]]
