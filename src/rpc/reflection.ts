/**
 * grpc.reflection v1 and v1alpha: tools such as buf curl and grpcurl ask the server what it speaks. The answers are
 * proto/descriptors.binpb, made by a proto compiler: what proto-loader knows of its files is refused by such tools.
 *
 * A reflection call takes no slot. The next request is read only when the transport took the answer to the one before, so
 * that a client which asks and never reads costs a few kilobytes.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Server, ServerInterceptingCall, type ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { assert } from '../assert.ts';
import { failure } from '../errors.ts';
import { requestBytesOf, withRequestSizes } from './request-size.ts';
import { statusOf } from './status.ts';

const descriptorsPath = fileURLToPath(new URL('../../proto/descriptors.binpb', import.meta.url));
export const REFLECTION_PATH = '/grpc.reflection.';
/** Names are short; and every request is sent back within its answer. */
const MAX_REQUEST_BYTES = 4096;

/** Registers both versions of reflection; they describe everything in proto/descriptors.binpb, themselves included. */
export function addReflection(server: Server): void {
  // The library takes files only as a part of proto-loader's definitions, and looks at nothing else in them.
  const fileDescriptorProtos = fileDescriptorsOf(readFileSync(descriptorsPath));
  const described = { format: 'Protocol Buffer 3 EnumDescriptorProto', type: {}, fileDescriptorProtos } as const;
  new ReflectionService({ described }).addToServer({
    addService: (service, handlers) => server.addService(withRequestSizes(service), handlers),
  });
}

/** A reflection call, which reads at the pace of its client. */
export class ReflectionCall extends ServerInterceptingCall {
  #answersInFlight = 0;
  #isReadAwaited = false;

  constructor(nextCall: ServerInterceptingCallInterface) {
    super(nextCall, {
      start: (next) =>
        next({
          onReceiveMessage: (request: object, pass) => {
            const bytes = requestBytesOf(request);
            if (bytes <= MAX_REQUEST_BYTES) pass(withPlainNames(request));
            else this.sendStatus(statusOf(requestTooLong(bytes)));
          },
        }),
    });
  }

  override sendMessage(answer: unknown, onTaken: () => void): void {
    this.#answersInFlight += 1;
    super.sendMessage(answer, () => {
      this.#answersInFlight -= 1;
      onTaken();
      if (this.#isReadAwaited) this.startRead();
    });
  }

  override startRead(): void {
    this.#isReadAwaited = this.#answersInFlight > 0;
    if (!this.#isReadAwaited) super.startRead();
  }
}

function requestTooLong(bytes: number) {
  const message = `The reflection request has ${bytes} bytes; at most ${MAX_REQUEST_BYTES} are accepted`;
  return failure('invalid_request', message);
}

/**
 * The library looks names up in plain objects, where `constructor` and its like are always found. Such a name is written as
 * `.constructor`, which means the same in protobuf and is not found.
 */
function withPlainNames(request: object): object {
  const entries = Object.entries(request);
  if (!entries.some(([, value]) => isInherited(value))) return request;
  return Object.fromEntries(entries.map(([field, value]) => [field, isInherited(value) ? `.${value}` : value]));
}

function isInherited(value: unknown): boolean {
  return typeof value === 'string' && value in Object.prototype;
}

/** The files of an encoded google.protobuf.FileDescriptorSet, each still encoded. */
function fileDescriptorsOf(set: Buffer): Buffer[] {
  const fields = { file: { rule: 'repeated', type: 'bytes', id: 1 } };
  const type = fromJSON({ nested: { FileDescriptorSet: { fields } } }).FileDescriptorSet;
  assert(type !== undefined && 'deserialize' in type, 'fromJSON makes what it is given');
  const { deserialize } = type;
  assert(typeof deserialize === 'function', 'a message can be decoded');
  const decoded = deserialize(set);
  const files: unknown = Reflect.get(decoded, 'file');
  assert(Array.isArray(files) && files.every(Buffer.isBuffer), `${descriptorsPath} is no FileDescriptorSet`);
  return files;
}
