"""A cluster with real pods: each node is a containerd and a kubelet of this machine, in one network namespace.

Needs root and cgroup v1. The nodes share the machine's kernel and network; roll-outs, probes, drains, disruption
budgets, kills and a stopped kubelet are real. Network policies are accepted and not enforced.
"""

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.deploy.cluster.client import Client
from tests.deploy.cluster.control_plane import ControlPlane, Ports
from tests.deploy.cluster.namespace import BRIDGE, GATEWAY, Namespace, network_namespace
from tests.deploy.cluster.process import Processes
from tests.deploy.cluster.tools import tool

CGROUPS = Path("/sys/fs/cgroup")
PAUSE_IMAGE = "localhost/stillwatch-test/pause:1"
PORTS = Ports(api=16443, etcd=12379, etcd_peer=12380)
"""Nobody else listens in the namespace, so they can be the same every time."""

CONTAINERD = """version = 2
root = "{folder}/containerd/root"
state = "{folder}/containerd/state"
oom_score = 0
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.internal.v1.opt"]
[grpc]
  address = "{folder}/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  stream_server_address = "127.0.0.1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{folder}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
"""


class Node:
    """One node of a cluster."""

    def __init__(self, number: int, folder: Path, processes: Processes, namespace: Namespace) -> None:
        self.name = f"node{number}"
        self._number = number
        self._folder = folder / self.name
        self._processes = processes
        self._namespace = namespace
        self.address = f"{GATEWAY}{number}"
        self._networks: set[str] = set()

    @property
    def socket(self) -> Path:
        """Where containerd listens."""
        return self._folder / "containerd.sock"

    def prepare(self) -> None:
        """Write the node's files and start its containerd."""
        self._folder.mkdir()
        self._namespace.add_address(self.address)
        for hierarchy in CGROUPS.iterdir():
            if (hierarchy / "cgroup.procs").exists():
                (hierarchy / self.name).mkdir(exist_ok=True)
        for limit in ("cpuset.cpus", "cpuset.mems"):
            (CGROUPS / "cpuset" / self.name / limit).write_text((CGROUPS / "cpuset" / limit).read_text())
        (self._folder / "containerd.toml").write_text(CONTAINERD.format(folder=self._folder, pause=PAUSE_IMAGE))
        (self._folder / "cni").mkdir()
        (self._folder / "cni/10-pods.conflist").write_text(json.dumps(self._network()))
        self._processes.start(
            f"containerd-{self.name}", [tool("containerd"), "--config", str(self._folder / "containerd.toml")]
        )
        self._processes.wait_for(f"containerd of {self.name}", lambda: self._ctr("version").returncode == 0)

    def load(self, archive: Path) -> None:
        """Load an image archive, as a pull would."""
        done = self._ctr("--namespace", "k8s.io", "images", "import", str(archive))
        if done.returncode != 0:
            raise RuntimeError(f"{archive} was not loaded: {done.stderr}")

    def run_image(self, image: str, folder: Path, env: Mapping[str, str], *command: str) -> None:
        """Run a command of an image outside the cluster, with a folder of this machine at /data."""
        variables = [argument for name, value in env.items() for argument in ("--env", f"{name}={value}")]
        mount = f"type=bind,src={folder},dst=/data,options=rbind:rw"
        done = self._ctr("--namespace", "k8s.io", "run", "--rm", "--mount", mount, *variables, image, "once", *command)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")

    def start_kubelet(self, kubeconfig: Path, pki: Path) -> None:
        """Join the cluster."""
        (self._folder / "kubelet.json").write_text(json.dumps(self._kubelet()))
        self._processes.start(
            f"kubelet-{self.name}",
            [
                tool("kubelet"),
                f"--config={self._folder}/kubelet.json",
                f"--kubeconfig={kubeconfig}",
                f"--node-ip={self.address}",
                f"--hostname-override={self.name}",
                f"--root-dir={self._folder}/kubelet",
                f"--cert-dir={pki}/{self.name}",
            ],
            # Now and then two of its threads trip over each other at the very start.
            attempts=3,
        )

    def fail(self) -> None:
        """Stop the node as a power cut would: kubelet and every container at once, nothing told to anybody."""
        self._processes.stop(f"kubelet-{self.name}", signal.SIGKILL)
        self._kill_containers()

    def kill_container(self, container_id: str) -> None:
        """SIGKILL the first process of a container."""
        done = self._ctr("--namespace", "k8s.io", "tasks", "kill", "--signal", "SIGKILL", container_id)
        if done.returncode != 0:
            raise RuntimeError(f"{container_id} was not killed: {done.stderr}")

    def clean_up(self) -> None:
        """Leave no container, mount, cgroup or network namespace of a pod behind."""
        self._kill_containers()
        self._processes.stop(f"containerd-{self.name}")
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for mount in sorted((m for m in mounts if m.startswith(f"{self._folder}/")), reverse=True):
            subprocess.run(["umount", "--lazy", mount], check=False, capture_output=True)
        for hierarchy in CGROUPS.iterdir():
            for folder, _, _ in os.walk(hierarchy / self.name, topdown=False):
                Path(folder).rmdir()
        for network in self._networks:
            subprocess.run([tool("ip"), "netns", "delete", network], check=False, capture_output=True)

    def _pod_networks(self) -> set[str]:
        """Names of the network namespaces that the containers of this node use."""
        found = set()
        for bundle in (self._folder / "containerd/state").glob("io.containerd.runtime.v2.task/k8s.io/*/config.json"):
            for namespace in json.loads(bundle.read_text())["linux"]["namespaces"]:
                if namespace["type"] == "network" and "path" in namespace:
                    found.add(Path(namespace["path"]).name)
        return found

    def _kill_containers(self) -> None:
        self._networks |= self._pod_networks()
        listed = self._ctr("--namespace", "k8s.io", "tasks", "list", "--quiet")
        for task in listed.stdout.split():
            self._ctr("--namespace", "k8s.io", "tasks", "delete", "--force", task)

    def _ctr(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [tool("ctr"), "--address", str(self.socket), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def _network(self) -> dict[str, object]:
        first = 50 * self._number
        pods = {
            "subnet": "10.98.0.0/24",
            "gateway": GATEWAY,
            "rangeStart": f"10.98.0.{first}",
            "rangeEnd": f"10.98.0.{first + 49}",
        }
        addresses = {
            "type": "host-local",
            "dataDir": f"{self._folder}/addresses",
            "routes": [{"dst": "0.0.0.0/0"}],
            "ranges": [[pods]],
        }
        bridge = {"type": "bridge", "bridge": BRIDGE, "isGateway": True, "hairpinMode": True, "ipam": addresses}
        return {"cniVersion": "0.4.0", "name": self.name, "plugins": [bridge]}

    def _kubelet(self) -> dict[str, object]:
        return {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "containerRuntimeEndpoint": f"unix://{self.socket}",
            "address": self.address,
            "healthzBindAddress": "127.0.0.1",
            "healthzPort": 10300 + self._number,
            "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
            "authorization": {"mode": "AlwaysAllow"},
            "clusterDNS": [GATEWAY],
            "clusterDomain": "cluster.local",
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{self.name}",
            "enforceNodeAllocatable": [],
            "failSwapOn": False,
            "failCgroupV1": False,
            # Without CAP_SYS_RESOURCE nobody may lower it.
            "oomScoreAdj": 0,
            "makeIPTablesUtilChains": False,
            "podLogsDir": f"{self._folder}/logs",
            "volumePluginDir": f"{self._folder}/plugins",
            "imageGCHighThresholdPercent": 100,
            "imageGCLowThresholdPercent": 99,
            "evictionHard": {"memory.available": "100Mi"},
            # Lost nodes should be noticed within seconds.
            "nodeStatusUpdateFrequency": "4s",
            "syncFrequency": "5s",
        }


class RealCluster:
    """Nodes, and clients of the cluster they form."""

    def __init__(self, client: Client, nodes: Sequence[Node], namespace: Namespace) -> None:
        self.client = client
        self.nodes = {node.name: node for node in nodes}
        self.namespace = namespace


@contextmanager
def real_cluster(images: Sequence[Path], node_count: int = 2) -> Iterator[RealCluster]:
    """A cluster with these image archives on every node, for as long as the block runs."""
    with ExitStack() as stack:
        # Not a TemporaryDirectory: it would fail on mounts that a crash has left behind, and hide the crash.
        folder = Path(tempfile.mkdtemp(prefix="stillwatch-nodes-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        namespace = stack.enter_context(network_namespace())
        processes = Processes(folder, namespace.prefix)
        stack.callback(processes.stop_all)
        nodes = [Node(number, folder, processes, namespace) for number in range(1, node_count + 1)]
        for node in nodes:
            stack.callback(node.clean_up)
            stack.callback(processes.stop, f"kubelet-{node.name}")
        control_plane = ControlPlane(folder, processes, GATEWAY, PORTS)
        control_plane.start()
        client = Client(control_plane.kubeconfig(), folder, namespace.prefix)
        _start_network(folder, processes, control_plane, client)
        for node in nodes:
            node.prepare()
            for archive in (_pause_image(folder), *images):
                node.load(archive)
            node.start_kubelet(control_plane.kubeconfig(node.name), folder / "pki")
        for node in nodes:
            processes.wait_for(node.name, lambda node=node: is_ready(client, node.name))  # type: ignore[misc]
        yield RealCluster(client, nodes, namespace)


def is_ready(client: Client, node: str) -> bool:
    """Whether a node says so."""
    if not client.exists("node", node, "default"):
        return False
    conditions = client.get("node", node, "default")["status"]["conditions"]
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def _start_network(folder: Path, processes: Processes, control_plane: ControlPlane, client: Client) -> None:
    corefile = folder / "Corefile"
    names = f"kubernetes cluster.local {{\n    kubeconfig {control_plane.kubeconfig()} test\n  }}"
    corefile.write_text(f".:53 {{\n  bind {GATEWAY}\n  {names}\n}}\n")
    processes.start("coredns", [tool("coredns"), "-conf", str(corefile)])
    client.kubectl(
        "create", "clusterrolebinding", "proxy", "--clusterrole=system:node-proxier", "--user=system:kube-proxy"
    )
    processes.start(
        "kube-proxy",
        [
            tool("kube-proxy"),
            f"--kubeconfig={control_plane.kubeconfig('proxy')}",
            # One for all nodes: they share the namespace.
            "--hostname-override=node1",
            "--proxy-mode=iptables",
            "--conntrack-max-per-core=0",
            "--healthz-bind-address=127.0.0.1:10256",
            "--metrics-bind-address=127.0.0.1:10249",
        ],
    )


def _pause_image(folder: Path) -> Path:
    archive = folder / "pause.tar"
    if archive.exists():
        return archive
    context = folder / "pause"
    context.mkdir()
    shutil.copy(tool("pause"), context / "pause")
    (context / "Dockerfile").write_text('FROM scratch\nCOPY pause /pause\nUSER 65535\nENTRYPOINT ["/pause"]\n')
    buildah = tool("buildah")
    for command in (
        [buildah, "bud", "--quiet", "--isolation", "chroot", "--tag", PAUSE_IMAGE, str(context)],
        [buildah, "push", "--quiet", PAUSE_IMAGE, f"oci-archive:{archive}:{PAUSE_IMAGE}"],
    ):
        subprocess.run(command, check=True, capture_output=True)
    return archive
