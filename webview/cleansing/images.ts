import { PreprocessingForm } from '../audit/preprocessing';
import type { Announcer } from '../dom/announcer';
import { h, setText } from '../dom/element';
import type { OpenMemory } from '../dom/fold';
import { section, type Section } from '../dom/section';
import { ImageSet, imagesFound } from '../images/image-set';
import { plural } from '../text/format';
import { describePreprocessing } from '../text/preprocessing-words';
import type { Part } from './part';
import type { CleansingState, Post } from './state';

/** The unlabeled images that the student learns from. */
export class Images implements Part {
  readonly section: Section;
  readonly element: HTMLElement;
  private readonly set: ImageSet;
  private readonly form: PreprocessingForm;
  private readonly effective = h('p', { class: 'hint' });

  constructor(memory: OpenMemory, announcer: Announcer, post: Post) {
    this.set = new ImageSet({
      announcer,
      topic: 'images',
      none: 'No images chosen. A folder, an archive or a dataset file; labels are not used.',
      unlabelled: '',
      onChoose: (what) => {
        post({ kind: 'chooseData', set: 'data', what });
      },
      onCancel: () => {
        post({ kind: 'cancel', job: 'data' });
      },
      onLook: () => {
        post({ kind: 'describeImages', set: 'data' });
      },
    });
    this.form = new PreprocessingForm((preprocessing) => {
      post({ kind: 'edit', change: { preprocessing } });
    }, 'Applied.');
    this.section = section(
      { id: 'images', heading: 'Unlabeled images', memory },
      this.set.element,
      h(
        'p',
        { class: 'hint spaced' },
        'Images like those the model is for work best; the paper uses 500 to 5000 of them. Others will do, at a price: ' +
          'with 32 × 32 Tiny-ImageNet in place of CIFAR-10 it was left with a mean ASR of 15 % instead of 4 %, and ' +
          'more of such images raised it again for Blended, SIG and WaNet.',
      ),
      this.effective,
      this.form.element,
    );
    this.element = this.section.element;
  }

  update(state: CleansingState, before: CleansingState | null): void {
    const { plan } = state;
    const images = state.images.data;
    if (plan !== null && plan !== before?.plan) {
      this.set.showSource(plan.data);
      this.form.update(plan.preprocessing);
    }
    if (images === before?.images.data) return;
    this.set.show(images);
    const known = images.state === 'done' ? images.result : null;
    setText(
      this.section.aside,
      known === null ? '' : known.classes === null ? imagesFound(known) : plural(known.images, 'image'),
    );
    if (known !== null) setText(this.effective, describePreprocessing(known.preprocessing));
    else if (images.state === 'idle') setText(this.effective, '');
  }
}
