// Original file: proto/streaming.proto


export interface UsageRequest {
  'hardware_id'?: (string);
  'session_id'?: (string);
  'source'?: (string);
  'input_tokens'?: (number);
  'output_tokens'?: (number);
  'model'?: (string);
}

export interface UsageRequest__Output {
  'hardware_id': (string);
  'session_id': (string);
  'source': (string);
  'input_tokens': (number);
  'output_tokens': (number);
  'model': (string);
}
