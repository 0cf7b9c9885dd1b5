import type { PickleInput } from './input';
import { LIMITS, PickleFault } from './limits';
import { OP } from './opcodes';
import { decimal, floating, littleEndianInteger, rawUnicode, unquote } from './text';
import type { PickleValue } from './values';

/**
 * The value of an opcode that pushes what stands in its argument, or undefined for other opcodes. `offset` is the
 * opcode's; the input stands just past it.
 */
export function scalarOf(opcode: number, input: PickleInput, offset: number): PickleValue | undefined {
  switch (opcode) {
    case OP.NONE:
      return null;
    case OP.NEWTRUE:
    case OP.NEWFALSE:
      return opcode === OP.NEWTRUE;
    case OP.BININT:
      return input.int32();
    case OP.BININT1:
      return input.byte();
    case OP.BININT2:
      return input.uint16();
    case OP.LONG1:
      return littleEndianInteger(input.take(input.byte()));
    case OP.LONG4: {
      const length = input.uint32();
      if (length > LIMITS.integer)
        throw new PickleFault(
          'too-large',
          offset,
          `it asks for a longer integer (${length} bytes) than Scour holds`,
        );
      return littleEndianInteger(input.take(length));
    }
    case OP.INT:
      return decimal(input.line(), offset);
    case OP.LONG:
      return decimal(input.line().replace(/L$/, ''), offset);
    case OP.FLOAT:
      return floating(input.line(), offset);
    case OP.BINFLOAT:
      return input.float64();
    case OP.SHORT_BINUNICODE:
    case OP.SHORT_BINSTRING:
      return input.text(input.byte());
    case OP.BINUNICODE:
    case OP.BINSTRING:
      return input.text(input.uint32());
    case OP.BINUNICODE8:
      return input.text(input.uint64());
    case OP.STRING:
      return unquote(input.line(), offset);
    case OP.UNICODE:
      return rawUnicode(input.line());
    case OP.SHORT_BINBYTES:
      return input.bytes(input.byte());
    case OP.BINBYTES:
      return input.bytes(input.uint32());
    case OP.BINBYTES8:
    case OP.BYTEARRAY8:
      return input.bytes(input.uint64());
    default:
      return undefined;
  }
}
