/** Bounds on what a hostile HDF5 file can make the library do. */

/** Groups, datasets and links together: a network of a thousand layers has ten thousand. */
export const MAX_OBJECTS = 100_000;
export const MAX_DEPTH = 32;
/** Of a text attribute; the configuration of the largest published Keras models is under 2 MiB. */
export const MAX_ATTRIBUTE_BYTES = 16 * 1024 * 1024;
/** Of all text attributes together. */
export const MAX_TEXT_BYTES = 32 * 1024 * 1024;
/** Their number: a network of ten thousand layers names some hundred thousand weights. */
export const MAX_TEXTS = 1_000_000;
/** Of a dataset that has to be unpacked by the library; one that lies flat is read by range and has no limit. */
export const MAX_UNPACKED_BYTES = 128 * 1024 * 1024;
/** Unpacked at once, or one row of chunks where that is more. */
export const UNPACK_STEP_BYTES = 16 * 1024 * 1024;
/** What the library's memory may grow to: a dataset in a single chunk is held three times in it. */
export const MAX_LIBRARY_BYTES = 256 * 1024 * 1024;
/** A thread is not used for more files than this. */
export const MAX_THREAD_FILES = 256;
/** A thread waits so long for the next file. */
export const IDLE_MS = 30_000;
/** The library is stopped when it makes no progress, from one object to the next, for so long: no file hangs for 5 s. */
export const STALL_MS = 4_000;
/** Until it has started: compiling it on a busy machine takes a second or two. */
export const START_MS = 20_000;
/** It is stopped in any case after so long. */
export const TOTAL_MS = 60_000;

/** The file is beyond these bounds. */
export class TooLarge extends Error {}
