import { ToComparePanelSchema, type FromComparePanel, type ToComparePanel } from '../../src/protocol/audit';
import { ChartGallery } from '../charts/lazy';
import { Announcer } from '../dom/announcer';
import { h } from '../dom/element';
import { oncePerFrame } from '../dom/schedule';
import { appElement, ProtocolNotice } from '../panel/frame';
import { connect } from '../panel/host';
import { PanelMemory } from '../panel/memory';
import { CompareView } from './view';

const broken = new ProtocolNotice();
const host = connect<typeof ToComparePanelSchema, FromComparePanel>(ToComparePanelSchema, onMessage, () => {
  broken.show();
});
const memory = new PanelMemory(host.kept, host.keep);
const announcer = new Announcer();
const gallery = new ChartGallery();
const place = h(
  'div',
  {},
  h('h1', { class: 'header' }, 'Compare models'),
  h('p', { class: 'hint' }, 'Waiting for the two scans.'),
);

let view: CompareView | null = null;
let u = 0;
let restored = false;

const render = oncePerFrame(() => {
  if (view === null) return;
  view.update(u);
  if (restored) return;
  restored = true;
  memory.followScroll();
});

function setU(next: number): void {
  if (next === u) return;
  u = next;
  memory.setU(u);
  render();
  if (view !== null) announcer.say('u', view.countsAt(u));
}

function onMessage(message: ToComparePanel): void {
  u = memory.lastU ?? message.u;
  view?.remove();
  view = new CompareView(message, memory, gallery, announcer, setU);
  place.replaceChildren(view.element);
  announcer.say('compare', view.countsAt(u));
  render();
}

appElement().append(broken.element, place, announcer.element);
host.post({ kind: 'ready' });
