/** The keys and the filter language, over the page. */
import './help.css';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { keyTable } from '../keys.ts';
import { showPanel, store } from '../store.ts';
import { isSavedPage } from '../views/saved-page.ts';

const filterExamples: readonly (readonly [string, string])[] = [
  ['state:voice.speaking', 'the state has this in it'],
  ['device:laptop  session:2a60  reason:failed  machine:welcome', 'so has another field'],
  ['wait:model', 'waits for it now: start, model, voice, reader, out'],
  ['is:stuck', 'waits, and nothing happened for 10 s; also live, ended, failed, file'],
  ['age:>10s  turns:>100', 'more, or less (<), than that'],
  ['-device:lab', 'not so'],
  ['laptop  "two words"', 'anywhere'],
];

/** Keys that need a list, which a saved page has not, and those that need a server of sessions. */
const listKeys = ['j', 'k', '/', 'c'];
const serverKeys = ['t'];

function isOfUse(key: string): boolean {
  if (serverKeys.includes(key)) return (store.connection.value.server?.grpc ?? null) !== null;
  return !listKeys.includes(key) || !isSavedPage();
}

/** Modal: the browser keeps the focus in it, closes it upon Esc, and gives the focus back. */
export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog
      ref={dialog}
      class="help"
      aria-labelledby="help-title"
      onClose={() => showPanel('none')}
      onKeyDown={(event) => event.key === '?' && dialog.current?.close()}
      onClick={({ target, currentTarget }) => target === currentTarget && currentTarget.close()}
    >
      <div class="help-body">
        <div class="crumb">
          <h1 id="help-title">Keys</h1>
          <button type="button" class="button" onClick={() => dialog.current?.close()}>
            Close <kbd>Esc</kbd>
          </button>
        </div>
        <dl class="key-list">
          {keyTable
            .filter(({ keys: [key = ''] }) => isOfUse(key))
            .map(({ shown, words }) => (
              <div key={words}>
                <dt>
                  {shown.map((each) => (
                    <kbd key={each}>{each}</kbd>
                  ))}
                </dt>
                <dd>{words}</dd>
              </div>
            ))}
        </dl>
        {!isSavedPage() && <FilterLanguage />}
      </div>
    </dialog>
  );
}

function FilterLanguage() {
  return (
    <>
      <h2>Filter</h2>
      <dl class="key-list wide-keys">
        {filterExamples.map(([example, words]) => (
          <div key={example}>
            <dt>
              <code>{example}</code>
            </dt>
            <dd>{words}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}
