"""TLS for connections to MySQL and MariaDB.

Owns what each mode checks. Refuses to keep key files: the texts are written to a private
directory for the moment in which they are read.
"""

from __future__ import annotations

import os
import socket
import ssl
import tempfile
from pathlib import Path
from typing import Any

from arus_dagster.dialects.base import ConnectionSpec
from arus_dagster.errors import ConfigurationError


class RecordingContext(ssl.SSLContext):
    """A context that remembers the socket it made, which the driver keeps to itself."""

    wrapped: ssl.SSLSocket | None = None

    def wrap_socket(self, sock: socket.socket, *args: Any, **options: Any) -> ssl.SSLSocket:
        self.wrapped = super().wrap_socket(sock, *args, **options)
        return self.wrapped


def tls_context(spec: ConnectionSpec) -> RecordingContext:
    """What the mode asks for.

    ``prefer`` and ``require`` encrypt and check nothing, ``verify-ca`` checks who signed the
    server's certificate, ``verify-full`` its name too. Without an authority of the connection's
    own the machine's trusted ones count.

    Raises:
        ConfigurationError: a text is no certificate or no key.
    """
    context = RecordingContext(ssl.PROTOCOL_TLS_CLIENT)
    # Authorities that MySQL servers make for themselves lack what the strict rules ask for.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.check_hostname = spec.ssl_mode == "verify-full"
    if spec.ssl_mode in ("verify-ca", "verify-full"):
        context.verify_mode = ssl.CERT_REQUIRED
        try:
            if spec.ssl_ca:
                context.load_verify_locations(cadata=spec.ssl_ca)
            else:
                context.load_default_certs()
        except (ssl.SSLError, ValueError) as error:
            raise ConfigurationError(f"ssl_ca is no certificate in PEM form: {error}") from None
    else:
        context.verify_mode = ssl.CERT_NONE
    if spec.ssl_cert and spec.ssl_key:
        _load_client(context, spec.ssl_cert, spec.ssl_key)
    return context


def _load_client(context: ssl.SSLContext, certificate: str, key: str) -> None:
    with tempfile.TemporaryDirectory(prefix="arus-tls-") as directory:
        path = Path(directory) / "client.pem"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(f"{certificate}\n{key}\n")
        try:
            # An encrypted key must fail rather than ask a terminal for its password.
            context.load_cert_chain(path, password="")
        except (ssl.SSLError, ValueError, OSError):
            raise ConfigurationError(
                "ssl_cert and ssl_key are no certificate and unencrypted key in PEM form that "
                "belong together"
            ) from None
