"""A broker as Strimzi would run it: TLS, SCRAM or client certificates, and an authorizer that denies by default.

The broker of broker/ with two more listeners. The plain one stays, for the tests alone, as the super user.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    KafkaAdminClient,
    ResourcePattern,
    ResourceType,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

import broker.node
from broker.cluster import temporary_cluster
from tests.deploy.cluster.tools import tool

SCRAM_PORT_AFTER, CERTIFICATE_PORT_AFTER = 1, 2
"""Ports of the two listeners, counted from the plain one's."""


@dataclass(frozen=True)
class SecuredBroker:
    """Where it listens, and the files that its clients need."""

    plain: str
    scram: str
    certificate: str
    folder: Path

    def file(self, name: str) -> str:
        """A path of the authority (ca.crt) or of a user's key pair (user.crt, user.key)."""
        return str(self.folder / name)

    def add_scram_user(self, name: str, password: str) -> None:
        """Make a user who logs in with SCRAM-SHA-512."""
        with self._admin() as admin:
            admin.alter_user_scram_credentials(
                [UserScramCredentialUpsertion(name, ScramMechanism.SCRAM_SHA_512, password)]
            )

    def allow(self, principal: str, rules: list[dict[str, Any]]) -> None:
        """Give a principal the rights of a KafkaUser's `acls`."""
        acls = [
            ACL(
                f"User:{principal}",
                "*",
                ACLOperation[_constant(operation)],
                ACLPermissionType.ALLOW,
                ResourcePattern(
                    ResourceType[rule["resource"]["type"].upper()],
                    rule["resource"]["name"],
                    ACLResourcePatternType[{"prefix": "PREFIXED"}.get(rule["resource"]["patternType"], "LITERAL")],
                ),
            )
            for rule in rules
            for operation in rule["operations"]
        ]
        with self._admin() as admin:
            admin.create_acls(acls)

    @contextmanager
    def _admin(self) -> Iterator[KafkaAdminClient]:
        admin = KafkaAdminClient(bootstrap_servers=self.plain)
        try:
            yield admin
        finally:
            admin.close()


@contextmanager
def secured_broker(host: str, folder: Path) -> Iterator[SecuredBroker]:
    """A broker on an address, for as long as the block runs."""
    _make_certificates(folder, host)
    plain_properties = broker.node.properties

    def properties(plan: broker.node.NodePlan, *others: Any) -> str:
        lines = dict(line.split("=", 1) for line in plain_properties(plan, *others).splitlines())
        more = (
            f",SCRAM://{host}:{plan.port + SCRAM_PORT_AFTER},CERTIFICATE://{host}:{plan.port + CERTIFICATE_PORT_AFTER}"
        )
        lines["listeners"] += more
        lines["advertised.listeners"] += more
        lines["listener.security.protocol.map"] += ",SCRAM:SASL_SSL,CERTIFICATE:SSL"
        lines |= {
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "listener.name.scram.scram-sha-512.sasl.jaas.config": (
                "org.apache.kafka.common.security.scram.ScramLoginModule required;"
            ),
            "listener.name.certificate.ssl.client.auth": "required",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(folder / "broker.pem"),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(folder / "ca.crt"),
            "ssl.principal.mapping.rules": "RULE:^CN=(.*)$/$1/",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
        }
        return "".join(f"{name}={value}\n" for name, value in lines.items())

    with pytest.MonkeyPatch.context() as patch:
        # For SASL a broker looks up its own name, which takes 20 s for each connection where nobody answers.
        (folder / "hosts").write_text(f"{host} broker\n")
        patch.setenv("JAVA_TOOL_OPTIONS", f"-Djdk.net.hosts.file={folder / 'hosts'}")
        patch.setattr(broker.node, "HOST", host)
        patch.setattr(broker.node, "properties", properties)
        with temporary_cluster() as cluster:
            port = cluster.nodes[0].plan.port
            yield SecuredBroker(
                plain=f"{host}:{port}",
                scram=f"{host}:{port + SCRAM_PORT_AFTER}",
                certificate=f"{host}:{port + CERTIFICATE_PORT_AFTER}",
                folder=folder,
            )


def _make_certificates(folder: Path, host: str) -> None:
    openssl = [tool("openssl")]
    usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
    new = ["req", "-newkey", "rsa:2048", "-nodes"]
    # Python 3.13 verifies strictly: without these extensions it takes neither authorities nor certificates.
    identified = "authorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\nbasicConstraints=CA:FALSE\n"
    (folder / "names").write_text(f"{identified}subjectAltName=IP:{host}\n")
    (folder / "none").write_text(identified)
    authority = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30"]
    for command in (
        [*new, "-x509", "-days", "30", "-subj", "/CN=cluster-ca", *usage, "-keyout", "ca.key", "-out", "ca.crt"],
        [*new, "-subj", "/CN=broker", "-keyout", "broker.key", "-out", "broker.csr"],
        ["x509", "-req", "-in", "broker.csr", *authority, "-extfile", "names", "-out", "broker.crt"],
        [*new, "-subj", "/CN=with-certificate", "-keyout", "user.key", "-out", "user.csr"],
        ["x509", "-req", "-in", "user.csr", *authority, "-extfile", "none", "-out", "user.crt"],
    ):
        subprocess.run(openssl + command, cwd=folder, check=True, capture_output=True)
    (folder / "broker.pem").write_text((folder / "broker.key").read_text() + (folder / "broker.crt").read_text())


def _constant(operation: str) -> str:
    return {"DescribeConfigs": "DESCRIBE_CONFIGS"}.get(operation, operation.upper())
