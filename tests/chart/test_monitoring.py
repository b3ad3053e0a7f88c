"""Alert rules and dashboard: they name metrics that exist, and fire when they should."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from streams import metric_defs
from tests.chart.helm import CHART, REPOSITORY, TOOLS, only, render, workload

pytestmark = pytest.mark.deploy

NOT_OURS = {"up", "process_start_time_seconds", "process_resident_memory_bytes", "process_cpu_seconds_total"}
"""Of Prometheus itself, and of every process that its client library serves."""
ON = {
    "metrics": {
        "serviceMonitor": {"enabled": True},
        "prometheusRule": {"enabled": True},
        "dashboard": {"enabled": True},
    }
}


def rules() -> list[dict[str, Any]]:
    """The rules as Prometheus gets them."""
    [group] = only(render(ON), "PrometheusRule")["spec"]["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def dashboard() -> dict[str, Any]:
    """The dashboard as Grafana gets it."""
    found: dict[str, Any] = json.loads(only(render(ON), "ConfigMap", "-dashboard")["data"]["stillwatch.json"])
    return found


def queries() -> list[str]:
    """Every expression of the dashboard."""
    return [target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", [])]


def known_metrics() -> set[str]:
    """Every sample name that the service serves."""
    found = set()
    for metric in vars(metric_defs).values():
        if isinstance(metric, MetricWrapperBase):
            [family] = metric.describe()
            endings = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}[family.type]
            found |= {family.name + ending for ending in endings}
    return found


@pytest.mark.parametrize("source", ["rules", "dashboard"])
def test_only_metrics_that_exist_are_asked_for(source: str) -> None:
    """A renamed metric fails here; a rule on a metric that does not exist would never fire."""
    expressions = [rule["expr"] for rule in rules()] if source == "rules" else queries()
    asked = {name for e in expressions for name in re.findall(r"\b((?:stillwatch|process)_[a-z_]+|up)\s*(?=[{\[])", e)}

    assert asked
    assert asked - NOT_OURS - known_metrics() == set()


@pytest.mark.parametrize("path", sorted((REPOSITORY / "docs").glob("*.md")), ids=lambda path: path.stem)
def test_documents_name_metrics_as_they_are_served(path: Path) -> None:
    """Whoever copies a name into a query finds the series, ending included."""
    named = set(re.findall(r"`(stillwatch_\w+)[`{]", path.read_text("utf-8")))

    assert named - known_metrics() == set()


def test_label_values_are_those_of_the_service() -> None:
    """Stages and roles in expressions are ones that the service sets; a misspelt one would match nothing."""
    stages = {"ingest", "accounts", "campaigns", "feedback"}
    roles = {"input", "usage", "links", "alerts", "feedback"}
    for expression in [rule["expr"] for rule in rules()] + queries():
        for label, known in (("stage", stages), ("role", roles)):
            for values in re.findall(rf'\b{label}=~?"([^"$]*)"', expression):
                assert set(values.split("|")) <= known, expression


def test_every_rule_says_what_it_means_and_is_in_the_runbook() -> None:
    """Each has a summary, a description, a severity, and a heading of its own in docs/operations.md."""
    headings = re.findall(r"^#+ (Stillwatch\w+)", (REPOSITORY / "docs/operations.md").read_text(), re.MULTILINE)

    for rule in rules():
        assert rule["annotations"].keys() >= {"summary", "description"}
        assert rule["labels"]["severity"] in ("critical", "warning")
    assert sorted(headings) == sorted(rule["alert"] for rule in rules())


def test_rules_link_to_the_runbook_when_told_where_it_is() -> None:
    """The address gets the anchor that a Markdown renderer gives to the rule's heading."""
    values = {"metrics": {"prometheusRule": {"enabled": True, "runbookURL": "https://example.com/operations.md"}}}
    [group] = only(render(values), "PrometheusRule")["spec"]["groups"]

    assert group["rules"][0]["annotations"]["runbook_url"] == "https://example.com/operations.md#stillwatchdown"


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ("1Gi", "1073741824"),
        ("1.5Gi", "1610612736"),
        ("512Mi", "536870912"),
        ("2G", "2000000000"),
        ("1Ti", "1099511627776"),
        ("0.5T", "500000000000"),
        ("1Ei", "1152921504606846976"),
        ("800000000000m", "800000000"),
        ("800000000", "800000000"),
        (1_073_741_824, "1073741824"),
        (None, "+Inf"),
    ],
)
def test_the_memory_rule_follows_the_limit(limit: str | int | None, expected: str) -> None:
    """The threshold is a share of the limit in bytes, whatever its unit; without a limit it never fires."""
    [group] = only(render(ON, {"resources": {"limits": {"memory": limit}}}), "PrometheusRule")["spec"]["groups"]
    [rule] = [r for r in group["rules"] if r["alert"] == "StillwatchMemoryHigh"]

    assert rule["expr"].endswith(f"* {expected}")


@pytest.mark.parametrize(
    ("stages", "expected"),
    [
        (None, {"StillwatchAccountsUnwatched", "StillwatchCampaignsUnwatched"}),
        (["ingest", "accounts"], {"StillwatchAccountsUnwatched"}),
        (["campaigns", "alerts"], {"StillwatchCampaignsUnwatched"}),
        (["ingest"], set()),
    ],
)
def test_partitions_are_missed_only_where_their_stage_runs(stages: list[str] | None, expected: set[str]) -> None:
    """A release that leaves accounts or campaigns to another is not blamed for not watching them."""
    [group] = only(render(ON, {"settings": {"stages": stages}}), "PrometheusRule")["spec"]["groups"]

    assert {rule["alert"] for rule in group["rules"] if rule["alert"].endswith("Unwatched")} == expected


