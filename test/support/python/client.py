"""A second client, in Python's grpcio: makes the calls it is told to and prints what came, one line of JSON an event.

client.py PORT CALLS, with the stubs of proto/streaming.proto on PYTHONPATH. CALLS is a JSON list; a call has `request`
(fields of StreamRequest) and may have `deadline` (seconds), `cancel_after` (frames) and `after` (the index of a call whose first
frame it waits for). Events: {"event": "cancelled", "call": i} and at each end {"event": "ended", "call": i, ...}.
"""
import json
import sys
import threading

import grpc
import streaming_pb2
import streaming_pb2_grpc

GIVE_UP_SECONDS = 15
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
    if kind == "action_message":
        return {"kind": kind, "action": json.loads(value.action_json), "session_id": value.session_id}
    return {"kind": kind, "text": value}


def as_text(metadata):
    """Metadata as plain data; binary values in hexadecimal."""
    return {key: value.hex() if isinstance(value, bytes) else value for key, value in metadata or ()}


def run(index, call, stub, begun):
    if "after" in call and not begun[call["after"]].wait(GIVE_UP_SECONDS):
        raise TimeoutError(f"call {call['after']} did not begin")
    request = streaming_pb2.StreamRequest(**call["request"])
    stream = stub.StreamAudio(request, timeout=call.get("deadline", GIVE_UP_SECONDS))
    frames = []
    try:
        for frame in stream:
            frames.append(describe(frame))
            begun[index].set()
            if len(frames) == call.get("cancel_after"):
                stream.cancel()
                tell({"event": "cancelled", "call": index})
    except grpc.RpcError:
        pass  # its code and details are those of the stream
    tell(
        {
            "event": "ended",
            "call": index,
            "frames": frames,
            "code": stream.code().name,
            "details": stream.details(),
            "initial": as_text(stream.initial_metadata()),
            "trailing": as_text(stream.trailing_metadata()),
        }
    )


def main():
    port, calls = sys.argv[1], json.loads(sys.argv[2])
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
