/** What a turn changed, and all of the context: opened level by level, as it is asked for. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { ContextChild, FieldChange, TurnView } from '../../debugger/views.ts';
import { useAnswer } from '../engine.ts';
import { differingParts } from './session-words.ts';
import { seekTurn } from './time-travel.ts';

export function ChangeList({ log, view }: { readonly log: string; readonly view: TurnView }) {
  const { turn, changes, moreChanges } = view;
  if (changes.length === 0) return <p class="nothing">nothing</p>;
  return (
    <>
      <ul class="changes">
        {changes.map((change) => (
          <Change key={`${turn} ${change.path}`} log={log} turn={turn} change={change} />
        ))}
      </ul>
      {moreChanges > 0 && <p class="nothing">and {moreChanges} more: open the context below</p>}
    </>
  );
}

interface ChangeProps {
  readonly log: string;
  readonly turn: number;
  readonly change: FieldChange;
}

function Change({ log, turn, change }: ChangeProps) {
  const [isOpen, setOpen] = useState(false);
  const { path } = change;
  const { before, after } = differingParts(change);
  return (
    <li>
      <button type="button" class="line change" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        <span>{path}</span>
        <span class={(after?.length ?? 0) > (before?.length ?? 0) ? 'values growing' : 'values'} dir="auto">
          {before !== undefined && <del>{before}</del>}
          <span class="to">{before === undefined ? '+' : '→'}</span>
          {after === undefined ? <span class="to">removed</span> : <ins>{after}</ins>}
        </span>
      </button>
      {isOpen && <WholeValue log={log} turn={turn} path={path} />}
    </li>
  );
}

function WholeValue({ log, turn, path }: { readonly log: string; readonly turn: number; readonly path: string }) {
  const { answer, error } = useAnswer({ kind: 'value', log, turn, path });
  if (error !== null) return <p class="is-bad">{error}</p>;
  if (answer === null) return null;
  return (
    <div class="whole-value">
      {answer.before !== null && (
        <Whole>
          <del>{answer.before}</del>
        </Whole>
      )}
      {answer.after !== null && (
        <Whole>
          <ins>{answer.after}</ins>
        </Whole>
      )}
      <ChangeJumps turn={turn} path={path} />
    </div>
  );
}

/** A text of any length, scrolled in itself. */
export function Whole({ children }: { readonly children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled by keys
    <pre dir="auto" tabIndex={0}>
      {children}
    </pre>
  );
}

function ChangeJumps({ turn, path }: { readonly turn: number; readonly path: string }) {
  const mark = { kind: 'changed', path } as const;
  return (
    <div class="jumps">
      <button type="button" class="link" onClick={() => seekTurn(mark, 'before', turn)}>
        ◀ its change before
      </button>
      <button type="button" class="link" onClick={() => seekTurn(mark, 'after', turn)}>
        its next change ▶
      </button>
    </div>
  );
}

/** Stays open from turn to turn, so that a field can be watched. */
export function ContextTree({ log, turn }: { readonly log: string; readonly turn: number }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <h2>
        <button type="button" class="fold" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {isOpen ? '▾' : '▸'} Context after it
        </button>
      </h2>
      {isOpen && <Level log={log} turn={turn} path="" />}
    </>
  );
}

function Level({ log, turn, path }: { readonly log: string; readonly turn: number; readonly path: string }) {
  const { answer, error } = useAnswer({ kind: 'context', log, turn, path });
  if (error !== null) return <p class="nothing">{error}</p>;
  if (answer === null) return null;
  return (
    <ul class="tree">
      {answer.children.map((child) => (
        <Branch key={child.path} log={log} turn={turn} child={child} />
      ))}
      {answer.more > 0 && <li class="nothing">and {answer.more.toLocaleString('en')} more</li>}
    </ul>
  );
}

interface BranchProps {
  readonly log: string;
  readonly turn: number;
  readonly child: ContextChild;
}

function Branch({ log, turn, child }: BranchProps) {
  const [isOpen, setOpen] = useState(false);
  const { name, path, preview, hasChildren } = child;
  return (
    <li>
      <span class="branch">
        <button type="button" class="line" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          <span class="to">{isOpen ? '▾' : '▸'}</span> {name} <b>{preview}</b>
        </button>
        <button
          type="button"
          class="link last-change"
          title={`The turn in which ${path} changed last`}
          aria-label={`The turn in which ${path} changed last`}
          onClick={() => seekTurn({ kind: 'changed', path }, 'before', turn + 1)}
        >
          last change
        </button>
      </span>
      {isOpen &&
        (hasChildren ? <Level log={log} turn={turn} path={path} /> : <Leaf log={log} turn={turn} path={path} />)}
    </li>
  );
}

function Leaf({ log, turn, path }: { readonly log: string; readonly turn: number; readonly path: string }) {
  const { answer } = useAnswer({ kind: 'value', log, turn, path });
  return answer === null ? null : <Whole>{answer.after ?? 'nothing'}</Whole>;
}
