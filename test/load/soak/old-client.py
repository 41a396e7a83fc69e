"""The older generation of desktop clients: no session_id, no phase, a screenshot with every call, a deadline of 30 s.

old-client.py PORT PAUSE_S < PLAN, with the stubs on PYTHONPATH. PLAN is a JSON list of StreamRequests as this client makes them;
they run one after the other over one channel, with a pause between. Prints one line of JSON for each.
"""
import json
import sys
import time

import grpc
import streaming_pb2
import streaming_pb2_grpc

DEADLINE_S = 30


def run(stub, fields):
    stream = stub.StreamAudio(streaming_pb2.StreamRequest(**fields), timeout=DEADLINE_S)
    kinds, text, audio_bytes, end = [], "", 0, None
    try:
        for frame in stream:
            kinds.append(frame.WhichOneof("content"))
            text += frame.text_chunk
            audio_bytes += len(frame.audio_chunk.audio_data)
            end = frame.end_message or end
    except grpc.RpcError:
        pass  # its code and details are those of the stream
    return {
        "kinds": kinds,
        "text": text,
        "audioBytes": audio_bytes,
        "end": end,
        "code": stream.code().name,
        "details": stream.details(),
        "sessionId": dict(stream.initial_metadata()).get("x-session-id"),
    }


def main():
    port, pause_s = sys.argv[1], float(sys.argv[2])
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = streaming_pb2_grpc.StreamingServiceStub(channel)
        for fields in json.load(sys.stdin):
            print(json.dumps(run(stub, fields)), flush=True)
            time.sleep(pause_s)


if __name__ == "__main__":
    main()
