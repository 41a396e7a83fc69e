/**
 * A view whose code is fetched behind the page's own, some time after it: the page begins sooner, and has the view also when its server is
 * gone by then.
 */
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';

const AFTER_MS = 1_500;

export function lazyView<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  let loaded: ComponentType<Props> | null = null;
  const fetchView = async () => {
    loaded ??= await load();
  };
  setTimeout(() => void fetchView().catch(() => {}), AFTER_MS);
  return function LazyView(props: Props) {
    const [words, setWords] = useState('Loading…');
    useEffect(() => {
      // Also where it has come between the drawing and this: nothing else would draw it again.
      fetchView().then(
        () => setWords(''),
        () => setWords('This view could not be loaded: is the server gone?'),
      );
    }, []);
    const View = loaded;
    return View === null ? <p class="view-words">{words}</p> : <View {...props} />;
  };
}
