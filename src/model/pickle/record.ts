import { LIMITS } from './limits';
import type { PickleGlobal, PicklePersistent, PickleValue } from './values';

/** A global outside the allow-list. Python imports its module as soon as it reads the name. */
export interface RecordedGlobal {
  readonly global: PickleGlobal;
  /** Offset in the source of the opcode that first names it. */
  readonly offset: number;
  /** How often the pickle would call it. */
  calls: number;
  /** Arguments of the first call. */
  firstCall: PickleValue | undefined;
  /** Offset of the opcode of the first call. */
  firstCallOffset: number;
}

/** Something in the pickle's program, besides unlisted globals, that ordinary checkpoints never contain. */
export interface Oddity {
  readonly kind: 'computed-call' | 'state-on-global' | 'extension' | 'memo-jump';
  readonly offset: number;
  readonly value: PickleValue;
}

/** What a pickle would make Python do, gathered while its opcodes are interpreted. */
export class PickleRecord {
  readonly globals = new Map<string, RecordedGlobal>();
  readonly oddities: Oddity[] = [];
  /** Calls that the dialect watches. */
  readonly watched: { readonly args: PickleValue; readonly offset: number }[] = [];
  /** Objects outside the pickle, in the order in which it names them. */
  readonly persistents: PicklePersistent[] = [];
  /** Oddities and globals beyond those kept. */
  omitted = 0;

  resolved(global: PickleGlobal, offset: number): void {
    const key = `${global.module}\n${global.name}`;
    if (this.globals.has(key)) return;
    if (this.globals.size >= LIMITS.recordedGlobals) this.omitted++;
    else this.globals.set(key, { global, offset, calls: 0, firstCall: undefined, firstCallOffset: offset });
  }

  called(global: PickleGlobal, args: PickleValue, offset: number): void {
    const known = this.globals.get(`${global.module}\n${global.name}`);
    if (!known) return;
    if (known.calls++ > 0) return;
    known.firstCall = args;
    known.firstCallOffset = offset;
  }

  watch(args: PickleValue, offset: number): void {
    this.watched.push({ args, offset });
  }

  /** Notes a reference to an object outside the pickle, and returns it. */
  persistent(id: PickleValue): PicklePersistent {
    const reference: PicklePersistent = { kind: 'persistent', id };
    this.persistents.push(reference);
    return reference;
  }

  odd(kind: Oddity['kind'], offset: number, value: PickleValue): void {
    if (this.oddities.length < LIMITS.recordedCalls) this.oddities.push({ kind, offset, value });
    else this.omitted++;
  }
}
