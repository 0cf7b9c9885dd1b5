import * as v from 'valibot';
import { PreprocessingOptionsSchema } from '../../protocol/preprocessing';

const EditorSettingsSchema = v.object({
  u: v.pipe(v.number(), v.minValue(0), v.maxValue(100)),
  /** Folder of images for the preview, or null for random inputs. */
  images: v.nullable(v.string()),
  preprocessing: PreprocessingOptionsSchema,
});
/** What the user chose in the audit of one file. */
export type EditorSettings = v.InferOutput<typeof EditorSettingsSchema>;

const RememberedSchema = v.array(v.tuple([v.string(), EditorSettingsSchema]));

/** The part of VS Code's Memento that is used. */
export interface Memento {
  get(key: string): unknown;
  update(key: string, value: unknown): PromiseLike<void>;
}

const KEY = 'scour.editors';
const LIMIT = 200;

/** Keeps the editor settings of the files audited last, across reloads of the window. */
export class EditorMemory {
  private readonly memento: Memento;
  private readonly log: (line: string) => void;

  constructor(memento: Memento, log: (line: string) => void) {
    this.memento = memento;
    this.log = log;
  }

  /** The settings last used for `id`, or undefined. */
  recall(id: string): EditorSettings | undefined {
    return this.read().find(([other]) => other === id)?.[1];
  }

  remember(id: string, settings: EditorSettings): void {
    const others = this.read().filter(([other]) => other !== id);
    const value = [[id, settings], ...others].slice(0, LIMIT);
    this.memento.update(KEY, value).then(undefined, (error: unknown) => {
      this.log(`the editor's settings could not be kept: ${String(error)}`);
    });
  }

  private read(): v.InferOutput<typeof RememberedSchema> {
    const stored = this.memento.get(KEY);
    if (stored === undefined) return [];
    const parsed = v.safeParse(RememberedSchema, stored);
    if (parsed.success) return parsed.output;
    this.log(`dropped the editors' settings: ${v.summarize(parsed.issues)}`);
    return [];
  }
}
