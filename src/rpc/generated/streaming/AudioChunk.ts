// Original file: proto/streaming.proto


export interface AudioChunk {
  'audio_data'?: (Buffer | Uint8Array | string);
  'dtype'?: (string);
  'shape'?: (number)[];
  'sample_rate'?: (number);
  'channels'?: (number);
}

export interface AudioChunk__Output {
  'audio_data': (Buffer);
  'dtype': (string);
  'shape': (number)[];
  'sample_rate': (number);
  'channels': (number);
}
