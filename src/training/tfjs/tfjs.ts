import type * as core from '@tensorflow/tfjs-core';

/** TensorFlow.js as a package loaded at run time offers it. Scour ships none: it is the user's, or a test's. */
export type Tfjs = typeof core;
export type Tensor = core.Tensor;
export type Tensor4D = core.Tensor4D;
