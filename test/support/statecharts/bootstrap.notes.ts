/** Words for docs/statecharts/bootstrap.md. The types make the compiler find every event and fact. */
import type { BootstrapEmitted, BootstrapEvent } from '../../../src/machines/bootstrap.machine.ts';
import type { ChartNotes } from './notes.ts';

const events: Readonly<Record<BootstrapEvent['type'], string>> = {
  'shutdown.requested': 'SIGTERM or SIGINT.',
};

const facts: Readonly<Record<BootstrapEmitted['type'], string>> = {
  'service.ready': 'Opens admission, reports SERVING to grpc.health.v1, prints the ready line.',
  'service.degraded': 'Logs at error which engine the embedded one replaces, and why.',
  'service.drainStarted': 'Logs how many streams are running.',
  'service.failed': 'Logs why the server could not start.',
  'service.stopped': 'Logs the end.',
};

function engineStates<const Part extends 'answer' | 'speech'>(part: Part) {
  const inside = `starting.startingEngines.${part}` as const;
  return {
    [inside]: `The way up of the ${part} engine.`,
    [`${inside}.choosing`]: 'Passed through at once.',
    [`${inside}.startingConfigured`]: 'Waits for the engine that the configuration names.',
    [`${inside}.startingEmbedded`]: 'Waits for the embedded one in its place.',
    [`${inside}.up`]: 'It can be used, as soon as the other one can.',
  };
}

export const bootstrapNotes: ChartNotes = {
  source: 'src/machines/bootstrap.machine.ts',
  title: 'The bootstrap chart',
  intro: `The one start-up path and the one way down. Servers first, so that a probe and an early client get a truthful answer
(UNAVAILABLE/starting), then both engines, side by side. One that does not come up is replaced by the embedded one, that engine alone,
loudly: a log line at error, health \`degraded\`, who and why on /health and /status and on the ready line. \`START_FAILURE=fail\` ends the
server instead, with exit code 1; so does an embedded engine that does not come up, behind which there is nothing. The kill switch
\`disable_module_coordinator\` puts the embedded ones in both places.`,
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
    'starting.startingEngines': 'Waits for both engines.',
    ...engineStates('answer'),
    ...engineStates('speech'),
    ready: 'Serving. Lasts until the server is to stop.',
    'ready.ok': 'Health `ok`.',
    'ready.degraded': 'Health `degraded`: an embedded engine stands in.',
    draining: 'Running streams may end; calls are answered UNAVAILABLE/draining.',
    stopping: 'Servers and engines are being closed.',
    failing: 'It never came up: what did is being taken down again.',
    stopped: 'Exit code 0.',
    failed: 'Exit code 1.',
  },
  events,
  guards: {
    isEmergencyForced: '`KILL_SWITCHES` names `disable_module_coordinator`.',
    isIrreplaceable: '`START_FAILURE=fail`, or the engine is the embedded one.',
    isEngineReplaced: 'An embedded engine stands in the place of a configured one.',
  },
  delays: {
    startDue:
      'for the servers, and for each engine; loading and warming two voices takes about 2 s on a small machine.',
    drainDue: '`BACKPRESSURE_GRACE_PERIOD` and 5 s for sockets that do not close.',
    stopDue: 'for sockets and workers that do not close.',
  },
  facts,
  computedFacts: {},
  messages: {},
  actors: {
    servers: 'Binds the HTTP and the gRPC port.',
    engine: 'Starts one engine, the configured or the embedded one; what does not come up is stopped.',
    drain: 'Reports NOT_SERVING to grpc.health.v1 and lets the supervisor drain.',
    stop: 'Closes servers and engines.',
  },
};
