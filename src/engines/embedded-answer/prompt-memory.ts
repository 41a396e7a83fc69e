/**
 * What each device said lately, for "what did I say before?". In memory alone, bounded in devices, prompts and
 * characters; the device that was silent longest is forgotten first.
 */

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
      const prompts = [shortened(prompt), ...(promptsByDevice.get(hardwareId) ?? [])].slice(0, maxPromptsPerDevice);
      // A Map keeps the order of insertion, so the first key is the device that was silent longest.
      promptsByDevice.delete(hardwareId);
      promptsByDevice.set(hardwareId, prompts);
      const oldest = promptsByDevice.keys().next();
      if (promptsByDevice.size > maxDevices && oldest.done !== true) promptsByDevice.delete(oldest.value);
    },
  };
}

/** False for the id that stands for every device without one. */
export function isOneDevice(hardwareId: string): boolean {
  return hardwareId.trim() !== '' && hardwareId !== 'unknown';
}

function shortened(prompt: string): string {
  const isLong = prompt.length > maxPromptChars;
  // toWellFormed: the cut may have halved a character.
  const text = prompt.slice(0, maxPromptChars).toWellFormed().replace(/\s+/g, ' ').trim();
  return isLong ? `${text.replace(/\uFFFD$/, '')}…` : text;
}
