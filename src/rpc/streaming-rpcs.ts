/**
 * The two streaming rpcs. StreamAudio: a COLLECT is kept for the COMMIT to come, a COMMIT is answered; what its words come to, with those
 * that were collected, only the gateway can tell. GenerateWelcomeAudio: a given text, or a greeting, is spoken. Each checks the fields as
 * they came over the wire, and says which field, which value and which bound is wrong.
 *
 * What both share: the call is named, its rpc checks the request and asks for a stream, and the stream is told when the client is gone.
 * Whatever goes wrong ends the call through its sink.
 */
import { type handleServerStreamingCall, Metadata, type ServerWritableStream } from '@grpc/grpc-js';
import type { Call, RpcMethod } from '../call/call.ts';
import type {
  CollectedChunk,
  FrameSink,
  OpenStream,
  Screen,
  StreamGateway,
  StreamRequest,
  WelcomeRequest,
} from '../call/gateway.ts';
import type { OwnTime } from '../call/own-time.ts';
import { LONGEST_TIMER_MS } from '../call/time.ts';
import type { Config } from '../config.ts';
import { type Failure, failure, failureOfUnexpected } from '../errors.ts';
import type { Logger } from '../observe/logger.ts';
import { CallSink, type CallSinkOptions } from './call-sink.ts';
import { answerCodec, type FrameCodec, welcomeCodec } from './codec.ts';
import type { StreamRequest__Output } from './generated/streaming/StreamRequest.ts';
import type { StreamResponse } from './generated/streaming/StreamResponse.ts';
import type { WelcomeRequest__Output } from './generated/streaming/WelcomeRequest.ts';
import type { WelcomeResponse } from './generated/streaming/WelcomeResponse.ts';
import { COLLECT_PHASE, type GivenIds, identify, quote } from './identity.ts';
import { checkRequestSize } from './request-size.ts';
import { checkScreenshot } from './screenshot.ts';

/** Values of RequestPhase. */
const phases = { unspecified: 0, collect: COLLECT_PHASE, commit: 2 } as const;
/** The largest width or height of a screen: beyond any there is, and what fits 16 bits. */
const MAX_SCREEN_PIXELS = 65_535;

/** The handler of StreamAudio. */
export function createStreamAudioHandler(
  options: StreamCallOptions,
): handleServerStreamingCall<StreamRequest__Output, StreamResponse> {
  const { config, gateway } = options;
  return createStreamHandler(options, {
    method: 'StreamAudio',
    codec: answerCodec,
    open: (call, given, sink) => {
      const request = checkStreamRequest(call, given, config.collect);
      given.prompt = '';
      delete given.chunk_text;
      delete given.screenshot;
      if ('errorCode' in request) return gateway.refuse(call, request);
      return 'sequence' in request ? collect(gateway, request, sink) : gateway.open(request, sink);
    },
  });
}

/** A chunk takes no slot: its call is over as soon as it is kept or refused. */
function collect(gateway: StreamGateway, chunk: CollectedChunk, sink: FrameSink): null {
  gateway.collect(chunk, (refused) => {
    if (refused !== null) {
      sink.finish({ ok: false, failure: refused, isRefusal: true });
      return;
    }
    if (sink.canWrite()) sink.write({ kind: 'end', message: 'COLLECT_ACCEPTED' });
    sink.finish({ ok: true });
  });
  return null;
}

/** What the request comes out as, or why it is refused. An empty screenshot and a size of 0 count as absent. */
export function checkStreamRequest(
  call: Call,
  given: StreamRequest__Output,
  limits: { readonly screenshotMaxBytes: number },
): StreamRequest | CollectedChunk | Failure {
  const { phase, prompt, chunk_seq: sequence, chunk_text: text = '' } = given;
  const isCollect = phase === phases.collect;
  if (!isCollect && phase !== phases.commit && phase !== phases.unspecified) {
    return failure('invalid_phase', `phase ${phase} must be 0 (unspecified), 1 (COLLECT) or 2 (COMMIT)`);
  }
  const screen = screenOf(given, limits.screenshotMaxBytes);
  if ('errorCode' in screen) return screen;
  if (isCollect) return { call, sequence, ...(text !== '' && { text }), screen };
  return { call, prompt: prompt !== '' ? prompt : text, screen };
}

function screenOf(given: StreamRequest__Output, screenshotMaxBytes: number): Screen | Failure {
  const screenWidth = pixelsOf('screen_width', given.screen_width);
  if (typeof screenWidth === 'object') return screenWidth;
  const screenHeight = pixelsOf('screen_height', given.screen_height);
  if (typeof screenHeight === 'object') return screenHeight;
  const size = {
    ...(screenWidth > 0 && { screenWidth }),
    ...(screenHeight > 0 && { screenHeight }),
  };
  if (given.screenshot === undefined || given.screenshot === '') return size;
  const screenshot = checkScreenshot(given.screenshot, screenshotMaxBytes);
  return 'errorCode' in screenshot ? screenshot : { ...size, screenshot };
}

/** 0 = not told. */
function pixelsOf(field: string, given = 0): number | Failure {
  if (given >= 0 && given <= MAX_SCREEN_PIXELS) return given;
  return failure('invalid_request', `${field} ${given} must be 0 (not told) to ${MAX_SCREEN_PIXELS} pixels`);
}

/** Longer than any name of a voice, any language tag. */
const MAX_NAME_CHARS = 128;
/** What clients send when the voice does not matter to them. */
const DEFAULT_VOICE = 'default';

const controlCharacter = /\p{Cc}/u;

