"""A stage of the service, by the real worker: measured until its last checkpoint is written and committed.

Reads its settings from the environment as the service does; ``STILLWATCH_STAGES`` says which stage.
"""

import os
import signal

import faust
from faust.types import TP

from bench.meter import Meter, task
from detectors.spec import load_spec
from streams import metric_defs
from streams.app import build_app
from streams.logs import configure_logs
from streams.settings import Settings
from streams.transport import Records
from streams.worker import Worker


class MeasuredWorker(Worker):
    """The worker, told to stop after the last event as Kubernetes would tell it."""

    meter = Meter()
    expected = task().messages

    async def process(self, tp: TP, records: Records) -> None:
        """Count a batch and process it."""
        self.meter.begin()
        before = self.meter.messages
        self.meter.messages += len(records)
        await super().process(tp, records)
        if before < self.expected <= self.meter.messages:
            os.kill(os.getpid(), signal.SIGTERM)


settings = Settings()
configure_logs("json", "WARNING")
worker = MeasuredWorker(settings, load_spec(settings.spec_file))
try:
    faust.Worker(build_app(worker), override_logging=False, loglevel=None, quiet=True).execute_from_commandline()
except SystemExit as ended:
    if ended.code:
        raise
outcomes = {
    sample.labels["outcome"]: int(sample.value)
    for metric in metric_defs.EVENTS.collect()
    for sample in metric.samples
    if sample.name.endswith("_total") and sample.value
}
if outcomes.keys() - {"admitted", "observed"}:
    raise RuntimeError(f"events repeated or refused, which is another benchmark: {outcomes}")
worker.meter.events = sum(outcomes.values())
worker.meter.report_and_leave()
