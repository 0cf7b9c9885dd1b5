import * as v from 'valibot';
import {
  ToSplittingPanelSchema,
  type FromSplittingPanel,
  type ToSplittingPanel,
} from '../../src/protocol/splitting-panel';
import { ChartGallery } from '../charts/lazy';
import { Announcer } from '../dom/announcer';
import { fill, h } from '../dom/element';
import { nameOf } from '../dom/name';
import { oncePerFrame } from '../dom/schedule';
import { appElement, ProtocolNotice } from '../panel/frame';
import { connect } from '../panel/host';
import { PanelMemory } from '../panel/memory';
import { Files } from './files';
import { Run } from './run';
import { SeedGallery } from './seed-gallery';
import { Settings } from './settings';
import { Stages } from './stages';
import { INITIAL, receive, type Part, type SplittingState } from './state';
import { Suspects } from './suspects';

const broken = new ProtocolNotice();
const host = connect<typeof ToSplittingPanelSchema, FromSplittingPanel>(
  ToSplittingPanelSchema,
  onMessage,
  () => {
    broken.show();
  },
);
const kept = v.safeParse(v.object({ dataset: v.string() }), host.kept);
/** By this the host knows, after a reload of the window, whose panel it is. */
let dataset = kept.success ? kept.output.dataset : null;
const memory = new PanelMemory(host.kept, (memorised) => {
  host.keep({ ...memorised, dataset });
});
const announcer = new Announcer();
const gallery = new ChartGallery();
const path = h('p', { class: 'path' });

const post = (message: FromSplittingPanel): void => {
  host.post(message);
};

let state: SplittingState = INITIAL;
let shown: SplittingState | null = null;

const parts: readonly Part[] = [
  new Files(memory, announcer, post),
  new SeedGallery(memory, announcer, post),
  new Settings(memory, post),
  new Run(memory, announcer, post),
  new Stages(memory, gallery),
  new Suspects(memory, announcer, post),
];

const render = oncePerFrame(() => {
  for (const part of parts) part.update(state, shown);
  if (shown === null) memory.followScroll();
  shown = state;
});

function onMessage(message: ToSplittingPanel): void {
  state = receive(state, message);
  if (message.kind === 'dataset') {
    dataset = message.path;
    fill(path, nameOf(message.path));
    memory.changed();
  }
  render();
}

appElement().append(
  broken.element,
  h(
    'header',
    { class: 'header' },
    h('h1', {}, 'Split a suspicious dataset'),
    path,
    h(
      'p',
      { class: 'hint' },
      'ASD (Adaptively Splitting the Poisoned Dataset, CVPR 2023): a new model is trained from a dataset that may be poisoned. Every epoch the images are split anew into those whose labels are learnt and those whose labels are dropped.',
    ),
  ),
  ...parts.map((part) => part.element),
  announcer.element,
);
render();
post({ kind: 'ready' });
