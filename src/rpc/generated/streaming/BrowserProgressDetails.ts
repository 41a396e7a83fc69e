// Original file: proto/streaming.proto


export interface BrowserProgressDetails {
  'duration_sec'?: (number | string);
  'actions'?: (string)[];
  'metadata'?: ({[key: string]: string});
  '_duration_sec'?: "duration_sec";
}

export interface BrowserProgressDetails__Output {
  'duration_sec'?: (number);
  'actions': (string)[];
  'metadata': ({[key: string]: string});
  '_duration_sec'?: "duration_sec";
}
