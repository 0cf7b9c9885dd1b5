import * as v from 'valibot';
import { PreprocessingOptionsSchema, type PreprocessingOptions } from '../../src/protocol/preprocessing';

/** The form's fields as typed; an empty field leaves the choice to the model and the files beside it. */
export interface PreprocessingFields {
  readonly height: string;
  readonly width: string;
  readonly crop: string;
  readonly layout: string;
  readonly channels: string;
  readonly mean: string;
  readonly std: string;
}
export type Field = keyof PreprocessingFields;
export type ParsedForm =
  | { readonly ok: true; readonly options: PreprocessingOptions }
  | { readonly ok: false; readonly errors: ReadonlyMap<Field, string> };

const LARGEST = 8192;
const SHORT_SIDE =
  'With a centre crop, height and width are both the short side that images are resized to first.';

/** Reads the form. `size` is [height, width], with a crop the short side twice; mean and std are of images scaled to 0…1, one number a channel. */
export function parsePreprocessing(fields: PreprocessingFields): ParsedForm {
  const errors = new Map<Field, string>();
  const side = (field: Field): number | undefined => {
    const text = fields[field].trim();
    if (text === '') return undefined;
    const value = Number(text);
    if (Number.isInteger(value) && value >= 1 && value <= LARGEST) return value;
    errors.set(field, `Enter a whole number of pixels from 1 to ${LARGEST}.`);
    return undefined;
  };
  const numbers = (field: Field): number[] | undefined => {
    const parts = fields[field].split(/[\s,;]+/).filter((part) => part !== '');
    if (parts.length === 0) return undefined;
    const values = parts.map(Number);
    if ((values.length === 1 || values.length === 3) && values.every(Number.isFinite)) return values;
    errors.set(field, 'Enter one number, or three separated by commas (for example 0.485, 0.456, 0.406).');
    return undefined;
  };

  const height = side('height');
  const width = side('width');
  if (!errors.has('height') && !errors.has('width') && (height === undefined) !== (width === undefined)) {
    errors.set(height === undefined ? 'height' : 'width', 'Enter both height and width, or neither.');
  }
  const crop = side('crop');
  if (crop !== undefined && height !== undefined && width !== undefined) {
    if (height !== width) errors.set('width', SHORT_SIDE);
    else if (crop > height)
      errors.set('crop', `A crop of ${crop} is larger than the short side it is cut from.`);
  }
  const mean = numbers('mean');
  const std = numbers('std');
  if (std?.some((value) => value <= 0) === true)
    errors.set('std', 'A standard deviation must be above zero.');
  if (mean !== undefined && std !== undefined && mean.length !== std.length && !errors.has('std')) {
    errors.set('std', 'Enter as many standard deviations as means.');
  }
  if (errors.size > 0) return { ok: false, errors };
  const options = v.parse(PreprocessingOptionsSchema, {
    ...(height !== undefined && width !== undefined && { size: [height, width] }),
    ...(crop !== undefined && { crop }),
    ...(fields.layout !== '' && { layout: fields.layout }),
    ...(fields.channels !== '' && { channels: fields.channels }),
    ...(mean !== undefined && { mean }),
    ...(std !== undefined && { std }),
  });
  return { ok: true, options };
}

/** The options as the form shows them. */
export function fieldsOf(options: PreprocessingOptions): PreprocessingFields {
  return {
    height: options.size?.[0].toString() ?? '',
    width: options.size?.[1].toString() ?? '',
    crop: options.crop?.toString() ?? '',
    layout: options.layout ?? '',
    channels: options.channels ?? '',
    mean: options.mean?.join(', ') ?? '',
    std: options.std?.join(', ') ?? '',
  };
}
