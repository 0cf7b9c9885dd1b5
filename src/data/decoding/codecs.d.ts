/* eslint-disable @typescript-eslint/consistent-type-imports, no-restricted-exports -- an ambient declaration cannot import, nor choose how a package exports */
// The codecs' own types refer to the DOM's; these say what the product uses of them.

declare module '@jsquash/jpeg/codec/dec/mozjpeg_dec.js' {
  /** Null where the file cannot be decoded. Throws where libjpeg gives up. */
  interface JpegDecoder {
    decode(bytes: Uint8Array, preserveOrientation: boolean): import('./wasm').Decoded | null;
  }
  const create: (options: import('../../model/webassembly').FactoryOptions) => Promise<JpegDecoder>;
  export default create;
}

declare module '@jsquash/webp/codec/dec/webp_dec.js' {
  /** Null where the file cannot be decoded. */
  interface WebpDecoder {
    decode(bytes: Uint8Array): import('./wasm').Decoded | null;
  }
  const create: (options: import('../../model/webassembly').FactoryOptions) => Promise<WebpDecoder>;
  export default create;
}
