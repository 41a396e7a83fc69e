/**
 * `POST /inspect/api/try`: asks this server as a client would, for the page, and tells the answer as it comes. The one thing in the
 * inspector that acts: it must be switched on, and there is one at a time. A page that goes away takes its question back.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TryLine, TryRequest } from '../feed-format.ts';
import { textIn } from '../listed-log.ts';
import { fail, lineHeaders } from './http-answers.ts';

/** As a request has on the wire: a screenshot fits. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;
/** A page sends what it has at once. */
const BODY_TIMEOUT_MS = 10_000;
/** How long a question waits for the end of the one before it. */
const TAKE_BACK_MS = 300;
/** Nobody reads the sound: the call is taken back. */
const STALL_LIMIT_MS = 30_000;

export interface AskedCall {
  /** Idempotent, as is `resume`. */
  cancel(): void;
  resume(): void;
}

export interface AnswerListener {
  /** False = no more until `resume`. */
  take(line: TryLine): boolean;
  /** Nothing follows. */
  ended(): void;
}

/** Asks this server over its own port. */
export type AskServer = (question: TryRequest, listener: AnswerListener) => AskedCall;

export class TryIt {
  /** null = switched off. */
  readonly #ask: AskServer | null;
  /** Resolves when the one that is under way is over; null = there is none. */
  #current: Promise<void> | null = null;

  constructor(ask: AskServer | null) {
    this.#ask = ask;
  }

  get isOn(): boolean {
    return this.#ask !== null;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refusal = this.#refusalOf(request);
    if (refusal !== null) {
      refuse(response, refusal);
      return;
    }
    // Who takes one question back to ask another may be heard in the other order.
    if (this.#current !== null) await Promise.race([this.#current.catch(() => {}), after(TAKE_BACK_MS)]);
    // It went away meanwhile: its body would be waited for, and nothing would tell of its end.
    if (request.destroyed) return;
    if (this.#current !== null) {
      refuse(response, { status: 409, error: 'another try is under way; there is one at a time' });
      return;
    }
    const current = this.#answerNow(request, response);
    this.#current = current;
    try {
      await current;
    } finally {
      this.#current = null;
    }
  }

  async #answerNow(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    const question = typeof body === 'string' ? questionIn(body) : body;
    if ('status' in question) refuse(response, question);
    else if (!response.destroyed) await this.#pass(question, response);
  }

  #refusalOf({ method, headers }: IncomingMessage): Fault | null {
    if (method !== 'POST') return { status: 405, error: `method ${method} must be POST` };
    if (this.#ask === null) return { status: 403, error: 'INSPECTOR_TRY is off: the inspector only looks on' };
    // A form of another page could send any other type without asking.
    if (!/^application\/json *(;|$)/i.test(headers['content-type'] ?? '')) {
      return { status: 415, error: 'Content-Type must be application/json' };
    }
    return Number(headers['content-length'] ?? 0) > MAX_BODY_BYTES ? tooLarge : null;
  }

  /** Resolves when the call is over, or nobody wants its answer any more. */
  #pass(question: TryRequest, response: ServerResponse): Promise<void> {
    return new Promise((resolve) => {
      response.writeHead(200, lineHeaders);
      response.flushHeaders();
      const call = this.#ask?.(question, {
        take: (line) => response.destroyed || response.write(`${JSON.stringify(line)}\n`),
        ended: () => {
          response.end();
          resolve();
        },
      });
      if (call === undefined) return;
      response.on('drain', () => call.resume());
      response.on('close', () => {
        call.cancel();
        // A call that was held back ends only when the rest of it was read.
        call.resume();
        resolve();
      });
      response.setTimeout(STALL_LIMIT_MS, () => {
        if (response.writableNeedDrain) response.destroy();
      });
    });
  }
}

function refuse(response: ServerResponse, { status, error }: Fault): void {
  if (status === 405) response.setHeader('allow', 'POST');
  if (status === 409) response.setHeader('retry-after', '1');
  // What is still to be sent of the body nobody reads.
  response.setHeader('connection', 'close');
  fail(response, status, error);
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

interface Fault {
  readonly status: number;
  readonly error: string;
}

const tooLarge: Fault = { status: 413, error: `the body must have at most ${MAX_BODY_BYTES} bytes` };

/** The body as text, or what is wrong with it. */
function bodyOf(request: IncomingMessage): Promise<string | Fault> {
  return new Promise((resolve) => {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    const finish = (result: string | Fault): void => {
      clearTimeout(timer);
      request.removeAllListeners('data').resume();
      resolve(result);
    };
    const late: Fault = { status: 408, error: `the body must come within ${BODY_TIMEOUT_MS / 1000} s` };
    const timer = setTimeout(() => finish(late), BODY_TIMEOUT_MS);
    request.on('data', (chunk: Uint8Array) => {
      bytes += chunk.length;
      if (bytes > MAX_BODY_BYTES) finish(tooLarge);
      else chunks.push(chunk);
    });
    request.on('end', () => finish(Buffer.concat(chunks).toString('utf8')));
    request.on('error', () => finish({ status: 400, error: 'the body broke off' }));
    request.on('close', () => finish({ status: 400, error: 'the body broke off' }));
  });
}

/** What is asked, or what is wrong with it; what the server itself makes of it, it says. */
function questionIn(body: string): TryRequest | Fault {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return { status: 400, error: 'the body must be JSON: {"prompt": …, "hardware_id"?: …, "screenshot"?: …}' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { status: 400, error: 'the body must be one object with a prompt' };
  }
  for (const name of ['prompt', 'hardware_id', 'screenshot']) {
    const given: unknown = Reflect.get(value, name);
    const isLeftOut = given === undefined && name !== 'prompt';
    if (!isLeftOut && typeof given !== 'string') return { status: 400, error: `${name} must be a text` };
  }
  const screenshot = textIn(value, 'screenshot');
  return {
    prompt: textIn(value, 'prompt'),
    hardware_id: textIn(value, 'hardware_id'),
    ...(screenshot !== '' && { screenshot }),
  };
}
