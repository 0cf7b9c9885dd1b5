import * as v from 'valibot';

/** What can compute the steps of training. */
export const TRAINING_ENGINES = ['onnxruntime', 'tfjs'] as const;

/** Where a package of TensorFlow.js is looked for. It names code that runs when training starts. */
export const TfjsSearchSchema = v.object({
  /** Folders whose own `node_modules` may hold a package. Folders above them are not searched. */
  workspaces: v.pipe(v.array(v.string()), v.maxLength(1000)),
  /**
   * The user's setting: a package's folder, or a folder with `node_modules`. Where it is given, nothing else is searched.
   * It must not come from a workspace that is not trusted.
   */
  setting: v.nullable(v.string()),
});
export type TfjsSearch = v.InferOutput<typeof TfjsSearchSchema>;

export const TrainingEngineChoiceSchema = v.variant('name', [
  v.object({ name: v.literal('onnxruntime') }),
  v.object({ name: v.literal('tfjs'), search: TfjsSearchSchema }),
]);
/** What the user wants the steps of training to be computed by. */
export type TrainingEngineChoice = v.InferOutput<typeof TrainingEngineChoiceSchema>;

export const ONNXRUNTIME: TrainingEngineChoice = { name: 'onnxruntime' };

export const TfjsPackageSchema = v.variant('status', [
  /** Of a version that Scour works with. Whether it works shows when it is loaded. */
  v.object({ status: v.literal('installed'), name: v.string(), directory: v.string(), version: v.string() }),
  v.object({
    status: v.picklist(['absent', 'wrong-version', 'broken']),
    name: v.string(),
    /** Null where there is none. */
    directory: v.nullable(v.string()),
    /** With what can be done about it. */
    reason: v.string(),
  }),
]);
/** A package of TensorFlow.js, or why there is none to use. */
export type TfjsPackage = v.InferOutput<typeof TfjsPackageSchema>;
/** Best first. */
export const TfjsPackagesSchema = v.object({ packages: v.array(TfjsPackageSchema) });
