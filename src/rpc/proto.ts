/** The wire contract, loaded once: proto/streaming.proto and the part of Google's error model that trailers carry. */
import { fileURLToPath } from 'node:url';
import { loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync, type Options } from '@grpc/proto-loader';
import type { ProtoGrpcType } from './generated/streaming.ts';

const protoDir = fileURLToPath(new URL('../../proto', import.meta.url));
const loadOptions: Options = {
  keepCase: true,
  longs: Number,
  defaults: true,
  oneofs: true,
  includeDirs: [protoDir],
};

/** A message type that can be written by itself. */
interface MessageType {
  serialize(message: object): Buffer;
}

const streamingPackage = loadSync('streaming.proto', loadOptions);
const errorModelPackage = loadSync('google/rpc/status.proto', loadOptions);

// proto-loader builds the types at run time; the generated declarations are what it builds (checked by a test).
const loaded = loadPackageDefinition(streamingPackage) as unknown as ProtoGrpcType;

/** The service as declared in proto/streaming.proto. */
export const streamingService = loaded.streaming.StreamingService.service;

/** The client class of the service, for our own client. */
export const StreamingServiceClient = loaded.streaming.StreamingService;

/** google.rpc messages by their short names. */
export const errorModel = {
  Status: messageType('google.rpc.Status'),
  ErrorInfo: messageType('google.rpc.ErrorInfo'),
  RetryInfo: messageType('google.rpc.RetryInfo'),
} as const;

function messageType(name: string): MessageType {
  const definition = errorModelPackage[name];
  if (definition === undefined || !('serialize' in definition) || typeof definition.serialize !== 'function') {
    throw new Error(`proto/google/rpc/status.proto does not define ${name}`);
  }
  const { serialize } = definition;
  return { serialize };
}
