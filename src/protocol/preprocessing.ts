import * as v from 'valibot';

const Size = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(8192));

/** Channel order that the model expects; `grey` is ITU-R 601 luma, one channel. */
export const ChannelsSchema = v.picklist(['rgb', 'bgr', 'grey']);
export type Channels = v.InferOutput<typeof ChannelsSchema>;

export const LayoutSchema = v.picklist(['nchw', 'nhwc']);
export type Layout = v.InferOutput<typeof LayoutSchema>;

export const PreprocessingSchema = v.object({
  /** Height and width of what the model is given. */
  height: Size,
  width: Size,
  /** Short side to resize to before a centre crop of height × width; null = resize straight to height × width. */
  resize: v.nullable(Size),
  filter: v.picklist(['bilinear', 'bicubic', 'nearest', 'lanczos']),
  layout: LayoutSchema,
  channels: ChannelsSchema,
  /** Of images scaled to 0…1; one a channel. */
  mean: v.array(v.number()),
  std: v.array(v.number()),
  /** Where mean and std come from: a file's name, `options`, Scour's record in the model, or `none` (images are only scaled to 0…1). */
  source: v.string(),
});
/** How an image becomes the model's input. Always explicit, always reported. */
export type Preprocessing = v.InferOutput<typeof PreprocessingSchema>;

export const PreprocessingOptionsSchema = v.partial(
  v.object({
    size: v.tuple([Size, Size]),
    crop: Size,
    layout: LayoutSchema,
    channels: ChannelsSchema,
    mean: v.array(v.number()),
    std: v.array(v.number()),
  }),
);
/** What a user says of preprocessing; the rest is read from the model and the files beside it. */
export type PreprocessingOptions = v.InferOutput<typeof PreprocessingOptionsSchema>;
