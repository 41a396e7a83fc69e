/** A client of gRPC server reflection, both versions, which differ in the name of their package alone. */
import {
  type Client,
  type ClientDuplexStream,
  credentials,
  loadPackageDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';

export const reflectionVersions = ['v1', 'v1alpha'] as const;
export type ReflectionVersion = (typeof reflectionVersions)[number];

export interface ReflectionRequest {
  readonly host?: string;
  readonly list_services?: string;
  readonly file_containing_symbol?: string;
  readonly file_by_filename?: string;
  readonly all_extension_numbers_of_type?: string;
  readonly file_containing_extension?: { readonly containing_type: string; readonly extension_number: number };
}

export interface ReflectionAnswer {
  readonly original_request: ReflectionRequest | null;
  readonly list_services_response?: { readonly service: readonly { readonly name: string }[] };
  readonly file_descriptor_response?: { readonly file_descriptor_proto: readonly Buffer[] };
  readonly error_response?: { readonly error_code: number; readonly error_message: string };
}

export type ReflectionCall = ClientDuplexStream<ReflectionRequest, ReflectionAnswer>;

export interface ReflectionClient {
  open(): ReflectionCall;
  close(): void;
}

// Written out from the published protocol, so that a mistake in the server's package cannot hide in a shared one.
const messages = {
  ExtensionRequest: {
    fields: { containing_type: { type: 'string', id: 1 }, extension_number: { type: 'int32', id: 2 } },
  },
  ServerReflectionRequest: {
    oneofs: {
      message_request: {
        oneof: [
          'file_by_filename',
          'file_containing_symbol',
          'file_containing_extension',
          'all_extension_numbers_of_type',
          'list_services',
        ],
      },
    },
    fields: {
      host: { type: 'string', id: 1 },
      file_by_filename: { type: 'string', id: 3 },
      file_containing_symbol: { type: 'string', id: 4 },
      file_containing_extension: { type: 'ExtensionRequest', id: 5 },
      all_extension_numbers_of_type: { type: 'string', id: 6 },
      list_services: { type: 'string', id: 7 },
    },
  },
  FileDescriptorResponse: { fields: { file_descriptor_proto: { rule: 'repeated', type: 'bytes', id: 1 } } },
  ExtensionNumberResponse: {
    fields: { base_type_name: { type: 'string', id: 1 }, extension_number: { rule: 'repeated', type: 'int32', id: 2 } },
  },
  ServiceResponse: { fields: { name: { type: 'string', id: 1 } } },
  ListServiceResponse: { fields: { service: { rule: 'repeated', type: 'ServiceResponse', id: 1 } } },
  ErrorResponse: { fields: { error_code: { type: 'int32', id: 1 }, error_message: { type: 'string', id: 2 } } },
  ServerReflectionResponse: {
    oneofs: {
      message_response: {
        oneof: [
          'file_descriptor_response',
          'all_extension_numbers_response',
          'list_services_response',
          'error_response',
        ],
      },
    },
    fields: {
      valid_host: { type: 'string', id: 1 },
      original_request: { type: 'ServerReflectionRequest', id: 2 },
      file_descriptor_response: { type: 'FileDescriptorResponse', id: 4 },
      all_extension_numbers_response: { type: 'ExtensionNumberResponse', id: 5 },
      list_services_response: { type: 'ListServiceResponse', id: 6 },
      error_response: { type: 'ErrorResponse', id: 7 },
    },
  },
};

const service = {
  methods: {
    ServerReflectionInfo: {
      requestType: 'ServerReflectionRequest',
      requestStream: true,
      responseType: 'ServerReflectionResponse',
      responseStream: true,
      comment: '',
    },
  },
};

type ClientClass = new (
  address: string,
  channel: ReturnType<typeof credentials.createInsecure>,
  options: Readonly<Record<string, number>>,
) => Client & { ServerReflectionInfo(): ReflectionCall };

/** A client on a connection of its own. */
export function createReflectionClient(port: number, version: ReflectionVersion): ReflectionClient {
  const nested = { ...messages, ServerReflection: service };
  const definition = fromJSON(
    { nested: { grpc: { nested: { reflection: { nested: { [version]: { nested } } } } } } },
    { keepCase: true, defaults: false },
  );
  // proto-loader builds the client at run time: its methods are known from the definition above alone.
  const { grpc } = loadPackageDefinition(definition) as unknown as {
    grpc: { reflection: Record<string, { ServerReflection: ClientClass }> };
  };
  const Reflection = grpc.reflection[version]?.ServerReflection;
  if (Reflection === undefined) throw new Error(`no reflection ${version}`);
  const client = new Reflection(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
  return { open: () => client.ServerReflectionInfo(), close: () => client.close() };
}

export interface ReflectionOutcome {
  readonly answers: readonly ReflectionAnswer[];
  /** Name of the gRPC status. */
  readonly code: string;
  readonly errorType: string | null;
}

/** Everything that comes back until the call ends; never rejects. */
export function collect(call: ReflectionCall): Promise<ReflectionOutcome> {
  const answers: ReflectionAnswer[] = [];
  call.on('data', (answer: ReflectionAnswer) => answers.push(answer));
  let failed: ServiceError | null = null;
  call.on('error', (error: ServiceError) => {
    failed = error;
  });
  return new Promise((resolve) => {
    call.on('status', (ended) => {
      const code = status[failed?.code ?? ended.code] ?? String(ended.code);
      resolve({ answers, code, errorType: ended.metadata.get('error-type')[0]?.toString() ?? null });
    });
  });
}

/** Asks all at once, says that this is all, and waits for the end. */
export function askReflection(
  client: ReflectionClient,
  requests: readonly ReflectionRequest[],
): Promise<ReflectionOutcome> {
  const call = client.open();
  const outcome = collect(call);
  for (const request of requests) call.write(request);
  call.end();
  return outcome;
}
