// Original file: proto/streaming.proto


export interface InterruptResponse {
  'success'?: (boolean);
  'interrupted_sessions'?: (string)[];
  'message'?: (string);
}

export interface InterruptResponse__Output {
  'success': (boolean);
  'interrupted_sessions': (string)[];
  'message': (string);
}
