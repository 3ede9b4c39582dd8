"""A certificate authority for the tests: all their servers use TLS, as on AWS."""

import inspect
import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFETIME = timedelta(days=1)


class Authority:
    """Writes `ca.pem`, and `server.pem` with `server.key` for 127.0.0.1 and the given names, into `folder`."""

    def __init__(self, folder: Path, names: list[str]) -> None:
        self.bundle = folder / "ca.pem"
        self.certificate = folder / "server.pem"
        self.key = folder / "server.key"
        self._ca_key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ekyc-bridge tests")])
        self.bundle.write_bytes(_pem(self._self_signed()))
        key = ec.generate_private_key(ec.SECP256R1())
        self.certificate.write_bytes(_pem(self._signed(key.public_key(), names)))
        self.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )

    def server_context(self) -> ssl.SSLContext:
        """Returns the TLS context for servers in this process."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context

    def _self_signed(self) -> x509.Certificate:
        uses = dict.fromkeys(inspect.signature(x509.KeyUsage).parameters, False)
        uses |= {"key_cert_sign": True, "crl_sign": True}
        builder = (
            self._builder(self._ca_key.public_key(), self._name)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.KeyUsage(**uses), critical=True)
        )
        return builder.sign(self._ca_key, hashes.SHA256())

    def _signed(self, public_key: ec.EllipticCurvePublicKey, names: list[str]) -> x509.Certificate:
        issuer = x509.SubjectKeyIdentifier.from_public_key(self._ca_key.public_key())
        alternatives = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), *map(x509.DNSName, names)]
        builder = (
            self._builder(public_key, x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")]))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            # Strict clients (Python 3.13's default) need it.
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer), critical=False)
        )
        return builder.sign(self._ca_key, hashes.SHA256())

    def _builder(self, public_key: ec.EllipticCurvePublicKey, subject: x509.Name) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + _LIFETIME)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
