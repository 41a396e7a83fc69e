/** The worker's entry: the debugger's desk, spoken to by messages. */
import './node-shims/no-eval.ts';
import type { Order } from '../debugger/messages.ts';
import { WorkerDesk } from '../debugger/worker-desk.ts';

const desk = new WorkerDesk(
  {
    fetch: (url, init) => fetch(url, init),
    after: (ms, then) => {
      const timer = setTimeout(then, ms);
      return () => clearTimeout(timer);
    },
    now: () => performance.now(),
    // No two tabs began in the same tenth of a millisecond.
    spread: () => ((performance.timeOrigin * 10) % 997) / 997,
  },
  (report) => postMessage(report),
);

addEventListener('message', ({ data }: MessageEvent<Order>) => desk.take(data));

/** Views over whole logs are there also when the server is gone by then; one that is gone sooner is asked again when they are needed. */
setTimeout(() => {
  const parts = [
    import('../debugger/view-answers.ts'),
    import('../debugger/log-entries.ts'),
    import('../debugger/seek.ts'),
    import('../debugger/segment-desk.ts'),
  ];
  for (const part of parts) part.catch(() => {});
}, 1_500);
