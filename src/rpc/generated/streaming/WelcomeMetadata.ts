// Original file: proto/streaming.proto


export interface WelcomeMetadata {
  'method'?: (string);
  'duration_sec'?: (number | string);
  'sample_rate'?: (number);
  'channels'?: (number);
  'dtype'?: (string);
}

export interface WelcomeMetadata__Output {
  'method': (string);
  'duration_sec': (number);
  'sample_rate': (number);
  'channels': (number);
  'dtype': (string);
}
