// Original file: proto/streaming.proto


export interface ActionMessage {
  'action_json'?: (string);
  'session_id'?: (string);
  'feature_id'?: (string);
  '_feature_id'?: "feature_id";
}

export interface ActionMessage__Output {
  'action_json': (string);
  'session_id': (string);
  'feature_id'?: (string);
  '_feature_id'?: "feature_id";
}
