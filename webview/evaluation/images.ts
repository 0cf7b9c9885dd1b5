import { visible } from '../../src/protocol/wording';
import { PreprocessingForm } from '../audit/preprocessing';
import type { Announcer } from '../dom/announcer';
import { h, setText } from '../dom/element';
import type { OpenMemory } from '../dom/fold';
import { section, type Section } from '../dom/section';
import { ImageSet, imagesFound } from '../images/image-set';
import { describePreprocessing } from '../text/preprocessing-words';
import type { EvaluationState, Part, Post } from './state';

const UNKNOWN = 'Read from the model and the files beside it once images are chosen.';

/** The images, what is in them, and how they become the model's input. */
export class Images implements Part {
  readonly section: Section;
  readonly element: HTMLElement;
  private readonly set: ImageSet;
  private readonly effective = h('p', { class: 'hint' });
  private readonly form: PreprocessingForm;
  private readonly several = h('p', { class: 'hint' });

  constructor(memory: OpenMemory, announcer: Announcer, post: Post) {
    this.set = new ImageSet({
      announcer,
      topic: 'images',
      none:
        'No images chosen. Accuracy and triggers need labels: one folder a class, or a dataset file ' +
        '(CIFAR, MNIST, .npz, GTSRB, Parquet, zip or tar of folders). A flat folder is unlabelled.',
      unlabelled:
        'These images have no labels, so there is no accuracy to measure. How predictions spread, and how they agree between models and over u, can be.',
      onChoose: (what) => {
        post({ kind: 'chooseData', what });
      },
      onCancel: () => {
        post({ kind: 'cancel', job: 'description' });
      },
      onLook: () => {
        post({ kind: 'describe' });
      },
    });
    this.form = new PreprocessingForm((preprocessing) => {
      post({ kind: 'edit', change: { preprocessing } });
    }, 'Applied.');
    this.section = section(
      { id: 'images', heading: 'Images', memory },
      this.set.element,
      h('h3', { class: 'spaced' }, 'How an image becomes the model’s input'),
      this.effective,
      this.several,
      this.form.element,
    );
    this.element = this.section.element;
  }

  update(state: EvaluationState, before: EvaluationState | null): void {
    const { plan, description, models } = state;
    if (models !== before?.models) {
      const [first] = models;
      this.several.hidden = models.length < 2;
      setText(
        this.several,
        `So it is for ${visible(first?.name ?? '', 120)}. The others are read in the same way, each from the files beside it; what is set here holds for all.`,
      );
    }
    if (plan !== null && plan !== before?.plan) {
      this.set.showSource(plan.data);
      this.form.update(plan.preprocessing);
    }
    if (description === before?.description) return;
    this.set.show(description);
    const known = description.state === 'done' ? description.result : null;
    setText(this.section.aside, known === null ? '' : imagesFound(known));
    if (known !== null) setText(this.effective, describePreprocessing(known.preprocessing));
    else if (description.state !== 'running' && description.state !== 'failed')
      setText(this.effective, UNKNOWN);
  }
}
