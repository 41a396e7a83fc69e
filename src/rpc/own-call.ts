/**
 * A call of this server's own port: what is asked in the inspector goes the way of every client's request, from the wire to the wire, and
 * is told as it comes. A reader that does not keep up holds the call back, as any client would.
 */
import { credentials, Metadata } from '@grpc/grpc-js';
import type { TryLine } from '../inspector/feed-format.ts';
import type { StreamResponse__Output } from './generated/streaming/StreamResponse.ts';
import { StreamingServiceClient } from './proto.ts';
import { statusNameOf } from './status.ts';

export interface OwnQuestion {
  readonly prompt: string;
  /** '' = the server decides what that means. */
  readonly hardwareId: string;
  /** Base64 of an image. */
  readonly screenshot?: string;
}

/** What takes an answer piece by piece. */
export interface OwnListener {
  /** False = it wants no more until `resume`. */
  take(answer: TryLine): boolean;
  /** The call is over, and nothing follows. */
  ended(): void;
}

export interface OwnCall {
  /** Idempotent, as is `resume`. */
  cancel(): void;
  resume(): void;
}

/** Asks the server at `address` (`127.0.0.1:50051`), this one. */
export function askOwnServer(address: string, question: OwnQuestion, listener: OwnListener): OwnCall {
  const client = new StreamingServiceClient(address, credentials.createInsecure(), {
    // A proxy of the environment must not be asked for this very machine.
    'grpc.enable_http_proxy': 0,
    'grpc.use_local_subchannel_pool': 1,
  });
  const { prompt, hardwareId, screenshot } = question;
  const call = client.StreamAudio(
    { prompt, hardware_id: hardwareId, ...(screenshot !== undefined && { screenshot }) },
    new Metadata(),
  );
  const tell = (answer: TryLine): void => {
    if (!listener.take(answer)) call.pause();
  };
  call.on('metadata', (metadata) => {
    const [session] = metadata.get('x-session-id');
    if (session !== undefined) tell({ kind: 'started', session: session.toString() });
  });
  call.on('data', (frame: StreamResponse__Output) => {
    const answer = answerOf(frame);
    if (answer !== null) tell(answer);
  });
  // The same facts come with 'status'; without a listener 'error' would end the process.
  call.on('error', () => {});
  call.on('status', ({ code, details, metadata }) => {
    const [errorType] = metadata.get('error-type');
    listener.take({ kind: 'status', code: statusNameOf(code), details, errorType: errorType?.toString() ?? null });
    listener.ended();
    client.close();
  });
  return { cancel: () => call.cancel(), resume: () => call.resume() };
}

/** null for a frame that this server does not send. */
function answerOf(frame: StreamResponse__Output): TryLine | null {
  switch (frame.content) {
    case 'text_chunk':
      return { kind: 'text_chunk', text: frame.text_chunk ?? '' };
    case 'audio_chunk':
      return { kind: 'audio_chunk', pcm: frame.audio_chunk?.audio_data.toString('base64') ?? '' };
    case 'action_message':
      return { kind: 'action_message', action: frame.action_message?.action_json ?? '' };
    case 'end_message':
      return { kind: 'end_message', text: frame.end_message ?? '' };
    case 'error_message':
      return { kind: 'error_message', text: frame.error_message ?? '' };
    default:
      return null;
  }
}
