/** The head of the page: what it is connected to, how full the server is, and what can be opened. */
import type { ComponentChildren } from 'preact';
import type { ConnectionState } from '../debugger/messages.ts';
import { chooseFiles, FileDrop } from './files.tsx';
import { showPanel, store } from './store.ts';

const stateWords: Readonly<Record<ConnectionState, string>> = {
  none: 'not connected',
  connecting: 'connecting',
  live: 'live',
  hidden: 'paused',
  lost: 'connection lost',
  refused: 'refused',
};

const redactionWords = {
  full: 'Logs hold what people said and heard, word by word',
  shape: 'Letters of what people said and heard stand in no log: only how long each word was',
} as const;

export function Header() {
  return (
    <header class="head">
      <h1>Recital inspector</h1>
      <ConnectionPill />
      <ServerPills />
      <span class="grow" />
      <button type="button" class="pill" title="Or click to choose one: it is sent nowhere" onClick={chooseFiles}>
        Drop a log file to open it
      </button>
      {store.connection.value.server?.canTry === true && (
        <PanelButton panel="try" title="Ask the server something, and watch">
          Try it <kbd>T</kbd>
        </PanelButton>
      )}
      <PanelButton panel="crowd" title="How many sessions are in each state">
        Crowd <kbd>C</kbd>
      </PanelButton>
      <button type="button" class="pill" aria-label="Keys" title="Keys" onClick={() => showPanel('help')}>
        <kbd>?</kbd>
      </button>
      <FileDrop />
    </header>
  );
}

function ConnectionPill() {
  const { state, words, server } = store.connection.value;
  // Why it is refused stands with the form that asks for a new token.
  const where = state === 'refused' ? '' : state === 'live' && server !== null ? (server.grpc ?? 'files only') : words;
  return (
    <span class="pill connection" role="status" title={words} data-connection={state}>
      <span class={`dot ${state}`} />
      <span>{where === '' ? stateWords[state] : `${stateWords[state]} · ${where}`}</span>
    </span>
  );
}

function ServerPills() {
  const { server } = store.connection.value;
  const totals = store.totals.value;
  if (server === null || server.grpc === null) return null;
  return (
    <>
      {totals !== null && (
        <span class="pill" title={`The server is ${totals.state}, its health is ${totals.health}`}>
          {totals.slots} of {totals.maxStreams} slots
        </span>
      )}
      {totals !== null && totals.refused > 0 && (
        <span class="pill is-bad" title={refusalsOf(totals.refusedBy)}>
          {totals.refused} refused
        </span>
      )}
      <span class="pill" title={redactionWords[server.redaction]}>
        {server.redaction === 'full' ? 'texts in full' : 'redacted by shape'}
      </span>
    </>
  );
}

function refusalsOf(refusedBy: Readonly<Record<string, number>>): string {
  return Object.entries(refusedBy)
    .map(([errorType, count]) => `${count} × ${errorType}`)
    .join('\n');
}

function PanelButton({
  panel,
  title,
  children,
}: {
  readonly panel: 'try' | 'crowd';
  readonly title: string;
  readonly children: ComponentChildren;
}) {
  const isOpen = store.panel.value === panel;
  return (
    <button
      type="button"
      class="pill"
      title={title}
      aria-pressed={isOpen}
      onClick={() => showPanel(isOpen ? 'none' : panel)}
    >
      {children}
    </button>
  );
}
