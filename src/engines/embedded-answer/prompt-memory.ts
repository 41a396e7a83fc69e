/**
 * What each device said lately, for an answerer that is told no history (MEMORY=off). In memory alone, bounded in devices, prompts and
 * characters; the device that was silent longest is forgotten first.
 */
import { isOneDevice } from '../../call/call.ts';

const maxDevices = 1000;
const maxPromptsPerDevice = 3;
const maxPromptChars = 200;

export interface PromptMemory {
  /** The last prompts of the device, newest first. */
  recall(hardwareId: string): readonly string[];
  remember(hardwareId: string, prompt: string): void;
}

/** An empty memory. Devices that give no id share "unknown" and are not remembered: they would hear each other's words. */
export function createPromptMemory(): PromptMemory {
  const promptsByDevice = new Map<string, readonly string[]>();
  return {
    recall: (hardwareId) => promptsByDevice.get(hardwareId) ?? [],
    remember(hardwareId, prompt) {
      if (!isOneDevice(hardwareId)) return;
      const prompts = [shortenedPrompt(prompt), ...(promptsByDevice.get(hardwareId) ?? [])].slice(
        0,
        maxPromptsPerDevice,
      );
      // A Map keeps the order of insertion, so the first key is the device that was silent longest.
      promptsByDevice.delete(hardwareId);
      promptsByDevice.set(hardwareId, prompts);
      const oldest = promptsByDevice.keys().next();
      if (promptsByDevice.size > maxDevices && oldest.done !== true) promptsByDevice.delete(oldest.value);
    },
  };
}

/** The beginning of a prompt on one line. */
export function shortenedPrompt(prompt: string): string {
  const isLong = prompt.length > maxPromptChars;
  // toWellFormed: the cut may have halved a character.
  const text = prompt.slice(0, maxPromptChars).toWellFormed().replace(/\s+/g, ' ').trim();
  return isLong ? `${text.replace(/\uFFFD$/, '')}…` : text;
}
