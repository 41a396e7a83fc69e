/** Reads our Markdown as far as the documents' test needs it: what links, what names a file, what looks like a setting. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));

export interface Document {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
}

/** The document at `path`, from the root of the repository. */
export function readDocument(path: string): Document {
  return { path, text: readFileSync(new URL(path, `file://${root}`), 'utf8') };
}

/** README.md and everything under docs/. */
export function allDocuments(): Document[] {
  const inDocs = readdirSync(new URL('docs', `file://${root}`), { recursive: true, encoding: 'utf8' });
  const paths = inDocs.filter((path) => path.endsWith('.md')).map((path) => `docs/${path.replaceAll('\\', '/')}`);
  return ['README.md', 'CONTRIBUTING.md', ...paths.sort()].map(readDocument);
}

/** Targets of links and pictures, outside of code; without titles. */
export function linksOf({ text }: Document): string[] {
  const prose = withoutCodeBlocks(text).replaceAll(/`[^`]*`/g, '`');
  const inline = [...prose.matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)/g)].map(([, target = '']) => target);
  const html = [...prose.matchAll(/\b(?:src|href|srcset)="([^"]+)"/g)].map(([, target = '']) => target);
  return [...inline, ...html];
}

/** What GitHub makes of the headings, for links with `#`. */
export function anchorsOf({ text }: Document): string[] {
  const headings = [...withoutCodeBlocks(text).matchAll(/^#{1,6} +(.+)$/gm)].map(([, heading = '']) => heading);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Every `code span` and every line of a code block. */
export function codeOf({ text }: Document): string[] {
  const blocks = [...text.matchAll(/^```.*\n([\s\S]*?)^```/gm)].flatMap(([, block = '']) => block.split('\n'));
  const spans = [...withoutCodeBlocks(text).matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span);
  return [...blocks, ...spans];
}

/** Names of files and folders of ours in code spans and blocks, such as `src/rpc/server.ts`. */
export function codePathsOf(document: Document): string[] {
  const path = /(?<![\w./-])(?:src|test|docs|proto|bench|scripts|scenarios)\/[\w./*-]*\w\/?/g;
  return codeOf(document).flatMap((code) => code.match(path) ?? []);
}

/** The npm scripts that a document tells its reader to run. */
export function npmScriptsOf(document: Document): string[] {
  return codeOf(document).flatMap((code) => {
    const run = [...code.matchAll(/\bnpm run (?:--\S+ )*([\w:-]+)/g)].map(([, name = '']) => name);
    const short = [...code.matchAll(/\bnpm (start|test)\b/g)].map(([, name = '']) => name);
    return [...run, ...short];
  });
}

/** Words in CODE_CASE that look like a setting. */
export function settingNamesOf(document: Document): string[] {
  return codeOf(document).flatMap((code) => code.match(/(?<![\w@./-])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?![\w_])/g) ?? []);
}

function withoutCodeBlocks(text: string): string {
  return text.replaceAll(/^```.*\n[\s\S]*?^```/gm, '');
}
