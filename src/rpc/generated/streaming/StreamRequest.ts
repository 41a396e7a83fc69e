// Original file: proto/streaming.proto

import type { RequestPhase as _streaming_RequestPhase, RequestPhase__Output as _streaming_RequestPhase__Output } from '../streaming/RequestPhase.ts';

export interface StreamRequest {
  'prompt'?: (string);
  'screenshot'?: (string);
  'screen_width'?: (number);
  'screen_height'?: (number);
  'hardware_id'?: (string);
  'session_id'?: (string);
  'phase'?: (_streaming_RequestPhase);
  'chunk_seq'?: (number);
  'chunk_text'?: (string);
  '_screenshot'?: "screenshot";
  '_screen_width'?: "screen_width";
  '_screen_height'?: "screen_height";
  '_chunk_text'?: "chunk_text";
}

export interface StreamRequest__Output {
  'prompt': (string);
  'screenshot'?: (string);
  'screen_width'?: (number);
  'screen_height'?: (number);
  'hardware_id': (string);
  'session_id': (string);
  'phase': (_streaming_RequestPhase__Output);
  'chunk_seq': (number);
  'chunk_text'?: (string);
  '_screenshot'?: "screenshot";
  '_screen_width'?: "screen_width";
  '_screen_height'?: "screen_height";
  '_chunk_text'?: "chunk_text";
}
