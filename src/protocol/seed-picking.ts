import * as v from 'valibot';
import { PngSchema } from './evaluation';

const Count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** A dataset that can be split. */
export const LabelledSetSchema = v.object({
  images: Count,
  /** In the order of their numbers. */
  classes: v.array(v.object({ name: v.string(), images: Count })),
  /** Files in it that are not used. */
  skipped: Count,
});
export type LabelledSet = v.InferOutput<typeof LabelledSetSchema>;

/** Images of one class that were picked as known-clean seeds, by their names in the dataset. */
export const PicksSchema = v.array(v.object({ label: v.string(), names: v.array(v.string()) }));
export type Picks = v.InferOutput<typeof PicksSchema>;

/** Images that a page may hold at most. */
const MOST = 100;

/** Which images of a class are looked at: all in random order, all as they lie in the dataset, or those picked. */
export const SEED_ORDERS = ['random', 'listed', 'picked'] as const;

export const SeedQuerySchema = v.object({
  /** Number of the class. */
  label: Count,
  order: v.picklist(SEED_ORDERS),
  /** Which random order: each number is another one, and always the same. */
  shuffle: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  /** Number of the first image in that order, from 0. */
  from: Count,
});
export type SeedQuery = v.InferOutput<typeof SeedQuerySchema>;

export const SeedPageParamsSchema = v.object({
  data: v.string(),
  query: SeedQuerySchema,
  /** Names of the picked images of the class. */
  picked: v.array(v.string()),
  count: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MOST)),
});
export type SeedPageParams = v.InferOutput<typeof SeedPageParamsSchema>;

export const SeedPageSchema = v.object({
  label: v.string(),
  from: Count,
  /** Images that were asked for, on all pages. */
  total: Count,
  samples: v.pipe(
    v.array(
      v.object({
        name: v.string(),
        /** Whole, at most scaled down; null where it cannot be read, or is no longer there. */
        picture: v.nullable(v.object({ png: PngSchema, width: Count, height: Count })),
      }),
    ),
    v.maxLength(MOST),
  ),
});
/** Images of one class to look at. */
export type SeedPage = v.InferOutput<typeof SeedPageSchema>;
