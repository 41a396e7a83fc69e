/**
 * Log files of the person: dropped anywhere on the page, or chosen. Their bytes go to the worker, which makes logs of them; nothing leaves
 * the page. What is too large or cannot be read is told in words, and the others are opened all the same.
 */
import { useEffect, useState } from 'preact/hooks';
import { expectFile, tell } from './engine.ts';
import { store } from './store.ts';

const MAX_FILE_MIB = 64;

/** Opens the browser's own dialog. */
export function chooseFiles(): void {
  document.getElementById('files')?.click();
}

/** The input behind `chooseFiles`, and what says where to drop while files are dragged over the page. */
export function FileDrop() {
  const isOver = useDroppedFiles();
  return (
    <>
      <input
        id="files"
        class="unseen"
        type="file"
        multiple
        tabIndex={-1}
        aria-label="Open log files"
        onChange={({ currentTarget }) => {
          void openFiles([...(currentTarget.files ?? [])]);
          currentTarget.value = '';
        }}
      />
      {isOver && <div class="drop">Drop log files: they are opened in this page, and sent nowhere.</div>}
    </>
  );
}

function useDroppedFiles(): boolean {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    const hasFiles = ({ dataTransfer }: DragEvent) => dataTransfer?.types.includes('Files') === true;
    const over = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(true);
    };
    // Leaving an element of the page for another one tells which; leaving the page tells none.
    const leave = (event: DragEvent) => event.relatedTarget === null && setOver(false);
    const drop = (event: DragEvent) => {
      setOver(false);
      if (!hasFiles(event)) return;
      event.preventDefault();
      void openFiles([...(event.dataTransfer?.files ?? [])]);
    };
    addEventListener('dragover', over);
    addEventListener('dragleave', leave);
    addEventListener('drop', drop);
    return () => {
      removeEventListener('dragover', over);
      removeEventListener('dragleave', leave);
      removeEventListener('drop', drop);
    };
  }, []);
  return isOver;
}

async function openFiles(files: readonly File[]): Promise<void> {
  const faults: string[] = [];
  expectFile();
  for (const file of files) {
    const bytes = await bytesOf(file);
    if (typeof bytes === 'string') faults.push(bytes);
    else tell({ kind: 'open', files: [{ name: file.name, bytes }] }, [bytes.buffer]);
  }
  store.notice.value = faults.join(' ');
}

/** Its bytes, or why there are none to be had. */
async function bytesOf(file: File): Promise<Uint8Array<ArrayBuffer> | string> {
  const mebibytes = file.size / 2 ** 20;
  if (mebibytes >= MAX_FILE_MIB)
    return `${file.name} has ${mebibytes.toFixed(1)} MiB; a log must have less than ${MAX_FILE_MIB} MiB.`;
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (error) {
    return `${file.name} could not be read: ${error instanceof Error ? error.message : String(error)}.`;
  }
}
