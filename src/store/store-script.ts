/** Where the store's processes find their scripts. */
import { fileURLToPath } from 'node:url';

/** The compiled script beside this file; when this file runs as TypeScript (tests), the one that `npm run build` made. */
export function storeScript(name: 'store-writer' | 'store-reader' | 'store-eraser'): string {
  const folder = import.meta.url.endsWith('.js') ? './' : '../../dist/store/';
  return fileURLToPath(new URL(`${folder}${name}.js`, import.meta.url));
}
