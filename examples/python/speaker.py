"""Plays PCM as it comes: through ffplay or aplay, or into answer.wav where there is neither."""
import contextlib
import queue
import shutil
import subprocess
import threading
import wave

PLAYERS = [
    "ffplay -loglevel error -nodisp -autoexit -f s16le -ar 48000 -i -".split(),
    "aplay -q -t raw -f S16_LE -r 48000 -c 1 -".split(),
]


class Speaker:
    """Has a queue and a thread of its own: reading the stream must never wait for a loudspeaker."""

    def __init__(self):
        self.queue, self.player, self.is_silent = queue.Queue(), None, False
        self.thread = threading.Thread(target=self._play, daemon=True)
        self.thread.start()

    def say(self, chunk):
        """Takes an AudioChunk; drops a format that nobody promised."""
        if (chunk.dtype, chunk.sample_rate, chunk.channels) == ("int16", 48000, 1):
            self.queue.put(chunk.audio_data)

    def finish(self):
        """Waits until everything was played."""
        self.queue.put(None)
        self.thread.join()

    def silence(self):
        """Stops at once; what was not played is dropped."""
        self.is_silent = True
        if self.player:
            self.player.kill()
        self.finish()

    def _play(self):
        first = self.queue.get()
        if first is None:
            return  # not a single sound came
        command = next((command for command in PLAYERS if shutil.which(command[0])), None)
        if command:
            with contextlib.suppress(BrokenPipeError):  # a player that dies costs the sound, not the text
                with subprocess.Popen(command, stdin=subprocess.PIPE) as self.player:
                    self._pour(first, self.player.stdin.write)
        else:
            with wave.open("answer.wav", "wb") as wav:
                wav.setparams((1, 2, 48000, 0, "NONE", ""))
                self._pour(first, wav.writeframes)
            print("sound: answer.wav")

    def _pour(self, pcm, write):
        while pcm is not None and not self.is_silent:
            write(pcm)
            pcm = self.queue.get()
