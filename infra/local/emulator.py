"""Starts MiniStack, with its known faults mended.

    python emulator.py        (configured by the environment, see `Stack.start_emulator`; SIGTERM saves the state and ends it)

MiniStack (MIT) gives the AWS services of the local run, and runs the functions as processes over the Lambda Runtime API. Each mend
below says which fault it is for. They reach into the package, which is why its version is pinned.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import os
import socketserver
import sys
import time
from itertools import islice
from types import FunctionType, SimpleNamespace

MENDED_VERSION = "1.5.33"


def mend_runtime_api_latency() -> None:
    """The Runtime API's server answers in two segments: with Nagle's algorithm the second waits 40 ms for a delayed ACK, in each call."""
    socketserver.StreamRequestHandler.disable_nagle_algorithm = True


def mend_log_wait() -> None:
    """After each call a worker waits 50 ms for a first log line of a silent handler. Late lines reach the next call's log anyway."""
    from ministack.core.lambda_runtime import Worker

    patient = Worker._drain_stderr_bounded

    def at_once(self, first_line_wait: float = 0.0, idle_confirm: float = 0.0, hard_cap: float = 0.250) -> str:
        return patient(self, first_line_wait, idle_confirm, hard_cap)

    Worker._drain_stderr_bounded = at_once


class Tee:
    """A function's output on its way to MiniStack, line by line also into a file."""

    def __init__(self, name: str, stream, target) -> None:
        self.name, self.stream, self.target = name.encode(), stream, target

    def readline(self) -> bytes:
        line = self.stream.readline()
        if line:
            self.target.write(b"%s %s" % (self.name, line))
        return line

    def close(self) -> None:
        self.stream.close()


def mend_function_logs(path: str) -> None:
    """The output of a function is kept in memory and mostly dropped; whoever looks for an error needs it as it comes."""
    from ministack.core.lambda_runtime import ProvidedWorker

    pump, target = ProvidedWorker._pump_output, open(path, "ab", buffering=0)

    def teed(self, stream, log_queue) -> None:
        pump(self, Tee(self.func_name, stream, target), log_queue)

    ProvidedWorker._pump_output = teed


def mend_stream_positions() -> None:
    """The offsets of stream consumers are saved over a restart but the stream is not: the first records after it would be skipped."""
    from ministack.services import lambda_svc

    lambda_svc._restore_esm_positions = lambda store, positions: None


def mend_saving() -> None:
    """The table is copied item by item and then encoded in Python: over a minute for 150,000 titles. The C encoder needs a tenth of it,
    and no copy, because nothing else runs while it encodes."""
    from ministack.core import persistence
    from ministack.services import dynamodb

    def dump(document, target, **options) -> None:
        target.write(json.dumps(document, **options))

    persistence.json = SimpleNamespace(dump=dump, load=json.load, JSONDecodeError=json.JSONDecodeError)
    uncopied = {**vars(dynamodb), "copy": SimpleNamespace(deepcopy=lambda value: value)}
    dynamodb.get_state = FunctionType(dynamodb.get_state.__code__, uncopied)


def mend_stream_filters() -> None:
    """A filter for the absence of a nested field (`exists: false`) never matches when its parent is absent too."""
    from ministack.services import lambda_svc

    matches = lambda_svc._match_esm_filter

    def matches_absent(record: dict, pattern: dict) -> bool:
        parents = {key: {} for key, wanted in pattern.items() if isinstance(wanted, dict) and key not in record}
        return matches({**record, **parents}, pattern)

    lambda_svc._match_esm_filter = matches_absent


def mend_queue_addresses() -> None:
    """A queue is found by its URL, and the URL holds the port: a state that is started on another port would lose its queues."""
    from ministack.services import sqs

    sqs.DEFAULT_PORT = "4566"
    sqs._CANONICAL_NETLOC = f"{sqs.DEFAULT_HOST}:{sqs.DEFAULT_PORT}"


