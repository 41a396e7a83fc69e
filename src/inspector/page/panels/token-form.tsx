/** Where the server's token is given: over whatever the page shows, as long as the server is not to be watched without it. */
import './token-form.css';
import { useState } from 'preact/hooks';
import { connect } from '../address.ts';
import { store } from '../store.ts';

export function TokenForm() {
  const { state, words } = store.connection.value;
  const [given, setGiven] = useState('');
  return (
    <form
      class="token-form"
      aria-label="Token of the server"
      onSubmit={(event) => {
        event.preventDefault();
        if (given.trim() !== '') connect(tokenIn(given));
      }}
    >
      <label for="token">
        {state === 'refused'
          ? `${words}. It has a new token after each start, unless INSPECTOR_TOKEN is set; what this page shows stays.`
          : 'To watch the server, this page needs its token: an address that is copied has none.'}{' '}
        The token is in the address that the server printed when it started (on stderr as Inspector: http://…#token=…,
        in its ready line as inspector_url). Paste that address here, or the token alone.
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
