import type { ModelFacts } from '../../src/protocol/scan';
import { copyButton } from '../dom/copy';
import { h, fill, setText, type Child } from '../dom/element';
import { nameOf } from '../dom/name';
import type { Announcer } from '../dom/announcer';
import { fold, rememberOpen, type OpenMemory } from '../dom/fold';
import { formatBytes, formatCount, plural } from '../text/format';
import { visible } from '../../src/protocol/wording';
import type { AuditState, Part } from './state';
import { auditOf } from './state';

/** The file: what it is called, where it lies, what it holds. */
export class Header implements Part {
  private readonly title = h('h1', {}, 'Scour audit');
  private readonly path = h('p', { class: 'path' });
  private readonly facts = h('div', { class: 'facts' });
  readonly element = h('header', { class: 'header' }, this.title, this.path, this.facts);
  private readonly announcer: Announcer;
  private readonly memory: OpenMemory;

  constructor(announcer: Announcer, memory: OpenMemory) {
    this.announcer = announcer;
    this.memory = memory;
  }

  update(state: AuditState, _view: unknown, before: AuditState | null): void {
    if (state.file !== null && state.file !== before?.file) {
      fill(this.title, nameOf(state.file.name));
      setText(this.path, visible(state.file.path));
    }
    if (before?.scan !== state.scan) {
      const audit = auditOf(state);
      if (audit === null) this.facts.replaceChildren();
      else fill(this.facts, ...modelFacts(audit.report.model, this.announcer, this.memory));
    }
  }
}

/** The facts of a model as a list, longer lists folded away. */
export function modelFacts(model: ModelFacts, announcer: Announcer, memory: OpenMemory): HTMLElement[] {
  const rows: HTMLElement[] = [
    fact('Size', formatBytes(model.bytes)),
    fact('Format', formatName(model)),
    fact('Parameters', formatCount(model.parameters)),
  ];
  if (model.architecture !== undefined) rows.push(fact('Architecture', visible(model.architecture)));
  if (model.format === 'onnx' && model.producer !== undefined)
    rows.push(fact('Produced by', nameOf(model.producer)));
  if (model.nodes !== undefined) rows.push(fact('Nodes', formatCount(model.nodes)));
  if (model.inputs !== undefined) rows.push(fact('Inputs', ...valueList(model.inputs)));
  if (model.outputs !== undefined) rows.push(fact('Outputs', ...valueList(model.outputs)));
  rows.push(
    fact(
      'SHA-256',
      h('code', { class: 'hash' }, model.sha256),
      copyButton('SHA-256', model.sha256, announcer),
    ),
  );
  const blocks: HTMLElement[] = [h('dl', { class: 'fact-list' }, ...rows)];
  if (model.operators !== undefined && model.operators.length > 0) {
    blocks.push(
      foldable(
        'operators',
        plural(model.operators.length, 'operator type'),
        memory,
        pairs(model.operators.map(([name, count]) => [name, formatCount(count)])),
      ),
    );
  }
  if (model.external !== undefined && model.external.length > 0) {
    const files = model.external.map((file) =>
      h(
        'li',
        {},
        nameOf(file.path),
        ` ${formatBytes(file.bytes)}, SHA-256 `,
        h('code', { class: 'hash' }, file.sha256),
      ),
    );
    const heading = plural(files.length, 'external data file');
    blocks.push(foldable('external', heading, memory, h('ul', { class: 'plain-list' }, ...files)));
  }
  if (model.provenance !== undefined && Object.keys(model.provenance).length > 0) {
    blocks.push(
      foldable(
        'provenance',
        'Provenance: made by Scour, as the file itself says',
        memory,
        pairs(Object.entries(model.provenance)),
      ),
    );
  }
  return blocks;
}

function fact(term: string, ...value: readonly Child[]): HTMLElement {
  return h('div', {}, h('dt', {}, term), h('dd', {}, ...value));
}

/** A checkpoint has no producer but a kind, "PyTorch checkpoint (before 1.6)". */
function formatName({ format, opset, producer }: ModelFacts): string {
  const name = format === 'onnx' ? 'ONNX' : visible(producer ?? format);
  return opset === undefined ? name : `${name}, opset ${opset}`;
}

/** Inputs or outputs; a hostile file may name thousands. */
const MOST_VALUES = 8;
function valueList(values: readonly { name: string; shape: string }[]): Child[] {
  const shown = values
    .slice(0, MOST_VALUES)
    .map(({ name, shape }) =>
      h('span', { class: 'value' }, nameOf(name), ' ', h('code', {}, visible(shape))),
    );
  const left = values.length - shown.length;
  return left > 0 ? [...shown, `and ${plural(left, 'more', 'more')}`] : shown;
}

const MOST_PAIRS = 500;
function pairs(entries: readonly (readonly [string, string])[]): HTMLElement {
  return h(
    'dl',
    { class: 'pair-list' },
    ...entries
      .slice(0, MOST_PAIRS)
      .map(([name, value]) => h('div', {}, h('dt', {}, nameOf(name)), h('dd', {}, visible(value)))),
  );
}

function foldable(id: string, heading: string, memory: OpenMemory, content: HTMLElement): HTMLElement {
  const details = fold(heading, content);
  rememberOpen(details, id, memory, false);
  return details;
}
