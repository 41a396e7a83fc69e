// Original file: proto/streaming.proto


export interface InterruptRequest {
  'hardware_id'?: (string);
}

export interface InterruptRequest__Output {
  'hardware_id': (string);
}
