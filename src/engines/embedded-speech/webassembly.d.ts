/**
 * The part of the WebAssembly API used here. Node has it at run time; @types/node 20 does not declare it, and the
 * "dom" library that does would make `window` and `document` look real in all of the server.
 */
// biome-ignore lint/style/noNamespace: this is what the platform's own global is.
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Memory {
    readonly buffer: ArrayBuffer;
    constructor(limits: { readonly initial: number });
  }
  class Instance {
    readonly exports: Readonly<Record<string, unknown>>;
    constructor(module: Module, imports: object);
  }
  function compile(bytes: Uint8Array): Promise<Module>;
}
