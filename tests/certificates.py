"""Throw-away certificates for servers that speak TLS in tests.

Owns one authority a session, a server certificate for the loopback addresses, and clients'.
Refuses to be used outside tests: keys are small and live for a day.
"""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Certificates:
    """PEM texts: the authority, the server and a client signed by it, a client signed by another.

    The client's certificate is for the user ``arus``.
    """

    ca: str
    other_ca: str
    server_certificate: str
    server_key: str
    client_certificate: str
    client_key: str
    stranger_certificate: str
    stranger_key: str

    def write(self, directory: Path, own: Callable[[Path], None]) -> None:
        """Put the server's files into ``directory``, readable by its account alone."""
        for name, text in (
            ("server.crt", self.server_certificate),
            ("server.key", self.server_key),
            ("ca.crt", self.ca),
        ):
            path = directory / name
            path.touch(mode=0o600)
            path.write_text(text)
            own(path)


def make_certificates(host: str = "localhost") -> Certificates:
    """Fresh certificates.

    Args:
        host: the name the server's certificate is for, beside 127.0.0.1 and ::1.
    """
    ca_key, ca = _authority("Test authority")
    other_key, other_ca = _authority("Another authority")
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder(host, ca.subject, key.public_key())
        .add_extension(
            x509.SubjectAlternativeName(
                [
                    x509.DNSName(host),
                    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
                    x509.IPAddress(ipaddress.ip_address("::1")),
                ]
            ),
            critical=False,
        )
        .sign(ca_key, hashes.SHA256())
    )
    client_certificate, client_key = _client("arus", ca_key, ca)
    stranger_certificate, stranger_key = _client("arus", other_key, other_ca)
    return Certificates(
        ca=_pem(ca),
        other_ca=_pem(other_ca),
        server_certificate=_pem(certificate),
        server_key=_key_pem(key),
        client_certificate=client_certificate,
        client_key=client_key,
        stranger_certificate=stranger_certificate,
        stranger_key=stranger_key,
    )


def _client(user: str, ca_key: ec.EllipticCurvePrivateKey, ca: x509.Certificate) -> tuple[str, str]:
    """A client's certificate and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _builder(user, ca.subject, key.public_key()).sign(ca_key, hashes.SHA256())
    return _pem(certificate), _key_pem(key)


def _authority(name: str) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(name)
    certificate = (
        _builder(name, subject, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return key, certificate


def _builder(
    name: str, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=1))
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    ).decode()


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
