// Original file: proto/streaming.proto

export const RequestPhase = {
  REQUEST_PHASE_UNSPECIFIED: 0,
  REQUEST_PHASE_COLLECT: 1,
  REQUEST_PHASE_COMMIT: 2,
} as const;

export type RequestPhase =
  | 'REQUEST_PHASE_UNSPECIFIED'
  | 0
  | 'REQUEST_PHASE_COLLECT'
  | 1
  | 'REQUEST_PHASE_COMMIT'
  | 2

export type RequestPhase__Output = typeof RequestPhase[keyof typeof RequestPhase]
