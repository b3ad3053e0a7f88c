"""The floor: aiokafka alone, batches, decoded and counted."""

import asyncio

from aiokafka import AIOKafkaConsumer

from bench.meter import Meter, task
from bench.usage_topic import is_event
from schemas.usage_event import decode_usage_event


async def main() -> None:
    """Decode and count."""
    todo, meter = task(), Meter()
    consumer = AIOKafkaConsumer(
        todo.topic, bootstrap_servers=todo.bootstrap_servers, group_id=todo.group, auto_offset_reset="earliest"
    )
    await consumer.start()
    while meter.messages < todo.messages:
        for records in (await consumer.getmany(timeout_ms=1000, max_records=2000)).values():
            meter.begin()
            meter.messages += len(records)
            for record in records:
                if is_event(record.value):
                    decode_usage_event(record.value)
                    meter.events += 1
    meter.report_and_leave()


asyncio.run(main())
