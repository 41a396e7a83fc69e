// Original file: proto/streaming.proto

import type { BrowserEventType as _streaming_BrowserEventType, BrowserEventType__Output as _streaming_BrowserEventType__Output } from '../streaming/BrowserEventType.ts';
import type { BrowserProgressDetails as _streaming_BrowserProgressDetails, BrowserProgressDetails__Output as _streaming_BrowserProgressDetails__Output } from '../streaming/BrowserProgressDetails.ts';

export interface BrowserProgressMessage {
  'type'?: (_streaming_BrowserEventType);
  'task_id'?: (string);
  'step_number'?: (number);
  'description'?: (string);
  'url'?: (string);
  'action'?: (string);
  'timestamp'?: (string);
  'error'?: (string);
  'details'?: (_streaming_BrowserProgressDetails | null);
  '_step_number'?: "step_number";
  '_description'?: "description";
  '_url'?: "url";
  '_action'?: "action";
  '_error'?: "error";
  '_details'?: "details";
}

export interface BrowserProgressMessage__Output {
  'type': (_streaming_BrowserEventType__Output);
  'task_id': (string);
  'step_number'?: (number);
  'description'?: (string);
  'url'?: (string);
  'action'?: (string);
  'timestamp': (string);
  'error'?: (string);
  'details'?: (_streaming_BrowserProgressDetails__Output | null);
  '_step_number'?: "step_number";
  '_description'?: "description";
  '_url'?: "url";
  '_action'?: "action";
  '_error'?: "error";
  '_details'?: "details";
}
