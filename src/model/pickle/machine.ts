import type { ByteSource } from '../source';
import { containerOf } from './containers';
import { PickleInput } from './input';
import { LIMITS, PickleFault } from './limits';
import { HIGHEST_PROTOCOL, OP } from './opcodes';
import { PickleRecord } from './record';
import { scalarOf } from './scalars';
import { PickleStack } from './stack';
import { decimal } from './text';
import { isNode, tupleItems, type CallVia, type PickleGlobal, type PickleValue } from './values';

/** True for a global whose use is known to build data and nothing else. */
export type AllowList = (module: string, name: string) => boolean;

export interface PickleDialect {
  readonly allowed: AllowList;
  /** Globals of which every call is kept, not only the first. */
  readonly watched?: AllowList;
  /** What a reference to an object outside the pickle stands for, where that is another value of the pickle. */
  readonly standsFor?: (id: PickleValue) => PickleValue | undefined;
}

export interface PickleResult {
  /** What STOP left; undefined where `fault` is set. */
  readonly root: PickleValue | undefined;
  /** Why reading stopped before STOP, or null. */
  readonly fault: PickleFault | null;
  /** What Python would have done by then, faulty or not. */
  readonly record: PickleRecord;
  /** Offset just past STOP, or where the fault is. */
  readonly end: number;
  readonly protocol: number;
}

/**
 * Interprets a pickle's opcodes and builds data only: no name is ever resolved and no call made. A global that the
 * dialect does not allow is recorded, with how it would be called. Reads from `start`, at most up to `end`.
 */
export function runPickle(
  source: ByteSource,
  start: number,
  end: number,
  dialect: PickleDialect,
): PickleResult {
  const machine = new PickleMachine(new PickleInput(source, start, end), dialect);
  let root: PickleValue | undefined;
  let fault: PickleFault | null = null;
  try {
    root = machine.run();
  } catch (thrown) {
    if (!(thrown instanceof PickleFault)) throw thrown;
    fault = thrown;
  }
  return {
    root,
    fault,
    record: machine.record,
    end: fault?.offset ?? machine.position,
    protocol: machine.protocol,
  };
}

/** Roughly what an opcode makes us hold, in bytes, where it is more than `LIGHT`. */
const LIGHT = 32;
const WEIGHTS: ReadonlyMap<number, number> = new Map([
  [OP.EMPTY_DICT, 400],
  [OP.DICT, 400],
  [OP.REDUCE, 400],
  [OP.NEWOBJ, 400],
  [OP.NEWOBJ_EX, 400],
  [OP.INST, 400],
  [OP.OBJ, 400],
  [OP.PERSID, 100],
  [OP.BINPERSID, 100],
  [OP.EMPTY_LIST, 240],
  [OP.EMPTY_TUPLE, 100],
  [OP.EMPTY_SET, 240],
  [OP.TUPLE, 100],
  [OP.TUPLE1, 100],
  [OP.TUPLE2, 100],
  [OP.TUPLE3, 100],
  [OP.LIST, 100],
  [OP.FROZENSET, 100],
  [OP.PUT, 80],
  [OP.BINPUT, 80],
  [OP.LONG_BINPUT, 80],
  [OP.MEMOIZE, 80],
]);

class PickleMachine {
  readonly record = new PickleRecord();
  protocol = 0;
  private readonly input: PickleInput;
  private readonly dialect: PickleDialect;
  private readonly stack = new PickleStack(() => this.at);
  private readonly memo = new Map<number, PickleValue>();
  private readonly verdicts = new Map<string, boolean>();
  private copiesLeft: number = LIMITS.copies;
  private memoryLeft: number = LIMITS.memory;
  /** Offset of the opcode being interpreted. */
  private at = 0;

  constructor(input: PickleInput, dialect: PickleDialect) {
    this.input = input;
    this.dialect = dialect;
  }

  get position(): number {
    return this.input.position;
  }

  run(): PickleValue {
    for (let count = 0; count < LIMITS.opcodes; count++) {
      this.at = this.input.position;
      const opcode = this.input.byte();
      this.memoryLeft -= WEIGHTS.get(opcode) ?? LIGHT;
      if (this.memoryLeft < 0) throw this.tooLarge('more objects');
      if (opcode === OP.STOP) return this.stack.pop();
      const scalar = scalarOf(opcode, this.input, this.at);
      if (scalar !== undefined) this.stack.push(scalar);
      else if (!this.structure(opcode)) {
        const code = opcode.toString(16).padStart(2, '0');
        throw new PickleFault('unknown-opcode', this.at, `0x${code} is no pickle opcode`);
      }
    }
    throw new PickleFault('too-large', this.at, `it has more than ${LIMITS.opcodes} opcodes`);
  }

