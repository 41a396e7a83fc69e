/** The page's entry: starts the debugger's worker and draws the app into the document. */
import { render } from 'preact';
import { App } from './app.tsx';
import { reportBrokenEngine, startEngine } from './engine.ts';

const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
worker.onerror = ({ message }) => reportBrokenEngine(message || 'its program could not be loaded');
startEngine(worker);

const place = document.getElementById('page');
if (place !== null) render(<App />, place);
