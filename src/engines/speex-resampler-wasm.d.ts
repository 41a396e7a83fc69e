/** What is used of SpeexDSP's resampler as WebAssembly; the package has no types of its own. Pointers are places in its memory. */
interface SpeexModule {
  /** Views of the memory; new ones after it grew. */
  readonly HEAPU8: Uint8Array<ArrayBuffer>;
  readonly HEAP32: Int32Array;
  /** 0 = there is no memory left. */
  _malloc(bytes: number): number;
  /** 0 = refused, with the reason at `error`. */
  _speex_resampler_init(channels: number, fromHz: number, toHz: number, quality: number, error: number): number;
  /** Begins at the first sample instead of half a filter before it. */
  _speex_resampler_skip_zeros(state: number): number;
  /** Half of the filter, in samples of the input. */
  _speex_resampler_get_input_latency(state: number): number;
  /** Takes samples of 16 bits; both lengths say what is there, and then what was taken and made. 0 = good. */
  _speex_resampler_process_int(
    state: number,
    channel: number,
    input: number,
    inputLength: number,
    output: number,
    outputLength: number,
  ): number;
  _speex_resampler_destroy(state: number): void;
}

type SpeexFactory = (options: { readonly printErr: (line: string) => void }) => Promise<SpeexModule>;

declare module '@echogarden/speex-resampler-wasm' {
  const factory: SpeexFactory;
  // biome-ignore lint/style/noDefaultExport: this is what the package has.
  export default factory;
}

declare module '@echogarden/speex-resampler-wasm/simd' {
  const factory: SpeexFactory;
  // biome-ignore lint/style/noDefaultExport: this is what the package has.
  export default factory;
}
