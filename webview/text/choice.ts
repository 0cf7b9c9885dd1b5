/** One option of a native select. */
export type Choice = readonly [value: string, label: string];
