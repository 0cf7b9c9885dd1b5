import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { pruneModel } from '../../src/engine/jobs/prune';
import { writeEdited, type Edit } from '../../src/model/onnx/edit';
import { PROVENANCE_KEY } from '../../src/model/onnx/facts';
import type { Span } from '../../src/model/onnx/graph';
import { openOnnx } from '../../src/model/onnx/open';
import { parseModel } from '../../src/model/onnx/parse';
import { GRAPH, MODEL } from '../../src/model/onnx/schema';
import { WIRE, WireReader } from '../../src/model/onnx/wire';
import { WireWriter } from '../../src/model/onnx/wire-writer';
import { MemorySource, type ByteSource } from '../../src/model/source';
import { inTemporaryFolder, quiet } from '../support/jobs';
import { smallNetBytes } from '../support/models';

function edited(source: ByteSource, edits: readonly Edit[]): Uint8Array {
  const pieces: Uint8Array[] = [];
  writeEdited(source, edits, (bytes) => pieces.push(new Uint8Array(bytes)));
  return Buffer.concat(pieces);
}

/** Fields of a message with the bytes of each, in file order. */
function fieldsOf(source: ByteSource, span: Span): { field: number; bytes: string; span: Span | null }[] {
  const reader = new WireReader(source, span, 'message');
  const fields: { field: number; bytes: string; span: Span | null }[] = [];
  while (reader.next()) {
    const start = reader.fieldStart;
    const { field } = reader;
    const content = reader.wire === WIRE.bytes ? reader.span() : null;
    const end = content?.end ?? reader.skipped();
    fields.push({
      field,
      bytes: Buffer.from(source.read(start, end - start)).toString('hex'),
      span: content,
    });
  }
  return fields;
}

const UNKNOWN = 900;

/** The small net with fields that no version of ONNX has, in the model, its graph and each node. */
function withUnknownFields(): Uint8Array {
  const plain = new MemorySource('plain', smallNetBytes());
  const model = parseModel(plain);
  const unknown = new WireWriter()
    .text(UNKNOWN, 'kept as it is')
    .int(UNKNOWN + 1, -7)
    .float(UNKNOWN + 2, 1.5)
    .finish();
  const edits: Edit[] = [
    { kind: 'append', message: { start: 0, end: plain.size }, bytes: unknown },
    { kind: 'append', message: model.graph.span!, bytes: unknown },
    ...model.graph.nodes.map((node): Edit => ({ kind: 'append', message: node.span!, bytes: unknown })),
    ...[...model.graph.initializers.values()].map((tensor): Edit => ({
      kind: 'append',
      message: tensor.span!,
      bytes: unknown,
    })),
  ];
  return edited(plain, edits);
}

describe('edits of a protocol-buffer file', () => {
  it('no edit copies the file', () => {
    const bytes = smallNetBytes();
    expect(edited(new MemorySource('m', bytes), [])).toEqual(Buffer.from(bytes));
  });

  it('replacing a message by itself changes nothing, however deep', () => {
    const source = new MemorySource('m', smallNetBytes());
    const { graph } = parseModel(source);
    const edits = [
      ...graph.nodes.map(({ span }) => span!),
      ...[...graph.initializers.values()].map(({ span }) => span!),
    ].map((message): Edit => ({
      kind: 'replace',
      message,
      bytes: source.read(message.start, message.end - message.start),
    }));
    expect(edited(source, edits)).toEqual(Buffer.from(source.read(0, source.size)));
  });

  it('inserts before, appends after, and keeps lengths right across varint sizes', () => {
    const source = new MemorySource('m', smallNetBytes());
    const { graph } = parseModel(source);
    const extra = new WireWriter().message(GRAPH.node, (node) => node.text(4, 'Extra')).finish();
    const long = new WireWriter().text(UNKNOWN, 'x'.repeat(300_000)).finish();
    const result = new MemorySource(
      'r',
      edited(source, [
        { kind: 'before', message: graph.nodes[2]!.span!, bytes: extra },
        { kind: 'append', message: graph.nodes[2]!.span!, bytes: long },
        { kind: 'append', message: graph.span!, bytes: long },
      ]),
    );
    const operators = parseModel(result).graph.nodes.map(({ opType }) => opType);
    expect(operators).toEqual([
      'Conv',
      'BatchNormalization',
      'Extra',
      ...graph.nodes.slice(2).map(({ opType }) => opType),
    ]);
  });
});

describe('pruning a file with fields unknown to Scour', () => {
  it('changes the scale and shift of the paired norm and adds provenance; every other field survives to the byte', async () => {
    await inTemporaryFolder(async (folder) => {
      const input = path.join(folder, 'm.onnx');
      writeFileSync(input, withUnknownFields());
      const output = path.join(folder, 'p.onnx');
      const report = await pruneModel(input, { u: 1, output, force: false }, quiet());
      expect(report.layers).toEqual([{ name: 'conv', norm: 'bn', channels: [6] }]);
      const before = openOnnx(input);
      const after = openOnnx(output);
      const top = (file: typeof before) => fieldsOf(file.source, { start: 0, end: file.source.size });
      const withoutGraph = (fields: ReturnType<typeof fieldsOf>) =>
        fields.filter(({ field }) => field !== MODEL.graph).map(({ bytes }) => bytes);
      const added = withoutGraph(top(after)).slice(withoutGraph(top(before)).length);
      expect(withoutGraph(top(after)).slice(0, -1)).toEqual(withoutGraph(top(before)));
      expect(Buffer.from(added[0]!, 'hex').toString()).toContain(PROVENANCE_KEY);
      const inner = (file: typeof before) => fieldsOf(file.source, file.model.graph.span!);
      const differing = inner(before).flatMap(({ bytes }, i) =>
        inner(after)[i]!.bytes === bytes ? [] : [i],
      );
      expect(inner(after).length).toBe(inner(before).length);
      expect(differing.length).toBe(2); // gamma and beta
      expect(
        inner(after).every(
          ({ bytes, field }) =>
            field !== GRAPH.node || bytes.includes(Buffer.from('kept as it is').toString('hex')),
        ),
      ).toBe(true);
      const values = (file: typeof before, name: string) =>
        Array.from(file.reader.values(file.model.graph.initializers.get(name)!));
      for (const name of ['gamma', 'beta']) {
        expect(values(after, name)).toEqual(values(before, name).map((value, k) => (k === 6 ? 0 : value)));
      }
      before.close();
      after.close();
    });
  });

  it('pruning twice keeps the first provenance', async () => {
    await inTemporaryFolder(async (folder) => {
      const file = (name: string) => path.join(folder, name);
      writeFileSync(file('0'), smallNetBytes());
      await pruneModel(file('0'), { u: 1, output: file('1'), force: false }, quiet());
      await pruneModel(file('1'), { u: 1, output: file('2'), force: false }, quiet());
      const twice = openOnnx(file('2'));
      expect([...twice.model.metadata.keys()]).toEqual([PROVENANCE_KEY, `${PROVENANCE_KEY}.2`]);
      twice.close();
    });
  });

  it('the same input and settings give the same bytes', async () => {
    await inTemporaryFolder(async (folder) => {
      writeFileSync(path.join(folder, 'm'), smallNetBytes());
      const hashes = [];
      for (const name of ['a', 'b']) {
        const { sha256 } = await pruneModel(
          path.join(folder, 'm'),
          { u: 1, output: path.join(folder, name), force: false },
          quiet(),
        );
        hashes.push(sha256);
      }
      expect(hashes[0]).toBe(hashes[1]);
    });
  });
});
