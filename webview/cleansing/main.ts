import * as v from 'valibot';
import {
  ToCleansingPanelSchema,
  type FromCleansingPanel,
  type ToCleansingPanel,
} from '../../src/protocol/cleansing-panel';
import { redrawnShareOf } from '../../src/protocol/ratio-editing';
import { ChartGallery } from '../charts/lazy';
import { Announcer } from '../dom/announcer';
import { debounce, oncePerFrame } from '../dom/schedule';
import { appElement, ProtocolNotice } from '../panel/frame';
import { connect } from '../panel/host';
import { PanelMemory } from '../panel/memory';
import { formatPercent } from '../text/format';
import { draftOf, weightsOf, type Draft } from './draft';
import { Header } from './header';
import { edited, gestureEnded, redone, startHistory, undone, type History } from './history';
import { Images } from './images';
import { Monitor } from './monitor';
import { Preview } from './preview';
import { RatioEditor, type DraftEvents } from './ratio-editor';
import { Run } from './run';
import { Runs } from './runs';
import type { Part } from './part';
import { descriptionOf, INITIAL, receive, type CleansingState } from './state';
import { Training } from './training';

/** Milliseconds of rest before the host hears of new ratios. */
const DRAFT_DELAY = 200;

const broken = new ProtocolNotice();
const host = connect<typeof ToCleansingPanelSchema, FromCleansingPanel>(
  ToCleansingPanelSchema,
  onMessage,
  () => {
    broken.show();
  },
);
const kept = v.safeParse(v.object({ model: v.string() }), host.kept);
/** By this the host knows, after a reload of the window, whose panel it is. */
let model = kept.success ? kept.output.model : null;
const memory = new PanelMemory(host.kept, (memorised) => {
  host.keep({ ...memorised, model });
});
const announcer = new Announcer();
const gallery = new ChartGallery();

let state: CleansingState = INITIAL;
let shown: CleansingState | null = null;
let restored = false;

const tellDraft = debounce(({ ratios, preset, clpU }: Draft) => {
  host.post({ kind: 'edit', change: { ratios: [...ratios], preset, clpU } });
}, DRAFT_DELAY);
/** What is asked for is asked with the ratios that the page shows. */
const post = (message: FromCleansingPanel): void => {
  tellDraft.flush();
  host.post(message);
};
window.addEventListener('pagehide', tellDraft.flush);

function setHistory(history: History<Draft> | null): void {
  if (history === null || history === state.history) return;
  const before = state.history?.present;
  state = { ...state, history };
  if (history.present !== before) tellDraft(history.present);
  render();
}

function sayShare(what: string): void {
  const description = descriptionOf(state);
  if (description === null || state.history === null) return;
  const share = redrawnShareOf(weightsOf(description), state.history.present.ratios);
  announcer.say('ratios', `${what}: ${formatPercent(100 * share)} of all weights re-drawn.`);
}

const draftEvents: DraftEvents = {
  edit: (gesture, change) => {
    if (state.history !== null) setHistory(edited(state.history, gesture, change));
  },
  rest: () => {
    if (state.history !== null) setHistory(gestureEnded(state.history));
  },
  undo: () => {
    if (state.history === null) return;
    setHistory(undone(state.history));
    sayShare('Undone');
  },
  redo: () => {
    if (state.history === null) return;
    setHistory(redone(state.history));
    sayShare('Redone');
  },
};

const parts: readonly Part[] = [
  new Header(announcer, post),
  new Images(memory, announcer, post),
  new RatioEditor(memory, announcer, post, draftEvents),
  new Preview(memory, gallery, announcer, post, draftEvents),
  new Training(memory, post),
  new Monitor(memory, announcer, post),
  new Run(memory, gallery, announcer, post),
  new Runs(memory, gallery, announcer, post),
];

const render = oncePerFrame(() => {
  for (const part of parts) part.update(state, shown);
  shown = state;
  if (restored || state.history === null) return;
  restored = true;
  memory.followScroll();
});

function onMessage(message: ToCleansingPanel): void {
  state = receive(state, message);
  if (message.kind === 'model') {
    model = message.path;
    memory.changed();
  }
  if (message.kind === 'plan') adopt(draftOf(message.plan), message.loaded);
  render();
}

/** The ratios are edited here; the host's count where it has changed them itself, and before there were any. */
function adopt(draft: Draft | null, loaded: boolean): void {
  if (draft === null) return;
  const { history } = state;
  if (history === null) state = { ...state, history: startHistory(draft) };
  else if (loaded) state = { ...state, history: edited(history, null, () => draft) };
}

appElement().append(broken.element, ...parts.map((part) => part.element), announcer.element);
render();
post({ kind: 'ready' });