def test_without_resources_the_memory_rule_never_fires() -> None:
    """Whoever leaves them to the namespace's defaults gets the other rules all the same."""
    [group] = only(render(ON, {"resources": None}), "PrometheusRule")["spec"]["groups"]
    [rule] = [r for r in group["rules"] if r["alert"] == "StillwatchMemoryHigh"]

    assert rule["expr"].endswith("* +Inf")


def test_no_rule_divides_by_one_stage_alone() -> None:
    """A release may run any of the stages; dividing by one that it does not run gives NaN, and never fires."""
    divided = [rule["expr"].partition(" / ")[2] for rule in rules() if " / " in rule["expr"]]

    assert divided
    assert [expression for expression in divided if re.search(r'\bstage="', expression)] == []


def test_rules_look_at_their_own_release_only() -> None:
    """Two releases in one Prometheus do not answer for each other."""
    for rule in rules():
        for selector in re.findall(r"\{([^}]*)\}", rule["expr"]):
            assert 'namespace="watch"' in selector
            assert 'job="sw-stillwatch"' in selector


def test_labels_of_one_object_win_over_those_of_all() -> None:
    """What one Prometheus looks for is set once, though everything of the release has another value of it."""
    values = {
        "commonLabels": {"release": "sw", "a": "b"},
        "metrics": {"serviceMonitor": {"labels": {"release": "prometheus"}}},
    }
    monitor = only(render(ON, values), "ServiceMonitor")

    assert {"release": "prometheus", "a": "b"}.items() <= monitor["metadata"]["labels"].items()


def test_no_delay_is_shown_before_event_time_has_begun() -> None:
    """It would be a hundred million years, beside which the panel shows nothing else for as long as it can be seen."""
    delays = [query for query in queries() if "stillwatch_watermark_seconds" in query]

    assert delays
    assert all(query.endswith("} > 0)") for query in delays)


@pytest.mark.parametrize(("interval", "timeout"), [("5s", "5s"), ("1m30s", "90s"), ("1h", "100s")])
def test_a_scrape_may_take_as_long_as_the_interval(interval: str, timeout: str) -> None:
    """Whatever the units; what is refused is only a longer one."""
    values = {"metrics": {"serviceMonitor": {"enabled": True, "interval": interval, "scrapeTimeout": timeout}}}
    [endpoint] = only(render(values), "ServiceMonitor")["spec"]["endpoints"]

    assert (endpoint["interval"], endpoint["scrapeTimeout"]) == (interval, timeout)


def test_times_of_a_monitor_that_is_not_made_are_nobodys_concern() -> None:
    """One file of values for all clusters may have an interval also where no operator is there to take it."""
    assert workload(render({"metrics": {"serviceMonitor": {"interval": "5s"}}}))


def test_the_dashboard_is_complete() -> None:
    """Panels have titles and units, do not overlap, and use the data source and release that the viewer picks."""
    panels = [p for p in dashboard()["panels"] if p["type"] != "row"]
    places = [
        (x, y)
        for panel in dashboard()["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]

    assert len(places) == len(set(places))
    assert all(x < 24 for x, _ in places)
    for panel in panels:
        assert panel["title"]
        assert panel["description"]
        assert panel["datasource"]["uid"] == "${datasource}"
        assert "unit" in panel["fieldConfig"]["defaults"], panel["title"]
    assert all('job="$job"' in query for query in queries())


def promtool() -> str:
    """The path of promtool; skips the test where there is none."""
    own = TOOLS / "promtool"
    found = shutil.which("promtool") or (str(own) if os.access(own, os.X_OK) else None)
    if found is None:
        pytest.skip("the rules are not run: promtool is neither on the path nor among the tools (make deploy-tools)")
    return found


def test_rules_fire_when_they_should_and_not_otherwise(tmp_path: Path) -> None:
    """Prometheus' own checker accepts the rules, and each fires on its series, and only there."""
    tests = yaml.safe_load((Path(__file__).parent / "rules_test.yaml").read_text())
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(only(render(ON), "PrometheusRule")["spec"]))
    (tmp_path / "tests.yaml").write_text(yaml.safe_dump(tests))
    for arguments in (["check", "rules", "--lint=all", "rules.yaml"], ["test", "rules", "tests.yaml"]):
        done = subprocess.run([promtool(), *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_rule_is_seen_firing() -> None:
    """No rule is without a series on which it fires."""
    tests = yaml.safe_load((Path(__file__).parent / "rules_test.yaml").read_text())["tests"]
    fired = {t["alertname"] for test in tests for t in test["alert_rule_test"] if t["exp_alerts"]}

    assert fired == {rule["alert"] for rule in rules()}


def test_values_and_their_schema_name_the_same_things() -> None:
    """Every value has a place in the schema and every place has a default, so that neither is forgotten."""
    of_parents = {"global", "enabled"}

    def compare(values: dict[str, Any], schema: dict[str, Any], where: str) -> None:
        known = schema["properties"].keys() - (of_parents if where == "values" else set())
        assert values.keys() <= known, where
        for key in known - values.keys():
            assert where.endswith((".requests", ".limits", "scaleUp", "scaleDown")), f"{where}.{key} has no default"
        for key, value in values.items():
            inner = schema["properties"][key]
            if isinstance(value, dict) and "properties" in inner:
                compare(value, inner, f"{where}.{key}")

    compare(
        yaml.safe_load((CHART / "values.yaml").read_text()),
        json.loads((CHART / "values.schema.json").read_text()),
        "values",
    )
