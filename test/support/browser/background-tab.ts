/**
 * A tab that can really be hidden, by another one in front of it. Tabs of playwright-core are always told that they are seen; this one
 * belongs to the browser itself, and is spoken to by the browser's own protocol.
 */
import type { CDPSession } from 'playwright-core';
import { theBrowser } from './chromium.ts';

export interface BackgroundTab {
  /** Puts an empty tab in front of it. */
  hide(): Promise<void>;
  show(): Promise<void>;
  /** The value of an expression in the page; plain data only. */
  evaluate(expression: string): Promise<unknown>;
  close(): Promise<void>;
}

/** Opens `url`, in front of all others. */
export async function openBackgroundTab(url: string): Promise<BackgroundTab> {
  const browser = await (await theBrowser()).newBrowserCDPSession();
  const { targetId } = await browser.send('Target.createTarget', { url });
  const { sessionId } = await browser.send('Target.attachToTarget', { targetId, flatten: false });
  const others: string[] = [];
  let lastId = 0;
  const evaluate = async (expression: string): Promise<unknown> => {
    lastId += 1;
    const id = lastId;
    const answer = answerTo(browser, id);
    const params = { expression, returnByValue: true };
    await browser.send('Target.sendMessageToTarget', {
      sessionId,
      message: JSON.stringify({ id, method: 'Runtime.evaluate', params }),
    });
    return answer;
  };
  return {
    async hide() {
      const { targetId: other } = await browser.send('Target.createTarget', { url: 'about:blank' });
      others.push(other);
      await browser.send('Target.activateTarget', { targetId: other });
    },
    async show() {
      await browser.send('Target.activateTarget', { targetId });
    },
    evaluate,
    async close() {
      for (const id of [targetId, ...others]) await browser.send('Target.closeTarget', { targetId: id });
      await browser.detach();
    },
  };
}

function answerTo(browser: CDPSession, id: number): Promise<unknown> {
  return new Promise((resolve) => {
    const take = ({ message }: { message: string }) => {
      const answer = JSON.parse(message);
      if (answer.id !== id) return;
      browser.off('Target.receivedMessageFromTarget', take);
      resolve(answer.result?.result?.value);
    };
    browser.on('Target.receivedMessageFromTarget', take);
  });
}
