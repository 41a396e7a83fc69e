/** A client of grpc.health.v1, the protocol that probes and load balancers speak. */
import {
  type ChannelOptions,
  type Client,
  type ClientReadableStream,
  credentials,
  loadPackageDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';

export interface HealthState {
  readonly status: string;
}

export interface HealthClient {
  check(service: string, callback: (error: ServiceError | null, state?: HealthState) => void): void;
  watch(service: string): ClientReadableStream<HealthState>;
  close(): void;
}

// Written out from the published protocol, so that a mistake in the server's package cannot hide in a shared one.
const definition = fromJSON(
  {
    nested: {
      grpc: {
        nested: {
          health: {
            nested: {
              v1: {
                nested: {
                  HealthCheckRequest: { fields: { service: { type: 'string', id: 1 } } },
                  HealthCheckResponse: {
                    fields: { status: { type: 'ServingStatus', id: 1 } },
                    nested: {
                      ServingStatus: { values: { UNKNOWN: 0, SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 } },
                    },
                  },
                  Health: {
                    methods: {
                      Check: { requestType: 'HealthCheckRequest', responseType: 'HealthCheckResponse', comment: '' },
                      Watch: {
                        requestType: 'HealthCheckRequest',
                        responseType: 'HealthCheckResponse',
                        responseStream: true,
                        comment: '',
                      },
                    },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
  { enums: String, defaults: true },
);

// proto-loader builds the client at run time: its methods are known from the definition above alone.
const { grpc } = loadPackageDefinition(definition) as unknown as {
  grpc: {
    health: {
      v1: {
        Health: new (
          address: string,
          channel: ReturnType<typeof credentials.createInsecure>,
          options: ChannelOptions,
        ) => Client & {
          Check(
            request: { service: string },
            callback: (error: ServiceError | null, state?: HealthState) => void,
          ): void;
          Watch(request: { service: string }): ClientReadableStream<HealthState>;
        };
      };
    };
  };
};

/** A health client on a connection of its own. */
export function createHealthClient(port: number): HealthClient {
  const client = new grpc.health.v1.Health(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
  return {
    check: (service, callback) => client.Check({ service }, callback),
    watch: (service) => client.Watch({ service }),
    close: () => client.close(),
  };
}

/** The state of a service, or the name of the gRPC status of a refused check. */
export function checkHealth(client: HealthClient, service: string): Promise<string> {
  return new Promise((resolve) => {
    client.check(service, (error, state) => {
      resolve(error === null ? String(state?.status) : (status[error.code] ?? 'unknown status'));
    });
  });
}
