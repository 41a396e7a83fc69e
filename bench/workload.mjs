// The one workload of the benchmark: 20 sentences, each with 10 chunks of 4096 bytes of sound, and the end: 221 frames.
export const SENTENCES = 20;
export const CHUNKS_PER_SENTENCE = 10;
export const CHUNK_BYTES = 4096;
export const FRAMES_PER_CALL = SENTENCES * (1 + CHUNKS_PER_SENTENCE) + 1;

const words = ['alpha', 'bravo', 'charlie', 'delta', 'echo', 'foxtrot', 'golf', 'hotel', 'india', 'juliett'];

/** The sentences as they go over the wire: the space between two leads the second. */
export const sentences = Array.from({ length: SENTENCES }, (_, index) => {
  const text = `Sentence ${words[index % 10]} ${words[(index * 3) % 10]} of the answer is complete here.`;
  return index === 0 ? text : ` ${text}`;
});

/** The same as a scenario for the scripted engines: one delta a sentence, no delays. */
export const scenario = {
  answers: [{ when: '', steps: sentences.map((say) => ({ say })) }],
  speech: { chunks_per_sentence: CHUNKS_PER_SENTENCE, chunk_bytes: CHUNK_BYTES, ms_per_chunk: 0 },
};

/** The same, as a model gives it that writes a word at a time. */
export const wordByWord = {
  ...scenario,
  answers: [
    {
      when: '',
      steps: sentences.flatMap((sentence) =>
        (sentence.match(/\s*\S+/g) ?? []).flatMap((say) => [{ say }, { wait_ms: 1 }]),
      ),
    },
  ],
};

/** What an answer consists of. Prompts say it: `say 20 x 10 x 4096`; others ask for the one workload, and `wait` for an answer that never comes. */
export function answerOf(prompt) {
  const given = /^say (\d+) x (\d+) x (\d+)$/.exec(prompt);
  const [sentences, chunks, chunkBytes] =
    given === null ? [SENTENCES, CHUNKS_PER_SENTENCE, CHUNK_BYTES] : given.slice(1).map(Number);
  return { sentences, chunks, chunkBytes };
}

export function promptFor({ sentences, chunks, chunkBytes }) {
  return `say ${sentences} x ${chunks} x ${chunkBytes}`;
}

export function framesOf({ sentences, chunks }) {
  return sentences * (1 + chunks) + 1;
}

/** A scenario that answers prompts of these numbers of sentences, all with the same sound, and lets `wait` wait. */
export function scenarioFor({ chunks, chunkBytes }, counts) {
  const stepsOf = (count) =>
    count <= SENTENCES ? sentences.slice(0, count).map((say) => ({ say })) : [{ say: sentences[1], repeat: count }];
  return {
    answers: [
      { when: '^wait$', steps: [{ hang: true }] },
      ...counts.map((count) => ({ when: `^say ${count} x `, steps: stepsOf(count) })),
    ],
    speech: { chunks_per_sentence: chunks, chunk_bytes: chunkBytes, ms_per_chunk: 0 },
  };
}

/** What a session's chart may take and do, as the server's defaults have it; for benchmarks that make charts themselves. */
export const sessionLimits = {
  idleTimeoutMs: 300_000,
  firstTokenTimeoutMs: 30_000,
  answerStallTimeoutMs: 30_000,
  speechTimeoutMs: 15_000,
  sessionTimeoutMs: 600_000,
  maxFramesPerSecond: 0,
  speechLookahead: 2,
  speechFailure: 'degrade',
  allowedCommands: ['open_app', 'close_app', 'send_message', 'read_messages', 'find_contact'],
};
