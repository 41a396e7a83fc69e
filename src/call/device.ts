/** Which hardware_ids are one device. Calls without an id run under "unknown", all of them: it names nobody, so nothing is kept under it. */

/** False for the id that stands for every device without one. */
export function isOneDevice(hardwareId: string): boolean {
  return hardwareId.trim() !== '' && hardwareId !== 'unknown';
}
