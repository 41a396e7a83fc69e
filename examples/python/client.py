#!/usr/bin/env python3
"""A complete client of Recital: tells what it hears while somebody speaks, commits, plays the answer as it comes.

    python3 client.py HOST:PORT "what was said" [SCREENSHOT.png]

docs/CLIENTS.md says how to make the stubs, and why everything is as it is. Ctrl-C silences the device.
Exit code: 0 a good end, 1 an error, 130 interrupted.
"""
import base64
import contextlib
import json
import os
import random
import sys
import time
import uuid
from pathlib import Path

import grpc
import streaming_pb2 as pb
import streaming_pb2_grpc
from speaker import Speaker

try:  # pip install googleapis-common-protos: then the server's own word counts instead of the table below
    from google.rpc.error_details_pb2 import RetryInfo
    from google.rpc.status_pb2 import Status
except ImportError:
    Status = None

DEADLINE_S = 30
ATTEMPTS = 4
COLLECT_EVERY_S = 0.12
CHANNEL = [
    ("grpc.keepalive_time_ms", 30_000), ("grpc.keepalive_timeout_ms", 10_000),
    # As often as we try again: by itself the channel would soon look for its server every two minutes.
    ("grpc.initial_reconnect_backoff_ms", 500), ("grpc.max_reconnect_backoff_ms", 2000),
]
RECONNECT_AFTER_S = 1  # nobody there, or the connection broke
# Seconds to wait by error_type, from docs/CLIENTS.md. What is not here is not worth another attempt.
RETRY_AFTER_S = {
    "concurrent_request": 1, "concurrent_hardware_id": 1, "device_limit_exceeded": 1, "stream_limit_exceeded": 1,
    "rate_limit_exceeded": 1, "overloaded": 1, "stream_idle_timeout": 1, "first_token_timeout": 1, "answer_stalled": 1,
    "answer_failed": 1, "empty_answer": 1, "speech_failed": 1, "starting": 0.5, "draining": 2,
}


def device_id():
    """The id of this device: made once, kept for ever."""
    file = Path(os.environ.get("RECITAL_DEVICE_FILE", Path.home() / ".recital-device-id"))
    if not file.exists():
        file.write_text(str(uuid.uuid4()))
    return file.read_text().strip()


def collect(stub, ids, text, screenshot):
    """While somebody speaks: each longer hypothesis. True if the server has the screenshot now."""
    words = text.split()
    try:
        for seq in range(1, len(words) + 1):
            chunk = pb.StreamRequest(phase="REQUEST_PHASE_COLLECT", chunk_seq=seq, chunk_text=" ".join(words[:seq]), **ids)
            if seq == 1:
                chunk.screenshot = screenshot  # the large part travels while nobody waits for it
            list(stub.StreamAudio(chunk, timeout=DEADLINE_S))  # one COLLECT_ACCEPTED
            time.sleep(COLLECT_EVERY_S)
        return True
    except grpc.RpcError:
        return False  # no loss: the COMMIT says it all again


def show(frame, speaker):
    """What a desktop does with a frame of the answer."""
    kind = frame.WhichOneof("content")
    if kind == "text_chunk":
        print(frame.text_chunk, end="", flush=True)  # as it is: joined, the chunks are the answer
    elif kind == "audio_chunk":
        speaker.say(frame.audio_chunk)
    elif kind == "action_message":
        action = json.loads(frame.action_message.action_json)
        print("\ncommand:", action["command"], json.dumps(action["args"], ensure_ascii=False), end="")


def retry_after(code, trailers):
    """Seconds until another attempt makes sense; None = it makes none."""
    if "error-type" not in trailers:  # not this server's word
        return RECONNECT_AFTER_S if code == grpc.StatusCode.UNAVAILABLE else None
    if Status and "grpc-status-details-bin" in trailers:
        details = Status.FromString(trailers["grpc-status-details-bin"]).details
        found = [RetryInfo.FromString(detail.value) for detail in details if detail.Is(RetryInfo.DESCRIPTOR)]
        return found[0].retry_delay.ToTimedelta().total_seconds() if found else None
    return RETRY_AFTER_S.get(trailers.get("error-type"))


def commit(stub, address, request, screenshot, speaker):
    """The utterance is complete: asks, tries again where that makes sense; True = a good end."""
    for attempt in range(ATTEMPTS):
        has_begun = False
        try:
            for frame in stub.StreamAudio(request, timeout=DEADLINE_S):
                has_begun |= frame.WhichOneof("content") != "error_message"
                show(frame, speaker)
            print()
            return True
        except grpc.RpcError as error:
            trailers = dict(error.trailing_metadata() or ())
            error_type = trailers.get("error-type", "transport")
            print("\n" * has_begun + f"error: {error.code().name}, {error_type}: {error.details()}", file=sys.stderr)
            delay = retry_after(error.code(), trailers)
        if has_begun or delay is None or attempt == ATTEMPTS - 1:
            return False  # half the answer was heard, or another attempt is pointless
        delay *= 2**attempt * random.uniform(1, 1.5)  # never sooner than told, and not all clients at once
        waiting = f"waiting for a server at {address}, " * (error_type == "transport")
        print(f"{waiting}trying again in {delay:.1f} s", file=sys.stderr)
        time.sleep(delay)
        request.screenshot = screenshot  # an attempt that was admitted has used up what was collected


def main(address, text, screenshot_file=None):
    screenshot = base64.b64encode(Path(screenshot_file).read_bytes()).decode() if screenshot_file else ""
    ids = {"hardware_id": device_id(), "session_id": str(uuid.uuid4())}  # the device's for ever, the utterance's for once
    stub = streaming_pb2_grpc.StreamingServiceStub(grpc.insecure_channel(address, CHANNEL))
    speaker = Speaker()
    try:
        is_there = collect(stub, ids, text, screenshot)
        request = pb.StreamRequest(prompt=text, phase="REQUEST_PHASE_COMMIT", **ids)
        request.screenshot = "" if is_there else screenshot
        is_good = commit(stub, address, request, screenshot, speaker)
        speaker.finish()
        sys.exit(0 if is_good else 1)
    except KeyboardInterrupt:
        speaker.silence()
        with contextlib.suppress(grpc.RpcError):  # nobody there: then nobody speaks
            stub.InterruptSession(pb.InterruptRequest(hardware_id=ids["hardware_id"]), timeout=2)
        sys.exit(130)


if __name__ == "__main__":
    main(*sys.argv[1:]) if len(sys.argv) in (3, 4) else sys.exit(__doc__)
