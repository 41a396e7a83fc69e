"""A second client, in Python's grpcio: makes the calls it is told to and prints what came, one line of JSON an event.

client.py PORT CALLS, with the stubs of proto/streaming.proto and rich_status.proto on PYTHONPATH. CALLS is a file with a JSON
list; a call has `request` (fields of its message) and may have `rpc` (StreamAudio), `deadline` (seconds), `screenshot_file` (sent
as base64), `cancel_after` (frames), `stall_after` (frames, then it reads nothing for `stall_seconds`) and `after` (the index of a
call whose first frame or response it waits for). Events: {"event": "cancelled", "call": i} and at each end
{"event": "ended", "call": i, ...}.
"""
import base64
import json
import sys
import threading
import time

import grpc
import rich_status_pb2
import streaming_pb2
import streaming_pb2_grpc
from google.protobuf.json_format import MessageToDict

GIVE_UP_SECONDS = 15
REQUESTS = {
    "StreamAudio": streaming_pb2.StreamRequest,
    "InterruptSession": streaming_pb2.InterruptRequest,
    "GenerateWelcomeAudio": streaming_pb2.WelcomeRequest,
    "ReportUsage": streaming_pb2.UsageRequest,
}
printing = threading.Lock()


def tell(event):
    with printing:
        print(json.dumps(event), flush=True)


def describe(frame):
    """A frame as plain data; sound by its size and format."""
    kind = frame.WhichOneof("content")
    value = getattr(frame, kind)
    if kind == "audio_chunk":
        return {
            "kind": kind,
            "bytes": len(value.audio_data),
            "dtype": value.dtype,
            "shape": list(value.shape),
            "sample_rate": value.sample_rate,
            "channels": value.channels,
        }
    if kind == "metadata":
        return {"kind": kind, **as_dict(value)}
    if kind == "action_message":
        return {"kind": kind, "action": json.loads(value.action_json), "session_id": value.session_id}
    return {"kind": kind, "text": value}


def as_dict(message):
    return MessageToDict(message, including_default_value_fields=True, preserving_proto_field_name=True)


def as_text(metadata):
    """Metadata as plain data; binary values in hexadecimal."""
    return {key: value.hex() if isinstance(value, bytes) else value for key, value in metadata or ()}


def rich_status(metadata):
    """The google.rpc.Status among the trailers, unpacked; None = there is none."""
    found = [value for key, value in metadata or () if key == "grpc-status-details-bin"]
    if not found:
        return None
    status = rich_status_pb2.Status.FromString(found[0])
    rich = {"code": status.code, "message": status.message, "retry_seconds": None}
    for detail in status.details:
        kind = detail.type_url.removeprefix("type.googleapis.com/google.rpc.")
        if kind == "ErrorInfo":
            info = rich_status_pb2.ErrorInfo.FromString(detail.value)
            rich.update(reason=info.reason, domain=info.domain)
        elif kind == "RetryInfo":
            delay = rich_status_pb2.RetryInfo.FromString(detail.value).retry_delay
            rich.update(retry_seconds=delay.seconds + delay.nanos / 1e9)
    return rich


def request_of(call):
    request = REQUESTS[call.get("rpc", "StreamAudio")](**call["request"])
    if "screenshot_file" in call:
        with open(call["screenshot_file"], "rb") as file:
            request.screenshot = base64.b64encode(file.read()).decode()
    return request


def run(index, call, stub, begun):
    if "after" in call and not begun[call["after"]].wait(GIVE_UP_SECONDS):
        raise TimeoutError(f"call {call['after']} did not begin")
    rpc = getattr(stub, call.get("rpc", "StreamAudio"))
    started, timeout = time.monotonic(), call.get("deadline", GIVE_UP_SECONDS)
    frames, response = [], None
    if isinstance(rpc, grpc.UnaryStreamMultiCallable):
        ended = rpc(request_of(call), timeout=timeout)
        try:
            for frame in ended:
                frames.append(describe(frame))
                begun[index].set()
                if len(frames) == call.get("stall_after"):
                    time.sleep(call["stall_seconds"])
                if len(frames) == call.get("cancel_after"):
                    ended.cancel()
                    tell({"event": "cancelled", "call": index})
        except grpc.RpcError:
            pass  # its code and details are those of the stream
    else:
        try:
            message, ended = rpc.with_call(request_of(call), timeout=timeout)
            response = as_dict(message)
        except grpc.RpcError as error:
            ended = error
    begun[index].set()
    tell(
        {
            "event": "ended",
            "call": index,
            "frames": frames,
            "response": response,
            "code": ended.code().name,
            "details": ended.details(),
            "initial": as_text(ended.initial_metadata()),
            "trailing": as_text(ended.trailing_metadata()),
            "rich": rich_status(ended.trailing_metadata()),
            "seconds": time.monotonic() - started,
        }
    )


def main():
    port, path = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        calls = json.load(file)
    begun = [threading.Event() for _ in calls]
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = streaming_pb2_grpc.StreamingServiceStub(channel)
        threads = [
            threading.Thread(target=run, args=(index, call, stub, begun), daemon=True)
            for index, call in enumerate(calls)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


if __name__ == "__main__":
    main()
