/** Words for docs/statecharts/bootstrap.md. The types make the compiler find every event and fact. */
import type { BootstrapEmitted, BootstrapEvent } from '../../../src/machines/bootstrap.machine.ts';
import type { ChartNotes } from './notes.ts';

const events: Readonly<Record<BootstrapEvent['type'], string>> = {
  'shutdown.requested': 'SIGTERM or SIGINT.',
};

const facts: Readonly<Record<BootstrapEmitted['type'], string>> = {
  'service.ready': 'Opens admission, reports SERVING to grpc.health.v1, prints the ready line.',
  'service.degraded': 'Logs at error that the embedded engines took over, and why.',
  'service.drainStarted': 'Logs how many streams are running.',
  'service.failed': 'Logs why the server could not start.',
  'service.stopped': 'Logs the end.',
};

export const bootstrapNotes: ChartNotes = {
  source: 'src/machines/bootstrap.machine.ts',
  title: 'The bootstrap chart',
  intro: `The one start-up path and the one way down. Servers first, so that a probe and an early client get a truthful answer
(UNAVAILABLE/starting), then the configured engines. If these do not come up, the embedded ones take over as the emergency profile,
loudly: a log line at error, health \`degraded\`, \`last_error\` on /status. The kill switch \`disable_module_coordinator\` forces that profile.
There is no second code path.`,
  pictures: [
    {
      title: 'The whole',
      text: `The ways to \`failing\` are counted, not drawn one by one; the tables have them all. A name before a dot is the inner state where
an arrow begins. Entering \`ready\` runs \`sayReady\`, whichever its substate.`,
      picture: { inside: '', closed: [], gathered: ['failing'] },
    },
  ],
  sameInside: {},
  statesText: `A timed exit in parentheses belongs to a state around.`,
  states: {
    starting: 'Not serving yet; calls are answered UNAVAILABLE/starting as soon as the port is bound.',
    'starting.bindingServers': 'Waits for the HTTP and the gRPC port.',
    'starting.startingEngines': 'Waits for the engines that the configuration names.',
    'starting.startingEmergencyEngines': 'Waits for the embedded engines in their place.',
    ready: 'Serving. Lasts until the server is to stop.',
    'ready.ok': 'Health `ok`.',
    'ready.degraded': 'Health `degraded`: the emergency profile.',
    draining: 'Running streams may end; calls are answered UNAVAILABLE/draining.',
    stopping: 'Servers and engines are being closed.',
    failing: 'It never came up: what did is being taken down again.',
    stopped: 'Exit code 0.',
    failed: 'Exit code 1.',
  },
  events,
  guards: { isEmergencyForced: '`KILL_SWITCHES` names `disable_module_coordinator`.' },
  delays: {
    startDue: 'for each part; loading and warming two voices takes about 2 s on a small machine.',
    drainDue: '`BACKPRESSURE_GRACE_PERIOD` and 5 s for sockets that do not close.',
    stopDue: 'for sockets and workers that do not close.',
  },
  facts,
  computedFacts: {},
  messages: {},
  actors: {
    servers: 'Binds the HTTP and the gRPC port.',
    engines: 'Starts the answer and the speech engine of a profile; both come up or neither is used.',
    drain: 'Reports NOT_SERVING to grpc.health.v1 and lets the supervisor drain.',
    stop: 'Closes servers and engines.',
  },
};
