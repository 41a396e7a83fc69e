/** What stands in the middle while no session is shown: how to come to one. */
import './panels.css';
import { useState } from 'preact/hooks';
import { awaited, connect, hasToken } from '../address.ts';
import { chooseFiles } from '../files.tsx';
import { store } from '../store.ts';

export function Home() {
  const { state, words, server } = store.connection.value;
  const place = awaited.value;
  return (
    <section class="wide home" aria-label="Nothing is chosen">
      {place !== null && <p role="status">Looking for session {place.session}: the list does not have it yet.</p>}
      {(!hasToken() || state === 'refused') && <TokenForm why={state === 'refused' ? words : ''} />}
      {server !== null && store.rows.size === 0 && state === 'live' && (
        <p>
          No session yet. Ask one:{' '}
          <code>recital ask "What is a statechart?"{server.grpc && ` --server ${server.grpc}`}</code>
        </p>
      )}
      <p>
        Choose a session on the left, or{' '}
        <button type="button" class="button" onClick={chooseFiles}>
          open log files
        </button>{' '}
        – they can also be dropped anywhere on this page, and are sent nowhere.
      </p>
    </section>
  );
}

function TokenForm({ why }: { readonly why: string }) {
  const [given, setGiven] = useState('');
  return (
    <form
      class="token-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (given.trim() !== '') connect(tokenIn(given));
      }}
    >
      <label for="token">
        {why === '' ? 'To watch the server, this page needs its token' : why}. The server prints a link with it when it
        starts; paste the link, or the token.
      </label>
      <div class="row-of-fields">
        <input
          id="token"
          type="password"
          autocomplete="off"
          required
          value={given}
          onInput={({ currentTarget }) => setGiven(currentTarget.value)}
        />
        <button type="submit" class="button main-button">
          Connect
        </button>
      </div>
    </form>
  );
}

/** The token itself, also out of a whole link. */
function tokenIn(text: string): string {
  const inLink = /[#&]token=([^&\s]+)/.exec(text)?.[1];
  return inLink === undefined ? text.trim() : decodeURIComponent(inLink);
}
