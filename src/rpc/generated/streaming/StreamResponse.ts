// Original file: proto/streaming.proto

import type { AudioChunk as _streaming_AudioChunk, AudioChunk__Output as _streaming_AudioChunk__Output } from '../streaming/AudioChunk.ts';
import type { ActionMessage as _streaming_ActionMessage, ActionMessage__Output as _streaming_ActionMessage__Output } from '../streaming/ActionMessage.ts';
import type { BrowserProgressMessage as _streaming_BrowserProgressMessage, BrowserProgressMessage__Output as _streaming_BrowserProgressMessage__Output } from '../streaming/BrowserProgressMessage.ts';

export interface StreamResponse {
  'text_chunk'?: (string);
  'audio_chunk'?: (_streaming_AudioChunk | null);
  'end_message'?: (string);
  'error_message'?: (string);
  'action_message'?: (_streaming_ActionMessage | null);
  'browser_progress'?: (_streaming_BrowserProgressMessage | null);
  'content'?: "text_chunk"|"audio_chunk"|"end_message"|"error_message"|"action_message"|"browser_progress";
}

export interface StreamResponse__Output {
  'text_chunk'?: (string);
  'audio_chunk'?: (_streaming_AudioChunk__Output | null);
  'end_message'?: (string);
  'error_message'?: (string);
  'action_message'?: (_streaming_ActionMessage__Output | null);
  'browser_progress'?: (_streaming_BrowserProgressMessage__Output | null);
  'content'?: "text_chunk"|"audio_chunk"|"end_message"|"error_message"|"action_message"|"browser_progress";
}
