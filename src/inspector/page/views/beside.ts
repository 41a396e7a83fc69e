/** Logs of the server, and of segments, that a view needs beside the shown one: watched as long as the view is there. */
import { useEffect } from 'preact/hooks';
import { MAX_WATCHED_LOGS } from '../../feed-format.ts';
import { store } from '../store.ts';

/** null = none is needed; a file of the person needs no watching. */
export function useBeside(id: string | null): void {
  useEffect(() => {
    if (id === null || !(store.rows.has(id) || store.members.has(id))) return;
    store.besides.value = [...store.besides.peek().filter((each) => each !== id), id].slice(1 - MAX_WATCHED_LOGS);
    return () => {
      store.besides.value = store.besides.peek().filter((each) => each !== id);
    };
  }, [id]);
}
