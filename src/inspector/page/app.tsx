/**
 * The frame of the page: the head, the list on the left, the session in the middle, its turn on the right, and what lies over them. A view
 * that fails is told in its place, and takes no other with it.
 */
import './page.css';
import { Component, type ComponentChildren } from 'preact';
import { lacksToken } from './address.ts';
import { Header } from './header.tsx';
import { SessionList } from './list/session-list.tsx';
import { Crowd } from './panels/crowd.tsx';
import { Home } from './panels/home.tsx';
import { SessionView, TurnPanel } from './session/session-view.tsx';
import { showPanel, store } from './store.ts';
import { lazyView } from './views/lazy-view.tsx';
import { CompareView } from './views/view-tabs.ts';

/** It lies over all, wherever it stands. */
export const Help = lazyView(async () => (await import('./panels/help.tsx')).Help);
const TurnActions = lazyView(async () => (await import('./views/turn-actions.tsx')).TurnActions);
const TokenForm = lazyView(async () => (await import('./panels/token-form.tsx')).TokenForm);
const TryPanel = lazyView(async () => (await import('./panels/try.tsx')).TryPanel);

export function App() {
  return (
    <>
      <Guarded place="head">
        <Header />
      </Guarded>
      {lacksToken.value && (
        <div class="token">
          <TokenForm />
        </div>
      )}
      <Guarded place="left">
        <SessionList />
      </Guarded>
      <Main />
      {store.panel.value === 'help' && <Help />}
      {store.panel.value === 'try' && (
        <div class="corner">
          <TryPanel />
        </div>
      )}
      <Notice />
    </>
  );
}

function Main() {
  const log = store.log.value;
  if (store.panel.value === 'crowd' && log !== null) {
    return (
      <Guarded place="wide">
        <main class="whole">
          <Crowd />
        </main>
      </Guarded>
    );
  }
  if (log === null) {
    return (
      <Guarded place="wide">
        <main class="whole">
          <Home />
        </main>
      </Guarded>
    );
  }
  return <FramedLog log={log} />;
}

/** A log and one of its turns, or what stands in the place of both. */
export function FramedLog({ log }: { readonly log: string }) {
  if (store.panel.value === 'compare') {
    return (
      <Guarded place="wide" subject={log}>
        <CompareView onClose={() => showPanel('none')} />
      </Guarded>
    );
  }
  return (
    <>
      <Guarded place="middle" subject={log}>
        <main class="whole">
          <SessionView />
        </main>
      </Guarded>
      <Guarded place="right" subject={log}>
        <TurnPanel actions={<TurnActions />} />
      </Guarded>
    </>
  );
}

export function Notice() {
  const words = store.notice.value;
  return (
    <div role="alert">
      {words !== '' && (
        <div class="notice">
          <span>{words}</span>
          <button
            type="button"
            class="button"
            onClick={() => {
              store.notice.value = '';
            }}
          >
            Close
          </button>
        </div>
      )}
    </div>
  );
}

interface GuardedProps {
  /** The part of the frame that it stands in. */
  readonly place: 'head' | 'left' | 'middle' | 'right' | 'wide';
  /** What it shows: another one is drawn, whatever failed with the one before. */
  readonly subject?: string;
  readonly children: ComponentChildren;
}

class Guarded extends Component<GuardedProps, { readonly fault: string }> {
  override state = { fault: '' };

  static override getDerivedStateFromError(error: unknown) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }

  override componentDidUpdate(before: GuardedProps) {
    if (before.subject !== this.props.subject && this.state.fault !== '') this.setState({ fault: '' });
  }

  override render() {
    if (this.state.fault === '') return this.props.children;
    return (
      <section class={this.props.place} role="alert">
        <p class="is-bad">This part of the page failed: {this.state.fault}</p>
        <button type="button" class="button" onClick={() => this.setState({ fault: '' })}>
          Draw it again
        </button>
      </section>
    );
  }
}
