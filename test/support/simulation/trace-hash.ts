/** One number of everything that could be seen of a world, in its order and with its times: two runs that differ anywhere differ in it. */

export class TraceHash {
  #one = 0x811c9dc5;
  #other = 0x1234567;

  add(atMs: number, what: string): void {
    let one = this.#one ^ Math.round(atMs * 1_000);
    let other = this.#other + what.length;
    for (let at = 0; at < what.length; at += 1) {
      const code = what.charCodeAt(at);
      one = Math.imul(one ^ code, 0x01000193);
      other = (Math.imul(other, 31) + code) | 0;
    }
    this.#one = one;
    this.#other = other;
  }

  get text(): string {
    return `${(this.#one >>> 0).toString(16).padStart(8, '0')}${(this.#other >>> 0).toString(16).padStart(8, '0')}`;
  }
}
