"""Certificates for servers reached from elsewhere and for their clients, made on request with an authority of their own.

A client's certificate says its role in an alternative name; tokens for both roles are made beside them.
"""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from runtime.security.crypto import Role, new_token
from runtime.security.private_files import make_private_directory, write_new
from runtime.servers.security import ROLE_NAME

_VALID = datetime.timedelta(days=365)
_EARLIER = datetime.timedelta(minutes=5)  # for clocks that differ


class Certificates(NamedTuple):
    """Files in PEM; keys can be read by their owner only."""

    authority: Path
    """What clients check the server by, and the server its clients."""
    server: Path
    server_key: Path
    client: Path
    """For clients that may act."""
    client_key: Path
    look_client: Path
    """For clients that may only look."""
    look_client_key: Path
    act_token: Path
    """Instead of clients' certificates, for `serve --token-file`."""
    look_token: Path
    """Likewise, for `serve --look-token-file`."""


def make_certificates(directory: Path, names: Sequence[str] = ("localhost", "127.0.0.1")) -> Certificates:
    """A new authority, and one certificate each for a server of these host names, for a client that may act and for one that may
    only look; valid for a year.  Beside them a token for each of the two roles.

    The authority's key is not kept, so no further certificate can be made from it.

    Raises:
        FileExistsError: there are certificates in the directory; they are left as they are.
    """
    files = Certificates(*(directory / _file_name(field) for field in Certificates._fields))
    for path in files:
        if path.exists():
            raise FileExistsError(f"{path} exists; choose another directory, or delete what is there.")
    make_private_directory(directory)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _authority(authority_key)
    write_new(files.authority, _pem(authority))
    for path, key_path, usage, alternatives in (
        (files.server, files.server_key, ExtendedKeyUsageOID.SERVER_AUTH, [_alternative(name) for name in names]),
        (files.client, files.client_key, ExtendedKeyUsageOID.CLIENT_AUTH, [_role(Role.ACT)]),
        (files.look_client, files.look_client_key, ExtendedKeyUsageOID.CLIENT_AUTH, [_role(Role.LOOK)]),
    ):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = names[0] if path is files.server else "spawn-workbench client"
        write_new(path, _pem(_signed(key, usage, subject, alternatives, authority, authority_key)))
        write_new(key_path, _key_pem(key))
    for path in (files.act_token, files.look_token):
        write_new(path, f"{new_token()}\n".encode())
    return files


def _file_name(field: str) -> str:
    """`act.token`, `look-client-key.pem`, …"""
    role, _, kind = field.rpartition("_")
    return f"{role}.token" if kind == "token" else f"{field.replace('_', '-')}.pem"


def _authority(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = _name("spawn-workbench authority")
    return (
        _builder(name, name, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(_key_of_issuer(key), critical=False)
        .sign(key, hashes.SHA256())
    )


def _signed(
    key: ec.EllipticCurvePrivateKey,
    usage: x509.ObjectIdentifier,
    subject: str,
    alternatives: Sequence[x509.GeneralName],
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    return (
        _builder(_name(subject), authority.subject, key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(_key_of_issuer(authority_key), critical=False)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .sign(authority_key, hashes.SHA256())
    )


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + _VALID)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _key_of_issuer(key: ec.EllipticCurvePrivateKey) -> x509.AuthorityKeyIdentifier:
    """Python refuses a certificate without it since 3.13 (`VERIFY_X509_STRICT`; RFC 5280, 4.2.1.1)."""
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _role(role: Role) -> x509.GeneralName:
    return x509.UniformResourceIdentifier(f"{ROLE_NAME}{role}")


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
