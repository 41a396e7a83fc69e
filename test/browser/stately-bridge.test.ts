/** examples/stately/bridge.mjs in a real browser: the page in its frame is handed what a server tells, once it says that it is there. */
import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { openPage } from '../support/browser/inspected-page.ts';
import { connect, start } from '../support/client.ts';
import { atEndOfFile } from '../support/end-of-file.ts';
import { eventually } from '../support/eventually.ts';
import { startServer } from '../support/server.ts';
import { startBridge } from '../support/stately-bridge.ts';

/** A page that listens as the package's receiver for browsers does, and writes down what it is told. */
const tool = `<!doctype html><title>tool</title><ol></ol><script>
  addEventListener('message', ({ data }) => {
    if (typeof data._version !== 'string') return;
    const item = document.createElement('li');
    item.textContent = JSON.stringify({ type: data.type, name: data.name, status: data.snapshot?.status });
    document.querySelector('ol').append(item);
  });
  parent.postMessage({ type: '@statelyai.connected' }, '*');
</script>`;

async function startTool(): Promise<string> {
  const server = createServer((_request, response) => response.setHeader('content-type', 'text/html').end(tool));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEndOfFile(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
}

test('a session is told to the tool in the frame, from its introduction to its end', async () => {
  const authority = await startBridge(await startTool());
  const server = await startServer({ env: { INSPECTOR_EXPORT: `ws://${authority}` } });
  await eventually(
    async () => (await server.status()).inspector_export,
    (exported) => JSON.stringify(exported).includes('"connected":true'),
  );
  const page = await openPage(`http://${authority}/`, { expectedFaults: [/^request to elsewhere/, /favicon/, /404/] });
  const told = page.frameLocator('#tool').locator('li');
  const client = connect(server.grpcPort);
  const { sessionId } = await start(client, { prompt: 'Hello.' }).outcome;
  client.close();
  await told.filter({ hasText: `"name":"session ${sessionId}"` }).waitFor();
  await told.filter({ hasText: '"status":"done"' }).first().waitFor();
  expect(await told.filter({ hasText: '"name":"supervisor"' }).count()).toBe(1);
  expect(await page.title()).toBe("Recital in Stately's inspector");
});
