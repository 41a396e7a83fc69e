/** What stands in the middle while no session is shown: all of them, and how to come to one. */
import './panels.css';
import { awaited, fileName, lacksToken } from '../address.ts';
import { isFile } from '../engine.ts';
import { chooseFiles } from '../files.tsx';
import { isSession } from '../list/list-model.ts';
import { store } from '../store.ts';
import { Crowd } from './crowd.tsx';

export function Home() {
  const { server } = store.connection.value;
  if (server === null || server.grpc === null) {
    return (
      <section class="wide home" aria-label="Nothing is chosen">
        <Hints />
      </section>
    );
  }
  return (
    <Crowd>
      <div class="home">
        <Hints />
      </div>
    </Crowd>
  );
}

function Hints() {
  const { state, server } = store.connection.value;
  store.rowsAt.value;
  store.membersAt.value;
  const place = awaited.value;
  const sessions = [...store.rows.values()].filter(isSession);
  return (
    <>
      {place !== null && (isFile(place.log) || !lacksToken.value) && (
        <p role="status">
          {isFile(place.log)
            ? `This address leads into the file ${fileName(place.log)}: open it again to go there.`
            : `Looking for session ${place.session}: the list does not have it yet.`}
        </p>
      )}
      {!sessions.some(({ isLive }) => isLive) && state === 'live' && server !== null && server.grpc !== null && (
        <p>
          No session is live. Begin one: <code>recital ask "What is a statechart?" --server {server.grpc}</code>
        </p>
      )}
      <p>
        {sessions.length + store.members.size > 0 && 'Choose a session on the left. '}
        <button type="button" class="button" onClick={chooseFiles}>
          Open log files
        </button>{' '}
        that you have. They can also be dropped anywhere on this page, and are sent nowhere.
      </p>
    </>
  );
}
