/** The tabs of views over whole logs, beside those of a session's own. */
import type { DockTab } from '../session/dock.tsx';
import { lazyView } from './lazy-view.tsx';

export const sequenceTab: DockTab = {
  id: 'sequence',
  title: 'Sequence',
  isTall: true,
  View: lazyView(async () => (await import('./sequence-view.tsx')).SequenceView),
};

export const forkTab: DockTab = {
  id: 'fork',
  title: 'What if',
  isTall: true,
  View: lazyView(async () => (await import('./fork-view.tsx')).ForkView),
};

export const slotsTab: DockTab = {
  id: 'slots',
  title: 'Slots',
  isTall: true,
  View: lazyView(async () => (await import('./supervisor-panel.tsx')).SupervisorPanel),
};

/** Two sessions beside each other, in the place of one. */
export const CompareView = lazyView(async () => (await import('./compare-view.tsx')).CompareView);
