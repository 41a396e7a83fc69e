/** Try it: a question to the server, in a corner of the page, so that its session is seen to walk through the chart beside it. */
import './try.css';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { showPanel } from '../store.ts';
import { answerText, askServer, isAsking, isOutcomeBad, outcome, stopAsking } from './try-call.ts';
import { soundAheadSeconds, soundPeak } from './try-sound.ts';

const METER_MS = 50;

export function TryPanel() {
  const [prompt, setPrompt] = useState('What is a statechart?');
  const field = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => {
    const before = document.activeElement;
    field.current?.focus();
    field.current?.select();
    return () => before instanceof HTMLElement && before.focus();
  }, []);
  const ask = () => {
    if (prompt.trim() !== '') void askServer(prompt);
  };
  return (
    <section
      class="try"
      aria-label="Try it"
      onKeyDown={(event) => event.key === 'Escape' && showPanel('none')}
      data-asking={isAsking.value}
    >
      <div class="row-of-fields">
        <h2>Try it</h2>
        <button type="button" class="button" onClick={() => showPanel('none')}>
          Close <kbd>Esc</kbd>
        </button>
      </div>
      <textarea
        ref={field}
        id="prompt"
        rows={2}
        aria-label="What to ask"
        value={prompt}
        onInput={({ currentTarget }) => setPrompt(currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          ask();
        }}
      />
      <div class="row-of-fields">
        <button type="button" class="button main-button" onClick={ask}>
          Ask <kbd>↵</kbd>
        </button>
        <button type="button" class="button" onClick={stopAsking}>
          Stop
        </button>
        <Meter />
      </div>
      <Answer />
    </section>
  );
}

function Answer() {
  const box = useRef<HTMLElement>(null);
  const text = answerText.value;
  useLayoutEffect(() => {
    if (box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [text]);
  return (
    <>
      {text !== '' && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
        <section ref={box} class="answer" dir="auto" tabIndex={0} aria-label="Answer">
          {text}
        </section>
      )}
      <p role="status" class={isOutcomeBad.value ? 'is-bad' : 'soft'}>
        {outcome.value}
      </p>
    </>
  );
}

/** How loud it is now, and how much is still to be heard. It changes many times a second, and is written past the drawing of the page. */
function Meter() {
  const bar = useRef<HTMLSpanElement>(null);
  const rest = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    const timer = setInterval(() => {
      const peak = soundPeak();
      const ahead = soundAheadSeconds();
      if (bar.current === null || rest.current === null) return;
      bar.current.dataset.peak = peak.toFixed(3);
      bar.current.style.setProperty('--peak', `${Math.min(100, 100 * peak).toFixed(0)}%`);
      rest.current.textContent = ahead > 0 ? `${ahead.toFixed(1)} s of sound` : '';
    }, METER_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <span class="meter">
      <span ref={bar} class="meter-bar" data-peak="0" />
      <span ref={rest} />
    </span>
  );
}
