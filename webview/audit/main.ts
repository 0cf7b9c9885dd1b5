import { ToAuditPanelSchema, type FromAuditPanel, type ToAuditPanel } from '../../src/protocol/audit';
import { ChartGallery } from '../charts/lazy';
import { Announcer } from '../dom/announcer';
import { debounce, oncePerFrame } from '../dom/schedule';
import { appElement, ProtocolNotice } from '../panel/frame';
import { connect } from '../panel/host';
import { PanelMemory } from '../panel/memory';
import { announcementAtU } from '../text/summary';
import { Export } from './export';
import { FileSafety } from './file-safety';
import { Header } from './header';
import { Histograms } from './histograms';
import { Pruning } from './pruning';
import { INITIAL, receive, ViewAtU, type AuditState, type Part } from './state';
import { Status } from './status';
import { Findings, Summary } from './summary';
import { layersSection, outliersSection, skippedSection } from './tables';
import { Toolbar } from './toolbar';

/** Milliseconds of rest before the host hears of a new u. */
const U_DELAY = 250;

const broken = new ProtocolNotice();
const host = connect<typeof ToAuditPanelSchema, FromAuditPanel>(ToAuditPanelSchema, onMessage, () => {
  broken.show();
});
const post = (message: FromAuditPanel): void => {
  host.post(message);
};
const memory = new PanelMemory(host.kept, host.keep);
const announcer = new Announcer();
const gallery = new ChartGallery();

const summary = new Summary(memory);
const fileSafety = new FileSafety(memory);
const findings = new Findings(memory);
const histograms = new Histograms(memory, gallery);
const layers = layersSection(memory);
const outliers = outliersSection(memory);
const skipped = skippedSection(memory);
const pruning = new Pruning(memory, gallery, announcer, post);
const exporting = new Export(memory, announcer, post);
const toolbar = new Toolbar(
  setU,
  (
    [
      ['Summary', summary],
      ['File safety', fileSafety],
      ['Histograms', histograms],
      ['Layers', layers],
      ['Outliers', outliers],
      ['Pruning', pruning],
      ['Export', exporting],
    ] as const
  ).map(([label, part]) => ({
    label,
    reveal: () => {
      part.section.reveal();
    },
  })),
);
const parts: readonly Part[] = [
  new Header(announcer, memory),
  new Status(post, announcer),
  toolbar,
  summary,
  fileSafety,
  findings,
  histograms,
  layers,
  outliers,
  skipped,
  pruning,
  exporting,
];

let state: AuditState = { ...INITIAL, u: memory.lastU ?? INITIAL.u };
let shown: AuditState | null = null;
/** The u that the host holds, as far as the panel knows. */
let hostU: number | null = null;
let restored = false;

const views = new ViewAtU();
const tellU = debounce((u: number) => {
  hostU = u;
  post({ kind: 'u', u });
}, U_DELAY);
const render = oncePerFrame(() => {
  const view = views.of(state);
  for (const part of parts) part.update(state, view, shown);
  if (shown !== null && shown.u !== state.u && view !== null) announcer.say('u', announcementAtU(view));
  shown = state;
  if (!restored && view !== null) {
    restored = true;
    memory.followScroll();
  }
});

function setU(u: number): void {
  if (u === state.u) return;
  state = { ...state, u };
  memory.setU(u);
  tellU(u);
  render();
}

function onMessage(message: ToAuditPanel): void {
  if (message.kind === 'file') adoptU(message.u);
  state = receive(state, message);
  render();
}

/**
 * The host keeps u with the editor. Its first word yields to what this panel remembers (the last moves of a slider may
 * not have reached the host before a reload); later, only news counts, and never while the user moves the slider.
 */
function adoptU(u: number): void {
  const first = hostU === null;
  if (first && memory.lastU !== null) {
    hostU = u;
    if (memory.lastU !== u) tellU(memory.lastU);
    return;
  }
  if (u === hostU || tellU.pending()) return;
  hostU = u;
  state = { ...state, u };
}

appElement().append(broken.element, ...parts.map((part) => part.element), announcer.element);
render();
post({ kind: 'ready' });
