// Original file: proto/streaming.proto


export interface UsageResponse {
  'success'?: (boolean);
  'message'?: (string);
}

export interface UsageResponse__Output {
  'success': (boolean);
  'message': (string);
}
