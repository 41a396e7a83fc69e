// Original file: proto/streaming.proto

export const BrowserEventType = {
  BROWSER_TASK_STARTED: 0,
  BROWSER_STEP_STARTED: 1,
  BROWSER_STEP_COMPLETED: 2,
  BROWSER_ACTION_EXECUTED: 3,
  BROWSER_TASK_COMPLETED: 4,
  BROWSER_TASK_FAILED: 5,
  BROWSER_TASK_CANCELLED: 6,
} as const;

export type BrowserEventType =
  | 'BROWSER_TASK_STARTED'
  | 0
  | 'BROWSER_STEP_STARTED'
  | 1
  | 'BROWSER_STEP_COMPLETED'
  | 2
  | 'BROWSER_ACTION_EXECUTED'
  | 3
  | 'BROWSER_TASK_COMPLETED'
  | 4
  | 'BROWSER_TASK_FAILED'
  | 5
  | 'BROWSER_TASK_CANCELLED'
  | 6

export type BrowserEventType__Output = typeof BrowserEventType[keyof typeof BrowserEventType]
