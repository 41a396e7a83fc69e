// Original file: proto/streaming.proto


export interface WelcomeRequest {
  'text'?: (string);
  'session_id'?: (string);
  'voice'?: (string);
  'language'?: (string);
}

export interface WelcomeRequest__Output {
  'text': (string);
  'session_id': (string);
  'voice': (string);
  'language': (string);
}
