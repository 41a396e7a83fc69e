/** The page's entry: draws the app into the document and starts the debugger's worker. */
import { render } from 'preact';

const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
worker.postMessage({ kind: 'hello' });

const place = document.getElementById('page');
if (place !== null) render(<h1>Recital inspector</h1>, place);
