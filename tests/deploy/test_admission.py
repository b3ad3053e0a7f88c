"""What an API server says to the chart's objects: unknown fields refused, the restricted level enforced."""

from pathlib import Path

import pytest

from tests.chart.helm import CHART
from tests.deploy.cluster.client import Client, CommandFailed

pytestmark = [pytest.mark.deploy, pytest.mark.timeout(900)]

EXAMPLES = sorted((CHART / "ci").glob("*.yaml"))
CUSTOM = sorted((Path(__file__).parents[1] / "chart/schemas").glob("*.yaml"))


@pytest.fixture(scope="session")
def custom_resources(api: Client) -> None:
    """The kinds of Prometheus, KEDA and Strimzi."""
    for path in CUSTOM:
        api.kubectl("apply", "--server-side", "-f", str(path))
    api.kubectl("wait", "crd", "--all", "--for=condition=Established", "--timeout=60s")


@pytest.mark.usefixtures("custom_resources")
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_everything_is_admitted(api: Client, namespace: str, example: Path) -> None:
    """Every object of every example, hooks and tests included, is created for real; a warning is an error."""
    rendered = api.helm("template", "sw", str(CHART), "-n", namespace, "-f", str(example))
    api.kubectl("apply", "--validate=strict", "--warnings-as-errors", "-n", namespace, "-f", "-", stdin=rendered)


@pytest.mark.usefixtures("custom_resources")
@pytest.mark.parametrize("kind", ["statefulsets", "servicemonitors.monitoring.coreos.com"])
def test_the_api_server_would_refuse_a_misspelt_field(api: Client, namespace: str, kind: str) -> None:
    """The check above is not vacuous: one unknown field is refused, in Kubernetes' own kinds and in others'."""
    example = CHART / "ci/tls-scram-values.yaml"
    rendered = api.helm("template", "sw", str(CHART), "-n", namespace, "-f", str(example))
    at = {"statefulsets": "minReadySeconds", "servicemonitors.monitoring.coreos.com": "scrapeTimeout"}[kind]

    broken = rendered.replace(f"{at}:", f"{at}X:")

    with pytest.raises(CommandFailed, match=rf"unknown field .*{at}X"):
        api.kubectl("apply", "--validate=strict", "--dry-run=server", "-n", namespace, "-f", "-", stdin=broken)


def test_the_restricted_level_would_refuse_less_secure_pods(api: Client, namespace: str) -> None:
    """The namespaces of these tests do enforce it: a pod that may run as root is not admitted."""
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "careless"},
        "spec": {"containers": [{"name": "a", "image": "a"}]},
    }

    with pytest.raises(CommandFailed, match='violates PodSecurity "restricted:latest"'):
        api.apply(pod, namespace=namespace)
