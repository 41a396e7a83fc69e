/**
 * Log files and segments of the person: dropped anywhere on the page, or chosen. The worker reads them and makes logs of them; nothing leaves
 * the page. What is too large or cannot be read is told in its place, and the others are opened all the same.
 */
import { useEffect, useState } from 'preact/hooks';
import { expectFile, tell } from './engine.ts';

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
          openFiles(currentTarget.files);
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
      openFiles(event.dataTransfer?.files);
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

function openFiles(files: FileList | null = null): void {
  expectFile();
  tell({ kind: 'open', files: [...(files ?? [])].map((blob) => ({ name: blob.name, blob })) });
}