  /** Opcodes that work on the stack, the memo or the machine. False for unknown ones. */
  private structure(opcode: number): boolean {
    const { input, stack } = this;
    switch (opcode) {
      case OP.PROTO:
        this.protocol = input.byte();
        if (this.protocol > HIGHEST_PROTOCOL)
          throw this.malformed(`protocol ${this.protocol} does not exist`);
        return true;
      case OP.FRAME:
        input.uint64();
        return true;
      case OP.MARK:
        stack.mark();
        return true;
      case OP.POP:
        stack.discard();
        return true;
      case OP.POP_MARK:
        stack.popMark();
        return true;
      case OP.DUP:
        stack.push(stack.top());
        return true;
      case OP.EMPTY_TUPLE:
        stack.push({ kind: 'tuple', items: [] });
        return true;
      case OP.TUPLE1:
        stack.push({ kind: 'tuple', items: [stack.pop()] });
        return true;
      case OP.TUPLE2: {
        const second = stack.pop();
        stack.push({ kind: 'tuple', items: [stack.pop(), second] });
        return true;
      }
      case OP.TUPLE3: {
        const third = stack.pop();
        const second = stack.pop();
        stack.push({ kind: 'tuple', items: [stack.pop(), second, third] });
        return true;
      }
      case OP.TUPLE:
        stack.push({ kind: 'tuple', items: stack.popMark() });
        return true;
      case OP.EMPTY_LIST:
        stack.push({ kind: 'list', items: [] });
        return true;
      case OP.LIST:
        stack.push({ kind: 'list', items: stack.popMark() });
        return true;
      case OP.EMPTY_SET:
        stack.push({ kind: 'set', items: [] });
        return true;
      case OP.FROZENSET:
        stack.push({ kind: 'frozenset', items: stack.popMark() });
        return true;
      case OP.EMPTY_DICT:
        stack.push({ kind: 'dict', entries: new Map() });
        return true;
      case OP.DICT: {
        const items = stack.popMark();
        stack.push({ kind: 'dict', entries: new Map() });
        this.setItems(items);
        return true;
      }
      case OP.APPEND:
        this.append([stack.pop()]);
        return true;
      case OP.APPENDS:
      case OP.ADDITEMS:
        this.append(stack.popMark());
        return true;
      case OP.SETITEM: {
        const value = stack.pop();
        this.setItems([stack.pop(), value]);
        return true;
      }
      case OP.SETITEMS:
        this.setItems(stack.popMark());
        return true;
      case OP.GET:
      case OP.BINGET:
      case OP.LONG_BINGET:
        this.get(this.memoIndex(opcode, OP.GET, OP.BINGET));
        return true;
      case OP.PUT:
      case OP.BINPUT:
      case OP.LONG_BINPUT:
        this.put(this.memoIndex(opcode, OP.PUT, OP.BINPUT));
        return true;
      case OP.MEMOIZE:
        this.put(this.memo.size);
        return true;
      default:
        return this.importOrCall(opcode);
    }
  }

  /** Opcodes that would import a name, call something or ask the reader for an object. */
  private importOrCall(opcode: number): boolean {
    const { input, stack } = this;
    switch (opcode) {
      case OP.GLOBAL:
        stack.push(this.global(input.line('utf8'), input.line('utf8')));
        return true;
      case OP.STACK_GLOBAL: {
        const name = stack.pop();
        const module = stack.pop();
        if (typeof name !== 'string' || typeof module !== 'string') {
          throw this.malformed('STACK_GLOBAL needs two strings');
        }
        stack.push(this.global(module, name));
        return true;
      }
      case OP.EXT1:
      case OP.EXT2:
      case OP.EXT4: {
        const code = opcode === OP.EXT1 ? input.byte() : opcode === OP.EXT2 ? input.uint16() : input.uint32();
        this.record.odd('extension', this.at, code);
        stack.push({ kind: 'global', module: 'copyreg', name: `extension ${code}` });
        return true;
      }
      case OP.INST: {
        const callee = this.global(input.line('utf8'), input.line('utf8'));
        const items = stack.popMark();
        this.call('INST', callee, { kind: 'tuple', items }, null);
        return true;
      }
      case OP.OBJ: {
        const [callee, ...items] = stack.popMark();
        if (callee === undefined) throw this.malformed('OBJ has nothing to make');
        this.call('OBJ', callee, { kind: 'tuple', items }, null);
        return true;
      }
      case OP.REDUCE:
      case OP.NEWOBJ: {
        const args = stack.pop();
        this.call(opcode === OP.REDUCE ? 'REDUCE' : 'NEWOBJ', stack.pop(), args, null);
        return true;
      }
      case OP.NEWOBJ_EX: {
        const keywords = stack.pop();
        const args = stack.pop();
        this.call('NEWOBJ_EX', stack.pop(), args, keywords);
        return true;
      }
      case OP.BUILD:
        this.build(stack.pop());
        return true;
      case OP.PERSID:
        this.persistent(input.line('utf8'));
        return true;
      case OP.BINPERSID:
        this.persistent(stack.pop());
        return true;
      case OP.NEXT_BUFFER:
      case OP.READONLY_BUFFER:
        throw this.malformed('it refers to buffers that are kept outside the file');
      default:
        return false;
    }
  }

