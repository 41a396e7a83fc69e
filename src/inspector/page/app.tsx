/** The frame of the page: the head, the list on the left, the session in the middle, its turn on the right, and what lies over them. */
import './page.css';
import { FileDrop } from './files.tsx';
import { Header } from './header.tsx';
import { SessionList } from './list.tsx';
import { SessionView, TurnPanel } from './session/session-view.tsx';

export function App() {
  return (
    <>
      <Header />
      <SessionList />
      <SessionView />
      <TurnPanel />
      <FileDrop />
    </>
  );
}
