/** The page's entry: starts the debugger's worker and draws the app into the document. */
import { render } from 'preact';
import { startAddress } from './address.ts';
import { App } from './app.tsx';
import { reportBrokenEngine, startEngine } from './engine.ts';
import { startKeys } from './keys.ts';
import { store } from './store.ts';

const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
worker.onerror = ({ message }) => reportBrokenEngine(message || 'its program could not be loaded');
startEngine(worker);
startAddress();
startKeys();

/** Where page.css has larger type, too. */
const large = matchMedia('(min-width: 1900px)');
const takeSize = () => {
  store.isLarge.value = large.matches;
};
large.onchange = takeSize;
takeSize();

const place = document.getElementById('page');
if (place !== null) render(<App />, place);
