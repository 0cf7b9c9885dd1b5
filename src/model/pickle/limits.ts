/**
 * Bounds on what a pickle may make us hold. Checkpoints of published networks stay under 200,000 opcodes; a training
 * log or a list of image paths beside the weights can reach a few hundred thousand.
 */
export const LIMITS = {
  opcodes: 3_000_000,
  /** What is held for them, estimated in bytes. */
  memory: 128 * 1024 * 1024,
  /** Values copied from one container to another (`set([...])`), which one opcode can repeat at will. */
  copies: 3_000_000,
  /** A string up to this many bytes is decoded; a longer one is left in the file. */
  text: 64 * 1024,
  /** Decoded strings of one pickle, in bytes. */
  allText: 64 * 1024 * 1024,
  /** A line of a text opcode (protocol 0). */
  line: 1024 * 1024,
  /** Bytes of one integer; Python prints no integer of more than 4300 digits either. */
  integer: 2048,
  digits: 4300,
  /** Calls outside the allow-list that are kept with their arguments; beyond it they are counted. */
  recordedCalls: 256,
  /** Distinct globals outside the allow-list that are kept. */
  recordedGlobals: 4096,
} as const;

export type FaultReason = 'truncated' | 'malformed' | 'unknown-opcode' | 'too-large';

/** The pickle cannot be read past `offset`. Python would stop there too, or exhaust its memory. */
export class PickleFault extends Error {
  readonly reason: FaultReason;
  readonly offset: number;

  constructor(reason: FaultReason, offset: number, message: string) {
    super(message);
    this.name = 'PickleFault';
    this.reason = reason;
    this.offset = offset;
  }
}
