/**
 * The random numbers of the whole product: xoshiro128** 1.1 (Blackman and Vigna, https://prng.di.unimi.it), 32 bits a
 * step, period 2^128 − 1, seeded by SplitMix64 as its authors advise. The same seed gives the same numbers on every
 * machine, so every sampled, augmented or re-initialised result can be repeated.
 */
export class Random {
  private a = 0;
  private b = 0;
  private c = 0;
  private d = 0;
  /** Second value of the last polar draw, kept for the next `normal`. */
  private spare: number | null = null;

  /** `seed`: any safe integer. Throws RangeError otherwise. */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed)) throw new RangeError(`The seed must be an integer, not ${seed}.`);
    const next = splitmix64(BigInt.asUintN(64, BigInt(seed)));
    const low = next();
    const high = next();
    this.setState(
      Number(low & 0xffffffffn),
      Number(low >> 32n),
      Number(high & 0xffffffffn),
      Number(high >> 32n),
    );
  }

  /** A generator that starts from these four 32-bit words, not all zero: for tests against published sequences. */
  static fromState(state: readonly [number, number, number, number]): Random {
    const random = new Random(0);
    if (state.every((word) => word === 0)) throw new RangeError('A state of zeros yields zeros for ever.');
    random.setState(...state);
    return random;
  }

  /** The next 32 random bits, as an integer in 0 … 2^32 − 1. */
  bits(): number {
    const scrambled = Math.imul(this.b, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
    const shifted = this.b << 9;
    this.c ^= this.a;
    this.d ^= this.b;
    this.b ^= this.c;
    this.a ^= this.d;
    this.c ^= shifted;
    this.d = (this.d << 11) | (this.d >>> 21);
    return result;
  }

  /** Uniform in [0, 1), a multiple of 2^−53. */
  uniform(): number {
    const high = this.bits() >>> 5;
    const low = this.bits() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  }

  /** True with probability `p`. */
  bernoulli(p: number): boolean {
    return this.uniform() < p;
  }

  /**
   * Uniform in 0 … bound − 1 without modulo bias (draws that fall in the incomplete last interval are drawn again).
   * `bound` is an integer in 1 … 2^32. Throws RangeError otherwise.
   */
  integer(bound: number): number {
    if (!Number.isInteger(bound) || bound < 1 || bound > 0x1_0000_0000) {
      throw new RangeError(`The bound of a random integer must lie in 1 … 2^32, not ${bound}.`);
    }
    const limit = 0x1_0000_0000 - (0x1_0000_0000 % bound);
    let drawn = this.bits();
    while (drawn >= limit) drawn = this.bits();
    return drawn % bound;
  }

  /** Standard normal (Marsaglia's polar method). */
  normal(): number {
    if (this.spare !== null) {
      const value = this.spare;
      this.spare = null;
      return value;
    }
    let x: number;
    let y: number;
    let square: number;
    do {
      x = 2 * this.uniform() - 1;
      y = 2 * this.uniform() - 1;
      square = x * x + y * y;
    } while (square >= 1 || square === 0);
    const scale = Math.sqrt((-2 * Math.log(square)) / square);
    this.spare = y * scale;
    return x * scale;
  }

  /** Gamma(shape, 1), `shape` > 0 (Marsaglia & Tsang 2000; below 1 by Gamma(shape + 1)·U^(1/shape)). */
  gamma(shape: number): number {
    if (!(shape > 0) || !Number.isFinite(shape))
      throw new RangeError(`The shape of a gamma distribution must be positive, not ${shape}.`);
    if (shape < 1) return this.gamma(shape + 1) * (1 - this.uniform()) ** (1 / shape);
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = this.normal();
      const v = (1 + c * x) ** 3;
      if (v <= 0) continue;
      if (Math.log(1 - this.uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
    }
  }

  /** Beta(a, b), both > 0, as X/(X + Y) of X ~ Gamma(a), Y ~ Gamma(b). */
  beta(a: number, b: number): number {
    const x = this.gamma(a);
    const y = this.gamma(b);
    // Both are zero only where tiny shapes underflow: the mass then lies at the ends.
    return x + y === 0 ? Number(this.bernoulli(a / (a + b))) : x / (x + y);
  }

  /** Shuffles in place, every order equally likely (Fisher–Yates), and returns the same array. */
  shuffle<T>(values: T[]): T[] {
    for (let last = values.length - 1; last > 0; last--) {
      const other = this.integer(last + 1);
      const value = values[last]!;
      values[last] = values[other]!;
      values[other] = value;
    }
    return values;
  }

  /**
   * A generator for a task of its own, whose numbers do not overlap with this one's: it starts where this one stands,
   * and this one jumps ahead by 2^64 steps. Give one to each tensor or worker, and their order of work does not matter.
   */
  fork(): Random {
    const child = new Random(0);
    child.setState(this.a, this.b, this.c, this.d);
    this.spare = null;
    this.jump();
    return child;
  }

  private jump(): void {
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (const word of [0x8764000b, 0xf542d2d3, 0x6fa035c3, 0x77f2db5b]) {
      for (let bit = 0; bit < 32; bit++) {
        if ((word >>> bit) & 1) {
          a ^= this.a;
          b ^= this.b;
          c ^= this.c;
          d ^= this.d;
        }
        this.bits();
      }
    }
    this.setState(a, b, c, d);
  }

  private setState(a: number, b: number, c: number, d: number): void {
    this.a = a | 0;
    this.b = b | 0;
    this.c = c | 0;
    this.d = d | 0;
  }
}

/** SplitMix64 (Vigna): the sequence of 64-bit integers that a 64-bit seed starts. */
export function splitmix64(seed: bigint): () => bigint {
  let state = seed;
  return () => {
    state = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n);
    let z = state;
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    return z ^ (z >> 31n);
  };
}

/**
 * One of many independent random streams of a seed: the parts of a job (re-initialisation is 0, its epochs follow) draw
 * from streams of their own, so that a job that is resumed draws what it would have drawn in one go.
 */
export function streamOf(seed: number, stream: number): Random {
  const next = splitmix64(BigInt.asUintN(64, BigInt(seed)));
  let drawn = next();
  for (let i = 0; i < stream; i++) drawn = next();
  return new Random(Number(drawn >> 11n));
}
