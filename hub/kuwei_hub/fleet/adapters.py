"""The certificate authority as files of one folder.

The root key is needed once in ninety days, to make the next issuer; between those
days it belongs in a safe, not on this machine. Everything else works without it.
"""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.releases.files import replace_file
from kuwei_shared.trust import certificates, keys
from kuwei_shared.trust.certificates import Authority

SECRET_MODE = 0o600


class AuthorityFolder:
    """Fulfils AuthorityKeeper from PEM files, private ones with mode 0600."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock

    def create(self, province: str) -> None:
        """Make what is missing; renew the issuer once past half of its life."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        now = self._clock.now()
        if not self._path("root.pem").exists():
            name = f"Kuwei root {province}"
            self._write("root", certificates.make_root(name, keys.new_tls_key(), now))
        if self._needs_issuer():
            name = f"Kuwei issuer {province} {now:%Y%m%d}"
            root = self._read("root")
            issuer = certificates.make_issuer(name, keys.new_tls_key(), root, now)
            self._write("issuer", issuer)
        if not self._path("signing.key").exists():
            self._secret("signing.key", keys.private_pem(keys.new_signing_key()))

    def issuer(self) -> Authority:
        """Return the issuing authority."""
        return self._read("issuer")

    def trust_pem(self) -> bytes:
        """Return the roots everybody pins."""
        return self._bytes("root.pem")

    def signing_key(self) -> Ed25519PrivateKey:
        """Return the hub's key for receipts and key statements."""
        return keys.signing_key(self._bytes("signing.key"))

    def _needs_issuer(self) -> bool:
        path = self._path("issuer.pem")
        if not path.exists():
            return True
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        return certificates.past_half_life(certificate, self._clock.now())

    def _read(self, name: str) -> Authority:
        certificate = x509.load_pem_x509_certificate(self._bytes(f"{name}.pem"))
        key = keys.tls_key(self._bytes(f"{name}.key"))
        return Authority(certificate=certificate, key=key)

    def _write(self, name: str, authority: Authority) -> None:
        self._secret(f"{name}.key", keys.private_pem(authority.key))
        pem = certificates.chain_pem(authority.certificate)
        replace_file(self._path(f"{name}.pem"), pem)

    def _secret(self, name: str, data: bytes) -> None:
        replace_file(self._path(name), data, mode=SECRET_MODE)

    def _bytes(self, name: str) -> bytes:
        try:
            return self._path(name).read_bytes()
        except OSError as error:
            raise KuweiError(
                "authority.missing",
                f"缺少证书文件 {name},请先运行 kuwei-hub init-ca。",
                kind=Kind.UNAVAILABLE,
            ) from error

    def _path(self, name: str) -> Path:
        return self._folder / name
