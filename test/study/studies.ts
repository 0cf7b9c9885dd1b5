import { DEFAULT_PRESET } from '../../src/defenses/bcu/presets';

/** One way to cleanse a model; a study compares several, each with several seeds. */
export interface Variant {
  readonly name: string;
  readonly data: string;
  /** At most this many of the images. */
  readonly samples: number;
  readonly labels: 'soft' | 'hard';
  readonly preset: string;
  readonly clpU: number | null;
}

/** What the studies vary, and what they hold. */
export interface Ranges {
  /** Images of the model's own distribution. */
  readonly data: string;
  /** Folders of other images. */
  readonly ood: readonly string[];
  /** Images a run, where their number is not what is studied. */
  readonly samples: number;
  /** Numbers of images that are compared, none larger than `data` has. */
  readonly counts: readonly number[];
  /** Ids of the model's presets that are compared. */
  readonly presets: readonly string[];
  /** Values of u that are compared. */
  readonly us: readonly number[];
}

export const STUDIES = ['images', 'ratios', 'labels', 'ood', 'combine'] as const;
export type Study = (typeof STUDIES)[number];

/** The variants of a study: what CVPR 2023, §4.3 varies, and CLP + BCU over u. */
export function variantsOf(study: Study, ranges: Ranges): Variant[] {
  const { data, ood, samples, counts, presets, us } = ranges;
  const base = { data, samples, labels: 'soft', preset: DEFAULT_PRESET, clpU: null } as const;
  const sources = [
    { source: 'in distribution', data },
    ...ood.map((folder) => ({ source: folder, data: folder })),
  ];
  switch (study) {
    case 'images':
      return counts.map((count) => ({ ...base, name: `${count} images`, samples: count }));
    case 'ratios':
      return presets.map((preset) => ({ ...base, name: preset, preset }));
    case 'labels':
      return sources.flatMap(({ source, data: folder }) =>
        (['soft', 'hard'] as const).map((labels) => ({
          ...base,
          name: `${labels}, ${source}`,
          data: folder,
          labels,
        })),
      );
    case 'ood':
      return sources.flatMap(({ source, data: folder }) =>
        counts.map((count) => ({
          ...base,
          name: `${count} images, ${source}`,
          data: folder,
          samples: count,
        })),
      );
    case 'combine':
      return [
        { ...base, name: 'BCU alone' },
        ...us.map((u) => ({ ...base, name: `CLP at u = ${u}, then BCU`, clpU: u })),
      ];
  }
}
