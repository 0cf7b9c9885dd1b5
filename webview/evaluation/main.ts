import {
  ToEvaluationPanelSchema,
  type FromEvaluationPanel,
  type KeptModels,
  type ToEvaluationPanel,
} from '../../src/protocol/evaluation-panel';
import { ChartGallery } from '../charts/lazy';
import { Announcer } from '../dom/announcer';
import { oncePerFrame } from '../dom/schedule';
import { appElement, ProtocolNotice } from '../panel/frame';
import { connect } from '../panel/host';
import { PanelMemory } from '../panel/memory';
import { Export } from './export';
import { Header } from './header';
import { Images } from './images';
import { Results } from './report/results';
import { Run } from './run';
import { INITIAL, receive, type EvaluationState, type Part } from './state';
import { Sweep } from './sweep';
import { Triggers } from './triggers';

const broken = new ProtocolNotice();
const host = connect<typeof ToEvaluationPanelSchema, FromEvaluationPanel>(
  ToEvaluationPanelSchema,
  onMessage,
  () => {
    broken.show();
  },
);
const post = (message: FromEvaluationPanel): void => {
  host.post(message);
};
// The host restores the panel of a reloaded window from the models kept here.
const memory = new PanelMemory(host.kept, (kept) => {
  host.keep({ ...kept, models: state.models.map((model) => model.path) } satisfies KeptModels & typeof kept);
});
const announcer = new Announcer();
const gallery = new ChartGallery();
const sweep = new Sweep(memory, gallery, announcer, post);
const exporting = new Export(memory, announcer, post);
const results = new Results(memory, gallery, announcer, [
  { label: 'Sweep', section: sweep.section },
  { label: 'Export', section: exporting.section },
]);
const parts: readonly Part[] = [
  new Header(post),
  new Images(memory, announcer, post),
  new Triggers(memory, announcer, post),
  new Run(memory, announcer, post, () => {
    results.reveal();
  }),
  results,
  sweep,
  exporting,
];

let state: EvaluationState = INITIAL;
let shown: EvaluationState | null = null;
let restored = false;

const render = oncePerFrame(() => {
  for (const part of parts) part.update(state, shown);
  shown = state;
  if (restored || state.plan === null) return;
  restored = true;
  memory.followScroll();
});

function onMessage(message: ToEvaluationPanel): void {
  state = receive(state, message);
  if (message.kind === 'models') memory.touch();
  render();
}

appElement().append(broken.element, ...parts.map((part) => part.element), announcer.element);
render();
post({ kind: 'ready' });
