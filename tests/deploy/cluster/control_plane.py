"""etcd, API server, controller manager and scheduler, as processes that listen on one address."""

import json
import secrets
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.deploy.cluster.process import Processes
from tests.deploy.cluster.tools import tool

SERVICE_RANGE = "10.99.0.0/24"
SERVICE_ADDRESS = "10.99.0.1"
TOKENS = {
    "admin": ("admin", "system:masters"),
    "controller-manager": ("system:kube-controller-manager", ""),
    "scheduler": ("system:kube-scheduler", ""),
    "proxy": ("system:kube-proxy", ""),
    "node1": ("system:node:node1", "system:nodes"),
    "node2": ("system:node:node2", "system:nodes"),
}
"""Who may log in: user and group by the name of the kubeconfig. Tokens are made anew for every cluster."""


@dataclass(frozen=True)
class Ports:
    """Where things listen."""

    api: int
    etcd: int
    etcd_peer: int


def free_ports() -> Ports:
    """Three ports that nobody listens on at this moment."""
    probes = [socket.socket() for _ in range(3)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    numbers = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return Ports(*numbers)


class ControlPlane:
    """A control plane in a folder.

    Parameters
    ----------
    address
        Of the API server; pods and kubelets must reach it where there are real ones.
    """

    def __init__(self, folder: Path, processes: Processes, address: str, ports: Ports) -> None:
        self._folder = folder
        self._processes = processes
        self.address = address
        self._ports = ports
        self._tokens = {name: secrets.token_hex(16) for name in TOKENS}

    def kubeconfig(self, name: str = "admin") -> Path:
        """The path of a user's kubeconfig."""
        return self._folder / f"{name}.kubeconfig"

    def start(self) -> None:
        """Start everything and wait until the API answers."""
        self._certificates()
        self._users()
        self._start_etcd()
        self._start_api_server()
        self._start_controllers()

    def _certificates(self) -> None:
        pki = self._folder / "pki"
        pki.mkdir()
        names = f"DNS:kubernetes.default.svc,DNS:localhost,IP:127.0.0.1,IP:{self.address},IP:{SERVICE_ADDRESS}"
        openssl = [tool("openssl")]
        self_signed = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30"]
        for command in (
            ["genrsa", "-out", "sa.key", "2048"],
            [*self_signed, "-subj", "/CN=stillwatch-test", "-keyout", "ca.key", "-out", "ca.crt"],
            # Not signed by the authority but an authority itself: one command less, and clients trust this file only.
            [
                *self_signed,
                "-subj",
                "/CN=kube-apiserver",
                "-addext",
                f"subjectAltName={names}",
                "-keyout",
                "api.key",
                "-out",
                "api.crt",
            ],
        ):
            subprocess.run(openssl + command, cwd=pki, check=True, capture_output=True)

    def _users(self) -> None:
        lines = [f'{self._tokens[name]},{user},{name},"{group}"' for name, (user, group) in TOKENS.items()]
        tokens = self._folder / "tokens.csv"
        tokens.touch(mode=0o600)
        tokens.write_text("\n".join(lines) + "\n")
        for name, token in self._tokens.items():
            path = self.kubeconfig(name)
            path.touch(mode=0o600)
            path.write_text(json.dumps(self._kubeconfig(token)))

    def _kubeconfig(self, token: str) -> dict[str, Any]:
        authority = str(self._folder / "pki/api.crt")
        cluster = {"server": f"https://{self.address}:{self._ports.api}", "certificate-authority": authority}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": "test", "user": {"token": token}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
            "current-context": "test",
        }

    def _start_etcd(self) -> None:
        client, peer = f"http://127.0.0.1:{self._ports.etcd}", f"http://127.0.0.1:{self._ports.etcd_peer}"
        flags = {
            "data-dir": self._folder / "etcd",
            "unsafe-no-fsync": "true",
            "log-level": "warn",
            "listen-client-urls": client,
            "advertise-client-urls": client,
            "listen-peer-urls": peer,
            "initial-advertise-peer-urls": peer,
            "initial-cluster": f"default={peer}",
        }
        self._processes.start("etcd", [tool("etcd"), *_flags(flags)])

    def _start_api_server(self) -> None:
        pki = self._folder / "pki"
        flags = {
            "etcd-servers": f"http://127.0.0.1:{self._ports.etcd}",
            "bind-address": self.address,
            "advertise-address": self.address,
            "secure-port": self._ports.api,
            "tls-cert-file": pki / "api.crt",
            "tls-private-key-file": pki / "api.key",
            "token-auth-file": self._folder / "tokens.csv",
            "authorization-mode": "Node,RBAC",
            "enable-admission-plugins": "NodeRestriction",
            "allow-privileged": "true",
            "endpoint-reconciler-type": "none",
            "service-cluster-ip-range": SERVICE_RANGE,
            "service-account-issuer": "https://kubernetes.default.svc",
            "service-account-key-file": pki / "sa.key",
            "service-account-signing-key-file": pki / "sa.key",
            "kubelet-preferred-address-types": "InternalIP",
        }
        self._processes.start("kube-apiserver", [tool("kube-apiserver"), *_flags(flags)])
        self._processes.wait_for("the API server", lambda: self.kubectl("get", "--raw", "/readyz").returncode == 0)

    def _start_controllers(self) -> None:
        pki = self._folder / "pki"
        common = {"leader-elect": "false", "secure-port": 0}
        flags = common | {
            "kubeconfig": self.kubeconfig("controller-manager"),
            "use-service-account-credentials": "true",
            "service-account-private-key-file": pki / "sa.key",
            "root-ca-file": pki / "api.crt",
            # A test must not wait minutes until a lost node counts as lost.
            "node-monitor-grace-period": "20s",
        }
        self._processes.start("kube-controller-manager", [tool("kube-controller-manager"), *_flags(flags)])
        flags = common | {"kubeconfig": self.kubeconfig("scheduler")}
        self._processes.start("kube-scheduler", [tool("kube-scheduler"), *_flags(flags)])

    def kubectl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run kubectl as the administrator; from where the processes are."""
        return subprocess.run(
            [*self._processes.prefix, tool("kubectl"), "--kubeconfig", str(self.kubeconfig()), *arguments],
            capture_output=True,
            text=True,
            check=False,
        )


def _flags(flags: Mapping[str, object]) -> list[str]:
    return [f"--{name}={value}" for name, value in flags.items()]
