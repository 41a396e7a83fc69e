/** The settings of memories and quotas, as rows of the table of settings (settings-table.ts puts them into their place). */
import type { Setting } from './setting.ts';

/** Ten years; it is compared with dates and never a timer. */
const longestMemorySeconds = 315_360_000;

/** No device asks so often in a month. */
const mostRequests = 1_000_000_000;

export const memorySettings = {
  MEMORY: {
    type: 'switch',
    default: 'on',
    meaning: 'Whether what a device and its assistant said is remembered, and told to the model next time.',
  },
  MEMORY_MAX_EXCHANGES: {
    type: 'integer',
    unit: 'exchanges',
    min: 1,
    max: 200,
    default: '20',
    meaning: 'Exchanges (an utterance and its answer) that are remembered of a device; the oldest are forgotten.',
  },
  MEMORY_MAX_CHARS: {
    type: 'integer',
    unit: 'characters',
    min: 100,
    max: 262_144,
    default: '16384',
    meaning:
      'The text of all exchanges that are remembered of a device; the oldest are forgotten, a longer one is cut.',
  },
  MEMORY_TTL: {
    type: 'seconds',
    min: 1,
    max: longestMemorySeconds,
    default: '2592000',
    meaning: 'How long an exchange is remembered; 30 days by default.',
  },
  MEMORY_MAX_DEVICES: {
    type: 'integer',
    unit: 'devices',
    min: 1,
    max: 10_000_000,
    default: '100000',
    meaning: 'Devices that are remembered; the one that was silent longest is forgotten first.',
  },
  QUOTA_DAILY: {
    type: 'integer',
    unit: 'requests',
    min: 0,
    max: mostRequests,
    default: '0',
    meaning:
      'Answers that a device may ask for in a calendar day (UTC), beyond which it is refused with access_denied; 0 = off.',
  },
  QUOTA_WEEKLY: {
    type: 'integer',
    unit: 'requests',
    min: 0,
    max: mostRequests,
    default: '0',
    meaning: 'The same for a week, from Monday 00:00 UTC; 0 = off.',
  },
  QUOTA_MONTHLY: {
    type: 'integer',
    unit: 'requests',
    min: 0,
    max: mostRequests,
    default: '0',
    meaning: 'The same for a calendar month (UTC); 0 = off.',
  },
} as const satisfies Readonly<Record<string, Setting>>;
