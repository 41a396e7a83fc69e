"""A yardstick in Python: grpc.aio, with the work a frame that such servers are written with. A producer fills a queue of its stream with text and
with sound that it slices into chunks; the handler takes them out, counts them in a dict of its request, logs each at debug (which is off), builds
the protobuf messages and yields them. It has no model, no voice, no limits and no recording.

    python3 python-server.py FOLDER          FOLDER has streaming_pb2.py and streaming_pb2_grpc.py
"""
import asyncio
import json
import logging
import os
import re
import sys
import time
import uuid

sys.path.insert(0, sys.argv[1])

import grpc  # noqa: E402
import streaming_pb2 as pb  # noqa: E402
import streaming_pb2_grpc  # noqa: E402

QUEUE_MAX = 16
SAMPLE_RATE = 48000
DEFAULT = (20, 10, 4096)
SENTENCE = "Sentence alpha delta of the answer is complete here."

logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
log = logging.getLogger("streaming")


def answer_of(prompt):
    given = re.fullmatch(r"say (\d+) x (\d+) x (\d+)", prompt)
    return tuple(map(int, given.groups())) if given else DEFAULT


class StreamingService(streaming_pb2_grpc.StreamingServiceServicer):
    def __init__(self):
        self.active = {}
        self.sounds = {}

    def sound_of(self, size):
        if size not in self.sounds:
            self.sounds[size] = b"\x01" * size
        return self.sounds[size]

    async def produce(self, prompt, queue):
        sentences, chunks, chunk_bytes = answer_of(prompt)
        sound = self.sound_of(chunks * chunk_bytes)
        for index in range(sentences):
            await queue.put(("text", SENTENCE if index == 0 else " " + SENTENCE))
            for start in range(0, len(sound), chunk_bytes):
                await queue.put(("audio", sound[start : start + chunk_bytes]))
        await queue.put(("end", "COMPLETED"))

    async def StreamAudio(self, request, context):
        session_id = request.session_id or str(uuid.uuid4())
        state = {
            "session_id": session_id,
            "hardware_id": request.hardware_id,
            "started_at": time.monotonic(),
            "last_activity": time.monotonic(),
            "message_count": 0,
        }
        self.active[session_id] = state
        await context.send_initial_metadata((("x-session-id", session_id),))
        queue = asyncio.Queue(maxsize=QUEUE_MAX)
        producer = None
        try:
            if request.prompt == "wait":
                await asyncio.Event().wait()
            producer = asyncio.create_task(self.produce(request.prompt, queue))
            while True:
                kind, value = await queue.get()
                state["message_count"] += 1
                state["last_activity"] = time.monotonic()
                log.debug("frame %s of session %s: %s", state["message_count"], session_id, kind)
                if kind == "text":
                    yield pb.StreamResponse(text_chunk=value)
                elif kind == "audio":
                    yield pb.StreamResponse(
                        audio_chunk=pb.AudioChunk(
                            audio_data=value, dtype="int16", shape=[], sample_rate=SAMPLE_RATE, channels=1
                        )
                    )
                else:
                    yield pb.StreamResponse(end_message=value)
                    return
        finally:
            if producer is not None:
                producer.cancel()
            self.active.pop(session_id, None)


async def main():
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    streaming_pb2_grpc.add_StreamingServiceServicer_to_server(StreamingService(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(json.dumps({"decision": "ready", "ctx": {"grpc_port": port}}), flush=True)
    # Who started it may be killed, and leaves no server behind.
    parent = os.getppid()
    while os.getppid() == parent:
        await server.wait_for_termination(timeout=1)


asyncio.run(main())
