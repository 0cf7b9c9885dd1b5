import {
  compileAsset,
  instanceOptions,
  type CompiledModule,
  type FactoryOptions,
} from '../../model/webassembly';
import { brokenImage, type Image } from '../image';
import { dropAlpha } from './rgba';

/** A decoded picture as the codecs return it: RGBA. */
export interface Decoded {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/** Images above this size leave their memory behind in the codec; it is given back. */
const KEEP_PIXELS = 8 * 1024 * 1024;

/**
 * One codec compiled to WebAssembly: a sandbox of its own memory, so that a file which breaks the decoder breaks
 * nothing else. An instance that failed is thrown away, never used again.
 */
export class WasmCodec<Codec> {
  private readonly format: string;
  private readonly file: string;
  private readonly create: (options: FactoryOptions) => Promise<Codec>;
  private compiled: CompiledModule | null = null;
  private instance: Promise<Codec> | null = null;
  private complaints: string[] = [];

  /** `format`: its name in messages. `file`: name of the .wasm file among the product's assets. */
  constructor(format: string, file: string, create: (options: FactoryOptions) => Promise<Codec>) {
    this.format = format;
    this.file = file;
    this.create = create;
  }

  /**
   * Decodes one image whose header announces `width` × `height` (already found acceptable). `complaints` are the lines
   * that the codec wrote meanwhile. Rejects with DataError `unreadable-image` where the codec gives up.
   */
  async decode(
    { path: file, width, height }: { path: string; width: number; height: number },
    decode: (codec: Codec) => Decoded | null,
  ): Promise<{ image: Image; complaints: readonly string[] }> {
    const codec = await (this.instance ??= this.instantiate());
    // From here on nothing is awaited: the complaints are this decoding's own.
    const complaints: string[] = [];
    this.complaints = complaints;
    let decoded: Decoded | null;
    try {
      decoded = decode(codec);
    } catch (cause) {
      this.instance = null;
      throw brokenImage(file, this.format, complaints.at(-1) ?? 'its decoder failed', cause);
    }
    if (width * height > KEEP_PIXELS) this.instance = null;
    if (decoded?.width !== width || decoded.height !== height) {
      throw brokenImage(file, this.format, complaints.at(-1) ?? 'it is damaged or truncated');
    }
    return { image: { width, height, data: dropAlpha(decoded.data) }, complaints };
  }

  private instantiate(): Promise<Codec> {
    this.compiled ??= compileAsset(this.file);
    return this.create(instanceOptions(this.compiled, (line) => this.complaints.push(line)));
  }
}
