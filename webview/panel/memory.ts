import * as v from 'valibot';
import { debounce } from '../dom/schedule';
import type { OpenMemory } from '../dom/fold';

const MemorySchema = v.object({
  u: v.nullable(v.pipe(v.number(), v.minValue(0), v.maxValue(100))),
  scroll: v.number(),
  open: v.record(v.string(), v.boolean()),
});

/** What a panel remembers while it is hidden or its window reloads: u, the scroll position, what is open. */
export class PanelMemory implements OpenMemory {
  private u: number | null = null;
  private scroll = 0;
  private readonly open: Map<string, boolean>;
  private readonly save: () => void;

  /** `kept` is what an earlier panel left; anything that is not a memory is forgotten. */
  constructor(kept: unknown, keep: (state: v.InferOutput<typeof MemorySchema>) => void) {
    const parsed = v.safeParse(MemorySchema, kept);
    this.u = parsed.success ? parsed.output.u : null;
    this.scroll = parsed.success ? parsed.output.scroll : 0;
    this.open = new Map(Object.entries(parsed.success ? parsed.output.open : {}));
    const later = debounce<null>(() => {
      keep({ u: this.u, scroll: this.scroll, open: Object.fromEntries(this.open) });
    }, 150);
    this.save = () => {
      later(null);
    };
    window.addEventListener('pagehide', later.flush);
  }

  get lastU(): number | null {
    return this.u;
  }

  setU(u: number): void {
    this.u = u;
    this.save();
  }

  /** Has everything kept again: what a panel keeps with its memory has changed. */
  changed(): void {
    this.save();
  }

  isOpen(id: string, initially: boolean): boolean {
    return this.open.get(id) ?? initially;
  }

  setOpen(id: string, open: boolean): void {
    this.open.set(id, open);
    this.save();
  }

  /** Keeps what the panel remembers beside this, soon. */
  touch(): void {
    this.save();
  }

  /** Goes back to where the page was left and follows it from then on. Call once, when the page has its height. */
  followScroll(): void {
    window.scrollTo({ top: this.scroll, behavior: 'instant' });
    window.addEventListener(
      'scroll',
      () => {
        this.scroll = window.scrollY;
        this.save();
      },
      { passive: true },
    );
  }
}
