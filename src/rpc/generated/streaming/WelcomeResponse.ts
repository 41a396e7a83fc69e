// Original file: proto/streaming.proto

import type { AudioChunk as _streaming_AudioChunk, AudioChunk__Output as _streaming_AudioChunk__Output } from '../streaming/AudioChunk.ts';
import type { WelcomeMetadata as _streaming_WelcomeMetadata, WelcomeMetadata__Output as _streaming_WelcomeMetadata__Output } from '../streaming/WelcomeMetadata.ts';

export interface WelcomeResponse {
  'audio_chunk'?: (_streaming_AudioChunk | null);
  'metadata'?: (_streaming_WelcomeMetadata | null);
  'end_message'?: (string);
  'error_message'?: (string);
  'content'?: "audio_chunk"|"metadata"|"end_message"|"error_message";
}

export interface WelcomeResponse__Output {
  'audio_chunk'?: (_streaming_AudioChunk__Output | null);
  'metadata'?: (_streaming_WelcomeMetadata__Output | null);
  'end_message'?: (string);
  'error_message'?: (string);
  'content'?: "audio_chunk"|"metadata"|"end_message"|"error_message";
}