/** The handler of GenerateWelcomeAudio. */
export function createGenerateWelcomeAudioHandler(
  options: StreamCallOptions,
): handleServerStreamingCall<WelcomeRequest__Output, WelcomeResponse> {
  const { gateway } = options;
  return createStreamHandler(options, {
    method: 'GenerateWelcomeAudio',
    codec: welcomeCodec,
    open: (call, given, sink) => {
      const request = checkWelcomeRequest(call, given);
      given.text = '';
      return 'errorCode' in request ? gateway.refuse(call, request) : gateway.openWelcome(request, sink);
    },
  });
}

function checkWelcomeRequest(call: Call, given: WelcomeRequest__Output): WelcomeRequest | Failure {
  const voice = nameOf('voice', given.voice);
  if (typeof voice !== 'string') return voice;
  const named = nameOf('language', given.language);
  if (typeof named !== 'string') return named;
  const language = named === '' ? languageOfVoice(voice) : named;
  return {
    call,
    text: given.text,
    ...(voice !== '' && voice.toLowerCase() !== DEFAULT_VOICE && { voice }),
    ...(language !== '' && { language }),
  };
}

/**
 * The language that the name of a voice tells, as most providers name theirs: `en-US-JennyNeural`, `zh-CN-liaoning-XiaobeiNeural`,
 * `sr-Latn-RS-NicholasNeural`, `cmn-CN-Wavenet-A`, `en_US-lessac-medium`, `de-Katja`; '' = none.
 */
export function languageOfVoice(voice: string): string {
  const regional = /^[a-z]{2,3}(?:[-_][a-z]{4})?[-_](?:[a-z]{2}|\d{3})(?![^-_])/i.exec(voice)?.[0];
  const tag = (regional ?? /^[a-z]{2,3}(?=-)/.exec(voice)?.[0] ?? '').replaceAll('_', '-');
  const [primary = ''] = tag.toLowerCase().split('-');
  if (primary === '') return '';
  // A name may begin with any short word: only that of a language counts.
  const languages = new Intl.DisplayNames('en', { type: 'language', fallback: 'none' });
  return languages.of(primary) === undefined ? '' : tag;
}

function nameOf(field: 'voice' | 'language', given: string): string | Failure {
  if (given.length > MAX_NAME_CHARS || controlCharacter.test(given)) {
    const rule = `must be at most ${MAX_NAME_CHARS} characters, none of them a control character`;
    return failure('invalid_request', `${field} ${quote(given)} ${rule}`);
  }
  return given.trim();
}

/** grpc-js ends a call at its deadline by itself; a vanished client may keep it from noticing, this does not. */
const DEADLINE_MARGIN_MS = 50;

interface StreamCallOptions {
  readonly config: Config;
  readonly gateway: StreamGateway;
  readonly log: Logger;
  readonly ownTime: OwnTime;
}

/** One streaming rpc. */
interface StreamRpc<TGiven, TResponse> {
  readonly method: RpcMethod;
  readonly codec: FrameCodec<TResponse>;
  /**
   * Checks the fields of a request and asks for its stream; null = the call is over already, and its sink has been told. What is large in
   * the request should be taken out of it: the call object lives on for as long as the client takes to fetch the end.
   */
  open(call: Call, given: TGiven, sink: FrameSink): OpenStream | Failure | null;
}

/** The handler of a streaming rpc. */
function createStreamHandler<TGiven extends GivenIds, TResponse>(
  { config, gateway, log, ownTime }: StreamCallOptions,
  rpc: StreamRpc<TGiven, TResponse>,
): handleServerStreamingCall<TGiven, TResponse> {
  const { method, codec } = rpc;
  const sinkOptions: CallSinkOptions = { codec, log, idleTimeoutMs: config.backpressure.idleTimeoutMs, ownTime };

  return (wire) => {
    const { call, failure: misnamed } = identify[method](config.identity.policy, wire.request);
    const sink = new CallSink(wire, call, sinkOptions);
    try {
      tellSessionId(wire, call.sessionId);
      const refused = checkRequestSize(wire.request) ?? misnamed;
      const stream = refused === null ? rpc.open(call, wire.request, sink) : gateway.refuse(call, refused);
      if (stream === null) return;
      if ('errorCode' in stream) sink.finish({ ok: false, failure: stream, isRefusal: true });
      else cancelWithClient(wire, stream);
    } catch (error) {
      const { streamId } = call;
      const ctx = { stream_id: streamId };
      log.error({ scope: 'grpc', method, decision: 'fault', ctx, err: error }, 'a handler threw');
      sink.finish({ ok: false, failure: failureOfUnexpected('session_fault', streamId) });
    }
  };
}

function tellSessionId<TGiven, TResponse>(wire: ServerWritableStream<TGiven, TResponse>, sessionId: string): void {
  if (sessionId === '') return;
  const initial = new Metadata();
  initial.set('x-session-id', sessionId);
  wire.sendMetadata(initial);
}

function cancelWithClient<TGiven, TResponse>(wire: ServerWritableStream<TGiven, TResponse>, stream: OpenStream): void {
  const deadline = watchDeadline(Number(wire.getDeadline()), () => stream.cancel());
  wire.on('cancelled', () => {
    clearTimeout(deadline);
    stream.cancel();
  });
  // A client that left while the stream was being opened has been told of already.
  if (wire.cancelled) stream.cancel();
}

function watchDeadline(deadlineMs: number, onPassed: () => void): NodeJS.Timeout | undefined {
  const remainingMs = deadlineMs - Date.now() + DEADLINE_MARGIN_MS;
  if (!Number.isFinite(remainingMs) || remainingMs > LONGEST_TIMER_MS) return undefined;
  return setTimeout(onPassed, Math.max(0, remainingMs));
}
