// The library's writing half, as the benchmarks use it (0.10.3).
declare module 'h5wasm/node' {
  export interface Group {
    create_attribute(name: string, data: string | string[]): void;
    create_group(name: string): Group;
    create_dataset(how: {
      name: string;
      data: Float32Array;
      shape: readonly number[];
      chunks?: readonly number[];
      compression?: number;
    }): unknown;
  }
  export const ready: Promise<unknown>;
  export class File {
    constructor(path: string, mode: 'w');
    create_attribute(name: string, data: string | string[]): void;
    create_group(name: string): Group;
    close(): void;
  }
}