  private persistent(id: PickleValue): void {
    this.stack.push(this.dialect.standsFor?.(id) ?? this.record.persistent(id));
  }

  private global(module: string, name: string): PickleGlobal {
    const global: PickleGlobal = { kind: 'global', module, name };
    if (!this.allows(global)) this.record.resolved(global, this.at);
    return global;
  }

  /** Asks the dialect once a name: a pickle may repeat one a million times. */
  private allows({ module, name }: PickleGlobal): boolean {
    const key = `${module}\n${name}`;
    let allowed = this.verdicts.get(key);
    if (allowed === undefined) {
      allowed = this.dialect.allowed(module, name);
      if (this.verdicts.size < LIMITS.recordedGlobals) this.verdicts.set(key, allowed);
    }
    return allowed;
  }

  private call(via: CallVia, callee: PickleValue, args: PickleValue, keywords: PickleValue): void {
    if (isNode(callee) && callee.kind === 'global') {
      if (this.allows(callee)) {
        const items = tupleItems(args);
        const container =
          items && keywords === null ? containerOf(callee, items, (n) => this.copying(n)) : null;
        if (container) {
          this.stack.push(container);
          return;
        }
      } else {
        this.record.called(callee, args, this.at);
        if (this.dialect.watched?.(callee.module, callee.name)) this.record.watch(args, this.at);
      }
    } else {
      this.record.odd('computed-call', this.at, callee);
    }
    this.stack.push({ kind: 'object', via, callee, args, keywords, states: [], items: [], entries: null });
  }

  /** BUILD: `__setstate__` of the top value, or an update of its attributes. */
  private build(state: PickleValue): void {
    const target = this.stack.top();
    if (!isNode(target)) throw this.malformed('BUILD has nothing to build on');
    if (target.kind === 'object') target.states.push(state);
    else if (target.kind === 'global') this.record.odd('state-on-global', this.at, target);
    // An OrderedDict's attributes (`_metadata` of a state dict) say nothing about weights.
    else if (target.kind !== 'dict') throw this.malformed(`BUILD cannot set attributes of a ${target.kind}`);
  }

  private append(items: PickleValue[]): void {
    const target = this.stack.top();
    if (!isNode(target)) throw this.malformed('there is no list to append to');
    switch (target.kind) {
      case 'list':
      case 'set':
      case 'object':
        for (const item of items) target.items.push(item);
        break;
      case 'global':
        this.record.odd('state-on-global', this.at, target);
        break;
      default:
        throw this.malformed(`nothing can be appended to a ${target.kind}`);
    }
  }

  private setItems(items: PickleValue[]): void {
    const target = this.stack.top();
    if (items.length % 2 !== 0) throw this.malformed('a key has no value');
    if (!isNode(target)) throw this.malformed('there is no dict to set items in');
    if (target.kind === 'global') {
      this.record.odd('state-on-global', this.at, target);
      return;
    }
    if (target.kind !== 'dict' && target.kind !== 'object') {
      throw this.malformed(`no items can be set in a ${target.kind}`);
    }
    const entries = target.kind === 'dict' ? target.entries : (target.entries ??= new Map());
    for (let i = 0; i < items.length; i += 2) entries.set(items[i]!, items[i + 1]!);
  }

  private memoIndex(opcode: number, text: number, byte: number): number {
    if (opcode === byte) return this.input.byte();
    if (opcode !== text) return this.input.uint32();
    const index = decimal(this.input.line(), this.at);
    if (typeof index !== 'number' || index < 0) throw this.malformed('a memo index is no natural number');
    return index;
  }

  private get(index: number): void {
    const value = this.memo.get(index);
    if (value === undefined) throw this.malformed(`memo entry ${index} is not set`);
    this.stack.push(value);
  }

  private put(index: number): void {
    // CPython's memo is an array twice as long as the largest index: one opcode can ask for tens of gigabytes.
    if (index > 4 * this.memo.size + 65536) this.record.odd('memo-jump', this.at, index);
    this.memo.set(index, this.stack.top());
  }

  private copying(count: number): void {
    this.copiesLeft -= count;
    if (this.copiesLeft < 0) throw this.tooLarge('more copies of values');
  }

  private malformed(message: string): PickleFault {
    return new PickleFault('malformed', this.at, message);
  }

  private tooLarge(what: string): PickleFault {
    return new PickleFault('too-large', this.at, `it asks for ${what} than Scour holds`);
  }
}