def mend_queue_batches() -> None:
    """SQS mappings get at most ten messages and no batching window, so that 100 messages for one batch would come as ten and more calls."""
    from ministack.services import lambda_svc, sqs

    def mapping_of(queue) -> dict:
        arn = queue["attributes"].get("QueueArn")
        return next((mapping for mapping in lambda_svc._esms._data.values() if mapping.get("EventSourceArn") == arn), {})

    def receive(queue_url: str, most: int) -> list[dict]:
        with sqs._queues_lock:
            queue = sqs._get_q(queue_url)
            sqs._expire_retained(queue)
            sqs._dlq_sweep(queue)
            window, now = mapping_of(queue).get("MaximumBatchingWindowInSeconds", 0), time.time()
            if window:
                waiting = list(islice((message for message in queue["messages"] if message["visible_at"] <= now), most))
                if len(waiting) < most and not any(now - message["visible_at"] >= window for message in waiting):
                    return []
            return sqs._collect_msgs(queue, int(most or 1), int(queue["attributes"].get("VisibilityTimeout", "30")))

    sqs._receive_messages_for_esm = receive


def mend_batch_actions() -> None:
    """A batch call is checked for an action of its own name; AWS checks the single call's (`sqs:SendMessage` for SendMessageBatch)."""
    from ministack.core import iam_actions

    single = {
        "SendMessageBatch": "SendMessage",
        "DeleteMessageBatch": "DeleteMessage",
        "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
        "PublishBatch": "Publish",
    }

    def checked_as_single(action_of):
        def action(*arguments, **named):
            name = action_of(*arguments, **named)
            return single.get(name, name)

        return action

    iam_actions._action_from_target = checked_as_single(iam_actions._action_from_target)
    iam_actions._action_from_query = checked_as_single(iam_actions._action_from_query)


def mend_topic_retries() -> None:
    """A function that a topic calls is called once; Lambda tries it again twice, and a killed process would lose the notice."""
    from ministack.services import lambda_svc, sns

    def deliver(endpoint, envelope, topic_arn, sub_arn, msg_id, raw_message, message_attributes) -> None:
        function, _, name = lambda_svc._get_func_record_for_ref(endpoint)
        if not function:
            raise LookupError(f"the topic's function {name} does not exist")
        record = {
            "EventVersion": "1.0",
            "EventSubscriptionArn": sub_arn,
            "EventSource": "aws:sns",
            "Sns": json.loads(envelope),
        }
        lambda_svc.invoke_async_with_retry(function, {"Records": [record]})

    sns._deliver_to_lambda = deliver
    # As on AWS: after one minute, then after two. Sooner, the claim of a killed sender would still stand.
    lambda_svc._LAMBDA_ASYNC_RETRY_BASE_SECONDS = 60
    lambda_svc._LAMBDA_ASYNC_RETRY_MAX_SECONDS = 120


def with_front_door(app, port: int, api_id: str):
    """Answers on a port of its own as the API's domain name does on AWS: the API alone, from the root of the address."""
    prefix = f"/_aws/execute-api/{api_id}"

    async def front(scope, receive, send):
        if scope["type"] == "http" and (scope.get("server") or ("", 0))[1] == port:
            scope = {**scope, "path": prefix + scope["path"], "raw_path": prefix.encode() + scope["raw_path"]}
        await app(scope, receive, send)

    return front


def main() -> int:
    version = importlib.metadata.version("ministack")
    if version != MENDED_VERSION:
        print(f"emulator: ministack {MENDED_VERSION} is mended here, {version} is installed", file=sys.stderr)
        return 1
    mend_runtime_api_latency()
    mend_log_wait()
    mend_function_logs(os.environ["FUNCTION_LOG"])
    mend_stream_positions()
    mend_saving()
    mend_stream_filters()
    mend_queue_addresses()
    mend_queue_batches()
    mend_batch_actions()
    mend_topic_retries()

    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack.app import app
    from ministack.core import lambda_runtime

    front = int(os.environ["FRONT_PORT"])
    config = Config()
    config.bind = [f"127.0.0.1:{os.environ['GATEWAY_PORT']}", f"127.0.0.1:{front}"]
    config.backlog = 1024
    config.keep_alive_timeout = 75
    config.graceful_timeout = 2
    config.loglevel = "WARNING"
    try:
        asyncio.run(serve(with_front_door(app, front, os.environ["API_ID"]), config))
    finally:
        lambda_runtime.reset()
    print(json.dumps({"stopped": True}), flush=True)
    # Pollers are still in their calls and would hold the interpreter's end for seconds; the state is saved.
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
