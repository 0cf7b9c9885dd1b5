import type { Attack } from '../../src/protocol/attack';
import type { PlannedAttack } from '../../src/protocol/evaluation-panel';
import type { Announcer } from '../dom/announcer';
import { button, setEnabled } from '../dom/button';
import { h, setText } from '../dom/element';
import { debounce } from '../dom/schedule';
import { AttackFields } from './attack-fields';
import type { EvaluationState, Post } from './state';
import { TriggerPreviewView } from './trigger-preview';

/** Milliseconds of rest after an edit before a preview that is shown is made again. */
const REST = 500;

/** One trigger: its parameters, and what it looks like. */
export class AttackCard {
  readonly element: HTMLElement;
  readonly id: number;
  private readonly form: AttackFields;
  private readonly post: Post;
  private readonly show: ReturnType<typeof button>;
  private readonly why: HTMLElement;
  private readonly preview: TriggerPreviewView;
  /** The attack as it was when its preview was last asked for. */
  private previewed: Attack | null = null;
  private readonly previewLater = debounce<null>(() => {
    this.ask();
  }, REST);

  constructor(planned: PlannedAttack, announcer: Announcer, post: Post) {
    this.id = planned.id;
    this.post = post;
    this.form = new AttackFields(planned, post);
    this.why = h('span', { id: `attack-${planned.id}-why`, class: 'hint' });
    this.show = button({
      label: 'Show on images',
      icon: 'eye',
      secondary: true,
      describedBy: this.why.id,
      onPress: () => {
        this.ask();
      },
    });
    this.preview = new TriggerPreviewView(
      announcer,
      (x, y) => {
        if (this.form.attack.kind === 'patch') this.form.edit({ ...this.form.attack, x, y });
      },
      () => {
        post({ kind: 'cancel', job: 'trigger' });
      },
      () => {
        this.ask();
      },
    );
    this.element = this.form.element;
    this.element.append(h('div', { class: 'actions' }, this.show, this.why), this.preview.element);
  }

  /** Asks for a preview. */
  ask(): void {
    this.previewed = this.form.attack;
    this.post({ kind: 'previewTrigger', id: this.id });
  }

  update(state: EvaluationState, before: EvaluationState | null): void {
    const planned = state.plan?.attacks.find(({ id }) => id === this.id);
    const mine = state.triggerId === this.id;
    if (planned !== undefined && planned.attack !== this.form.attack) {
      const changed = JSON.stringify(planned.attack) !== JSON.stringify(this.form.attack);
      this.form.set(planned.attack);
      if (changed && mine && this.preview.isShown) this.previewLater(null);
    }
    const why = !state.trusted
      ? 'Disabled: the workspace is not trusted.'
      : state.plan?.data === null
        ? 'Choose the images first.'
        : '';
    setText(this.why, why);
    setEnabled(this.show, why === '');
    const wasMine = before?.triggerId === this.id;
    if (mine && (state.trigger !== before?.trigger || !wasMine)) {
      this.preview.update(state.trigger, this.previewed ?? this.form.attack, this.form.attack);
    } else if (!mine && (wasMine || before === null))
      this.preview.update(null, this.form.attack, this.form.attack);
  }
}
