/** The right of the page: all of one turn. What came, what was taken upon it and why, what was asked for, what it changed. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { TakenTransition, TurnStep, TurnView } from '../../debugger/views.ts';
import { lazyView } from '../views/lazy-view.tsx';
import { ChangeList, ContextTree } from './context-tree.tsx';
import { durationWords, effectWords, eventName, type GuardNode, guardTree, shortWords } from './session-words.ts';

const Divergent = lazyView(async () => (await import('./divergence.tsx')).Divergent);
const Ending = lazyView(async () => (await import('./ending.tsx')).Ending);

export interface TurnDetailsProps {
  readonly log: string;
  readonly view: TurnView | null;
  /** What can be done from this turn on. */
  readonly actions: ComponentChildren;
}

export function TurnDetails({ log, view, actions }: TurnDetailsProps) {
  if (view === null) return <aside class="right turn" aria-label="Turn" />;
  const { turn, atMs, sinceBeforeMs, event, steps, effects, status, hasThrown, sides } = view;
  const taken = steps.flatMap((step) => step.taken);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled by keys
    <aside class="right turn" aria-label="Turn" tabIndex={0}>
      <h2 class="when">
        Turn {turn} · {durationWords(atMs)} · +{durationWords(sinceBeforeMs)}
      </h2>
      <div class="event" title={event.type}>
        {eventName(event.type)}
      </div>
      <EventFields key={turn} event={event} />
      {hasThrown && <p class="is-bad">The chart threw in this turn, when it was recorded: it changed nothing.</p>}
      {status !== 'active' && !hasThrown && <Ending key={log} log={log} turn={turn} status={status} />}
      {sides !== null && <Divergent view={view} />}
      <h2>Took</h2>
      {taken.length === 0 ? (
        <p class="nothing">{turn === 0 ? 'nothing: the chart starts' : 'nothing: no transition here answers to it'}</p>
      ) : (
        <Taken taken={taken} />
      )}
      <Why steps={steps} />
      <h2>Asked for</h2>
      {effects.length === 0 ? (
        <p class="nothing">nothing</p>
      ) : (
        <ul class="effects">
          {effects.map((effect, index) => (
            <li key={index} title={effect}>
              {effectWords(effect)}
            </li>
          ))}
        </ul>
      )}
      <h2>Changed, recomputed here</h2>
      <ChangeList log={log} view={view} />
      <ContextTree log={log} turn={turn} />
      {actions !== undefined && (
        <>
          <h2>From here</h2>
          <div class="actions">{actions}</div>
        </>
      )}
    </aside>
  );
}

/** A longer text is folded. */
const FOLD_CHARS = 160;

function EventFields({ event }: { readonly event: TurnView['event'] }) {
  const fields = Object.entries(event).filter(([name]) => name !== 'type');
  if (fields.length === 0) return null;
  return (
    <dl class="fields">
      {fields.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd dir="auto">
            <Folded text={JSON.stringify(value) ?? String(value)} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

export function Folded({ text }: { readonly text: string }) {
  const [isOpen, setOpen] = useState(false);
  if (text.length <= FOLD_CHARS) return <>{text}</>;
  return (
    <>
      {isOpen ? text : `${text.slice(0, FOLD_CHARS)}…`}{' '}
      <button type="button" class="link" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        {isOpen ? 'less' : `all ${text.length.toLocaleString('en')} characters`}
      </button>
    </>
  );
}

function Taken({ taken }: { readonly taken: readonly TakenTransition[] }) {
  return (
    <ol class="taken">
      {taken.map((each, index) => (
        <li key={index}>{shortWords(each.words)}</li>
      ))}
    </ol>
  );
}

/** The guards step by step: what was asked, and what came of it. */
function Why({ steps }: { readonly steps: readonly TurnStep[] }) {
  const isAsked = steps.some(({ guards }) => guards.length > 0);
  return (
    <>
      <h2>Why: guards in the order asked</h2>
      {!isAsked && <p class="nothing">no guard was asked</p>}
      {(isAsked ? steps : []).map((step, index) => (
        <div class="step" key={index}>
          <h3>{`${index > 0 ? 'then, ' : ''}${step.isAlways ? 'always: needs no event' : 'on the event'}`}</h3>
          <ul class="guards">
            {guardTree(step.guards).map((guard, place) => (
              <Guard key={place} guard={guard} />
            ))}
          </ul>
          {step.taken.length === 0 && <span class="came">→ nothing taken</span>}
          {step.taken.map((each) => (
            <span class="came" key={each.id}>
              → {each.targets.length === 0 ? 'stays' : each.targets.map((target) => shortWords(target)).join(', ')}
            </span>
          ))}
        </div>
      ))}
    </>
  );
}

function Guard({ guard }: { readonly guard: GuardNode }) {
  const { name, answer, parts } = guard;
  return (
    <li class={answer ? 'guard yes' : 'guard no'} data-guard={name} data-answer={answer}>
      <span>
        <span class="unseen">{answer ? 'true: ' : 'false: '}</span>
        <span aria-hidden="true">{answer ? '✓ ' : '✗ '}</span>
        {name}
      </span>
      {parts.length > 0 && (
        <ul class="guards">
          {parts.map((part, place) => (
            <Guard key={place} guard={part} />
          ))}
        </ul>
      )}
    </li>
  );
}
