/** Signals whose value a reload of the tab finds again: kept in its session storage, where there is one. */
import { effect, type Signal, signal } from '@preact/signals';

/** A text under `name`; `initial` where none is kept. */
export function keptText(name: string, initial: string): Signal<string> {
  const kept = signal(readKept(name) ?? initial);
  effect(() => writeKept(name, kept.value));
  return kept;
}

/** null = nothing is kept, or the tab keeps nothing. */
function readKept(name: string): string | null {
  try {
    return sessionStorage.getItem(`recital.${name}`);
  } catch {
    return null;
  }
}

function writeKept(name: string, text: string): void {
  try {
    sessionStorage.setItem(`recital.${name}`, text);
  } catch {
    // Storage is full or switched off: then a reload begins anew, which is all that is lost.
  }
}
