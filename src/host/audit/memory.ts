import * as v from 'valibot';
import { PreprocessingOptionsSchema } from '../../protocol/preprocessing';
import { KeyedMemory, type Memento } from '../keyed-memory';

const EditorSettingsSchema = v.object({
  u: v.pipe(v.number(), v.minValue(0), v.maxValue(100)),
  /** Folder of images for the preview, or null for random inputs. */
  images: v.nullable(v.string()),
  preprocessing: PreprocessingOptionsSchema,
});
/** What the user chose in the audit of one file. */
export type EditorSettings = v.InferOutput<typeof EditorSettingsSchema>;

/** Keeps the editor settings of the files audited last, across reloads of the window. */
export class EditorMemory extends KeyedMemory<EditorSettings> {
  constructor(memento: Memento, log: (line: string) => void) {
    super(memento, {
      key: 'scour.editors',
      schema: EditorSettingsSchema,
      what: `the editors' settings`,
      log,
    });
  }
}
