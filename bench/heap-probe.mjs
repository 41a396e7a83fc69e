// Imported ahead of a server that runs with --expose-gc: answers `heap` with what is in use once all garbage is collected, and with how many
// timers and other handles keep or could keep it going.
process.on('message', async (message) => {
  if (message !== 'heap') return;
  for (let round = 0; round < 4; round += 1) {
    globalThis.gc();
    await new Promise((wake) => setTimeout(wake, 50));
  }
  if (process.env.HEAP_SNAPSHOT_DIR !== undefined) {
    const { writeHeapSnapshot } = await import('node:v8');
    writeHeapSnapshot(`${process.env.HEAP_SNAPSHOT_DIR}/${Date.now()}-${process.pid}.heapsnapshot`);
  }
  const resources = process.getActiveResourcesInfo();
  const timers = resources.filter((name) => name === 'Timeout').length;
  process.send({ heapUsed: process.memoryUsage().heapUsed, timers, handles: resources.length - timers });
});
process.channel.unref();
