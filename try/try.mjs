import{createRequire as __c}from"node:module";const require=__c(import.meta.url);

// ../../tmp/asd/try.ts
import { readFileSync, writeFileSync } from "node:fs";
import path13 from "node:path";

// src/data/open-dataset.ts
import { existsSync as existsSync4, readdirSync as readdirSync3, statSync as statSync7 } from "node:fs";
import path9 from "node:path";

// src/protocol/errors.ts
var ScourError = class extends Error {
  reason;
  constructor(reason, message, options) {
    super(message, options);
    this.name = new.target.name;
    this.reason = reason;
  }
};
function isScourError(thrown) {
  return thrown instanceof ScourError;
}
var CancelledError = class extends ScourError {
  constructor() {
    super("cancelled", "The operation was cancelled.");
  }
};
var UsageError = class extends ScourError {
};
var ModelError = class extends ScourError {
  path;
  constructor(reason, path14, message, options) {
    super(reason, message, options);
    this.path = path14;
  }
};
var DataError = class extends ScourError {
  path;
  constructor(reason, path14, message, options) {
    super(reason, message, options);
    this.path = path14;
  }
};
var RuntimeError = class extends ScourError {
};
function messageOf(thrown) {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

// src/data/folder.ts
import { realpathSync, readdirSync, statSync } from "node:fs";
import path from "node:path";

// src/data/random.ts
var Random = class _Random {
  a = 0;
  b = 0;
  c = 0;
  d = 0;
  /** Second value of the last polar draw, kept for the next `normal`. */
  spare = null;
  /** `seed`: any safe integer. Throws RangeError otherwise. */
  constructor(seed) {
    if (!Number.isSafeInteger(seed)) throw new RangeError(`The seed must be an integer, not ${seed}.`);
    const next = splitmix64(BigInt.asUintN(64, BigInt(seed)));
    const low = next();
    const high = next();
    this.setState(
      Number(low & 0xffffffffn),
      Number(low >> 32n),
      Number(high & 0xffffffffn),
      Number(high >> 32n)
    );
  }
  /** A generator that starts from these four 32-bit words, not all zero: for tests against published sequences. */
  static fromState(state) {
    const random = new _Random(0);
    if (state.every((word) => word === 0)) throw new RangeError("A state of zeros yields zeros for ever.");
    random.setState(...state);
    return random;
  }
  /** The next 32 random bits, as an integer in 0 … 2^32 − 1. */
  bits() {
    const scrambled = Math.imul(this.b, 5);
    const result = Math.imul(scrambled << 7 | scrambled >>> 25, 9) >>> 0;
    const shifted = this.b << 9;
    this.c ^= this.a;
    this.d ^= this.b;
    this.b ^= this.c;
    this.a ^= this.d;
    this.c ^= shifted;
    this.d = this.d << 11 | this.d >>> 21;
    return result;
  }
  /** Uniform in [0, 1), a multiple of 2^−53. */
  uniform() {
    const high = this.bits() >>> 5;
    const low = this.bits() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  }
  /** True with probability `p`. */
  bernoulli(p) {
    return this.uniform() < p;
  }
  /**
   * Uniform in 0 … bound − 1 without modulo bias (draws that fall in the incomplete last interval are drawn again).
   * `bound` is an integer in 1 … 2^32. Throws RangeError otherwise.
   */
  integer(bound) {
    if (!Number.isInteger(bound) || bound < 1 || bound > 4294967296) {
      throw new RangeError(`The bound of a random integer must lie in 1 \u2026 2^32, not ${bound}.`);
    }
    const limit = 4294967296 - 4294967296 % bound;
    let drawn = this.bits();
    while (drawn >= limit) drawn = this.bits();
    return drawn % bound;
  }
  /** Standard normal (Marsaglia's polar method). */
  normal() {
    if (this.spare !== null) {
      const value = this.spare;
      this.spare = null;
      return value;
    }
    let x;
    let y;
    let square;
    do {
      x = 2 * this.uniform() - 1;
      y = 2 * this.uniform() - 1;
      square = x * x + y * y;
    } while (square >= 1 || square === 0);
    const scale = Math.sqrt(-2 * Math.log(square) / square);
    this.spare = y * scale;
    return x * scale;
  }
  /** Gamma(shape, 1), `shape` > 0 (Marsaglia & Tsang 2000; below 1 by Gamma(shape + 1)·U^(1/shape)). */
  gamma(shape) {
    if (!(shape > 0) || !Number.isFinite(shape))
      throw new RangeError(`The shape of a gamma distribution must be positive, not ${shape}.`);
    if (shape < 1) return this.gamma(shape + 1) * (1 - this.uniform()) ** (1 / shape);
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (; ; ) {
      const x = this.normal();
      const v = (1 + c * x) ** 3;
      if (v <= 0) continue;
      if (Math.log(1 - this.uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
    }
  }
  /** Beta(a, b), both > 0, as X/(X + Y) of X ~ Gamma(a), Y ~ Gamma(b). */
  beta(a, b) {
    const x = this.gamma(a);
    const y = this.gamma(b);
    return x + y === 0 ? Number(this.bernoulli(a / (a + b))) : x / (x + y);
  }
  /** Shuffles in place, every order equally likely (Fisher–Yates), and returns the same array. */
  shuffle(values) {
    for (let last2 = values.length - 1; last2 > 0; last2--) {
      const other = this.integer(last2 + 1);
      const value = values[last2];
      values[last2] = values[other];
      values[other] = value;
    }
    return values;
  }
  /**
   * A generator for a task of its own, whose numbers do not overlap with this one's: it starts where this one stands,
   * and this one jumps ahead by 2^64 steps. Give one to each tensor or worker, and their order of work does not matter.
   */
  fork() {
    const child = new _Random(0);
    child.setState(this.a, this.b, this.c, this.d);
    this.spare = null;
    this.jump();
    return child;
  }
  jump() {
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (const word of [2271477771, 4114797267, 1872770499, 2012404571]) {
      for (let bit = 0; bit < 32; bit++) {
        if (word >>> bit & 1) {
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
  setState(a, b, c, d) {
    this.a = a | 0;
    this.b = b | 0;
    this.c = c | 0;
    this.d = d | 0;
  }
};
function splitmix64(seed) {
  let state = seed;
  return () => {
    state = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n);
    let z = state;
    z = BigInt.asUintN(64, (z ^ z >> 30n) * 0xbf58476d1ce4e5b9n);
    z = BigInt.asUintN(64, (z ^ z >> 27n) * 0x94d049bb133111ebn);
    return z ^ z >> 31n;
  };
}
function streamOf(seed, stream) {
  const next = splitmix64(BigInt.asUintN(64, BigInt(seed)));
  let drawn = next();
  for (let i = 0; i < stream; i++) drawn = next();
  return new Random(Number(drawn >> 11n));
}

// src/data/dataset.ts
function byCodePoint(a, b) {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    if (a.charCodeAt(i) !== b.charCodeAt(i)) return (a.codePointAt(i) ?? 0) - (b.codePointAt(i) ?? 0);
  }
  return a.length - b.length;
}

// src/data/labelling.ts
var IMAGE_NAMES = /\.(?:png|jpe?g|jfif|webp|bmp|ppm|pgm|pnm)$/i;
function labelByFolder(root2, images) {
  const paths = images.map(({ name }) => name.split("/"));
  let depth = 0;
  while (paths.length > 0 && paths.every((parts) => parts.length > depth + 2 && parts[depth] === paths[0][depth])) {
    depth += 1;
  }
  const inFolders = paths.filter((parts) => parts.length > depth + 1).length;
  if (inFolders > 0 && inFolders < paths.length) {
    throw new DataError(
      "bad-layout",
      root2,
      `${root2} holds ${paths.length - inFolders} images beside folders of images, so it is neither a labelled set (one folder a class) nor a flat one.`
    );
  }
  const sorted = images.map(({ name, location }, i) => ({ name, location, folder: paths[i][depth] })).sort((a, b) => byCodePoint(a.name, b.name));
  if (inFolders === 0) {
    return { classes: null, samples: sorted.map(({ name, location }) => ({ name, location, label: null })) };
  }
  const classes = [...new Set(sorted.map(({ folder }) => folder))].sort(byCodePoint);
  const labels = new Map(classes.map((name, label) => [name, label]));
  const samples = sorted.map(({ name, location, folder }) => ({
    name,
    location,
    label: labels.get(folder)
  }));
  return { classes, samples: samples.sort((a, b) => a.label - b.label) };
}

// src/data/folder.ts
var MAX_FILES = 2e7;
var MAX_DEPTH = 32;
function openFolder(root2) {
  const walk = new Walk(root2);
  const entries = walk.list(root2);
  walk.markSeen(root2);
  const folders = entries.filter((entry2) => entry2.stats.isDirectory());
  const files = entries.filter((entry2) => entry2.stats.isFile() && IMAGE_NAMES.test(entry2.name));
  if (folders.length > 0 && files.length > 0) {
    throw new DataError(
      "bad-layout",
      root2,
      `${root2} holds ${files.length} images beside ${folders.length} folders, so it is neither a labelled set (one folder a class) nor a flat one. Move the images into their class's folder, or the folders away.`
    );
  }
  const classes = folders.length > 0 ? folders.map(({ name }) => name) : null;
  if (classes === null) walk.collect(entries, "", null);
  folders.forEach(({ name }, label) => walk.enter(path.join(root2, name), name, label));
  for (const entry2 of classes === null ? [] : entries) {
    if (!entry2.stats.isDirectory()) walk.skip(entry2.name, "it lies beside the class folders");
  }
  if (walk.samples.length === 0) {
    throw new DataError(
      "no-images",
      root2,
      `${root2} holds no images (PNG, JPEG, WebP, BMP or PPM files, in it or in one folder a class).`
    );
  }
  return { root: root2, classes, samples: walk.samples, skipped: walk.skipped };
}
var Walk = class {
  samples = [];
  skipped = [];
  root;
  /** Real paths of the folders listed so far: links may lead anywhere, but no folder is listed twice. */
  seen = /* @__PURE__ */ new Set();
  depth = 0;
  constructor(root2) {
    this.root = root2;
  }
  /** The entries of a folder in sorted order, hidden ones left out. */
  list(folder) {
    let names;
    try {
      names = readdirSync(folder);
    } catch (cause) {
      if (folder !== this.root) {
        this.skip(path.relative(this.root, folder), messageOf(cause));
        return [];
      }
      throw folderError(folder, cause);
    }
    const entries = [];
    for (const name of names.filter((each) => !each.startsWith(".")).sort(byCodePoint)) {
      try {
        entries.push({ name, stats: statSync(path.join(folder, name)) });
      } catch (cause) {
        this.skip(path.relative(this.root, path.join(folder, name)), messageOf(cause));
      }
    }
    return entries;
  }
  markSeen(folder) {
    this.seen.add(realpathSync(folder));
  }
  enter(folder, prefix, label) {
    const real = realpathSync(folder);
    const obstacle = this.seen.has(real) ? "it leads to a folder that is listed already" : this.depth >= MAX_DEPTH ? "folders are nested too deeply" : null;
    if (obstacle !== null) {
      this.skip(prefix, obstacle);
      return;
    }
    this.seen.add(real);
    this.depth += 1;
    this.collect(this.list(folder), prefix, label);
    this.depth -= 1;
  }
  collect(entries, prefix, label) {
    for (const { name, stats } of entries) {
      const inner = prefix === "" ? name : `${prefix}/${name}`;
      const full = path.join(this.root, inner);
      if (stats.isDirectory()) this.enter(full, inner, label);
      else if (!stats.isFile()) this.skip(inner, "it is not a regular file");
      else if (!IMAGE_NAMES.test(name)) this.skip(inner, "its name is not that of an image");
      else this.samples.push({ name: inner, label, location: { kind: "file", path: full } });
      if (this.samples.length > MAX_FILES) {
        throw new DataError(
          "too-large",
          this.root,
          `${this.root} holds more than ${MAX_FILES} images. Name a smaller folder.`
        );
      }
    }
  }
  skip(inner, reason) {
    this.skipped.push({ path: inner, reason });
  }
};
function folderError(folder, cause) {
  const code = cause instanceof Error && "code" in cause ? cause.code : void 0;
  if (code === "ENOENT") return new DataError("not-found", folder, `${folder} does not exist.`, { cause });
  if (code === "ENOTDIR") {
    return new DataError("bad-layout", folder, `${folder} is not a folder of images.`, { cause });
  }
  return new DataError("not-found", folder, `${folder} cannot be read: ${messageOf(cause)}.`, { cause });
}

// src/data/formats/cifar.ts
import { existsSync, statSync as statSync2 } from "node:fs";
import path2 from "node:path";

// src/data/read-range.ts
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
function readRange(path14, offset, length, limit) {
  try {
    const fd = openSync(path14, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = fstatSync(fd);
      if (!stats.isFile()) throw new DataError("unreadable-image", path14, `${path14} is not a regular file.`);
      const rest = Math.max(0, stats.size - offset);
      const wanted = Math.min(rest, length ?? rest);
      if (wanted > limit) {
        throw new DataError(
          "too-large",
          path14,
          `${path14}: ${wanted} bytes are more than is read at once (${limit}).`
        );
      }
      const bytes = Buffer.allocUnsafeSlow(wanted);
      let done = 0;
      while (done < wanted) {
        const got = readSync(fd, bytes, done, wanted - done, offset + done);
        if (got === 0) break;
        done += got;
      }
      return bytes.subarray(0, done);
    } finally {
      closeSync(fd);
    }
  } catch (thrown) {
    if (thrown instanceof DataError) throw thrown;
    const isMissing = thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT";
    throw new DataError(
      isMissing ? "not-found" : "unreadable-image",
      path14,
      isMissing ? `${path14} does not exist.` : `${path14} cannot be read: ${messageOf(thrown)}.`,
      { cause: thrown }
    );
  }
}

// src/data/formats/cifar.ts
var SIDE = 32;
var PIXELS = SIDE * SIDE * 3;
var VARIANTS = [
  {
    labelBytes: 1,
    classes: 10,
    names: "batches.meta.txt",
    test: ["test_batch.bin"],
    train: "data_batch_1.bin"
  },
  // The coarse label, then the fine one, which is used.
  { labelBytes: 2, classes: 100, names: "fine_label_names.txt", test: ["test.bin"], train: "train.bin" }
];
function variantOf(root2) {
  for (const variant of VARIANTS) {
    const [test2] = variant.test;
    if (path2.basename(root2) === test2) return { variant, files: [root2] };
    if (existsSync(path2.join(root2, test2))) return { variant, files: [path2.join(root2, test2)] };
  }
  const name = path2.basename(root2);
  if (/^data_batch_\d\.bin$/.test(name)) return { variant: VARIANTS[0], files: [root2] };
  if (name === "train.bin") return { variant: VARIANTS[1], files: [root2] };
  return null;
}
function isCifarBinary(root2) {
  return variantOf(root2) !== null;
}
function openCifarBinary(root2) {
  const found = variantOf(root2);
  if (found === null) throw new DataError("bad-layout", root2, `${root2} is not CIFAR's binary version.`);
  const { variant, files } = found;
  const samples = files.flatMap((file2) => recordsOf(file2, variant));
  const folder = path2.dirname(files[0]);
  return { root: root2, classes: classNames(folder, variant), samples, skipped: [] };
}
function recordsOf(file2, { labelBytes, classes }) {
  const record2 = labelBytes + PIXELS;
  const { size } = statSync2(file2);
  if (size === 0 || size % record2 !== 0) {
    throw new DataError(
      "unreadable-image",
      file2,
      `${file2} is truncated: ${size} bytes are no whole number of ${record2}-byte records.`
    );
  }
  const bytes = readRange(file2, 0, null, MAX_FILE);
  return Array.from({ length: size / record2 }, (_, i) => {
    const label = bytes[i * record2 + labelBytes - 1];
    if (label >= classes) {
      throw new DataError(
        "bad-layout",
        file2,
        `${file2}: record ${i} has label ${label}, but there are ${classes} classes.`
      );
    }
    return {
      name: `${path2.basename(file2)}/${i}`,
      label,
      location: {
        kind: "pixels",
        path: file2,
        unpacked: null,
        offset: i * record2 + labelBytes,
        width: SIDE,
        height: SIDE,
        order: "planar"
      }
    };
  });
}
var MAX_FILE = 512 * 1024 * 1024;
function classNames(folder, { names, classes }) {
  const file2 = path2.join(folder, names);
  const lines = existsSync(file2) ? readRange(file2, 0, null, 64 * 1024).toString("utf8").split(/\r?\n/).filter((line) => line !== "") : [];
  return Array.from({ length: classes }, (_, i) => lines[i] ?? String(i));
}

// src/data/formats/cifar-pickle.ts
import { existsSync as existsSync2 } from "node:fs";
import path3 from "node:path";

// src/model/source.ts
import { closeSync as closeSync2, fstatSync as fstatSync2, openSync as openSync2, readSync as readSync2 } from "node:fs";
var MemorySource = class {
  path;
  bytes;
  constructor(path14, bytes) {
    this.path = path14;
    this.bytes = bytes;
  }
  get size() {
    return this.bytes.length;
  }
  read(offset, length) {
    checkRange(this, offset, length);
    return this.bytes.subarray(offset, offset + length);
  }
  verifyUnchanged() {
  }
  close() {
  }
};
var KEEP_WHOLE = 128 * 1024 * 1024;
var FileSource = class {
  path;
  size;
  fd;
  opened;
  whole = null;
  closed = false;
  /** Opens `path`. Throws ModelError `not-found`, `not-a-file` or `unreadable`. */
  constructor(path14) {
    this.path = path14;
    try {
      this.fd = openSync2(path14, "r");
    } catch (cause) {
      throw openError(path14, cause);
    }
    this.opened = fstatSync2(this.fd, { bigint: true });
    if (!this.opened.isFile()) {
      closeSync2(this.fd);
      throw new ModelError("not-a-file", path14, `${path14} is not a regular file.`);
    }
    this.size = Number(this.opened.size);
  }
  read(offset, length) {
    checkRange(this, offset, length);
    if (this.size <= KEEP_WHOLE) {
      this.whole ??= this.fetch(0, this.size);
      return this.whole.subarray(offset, offset + length);
    }
    return this.fetch(offset, length);
  }
  verifyUnchanged() {
    const now = fstatSync2(this.fd, { bigint: true });
    if (now.size !== this.opened.size || now.mtimeNs !== this.opened.mtimeNs) {
      throw new ModelError(
        "changed-while-reading",
        this.path,
        `${this.path} changed while it was read; nothing read from it can be trusted. Try again when it is no longer being written.`
      );
    }
  }
  close() {
    this.whole = null;
    if (!this.closed) closeSync2(this.fd);
    this.closed = true;
  }
  fetch(offset, length) {
    const bytes = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
    let done = 0;
    while (done < length) {
      const got = readSync2(this.fd, bytes, done, length - done, offset + done);
      if (got === 0) throw truncated(this, offset, length);
      done += got;
    }
    return bytes;
  }
};
function checkRange(source, offset, length) {
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0) {
    throw new ModelError(
      "malformed",
      source.path,
      `${source.path}: a range of ${length} bytes at ${offset} makes no sense.`
    );
  }
  if (offset + length > source.size) throw truncated(source, offset, length);
}
function truncated(source, offset, length) {
  return new ModelError(
    "truncated",
    source.path,
    `${source.path} is truncated: ${length} bytes are needed at offset ${offset}, but the file ends at ${source.size}.`
  );
}
function openError(path14, cause) {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (code === "ENOENT" || code === "ENOTDIR")
    return new ModelError("not-found", path14, `${path14} does not exist.`, { cause });
  if (code === "EACCES" || code === "EPERM")
    return new ModelError("unreadable", path14, `${path14} may not be read (permission denied).`, { cause });
  return new ModelError("unreadable", path14, `${path14} cannot be opened${code ? ` (${code})` : ""}.`, {
    cause
  });
}

// src/model/pickle/values.ts
function isNode(value) {
  return typeof value === "object" && value !== null;
}
function tupleItems(value) {
  return isNode(value) && value.kind === "tuple" ? value.items : null;
}
function sequenceItems(value) {
  return isNode(value) && (value.kind === "tuple" || value.kind === "list") ? value.items : null;
}
function entryOf(value, key) {
  return isNode(value) && value.kind === "dict" ? value.entries.get(key) : void 0;
}
function globalName(value) {
  return isNode(value) && value.kind === "global" ? `${value.module}.${value.name}` : null;
}
function calleeName(value) {
  return isNode(value) && value.kind === "object" ? globalName(value.callee) : null;
}

// src/model/pickle/containers.ts
var SEQUENCES = /* @__PURE__ */ new Set(["set", "frozenset", "list", "tuple"]);
var DICTS = /* @__PURE__ */ new Set(["collections.OrderedDict", "collections.defaultdict", "collections.Counter"]);
function isBuiltins(module) {
  return module === "builtins" || module === "__builtin__";
}
function containerOf(callee, args, copying) {
  if (isBuiltins(callee.module) && SEQUENCES.has(callee.name)) {
    const items = args.length === 0 ? [] : args.length === 1 ? itemsOf(args[0]) : null;
    if (!items) return null;
    copying(items.length);
    return { kind: callee.name, items: [...items] };
  }
  if (callee.module === "torch" && callee.name === "Size") {
    const items = args.length === 1 ? itemsOf(args[0]) : null;
    if (!items) return null;
    copying(items.length);
    return { kind: "tuple", items: [...items] };
  }
  const isDict = isBuiltins(callee.module) && callee.name === "dict";
  if (!isDict && !DICTS.has(`${callee.module}.${callee.name}`)) return null;
  const contents = callee.name === "defaultdict" ? args[1] : args[0];
  const entries = contents === void 0 ? /* @__PURE__ */ new Map() : pairs(contents, copying);
  return entries && { kind: "dict", entries };
}
function itemsOf(value) {
  if (isNode(value) && (value.kind === "set" || value.kind === "frozenset")) return value.items;
  return sequenceItems(value);
}
function pairs(value, copying) {
  if (isNode(value) && value.kind === "dict") {
    copying(value.entries.size);
    return new Map(value.entries);
  }
  const items = sequenceItems(value);
  if (!items) return null;
  copying(items.length);
  const entries = /* @__PURE__ */ new Map();
  for (const item of items) {
    const pair2 = sequenceItems(item);
    if (pair2?.length !== 2) return null;
    entries.set(pair2[0], pair2[1]);
  }
  return entries;
}

// src/model/pickle/limits.ts
var LIMITS = {
  opcodes: 3e6,
  /** What is held for them, estimated in bytes. */
  memory: 128 * 1024 * 1024,
  /** Values copied from one container to another (`set([...])`), which one opcode can repeat at will. */
  copies: 3e6,
  /** A string up to this many bytes is decoded; a longer one is left in the file. */
  text: 64 * 1024,
  /** Decoded strings of one pickle, in bytes. */
  allText: 64 * 1024 * 1024,
  /** A line of a text opcode (protocol 0). */
  line: 1024 * 1024,
  /** Bytes of one integer; Python prints no integer of more than 4300 digits either. */
  integer: 2048,
  digits: 4300,
  /** Calls outside the allow-list that are kept with their arguments; beyond it they are counted. */
  recordedCalls: 256,
  /** Distinct globals outside the allow-list that are kept. */
  recordedGlobals: 4096
};
var PickleFault = class extends Error {
  reason;
  offset;
  constructor(reason, offset, message) {
    super(message);
    this.name = "PickleFault";
    this.reason = reason;
    this.offset = offset;
  }
};

// src/model/pickle/input.ts
var WINDOW = 64 * 1024;
var utf8 = new TextDecoder("utf-8");
var PickleInput = class {
  /** Offset of the next byte in the source. */
  position;
  source;
  end;
  window = new Uint8Array(0);
  windowStart = 0;
  textLeft = LIMITS.allText;
  /** Reads from `start` up to, at most, `end` of the source. */
  constructor(source, start, end) {
    this.source = source;
    this.position = start;
    this.end = end;
  }
  byte() {
    const at = this.need(1);
    return this.window[at];
  }
  uint16() {
    const at = this.need(2);
    return this.window[at] | this.window[at + 1] << 8;
  }
  int32() {
    const at = this.need(4);
    const w = this.window;
    return w[at] | w[at + 1] << 8 | w[at + 2] << 16 | w[at + 3] << 24;
  }
  uint32() {
    return this.int32() >>> 0;
  }
  /** An unsigned 64-bit length. */
  uint64() {
    const low = this.uint32();
    return this.uint32() * 4294967296 + low;
  }
  /** A big-endian IEEE 754 double. */
  float64() {
    const at = this.need(8);
    return new DataView(this.window.buffer, this.window.byteOffset + at, 8).getFloat64(0, false);
  }
  /** A byte array of `length`, left in place. */
  bytes(length) {
    const start = this.position;
    this.skip(length);
    return { kind: "bytes", start, length };
  }
  /** A UTF-8 string of `length` bytes; left in place where it is long. */
  text(length) {
    const start = this.position;
    if (length > LIMITS.text) {
      this.skip(length);
      return { kind: "text", start, length };
    }
    return utf8.decode(this.take(length));
  }
  /** `length` bytes, copied by whoever keeps them. */
  take(length) {
    this.textLeft -= length;
    if (this.textLeft < 0)
      throw new PickleFault("too-large", this.position, "its strings add up to more than Scour holds");
    const at = this.need(length);
    return this.window.subarray(at, at + length);
  }
  /** The text up to a line feed, which is consumed; in Latin-1 no byte is lost. */
  line(encoding = "latin1") {
    const start = this.position;
    const at = this.need(1, 0);
    const stop = this.window.indexOf(10, at);
    const bytes = stop < 0 ? this.longLine() : this.window.subarray(at, stop);
    this.position = start + bytes.length + 1;
    this.textLeft -= bytes.length;
    if (this.textLeft < 0)
      throw new PickleFault("too-large", start, "its strings add up to more than Scour holds");
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString(encoding);
  }
  /** A line that goes beyond the window. */
  longLine() {
    const start = this.position;
    const room = Math.min(LIMITS.line, this.end - start);
    const bytes = this.source.read(start, room);
    const stop = bytes.indexOf(10);
    if (stop >= 0) return bytes.subarray(0, stop);
    if (room < LIMITS.line) throw new PickleFault("truncated", start, "a line has no end");
    throw new PickleFault("too-large", start, "a line is longer than Scour reads");
  }
  skip(length) {
    if (length > this.end - this.position) throw this.truncated(length);
    this.position += length;
  }
  /** Index in the window of `length` bytes at the position, which moves on by `advance`. */
  need(length, advance = length) {
    if (length > this.end - this.position) throw this.truncated(length);
    let at = this.position - this.windowStart;
    if (at < 0 || at + length > this.window.length) {
      const size = Math.min(Math.max(WINDOW, length), this.end - this.position);
      this.window = this.source.read(this.position, size);
      this.windowStart = this.position;
      at = 0;
    }
    this.position += advance;
    return at;
  }
  truncated(length) {
    const left = this.end - this.position;
    return new PickleFault(
      "truncated",
      this.position,
      `${length} more bytes are announced but only ${left} are left`
    );
  }
};

// src/model/pickle/opcodes.ts
var OP = {
  MARK: 40,
  EMPTY_TUPLE: 41,
  STOP: 46,
  POP: 48,
  POP_MARK: 49,
  DUP: 50,
  BINBYTES: 66,
  SHORT_BINBYTES: 67,
  FLOAT: 70,
  BINFLOAT: 71,
  INT: 73,
  BININT: 74,
  BININT1: 75,
  LONG: 76,
  BININT2: 77,
  NONE: 78,
  PERSID: 80,
  BINPERSID: 81,
  REDUCE: 82,
  STRING: 83,
  BINSTRING: 84,
  SHORT_BINSTRING: 85,
  UNICODE: 86,
  BINUNICODE: 88,
  EMPTY_LIST: 93,
  APPEND: 97,
  BUILD: 98,
  GLOBAL: 99,
  DICT: 100,
  APPENDS: 101,
  GET: 103,
  BINGET: 104,
  INST: 105,
  LONG_BINGET: 106,
  LIST: 108,
  OBJ: 111,
  PUT: 112,
  BINPUT: 113,
  LONG_BINPUT: 114,
  SETITEM: 115,
  TUPLE: 116,
  SETITEMS: 117,
  EMPTY_DICT: 125,
  PROTO: 128,
  NEWOBJ: 129,
  EXT1: 130,
  EXT2: 131,
  EXT4: 132,
  TUPLE1: 133,
  TUPLE2: 134,
  TUPLE3: 135,
  NEWTRUE: 136,
  NEWFALSE: 137,
  LONG1: 138,
  LONG4: 139,
  SHORT_BINUNICODE: 140,
  BINUNICODE8: 141,
  BINBYTES8: 142,
  EMPTY_SET: 143,
  ADDITEMS: 144,
  FROZENSET: 145,
  NEWOBJ_EX: 146,
  STACK_GLOBAL: 147,
  MEMOIZE: 148,
  FRAME: 149,
  BYTEARRAY8: 150,
  NEXT_BUFFER: 151,
  READONLY_BUFFER: 152
};
var HIGHEST_PROTOCOL = 5;

// src/model/pickle/record.ts
var PickleRecord = class {
  globals = /* @__PURE__ */ new Map();
  oddities = [];
  /** Calls that the dialect watches. */
  watched = [];
  /** Objects outside the pickle, in the order in which it names them. */
  persistents = [];
  /** Oddities and globals beyond those kept. */
  omitted = 0;
  resolved(global, offset) {
    const key = `${global.module}
${global.name}`;
    if (this.globals.has(key)) return;
    if (this.globals.size >= LIMITS.recordedGlobals) this.omitted++;
    else this.globals.set(key, { global, offset, calls: 0, firstCall: void 0, firstCallOffset: offset });
  }
  called(global, args, offset) {
    const known = this.globals.get(`${global.module}
${global.name}`);
    if (!known) return;
    if (known.calls++ > 0) return;
    known.firstCall = args;
    known.firstCallOffset = offset;
  }
  watch(args, offset) {
    this.watched.push({ args, offset });
  }
  /** Notes a reference to an object outside the pickle, and returns it. */
  persistent(id) {
    const reference = { kind: "persistent", id };
    this.persistents.push(reference);
    return reference;
  }
  odd(kind, offset, value) {
    if (this.oddities.length < LIMITS.recordedCalls) this.oddities.push({ kind, offset, value });
    else this.omitted++;
  }
};

// src/model/pickle/text.ts
var SIMPLE_ESCAPES = {
  n: "\n",
  r: "\r",
  t: "	",
  b: "\b",
  f: "\f",
  v: "\v",
  a: "\x07",
  "\\": "\\",
  "'": "'",
  '"': '"'
};
function unquote(line, offset) {
  const quote = line[0];
  if (line.length < 2 || quote !== "'" && quote !== '"' || !line.endsWith(quote)) {
    throw new PickleFault("malformed", offset, "a STRING argument is not quoted");
  }
  return line.slice(1, -1).replace(/\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|.)/gs, (whole, escape) => {
    if (/^x./.test(escape)) return String.fromCharCode(parseInt(escape.slice(1), 16));
    if (/^[0-7]/.test(escape)) return String.fromCharCode(parseInt(escape, 8) & 255);
    return SIMPLE_ESCAPES[escape] ?? whole;
  });
}
function rawUnicode(line) {
  return line.replace(/\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g, (whole, four, eight) => {
    const code = parseInt(four ?? eight ?? "", 16);
    return code <= 1114111 ? String.fromCodePoint(code) : whole;
  });
}
function decimal(line, offset) {
  const text2 = line.trim();
  if (text2 === "00") return false;
  if (text2 === "01") return true;
  if (!/^[+-]?\d+$/.test(text2)) throw new PickleFault("malformed", offset, "an integer is not decimal");
  if (text2.length > LIMITS.digits)
    throw new PickleFault("too-large", offset, `an integer has ${text2.length} digits`);
  return narrowed(BigInt(text2));
}
function floating(line, offset) {
  const text2 = line.trim().toLowerCase();
  const named = /^([+-]?)(nan|inf|infinity)$/.exec(text2);
  if (named) return (named[1] === "-" ? -1 : 1) * (named[2] === "nan" ? NaN : Infinity);
  if (text2.length > LIMITS.digits || !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/.test(text2)) {
    throw new PickleFault("malformed", offset, "a FLOAT argument is not a number");
  }
  return Number(text2);
}
function littleEndianInteger(bytes) {
  if (bytes.length === 0) return 0;
  const hex = Buffer.from(bytes).reverse().toString("hex");
  return narrowed(BigInt.asIntN(bytes.length * 8, BigInt(`0x${hex}`)));
}
function narrowed(value) {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

// src/model/pickle/scalars.ts
function scalarOf(opcode, input, offset) {
  switch (opcode) {
    case OP.NONE:
      return null;
    case OP.NEWTRUE:
    case OP.NEWFALSE:
      return opcode === OP.NEWTRUE;
    case OP.BININT:
      return input.int32();
    case OP.BININT1:
      return input.byte();
    case OP.BININT2:
      return input.uint16();
    case OP.LONG1:
      return littleEndianInteger(input.take(input.byte()));
    case OP.LONG4: {
      const length = input.uint32();
      if (length > LIMITS.integer)
        throw new PickleFault(
          "too-large",
          offset,
          `it asks for a longer integer (${length} bytes) than Scour holds`
        );
      return littleEndianInteger(input.take(length));
    }
    case OP.INT:
      return decimal(input.line(), offset);
    case OP.LONG:
      return decimal(input.line().replace(/L$/, ""), offset);
    case OP.FLOAT:
      return floating(input.line(), offset);
    case OP.BINFLOAT:
      return input.float64();
    case OP.SHORT_BINUNICODE:
    case OP.SHORT_BINSTRING:
      return input.text(input.byte());
    case OP.BINUNICODE:
    case OP.BINSTRING:
      return input.text(input.uint32());
    case OP.BINUNICODE8:
      return input.text(input.uint64());
    case OP.STRING:
      return unquote(input.line(), offset);
    case OP.UNICODE:
      return rawUnicode(input.line());
    case OP.SHORT_BINBYTES:
      return input.bytes(input.byte());
    case OP.BINBYTES:
      return input.bytes(input.uint32());
    case OP.BINBYTES8:
    case OP.BYTEARRAY8:
      return input.bytes(input.uint64());
    default:
      return void 0;
  }
}

// src/model/pickle/stack.ts
var PickleStack = class {
  values = [];
  /** Heights of the stack at the marks, ascending. */
  marks = [];
  offset;
  /** `offset` says where the machine is, for errors. */
  constructor(offset) {
    this.offset = offset;
  }
  push(value) {
    this.values.push(value);
  }
  mark() {
    this.marks.push(this.values.length);
  }
  pop() {
    if (this.values.length <= this.floor()) throw this.underflow();
    return this.values.pop();
  }
  /** The value on top, which stays. */
  top() {
    if (this.values.length <= this.floor()) throw this.underflow();
    return this.values[this.values.length - 1];
  }
  replaceTop(value) {
    if (this.values.length <= this.floor()) throw this.underflow();
    this.values[this.values.length - 1] = value;
  }
  /** What lies above the last mark, which goes with it. */
  popMark() {
    const mark = this.marks.pop();
    if (mark === void 0)
      throw new PickleFault("malformed", this.offset(), "a mark is missing on the stack");
    return this.values.splice(mark);
  }
  /** POP: takes a value or, where a mark is on top, the mark. */
  discard() {
    if (this.values.length === this.floor() && this.marks.length > 0) this.marks.pop();
    else this.pop();
  }
  floor() {
    return this.marks[this.marks.length - 1] ?? 0;
  }
  underflow() {
    return new PickleFault("malformed", this.offset(), "the stack runs empty");
  }
};

// src/model/pickle/machine.ts
function runPickle(source, start, end, dialect) {
  const machine = new PickleMachine(new PickleInput(source, start, end), dialect);
  let root2;
  let fault = null;
  try {
    root2 = machine.run();
  } catch (thrown) {
    if (!(thrown instanceof PickleFault)) throw thrown;
    fault = thrown;
  }
  return {
    root: root2,
    fault,
    record: machine.record,
    end: fault?.offset ?? machine.position,
    protocol: machine.protocol
  };
}
var LIGHT = 32;
var WEIGHTS = /* @__PURE__ */ new Map([
  [OP.EMPTY_DICT, 400],
  [OP.DICT, 400],
  [OP.REDUCE, 400],
  [OP.NEWOBJ, 400],
  [OP.NEWOBJ_EX, 400],
  [OP.INST, 400],
  [OP.OBJ, 400],
  [OP.PERSID, 100],
  [OP.BINPERSID, 100],
  [OP.EMPTY_LIST, 240],
  [OP.EMPTY_TUPLE, 100],
  [OP.EMPTY_SET, 240],
  [OP.TUPLE, 100],
  [OP.TUPLE1, 100],
  [OP.TUPLE2, 100],
  [OP.TUPLE3, 100],
  [OP.LIST, 100],
  [OP.FROZENSET, 100],
  [OP.PUT, 80],
  [OP.BINPUT, 80],
  [OP.LONG_BINPUT, 80],
  [OP.MEMOIZE, 80]
]);
var PickleMachine = class {
  record = new PickleRecord();
  protocol = 0;
  input;
  dialect;
  stack = new PickleStack(() => this.at);
  memo = /* @__PURE__ */ new Map();
  verdicts = /* @__PURE__ */ new Map();
  copiesLeft = LIMITS.copies;
  memoryLeft = LIMITS.memory;
  /** Offset of the opcode being interpreted. */
  at = 0;
  constructor(input, dialect) {
    this.input = input;
    this.dialect = dialect;
  }
  get position() {
    return this.input.position;
  }
  run() {
    for (let count = 0; count < LIMITS.opcodes; count++) {
      this.at = this.input.position;
      const opcode = this.input.byte();
      this.memoryLeft -= WEIGHTS.get(opcode) ?? LIGHT;
      if (this.memoryLeft < 0) throw this.tooLarge("more objects");
      if (opcode === OP.STOP) return this.stack.pop();
      const scalar = scalarOf(opcode, this.input, this.at);
      if (scalar !== void 0) this.stack.push(scalar);
      else if (!this.structure(opcode)) {
        const code = opcode.toString(16).padStart(2, "0");
        throw new PickleFault("unknown-opcode", this.at, `0x${code} is no pickle opcode`);
      }
    }
    throw new PickleFault("too-large", this.at, `it has more than ${LIMITS.opcodes} opcodes`);
  }
  /** Opcodes that work on the stack, the memo or the machine. False for unknown ones. */
  structure(opcode) {
    const { input, stack } = this;
    switch (opcode) {
      case OP.PROTO:
        this.protocol = input.byte();
        if (this.protocol > HIGHEST_PROTOCOL)
          throw this.malformed(`protocol ${this.protocol} does not exist`);
        return true;
      case OP.FRAME:
        input.uint64();
        return true;
      case OP.MARK:
        stack.mark();
        return true;
      case OP.POP:
        stack.discard();
        return true;
      case OP.POP_MARK:
        stack.popMark();
        return true;
      case OP.DUP:
        stack.push(stack.top());
        return true;
      case OP.EMPTY_TUPLE:
        stack.push({ kind: "tuple", items: [] });
        return true;
      case OP.TUPLE1:
        stack.push({ kind: "tuple", items: [stack.pop()] });
        return true;
      case OP.TUPLE2: {
        const second = stack.pop();
        stack.push({ kind: "tuple", items: [stack.pop(), second] });
        return true;
      }
      case OP.TUPLE3: {
        const third = stack.pop();
        const second = stack.pop();
        stack.push({ kind: "tuple", items: [stack.pop(), second, third] });
        return true;
      }
      case OP.TUPLE:
        stack.push({ kind: "tuple", items: stack.popMark() });
        return true;
      case OP.EMPTY_LIST:
        stack.push({ kind: "list", items: [] });
        return true;
      case OP.LIST:
        stack.push({ kind: "list", items: stack.popMark() });
        return true;
      case OP.EMPTY_SET:
        stack.push({ kind: "set", items: [] });
        return true;
      case OP.FROZENSET:
        stack.push({ kind: "frozenset", items: stack.popMark() });
        return true;
      case OP.EMPTY_DICT:
        stack.push({ kind: "dict", entries: /* @__PURE__ */ new Map() });
        return true;
      case OP.DICT: {
        const items = stack.popMark();
        stack.push({ kind: "dict", entries: /* @__PURE__ */ new Map() });
        this.setItems(items);
        return true;
      }
      case OP.APPEND:
        this.append([stack.pop()]);
        return true;
      case OP.APPENDS:
      case OP.ADDITEMS:
        this.append(stack.popMark());
        return true;
      case OP.SETITEM: {
        const value = stack.pop();
        this.setItems([stack.pop(), value]);
        return true;
      }
      case OP.SETITEMS:
        this.setItems(stack.popMark());
        return true;
      case OP.GET:
      case OP.BINGET:
      case OP.LONG_BINGET:
        this.get(this.memoIndex(opcode, OP.GET, OP.BINGET));
        return true;
      case OP.PUT:
      case OP.BINPUT:
      case OP.LONG_BINPUT:
        this.put(this.memoIndex(opcode, OP.PUT, OP.BINPUT));
        return true;
      case OP.MEMOIZE:
        this.put(this.memo.size);
        return true;
      default:
        return this.importOrCall(opcode);
    }
  }
  /** Opcodes that would import a name, call something or ask the reader for an object. */
  importOrCall(opcode) {
    const { input, stack } = this;
    switch (opcode) {
      case OP.GLOBAL:
        stack.push(this.global(input.line("utf8"), input.line("utf8")));
        return true;
      case OP.STACK_GLOBAL: {
        const name = stack.pop();
        const module = stack.pop();
        if (typeof name !== "string" || typeof module !== "string") {
          throw this.malformed("STACK_GLOBAL needs two strings");
        }
        stack.push(this.global(module, name));
        return true;
      }
      case OP.EXT1:
      case OP.EXT2:
      case OP.EXT4: {
        const code = opcode === OP.EXT1 ? input.byte() : opcode === OP.EXT2 ? input.uint16() : input.uint32();
        this.record.odd("extension", this.at, code);
        stack.push({ kind: "global", module: "copyreg", name: `extension ${code}` });
        return true;
      }
      case OP.INST: {
        const callee = this.global(input.line("utf8"), input.line("utf8"));
        const items = stack.popMark();
        this.call("INST", callee, { kind: "tuple", items }, null);
        return true;
      }
      case OP.OBJ: {
        const [callee, ...items] = stack.popMark();
        if (callee === void 0) throw this.malformed("OBJ has nothing to make");
        this.call("OBJ", callee, { kind: "tuple", items }, null);
        return true;
      }
      case OP.REDUCE:
      case OP.NEWOBJ: {
        const args = stack.pop();
        this.call(opcode === OP.REDUCE ? "REDUCE" : "NEWOBJ", stack.pop(), args, null);
        return true;
      }
      case OP.NEWOBJ_EX: {
        const keywords = stack.pop();
        const args = stack.pop();
        this.call("NEWOBJ_EX", stack.pop(), args, keywords);
        return true;
      }
      case OP.BUILD:
        this.build(stack.pop());
        return true;
      case OP.PERSID:
        this.persistent(input.line("utf8"));
        return true;
      case OP.BINPERSID:
        this.persistent(stack.pop());
        return true;
      case OP.NEXT_BUFFER:
      case OP.READONLY_BUFFER:
        throw this.malformed("it refers to buffers that are kept outside the file");
      default:
        return false;
    }
  }
  persistent(id) {
    this.stack.push(this.dialect.standsFor?.(id) ?? this.record.persistent(id));
  }
  global(module, name) {
    const global = { kind: "global", module, name };
    if (!this.allows(global)) this.record.resolved(global, this.at);
    return global;
  }
  /** Asks the dialect once a name: a pickle may repeat one a million times. */
  allows({ module, name }) {
    const key = `${module}
${name}`;
    let allowed = this.verdicts.get(key);
    if (allowed === void 0) {
      allowed = this.dialect.allowed(module, name);
      if (this.verdicts.size < LIMITS.recordedGlobals) this.verdicts.set(key, allowed);
    }
    return allowed;
  }
  call(via, callee, args, keywords) {
    if (isNode(callee) && callee.kind === "global") {
      if (this.allows(callee)) {
        const items = tupleItems(args);
        const container = items && keywords === null ? containerOf(callee, items, (n) => this.copying(n)) : null;
        if (container) {
          this.stack.push(container);
          return;
        }
      } else {
        this.record.called(callee, args, this.at);
        if (this.dialect.watched?.(callee.module, callee.name)) this.record.watch(args, this.at);
      }
    } else {
      this.record.odd("computed-call", this.at, callee);
    }
    this.stack.push({ kind: "object", via, callee, args, keywords, states: [], items: [], entries: null });
  }
  /** BUILD: `__setstate__` of the top value, or an update of its attributes. */
  build(state) {
    const target = this.stack.top();
    if (!isNode(target)) throw this.malformed("BUILD has nothing to build on");
    if (target.kind === "object") target.states.push(state);
    else if (target.kind === "global") this.record.odd("state-on-global", this.at, target);
    else if (target.kind !== "dict") throw this.malformed(`BUILD cannot set attributes of a ${target.kind}`);
  }
  append(items) {
    const target = this.stack.top();
    if (!isNode(target)) throw this.malformed("there is no list to append to");
    switch (target.kind) {
      case "list":
      case "set":
      case "object":
        for (const item of items) target.items.push(item);
        break;
      case "global":
        this.record.odd("state-on-global", this.at, target);
        break;
      default:
        throw this.malformed(`nothing can be appended to a ${target.kind}`);
    }
  }
  setItems(items) {
    const target = this.stack.top();
    if (items.length % 2 !== 0) throw this.malformed("a key has no value");
    if (!isNode(target)) throw this.malformed("there is no dict to set items in");
    if (target.kind === "global") {
      this.record.odd("state-on-global", this.at, target);
      return;
    }
    if (target.kind !== "dict" && target.kind !== "object") {
      throw this.malformed(`no items can be set in a ${target.kind}`);
    }
    const entries = target.kind === "dict" ? target.entries : target.entries ??= /* @__PURE__ */ new Map();
    for (let i = 0; i < items.length; i += 2) entries.set(items[i], items[i + 1]);
  }
  memoIndex(opcode, text2, byte) {
    if (opcode === byte) return this.input.byte();
    if (opcode !== text2) return this.input.uint32();
    const index = decimal(this.input.line(), this.at);
    if (typeof index !== "number" || index < 0) throw this.malformed("a memo index is no natural number");
    return index;
  }
  get(index) {
    const value = this.memo.get(index);
    if (value === void 0) throw this.malformed(`memo entry ${index} is not set`);
    this.stack.push(value);
  }
  put(index) {
    if (index > 4 * this.memo.size + 65536) this.record.odd("memo-jump", this.at, index);
    this.memo.set(index, this.stack.top());
  }
  copying(count) {
    this.copiesLeft -= count;
    if (this.copiesLeft < 0) throw this.tooLarge("more copies of values");
  }
  malformed(message) {
    return new PickleFault("malformed", this.at, message);
  }
  tooLarge(what) {
    return new PickleFault("too-large", this.at, `it asks for ${what} than Scour holds`);
  }
};

// src/model/zip/archive.ts
import { constants as constants2, crc32, inflateRawSync } from "node:zlib";

// src/protocol/wording.ts
var DECEPTIVE = new RegExp("\\p{Cc}|\\p{Cs}|\\p{Default_Ignorable_Code_Point}|[\\u2028-\\u202e\\u2066-\\u2069\\u061c\\ufff9-\\ufffb]", "gu");
function visible(text2, limit = 300) {
  const half = Math.floor(limit / 2);
  const kept = text2.length > limit ? `${text2.slice(0, half)}\u2026${text2.slice(-half)}` : text2;
  return kept.replace(DECEPTIVE, (character) => `\\u{${character.codePointAt(0).toString(16)}}`);
}

// src/model/slice-source.ts
var SliceSource = class {
  path;
  size;
  /** Where the stretch begins in the whole. */
  start;
  whole;
  /** @throws ModelError `truncated` where the whole ends before the stretch does. */
  constructor(whole, start, size, path14) {
    this.whole = whole;
    this.start = start;
    this.size = size;
    this.path = path14;
    if (start + size > whole.size) {
      throw new ModelError("truncated", path14, `${path14} ends ${start + size - whole.size} bytes too early.`);
    }
  }
  read(offset, length) {
    if (offset < 0 || length < 0 || offset + length > this.size) {
      throw new ModelError(
        "truncated",
        this.path,
        `${this.path} is truncated: ${length} bytes are needed at offset ${offset}, but it ends at ${this.size}.`
      );
    }
    return this.whole.read(this.start + offset, length);
  }
  verifyUnchanged() {
    this.whole.verifyUnchanged();
  }
  close() {
  }
};

// src/model/zip/records.ts
var SIGNATURE = {
  local: 67324752,
  central: 33639248,
  end: 101010256,
  end64: 101075792,
  locator64: 117853008,
  descriptor: 134695760
};
var SIZE = { local: 30, central: 46, end: 22, end64: 56, locator64: 20 };
var FLAG = { encrypted: 1, descriptor: 8, utf8: 2048 };
var METHOD = { stored: 0, deflated: 8 };
var ZIP64_EXTRA = 1;
var FULL16 = 65535;
var FULL32 = 4294967295;
function centralHeader(bytes, at) {
  const view2 = inRange(bytes, at, SIZE.central);
  if (view2?.getUint32(0, true) !== SIGNATURE.central) return null;
  const nameLength = view2.getUint16(28, true);
  const extraLength = view2.getUint16(30, true);
  const length = SIZE.central + nameLength + extraLength + view2.getUint16(32, true);
  if (at + length > bytes.length) return null;
  const nameAt = at + SIZE.central;
  const wide2 = zip64Fields(bytes.subarray(nameAt + nameLength, nameAt + nameLength + extraLength), [
    view2.getUint32(24, true) === FULL32 ? 8 : 0,
    view2.getUint32(20, true) === FULL32 ? 8 : 0,
    view2.getUint32(42, true) === FULL32 ? 8 : 0,
    view2.getUint16(34, true) === FULL16 ? 4 : 0
  ]);
  if (!wide2) return null;
  return {
    flags: view2.getUint16(8, true),
    method: view2.getUint16(10, true),
    crc: view2.getUint32(16, true),
    size: wide2[0] ?? view2.getUint32(24, true),
    compressedSize: wide2[1] ?? view2.getUint32(20, true),
    headerOffset: wide2[2] ?? view2.getUint32(42, true),
    disk: wide2[3] ?? view2.getUint16(34, true),
    name: bytes.subarray(nameAt, nameAt + nameLength),
    length
  };
}
function localHeaderLength(fixed) {
  const view2 = inRange(fixed, 0, SIZE.local);
  if (view2?.getUint32(0, true) !== SIGNATURE.local) return null;
  return SIZE.local + view2.getUint16(26, true) + view2.getUint16(28, true);
}
function localHeader(bytes) {
  const view2 = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const nameLength = view2.getUint16(26, true);
  const flags = view2.getUint16(6, true);
  const later = (flags & FLAG.descriptor) !== 0;
  const wide2 = zip64Fields(bytes.subarray(SIZE.local + nameLength), [
    view2.getUint32(22, true) === FULL32 ? 8 : 0,
    view2.getUint32(18, true) === FULL32 ? 8 : 0
  ]);
  if (!wide2 && !later) return null;
  return {
    flags,
    method: view2.getUint16(8, true),
    crc: view2.getUint32(14, true),
    size: later ? null : wide2?.[0] ?? view2.getUint32(22, true),
    compressedSize: later ? null : wide2?.[1] ?? view2.getUint32(18, true),
    name: bytes.subarray(SIZE.local, SIZE.local + nameLength),
    length: bytes.length
  };
}
function zip64Fields(extra, widths) {
  if (widths.every((width) => width === 0)) return widths.map(() => void 0);
  const view2 = new DataView(extra.buffer, extra.byteOffset, extra.length);
  for (let at = 0; at + 4 <= extra.length; ) {
    const length = view2.getUint16(at + 2, true);
    if (view2.getUint16(at, true) !== ZIP64_EXTRA) {
      at += 4 + length;
      continue;
    }
    let field = at + 4;
    const end = Math.min(field + length, extra.length);
    const values = [];
    for (const width of widths) {
      if (width === 0) {
        values.push(void 0);
        continue;
      }
      if (field + width > end) return null;
      const value = width === 4 ? view2.getUint32(field, true) : Number(view2.getBigUint64(field, true));
      if (!Number.isSafeInteger(value)) return null;
      values.push(value);
      field += width;
    }
    return values;
  }
  return null;
}
function endRecord(bytes, at) {
  const view2 = inRange(bytes, at, SIZE.end);
  if (view2?.getUint32(0, true) !== SIGNATURE.end) return null;
  return {
    disk: view2.getUint16(4, true),
    entries: view2.getUint16(10, true),
    size: view2.getUint32(12, true),
    offset: view2.getUint32(16, true),
    commentLength: view2.getUint16(20, true)
  };
}
function endRecord64(bytes) {
  const view2 = inRange(bytes, 0, SIZE.end64);
  if (view2?.getUint32(0, true) !== SIGNATURE.end64) return null;
  const [entries, size, offset] = [32, 40, 48].map((at) => Number(view2.getBigUint64(at, true)));
  if (![entries, size, offset].every((value) => Number.isSafeInteger(value))) return null;
  return { disk: view2.getUint32(16, true), entries, size, offset };
}
function isSaturated(end) {
  return end.entries === FULL16 || end.size === FULL32 || end.offset === FULL32 || end.disk === FULL16;
}
function inRange(bytes, at, length) {
  if (at < 0 || at + length > bytes.length) return null;
  return new DataView(bytes.buffer, bytes.byteOffset + at, length);
}

// src/model/zip/zip-error.ts
var ZipError = class extends ModelError {
  constructor(reason, path14, what, options) {
    super(reason, path14, `${path14} ${what}.`, options);
  }
};

// src/model/zip/directory.ts
var TAIL = 65535 + SIZE.end;
var MAX_DIRECTORY = 64 * 1024 * 1024;
var MAX_ENTRIES = 2e5;
function findEndRecord(source) {
  const start = Math.max(0, source.size - TAIL);
  const tail = source.read(start, source.size - start);
  for (let at = tail.length - SIZE.end; at >= 0; at--) {
    if (tail[at] === 80 && tail[at + 1] === 75 && tail[at + 2] === 5 && tail[at + 3] === 6) {
      return start + at;
    }
  }
  return null;
}
function readDirectory(source, findings) {
  const endRecordAt = findEndRecord(source);
  if (endRecordAt === null) {
    throw new ZipError("truncated", source.path, "has no zip directory at its end; it is probably cut short");
  }
  const { end, stop, zip64, comment } = readEnd(source, endRecordAt, findings);
  if (end.disk !== 0) throw new ZipError("malformed", source.path, "is one part of a split zip archive");
  if (end.entries > MAX_ENTRIES || end.size > MAX_DIRECTORY) {
    throw new ZipError("too-large", source.path, `lists ${end.entries} files, more than Scour reads`);
  }
  if (end.size > stop) throw new ZipError("malformed", source.path, "has a zip directory larger than itself");
  const shift = stop - end.size - end.offset;
  if (shift < 0) throw new ZipError("truncated", source.path, "has a zip directory that does not lie in it");
  const start = stop - end.size;
  const bytes = source.read(start, end.size);
  const headers = [];
  let at = 0;
  while (at < bytes.length && headers.length < end.entries) {
    const header = centralHeader(bytes, at);
    if (!header) break;
    headers.push({ ...header, at: start + at });
    at += header.length;
  }
  if (headers.length !== end.entries) {
    throw new ZipError(
      "malformed",
      source.path,
      `announces ${end.entries} files in its zip directory, but entry ${headers.length + 1} cannot be read`
    );
  }
  if (at !== bytes.length) {
    findings.push({
      id: "zip-hidden-data",
      level: "warning",
      message: `The zip directory has ${bytes.length - at} bytes after its last entry; readers that go by its size see other entries than those that go by their number.`
    });
  }
  return { headers, start, end: start + at, shift, endRecordAt, zip64, comment };
}
function readEnd(source, at, findings) {
  const bytes = source.read(at, source.size - at);
  const end = endRecord(bytes, 0);
  const after2 = bytes.length - SIZE.end - end.commentLength;
  if (after2 < 0) throw new ZipError("truncated", source.path, "ends within the comment of its zip directory");
  if (after2 > 0) {
    findings.push({
      id: "zip-trailing-data",
      level: "warning",
      message: `${after2} bytes follow the end of the zip archive; PyTorch ignores them.`
    });
  }
  const comment = bytes.subarray(SIZE.end, SIZE.end + end.commentLength);
  const locatorAt = at - SIZE.locator64;
  const locator = locatorAt >= 0 ? view(source.read(locatorAt, SIZE.locator64)) : null;
  if (locator?.getUint32(0, true) !== SIGNATURE.locator64) {
    if (isSaturated(end) && end.offset !== 0) {
      throw new ZipError("malformed", source.path, "needs a zip64 directory and has none");
    }
    return { end, stop: at, zip64: false, comment };
  }
  const named = Number(locator.getBigUint64(8, true));
  for (const recordAt of [named, locatorAt - SIZE.end64]) {
    if (recordAt < 0 || recordAt + SIZE.end64 > locatorAt) continue;
    const end64 = endRecord64(source.read(recordAt, SIZE.end64));
    if (!end64) continue;
    if (!isSaturated(end) && (end.entries !== end64.entries || end.offset !== end64.offset)) {
      findings.push({
        id: "zip-ambiguous-directory",
        level: "error",
        message: "The zip and zip64 directories disagree on where the list of files is: readers may see different files."
      });
    }
    return { end: end64, stop: recordAt, zip64: true, comment };
  }
  throw new ZipError("malformed", source.path, "has a zip64 directory that cannot be read");
}
function view(bytes) {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

// src/model/zip/inspect.ts
function inspectMembers(source, members, directory, findings) {
  inspectNames(members, findings);
  inspectPlaces(source, members, directory, findings);
}
function inspectNames(members, findings) {
  const seen = /* @__PURE__ */ new Set();
  const reported = /* @__PURE__ */ new Set();
  for (const { name, flags } of members) {
    const shown = visible(name, 200);
    const key = name.toLowerCase();
    if (seen.has(key) && !reported.has(key)) {
      reported.add(key);
      findings.push({
        id: "zip-duplicate-member",
        level: "error",
        message: `The archive holds '${shown}' more than once: readers may take different ones.`
      });
    }
    seen.add(key);
    if (leavesFolder(name)) {
      findings.push({
        id: "zip-path-escape",
        level: "error",
        message: `The archive holds '${shown}', a path that leaves the folder it would be unpacked in.`
      });
    }
    if (flags & FLAG.encrypted) {
      findings.push({
        id: "zip-encrypted-member",
        level: "error",
        message: `'${shown}' is encrypted; PyTorch does not read such files and Scour cannot look into it.`
      });
    }
  }
}
function leavesFolder(name) {
  const path14 = name.replaceAll("\\", "/");
  return path14.startsWith("/") || /^[a-zA-Z]:/.test(path14) || path14.split("/").includes("..") || path14.includes("\0");
}
function inspectPlaces(source, members, directory, findings) {
  const inOrder = [...members].sort((a, b) => a.headerAt - b.headerAt);
  let end = 0;
  let hidden = 0;
  let overlap;
  for (const member of inOrder) {
    if (member.headerAt < end) overlap ??= member;
    else hidden += member.headerAt - end;
    const dataEnd = member.dataAt + member.compressedSize;
    const memberEnd = dataEnd + (member.flags & FLAG.descriptor ? descriptorLength(source, dataEnd, member) : 0);
    end = Math.max(end, memberEnd);
    if (dataEnd > directory.start) overlap ??= member;
  }
  if (overlap) {
    findings.push({
      id: "zip-overlapping-members",
      level: "error",
      message: `'${visible(overlap.name, 200)}' shares bytes with another part of the archive.`
    });
  }
  hidden += Math.max(0, directory.start - end);
  if (hidden > 0) {
    findings.push({
      id: "zip-hidden-data",
      level: "warning",
      message: `${hidden} bytes of the file belong to no member of the archive; PyTorch ignores them.`
    });
  }
}
function descriptorLength(source, at, member) {
  const bytes = source.read(at, Math.max(0, Math.min(24, source.size - at)));
  const view2 = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const signed = bytes.length >= 4 && view2.getUint32(0, true) === SIGNATURE.descriptor ? 4 : 0;
  const sizesAt = signed + 4;
  if (bytes.length >= sizesAt + 16) {
    const packed = view2.getBigUint64(sizesAt, true);
    const size = view2.getBigUint64(sizesAt + 8, true);
    if (packed === BigInt(member.compressedSize) && size === BigInt(member.size)) return sizesAt + 16;
  }
  if (bytes.length >= sizesAt + 8) {
    const packed = view2.getUint32(sizesAt, true);
    if (packed === member.compressedSize && view2.getUint32(sizesAt + 4, true) === member.size)
      return sizesAt + 8;
  }
  return 0;
}

// src/model/zip/archive.ts
var MAX_UNPACKED = 256 * 1024 * 1024;
var CHUNK = 4 * 1024 * 1024;
var ZipArchive = class {
  members;
  findings;
  directory;
  source;
  byName = /* @__PURE__ */ new Map();
  /** @throws ZipError where the archive cannot be read. */
  constructor(source) {
    const findings = [];
    this.source = source;
    this.directory = readDirectory(source, findings);
    this.members = this.directory.headers.map(
      (header) => readMember(source, header, this.directory.shift, findings)
    );
    for (const member of this.members)
      if (!this.byName.has(member.name)) this.byName.set(member.name, member);
    inspectMembers(source, this.members, this.directory, findings);
    this.findings = findings;
  }
  member(name) {
    return this.byName.get(name);
  }
  /**
   * The bytes of a member: by range where it is stored, unpacked where it is deflated.
   * @throws ZipError where it is encrypted, packed in another way, larger than it says or than Scour holds.
   */
  open(member) {
    const label = `${this.source.path} (${visible(member.name, 200)})`;
    if (member.flags & FLAG.encrypted) throw new ZipError("unsupported-type", label, "is encrypted");
    if (member.method === METHOD.stored) {
      if (member.size !== member.compressedSize) {
        throw new ZipError("malformed", label, "is stored with two different sizes");
      }
      return new SliceSource(this.source, member.dataAt, member.size, label);
    }
    if (member.method !== METHOD.deflated) {
      throw new ZipError(
        "unsupported-type",
        label,
        `is packed by method ${member.method}, which Scour does not read`
      );
    }
    if (member.size > MAX_UNPACKED || member.compressedSize > MAX_UNPACKED) {
      throw new ZipError("too-large", label, `unpacks to ${member.size} bytes, more than Scour holds`);
    }
    return new MemorySource(label, this.inflate(member, label));
  }
  /** True where the member's bytes have the checksum that the directory says. Reads it piece by piece. */
  checksumMatches(member) {
    const bytes = this.open(member);
    let crc = 0;
    for (let at = 0; at < bytes.size; at += CHUNK) {
      crc = crc32(bytes.read(at, Math.min(CHUNK, bytes.size - at)), crc);
    }
    return crc === member.crc;
  }
  inflate(member, label) {
    const packed = this.source.read(member.dataAt, member.compressedSize);
    let bytes;
    try {
      bytes = inflateRawSync(packed, {
        maxOutputLength: member.size + 1,
        finishFlush: constants2.Z_SYNC_FLUSH
      });
    } catch (cause) {
      throw new ZipError("malformed", label, "cannot be unpacked, or unpacks to more than it says", {
        cause
      });
    }
    if (bytes.length !== member.size) {
      throw new ZipError(
        "malformed",
        label,
        `unpacks to ${bytes.length} bytes and not to the ${member.size} it says`
      );
    }
    return bytes;
  }
};
var utf82 = new TextDecoder("utf-8", { fatal: true });
function readMember(source, header, shift, findings) {
  const name = decodeName(header.name);
  const headerAt = header.headerOffset + shift;
  const lies = (what) => new ZipError("malformed", source.path, `says of '${visible(name, 200)}' ${what}`);
  if (headerAt + SIZE.local > source.size) throw lies("that it lies beyond the end of the file");
  const length = localHeaderLength(source.read(headerAt, SIZE.local));
  if (length === null) throw lies("that it lies where no file of the archive begins");
  if (headerAt + length > source.size) throw lies("that its header goes beyond the end of the file");
  const local = localHeader(source.read(headerAt, length));
  const dataAt = headerAt + length;
  if (dataAt + header.compressedSize > source.size) throw lies("that it is longer than the rest of the file");
  const agrees = local !== null && Buffer.compare(local.name, header.name) === 0 && local.method === header.method && ((local.flags ^ header.flags) & (FLAG.encrypted | FLAG.descriptor)) === 0 && (local.size === null || local.size === header.size && local.crc === header.crc) && (local.compressedSize === null || local.compressedSize === header.compressedSize);
  if (!agrees) {
    findings.push({
      id: "zip-header-mismatch",
      level: "error",
      message: `The archive says different things of '${visible(name, 200)}' in its directory and at the file itself: readers may see different files.`
    });
  }
  const { flags, method, crc, compressedSize, size, at } = header;
  return { name, flags, method, crc, compressedSize, size, headerAt, dataAt, entryAt: at };
}
function decodeName(bytes) {
  try {
    return utf82.decode(bytes);
  } catch {
    return Buffer.from(bytes).toString("latin1");
  }
}

// src/data/formats/zip.ts
function isZip(bytes) {
  return bytes[0] === 80 && bytes[1] === 75 && bytes[2] === 3 && bytes[3] === 4;
}
function openZip(root2) {
  const skipped = [];
  const images = [];
  for (const member of readMembers(root2)) {
    if (member.name.endsWith("/") || /(^|\/)(\.|__MACOSX\/)/.test(member.name)) continue;
    const obstacle = obstacleOf(member);
    if (obstacle !== null) skipped.push({ path: member.name, reason: obstacle });
    else images.push({ name: member.name, location: locate(root2, member) });
  }
  if (images.length === 0) {
    throw new DataError("no-images", root2, `${root2} holds no images (PNG, JPEG, WebP, BMP or PPM files).`);
  }
  return { root: root2, ...labelByFolder(root2, images), skipped };
}
function readMembers(root2) {
  const { archive, close } = openArchive(root2);
  close();
  return archive.members;
}
function openArchive(root2) {
  let source = null;
  try {
    source = new FileSource(root2);
    const opened = source;
    return { archive: new ZipArchive(opened), close: () => opened.close() };
  } catch (cause) {
    source?.close();
    throw asDataError(root2, cause);
  }
}
function asDataError(root2, cause) {
  if (!(cause instanceof ModelError)) return cause;
  return new DataError("unreadable-image", root2, cause.message, { cause });
}
function obstacleOf({ name, flags, method }) {
  if (!IMAGE_NAMES.test(name)) return "its name is not that of an image";
  if (flags & FLAG.encrypted) return "it is encrypted";
  return method === METHOD.stored || method === METHOD.deflated ? null : "it is packed in an unknown way";
}
function locate(root2, member) {
  return {
    kind: "member",
    path: root2,
    name: member.name,
    offset: member.dataAt,
    length: member.compressedSize,
    packing: member.method === METHOD.stored ? "stored" : "deflated",
    size: member.size,
    crc: member.crc
  };
}

// src/data/formats/cifar-pickle.ts
var SIDE2 = 32;
var PIXELS2 = SIDE2 * SIDE2 * 3;
var FILES = [
  {
    name: /^(?:test_batch|data_batch_\d)$/,
    test: "test_batch",
    meta: "batches.meta",
    labels: "labels",
    names: "label_names"
  },
  { name: /^(?:test|train)$/, test: "test", meta: "meta", labels: "fine_labels", names: "fine_label_names" }
];
function pickleOf(root2) {
  for (const kind of FILES) {
    const folder = existsSync2(path3.join(root2, kind.meta)) ? root2 : path3.dirname(root2);
    if (!existsSync2(path3.join(folder, kind.meta))) continue;
    if (folder === root2 && existsSync2(path3.join(root2, kind.test)))
      return { file: path3.join(root2, kind.test), kind };
    if (folder !== root2 && kind.name.test(path3.basename(root2))) return { file: root2, kind };
  }
  return null;
}
function isCifarPickle(root2) {
  return pickleOf(root2) !== null;
}
function openCifarPickle(root2) {
  const found = pickleOf(root2);
  if (found === null) throw new DataError("bad-layout", root2, `${root2} is not CIFAR's Python version.`);
  const { file: file2, kind } = found;
  const batch = readPickle(file2);
  const labels = (sequenceItems(entryOf(batch, kind.labels)) ?? []).map(Number);
  const names = sequenceItems(entryOf(readPickle(path3.join(path3.dirname(file2), kind.meta)), kind.names)) ?? [];
  const start = pixelsAt(entryOf(batch, "data"), labels.length, file2);
  const wrong = labels.findIndex((label) => !Number.isInteger(label) || label < 0 || label >= names.length);
  if (labels.length === 0 || wrong >= 0) {
    throw new DataError(
      "bad-layout",
      file2,
      `${file2} has no list of labels under ${kind.labels}, or one beyond its ${names.length} classes.`
    );
  }
  const samples = labels.map((label, i) => ({
    name: `${path3.basename(file2)}/${i}`,
    label,
    location: {
      kind: "pixels",
      path: file2,
      unpacked: null,
      offset: start + i * PIXELS2,
      width: SIDE2,
      height: SIDE2,
      order: "planar"
    }
  }));
  return {
    root: root2,
    classes: names.map((name) => typeof name === "string" ? name : "?"),
    samples,
    skipped: []
  };
}
function readPickle(file2) {
  let source = null;
  try {
    source = new FileSource(file2);
    const { root: root2, fault } = runPickle(source, 0, source.size, { allowed: isArrayGlobal });
    if (fault)
      throw new DataError("unreadable-image", file2, `${file2}: broken pickle: ${fault.message}`, {
        cause: fault
      });
    return root2;
  } catch (cause) {
    throw asDataError(file2, cause);
  } finally {
    source?.close();
  }
}
function isArrayGlobal(module, name) {
  return /^numpy(?:\._?core\.multiarray)?$/.test(module) && ["_reconstruct", "ndarray", "dtype"].includes(name);
}
function pixelsAt(array2, count, file2) {
  const state = isNode(array2) && array2.kind === "object" ? tupleItems(array2.states.at(-1)) : null;
  const [, shape, type, isFortran, bytes] = state ?? [];
  const [rows, columns] = tupleItems(shape) ?? [];
  const code = isNode(type) && type.kind === "object" && calleeName(type) === "numpy.dtype" ? tupleItems(type.args)?.[0] : null;
  const isPlace = isNode(bytes) && (bytes.kind === "bytes" || bytes.kind === "text");
  const isImages = rows === count && columns === PIXELS2 && code === "u1" && isFortran === false;
  if (!isImages || !isPlace || bytes.length !== count * PIXELS2) {
    throw new DataError(
      "bad-layout",
      file2,
      `${file2} does not hold ${count} images of ${PIXELS2} unsigned bytes under "data", one a label.`
    );
  }
  return bytes.start;
}

// src/data/formats/gtsrb.ts
import path4 from "node:path";
var GTSRB_LIST = /^GT-.*\.csv$/;
var MAX_LIST = 16 * 1024 * 1024;
var MAX_CLASSES = 1e4;
function labelByGtsrbList(set2, list2) {
  const labels = readList(list2);
  const samples = [];
  const skipped = [...set2.skipped];
  for (const sample of set2.samples) {
    const label = labels.get(sample.name);
    if (label === void 0)
      skipped.push({ path: sample.name, reason: `${path4.basename(list2)} has no line for it` });
    else samples.push({ ...sample, label });
  }
  if (samples.length === 0)
    throw new DataError("bad-layout", list2, `${list2} names none of the images beside it.`);
  const count = samples.reduce((most, { label }) => Math.max(most, label ?? 0), 0) + 1;
  const classes = Array.from({ length: count }, (_, i) => String(i).padStart(5, "0"));
  return { ...set2, classes, samples, skipped };
}
function readList(list2) {
  const [head = "", ...lines] = readRange(list2, 0, null, MAX_LIST).toString("utf8").trimEnd().split(/\r?\n/);
  const columns = head.split(";");
  const [nameAt, classAt] = [columns.indexOf("Filename"), columns.indexOf("ClassId")];
  if (nameAt < 0 || classAt < 0) {
    throw new DataError(
      "bad-layout",
      list2,
      `${list2} has no columns Filename and ClassId: it is the list without labels (GTSRB gives the labelled one apart).`
    );
  }
  const labels = /* @__PURE__ */ new Map();
  for (const [i, line] of lines.entries()) {
    const cells = line.split(";");
    const [name, label] = [cells[nameAt], Number(cells[classAt] ?? NaN)];
    if (name === void 0 || !Number.isInteger(label) || label < 0 || label >= MAX_CLASSES) {
      throw new DataError("bad-layout", list2, `${list2}: line ${i + 2} has no file name and class number.`);
    }
    labels.set(name, label);
  }
  return labels;
}

// src/data/formats/idx.ts
import { existsSync as existsSync3, statSync as statSync3 } from "node:fs";
import path5 from "node:path";

// src/data/formats/unpack.ts
import { promisify } from "node:util";
import { constants as constants3, gunzip, gunzipSync } from "node:zlib";
var gunzipAsync = promisify(gunzip);
var MAX_UNPACKED2 = 1024 * 1024 * 1024;
function isGzip(bytes) {
  return bytes[0] === 31 && bytes[1] === 139;
}
function peekGzip(start) {
  try {
    return gunzipSync(start, { finishFlush: constants3.Z_SYNC_FLUSH, maxOutputLength: 1024 * 1024 });
  } catch {
    return new Uint8Array();
  }
}
async function gunzipFile(path14) {
  const packed = readRange(path14, 0, null, MAX_UNPACKED2);
  let unpacked;
  try {
    unpacked = await gunzipAsync(packed, { maxOutputLength: MAX_UNPACKED2 });
  } catch (cause) {
    throw new DataError(
      "unreadable-image",
      path14,
      `${path14} cannot be unpacked: it is damaged, truncated, or holds more than ${MAX_UNPACKED2} bytes.`,
      { cause }
    );
  }
  const shared = new Uint8Array(new SharedArrayBuffer(unpacked.length));
  shared.set(unpacked);
  return shared;
}

// src/data/formats/idx.ts
var MAX_LABELS = 64 * 1024 * 1024;
var IMAGES = [0, 0, 8, 3];
function isIdxImages(bytes) {
  return IMAGES.every((byte, i) => bytes[i] === byte);
}
async function openIdx(root2) {
  const images = await readIdx(root2, 3);
  const [count, height, width] = images.shape;
  const labels = await readLabels(root2, count);
  const area = width * height;
  const classes = labels && Array.from({ length: labels.reduce((most, label) => Math.max(most, label), 0) + 1 }, (_, i) => String(i));
  const samples = Array.from({ length: count }, (_, i) => ({
    name: `${path5.basename(root2)}/${i}`,
    label: labels ? labels[i] : null,
    location: {
      kind: "pixels",
      path: root2,
      unpacked: images.unpacked?.buffer ?? null,
      offset: images.start + i * area,
      width,
      height,
      order: "grey"
    }
  }));
  return { root: root2, classes, samples, skipped: [] };
}
async function readIdx(file2, dimensions) {
  const start = 4 + 4 * dimensions;
  const unpacked = isGzip(readRange(file2, 0, 2, 2)) ? await gunzipFile(file2) : null;
  const header = unpacked ? Buffer.from(unpacked.slice(0, start)) : readRange(file2, 0, start, start);
  const size = unpacked ? unpacked.length : statSync3(file2).size;
  if (header.length < start || header.readUInt16BE(0) !== 0 || header[2] !== 8 || header[3] !== dimensions) {
    throw new DataError(
      "unreadable-image",
      file2,
      `${file2} is not an IDX file of bytes with ${dimensions} dimensions.`
    );
  }
  const shape = Array.from({ length: dimensions }, (_, i) => header.readUInt32BE(4 + 4 * i));
  const values = shape.reduce((product2, length) => product2 * length, 1);
  if (start + values !== size) {
    throw new DataError(
      "unreadable-image",
      file2,
      `${file2} announces ${shape.join(" \xD7 ")} bytes but holds ${size - start}; it is probably truncated.`
    );
  }
  return { path: file2, shape, start, unpacked };
}
async function readLabels(images, count) {
  const name = path5.basename(images).replace("images", "labels").replace("idx3", "idx1");
  const stem = path5.join(path5.dirname(images), name.replace(/\.gz$/, ""));
  const file2 = [stem, `${stem}.gz`].find((each) => each !== images && existsSync3(each));
  if (file2 === void 0) return null;
  const { shape, start, unpacked } = await readIdx(file2, 1);
  if (shape[0] !== count) {
    throw new DataError(
      "bad-layout",
      file2,
      `${file2} holds ${shape[0]} labels, but there are ${count} images.`
    );
  }
  return unpacked ? unpacked.slice(start) : readRange(file2, start, count, MAX_LABELS);
}

// src/data/formats/npz.ts
import path6 from "node:path";

// src/data/formats/npy.ts
var TYPES = {
  b1: { bytes: 1, view: Uint8Array },
  u1: { bytes: 1, view: Uint8Array },
  i1: { bytes: 1, view: Int8Array },
  u2: { bytes: 2, view: Uint16Array },
  i2: { bytes: 2, view: Int16Array },
  u4: { bytes: 4, view: Uint32Array },
  i4: { bytes: 4, view: Int32Array },
  u8: { bytes: 8, view: BigUint64Array },
  i8: { bytes: 8, view: BigInt64Array },
  f4: { bytes: 4, view: Float32Array },
  f8: { bytes: 8, view: Float64Array }
};
var MAX_NPY_HEADER = 64 * 1024;
var MAX_DIMENSIONS = 32;
function isNpy(bytes) {
  return [147, 78, 85, 77, 80, 89].every((byte, i) => bytes[i] === byte);
}
function parseNpyHeader(bytes, path14) {
  const wrong = (why) => new DataError("unreadable-image", path14, `${path14}: broken NumPy array: ${why}.`);
  if (!isNpy(bytes) || bytes.length < 12) throw wrong("it does not begin as one");
  const view2 = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isFirst = bytes[6] === 1;
  const headerAt = isFirst ? 10 : 12;
  const length = isFirst ? view2.getUint16(8, true) : view2.getUint32(8, true);
  if (bytes[6] < 1 || bytes[6] > 3 || length > MAX_NPY_HEADER || headerAt + length > bytes.length) {
    throw wrong("its header is truncated, too long or of an unknown version");
  }
  const text2 = Buffer.from(bytes.subarray(headerAt, headerAt + length)).toString("latin1");
  const descr = /'descr'\s*:\s*'([<>|=])([a-zA-Z]\d*)'/.exec(text2);
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text2);
  const shapeText = /'shape'\s*:\s*\(([\d,\sL]*)\)/.exec(text2);
  if (!descr || !order || !shapeText) throw wrong("its header does not say type, order and shape");
  const shape = [...shapeText[1].matchAll(/\d+/g)].map(([digits]) => Number(digits));
  const elements = shape.reduce((product2, size) => product2 * size, 1);
  if (shape.length > MAX_DIMENSIONS || !Number.isSafeInteger(elements))
    throw wrong("its shape makes no sense");
  const type = descr[2];
  if (!(type in TYPES)) {
    throw new DataError(
      "unsupported-image",
      path14,
      `${path14}: NumPy arrays of type ${JSON.stringify(type)} are not read (Python objects never are).`
    );
  }
  if (order[1] === "True" && shape.length > 1) {
    throw new DataError(
      "unsupported-image",
      path14,
      `${path14}: the array is in Fortran order; save it with numpy.ascontiguousarray.`
    );
  }
  return { type, bigEndian: descr[1] === ">", shape, elements, start: headerAt + length };
}
function readNpy(bytes, path14) {
  const header = parseNpyHeader(bytes, path14);
  const { bytes: width, view: view2 } = TYPES[header.type];
  const length = header.elements * width;
  if (header.start + length > bytes.length) {
    throw new DataError("unreadable-image", path14, `${path14}: broken NumPy array: the file is truncated.`);
  }
  const raw = Buffer.from(new ArrayBuffer(length));
  raw.set(bytes.subarray(header.start, header.start + length));
  if (header.bigEndian && width === 2) raw.swap16();
  if (header.bigEndian && width === 4) raw.swap32();
  if (header.bigEndian && width === 8) raw.swap64();
  return { header, values: new view2(raw.buffer) };
}

// src/data/formats/npz.ts
var PAIRS = [
  ["x_test", "y_test"],
  ["test_images", "test_labels"],
  ["images", "labels"],
  ["x", "y"],
  ["data", "labels"],
  ["x_train", "y_train"],
  ["train_images", "train_labels"],
  ["arr_0", "arr_1"]
];
var MAX_CLASSES2 = 1e5;
var NpzFile = class {
  path;
  close;
  archive;
  /** Throws DataError where the file is no readable archive. */
  constructor(file2) {
    this.path = file2;
    ({ archive: this.archive, close: this.close } = openArchive(file2));
  }
  /** True for an archive of arrays and nothing else. */
  get holdsArraysOnly() {
    return this.archive.members.length > 0 && this.archive.members.every(({ name }) => name.endsWith(".npy"));
  }
  get names() {
    return this.archive.members.filter(({ name }) => name.endsWith(".npy")).map(({ name }) => name.slice(0, -4));
  }
  /** Type and shape of an array. Throws DataError where it is missing or unreadable. */
  header(name) {
    const bytes = this.open(name);
    return parseNpyHeader(bytes.read(0, Math.min(bytes.size, MAX_NPY_HEADER)), `${this.path}:${name}`);
  }
  /** A whole array. Throws DataError where it is missing or unreadable. */
  read(name) {
    const bytes = this.open(name);
    return readNpy(bytes.read(0, bytes.size), `${this.path}:${name}`);
  }
  member(name) {
    return this.archive.member(`${name}.npy`);
  }
  open(name) {
    const member = this.member(name);
    if (member === void 0) {
      throw new DataError("bad-layout", this.path, `${this.path} holds no array ${JSON.stringify(name)}.`);
    }
    try {
      return this.archive.open(member);
    } catch (cause) {
      throw asDataError(this.path, cause);
    }
  }
};
function openNpz(root2) {
  const file2 = new NpzFile(root2);
  try {
    const names = file2.names;
    const pair2 = PAIRS.find(([images]) => names.includes(images));
    if (pair2 === void 0) {
      throw new DataError(
        "bad-layout",
        root2,
        `${root2} holds no images under a usual name (${PAIRS.map(([images]) => images).join(", ")}), but ${names.slice(0, 10).map((name) => JSON.stringify(name)).join(", ") || "nothing"}.`
      );
    }
    const [imagesName, labelsName] = pair2;
    const header = file2.header(imagesName);
    const { count, width, height, order } = imageShape(header, `${root2}:${imagesName}`);
    const { start, unpacked } = pixelsOf(file2, imagesName, header);
    const labels = names.includes(labelsName) ? readLabels2(file2, labelsName, count) : null;
    const size = width * height * (order === "grey" ? 1 : 3);
    const samples = Array.from({ length: count }, (_, i) => ({
      name: `${path6.basename(root2)}:${imagesName}/${i}`,
      label: labels ? labels[i] : null,
      location: { kind: "pixels", path: root2, unpacked, offset: start + i * size, width, height, order }
    }));
    const most = labels?.reduce((max, label) => Math.max(max, label), -1);
    const classes = most === void 0 ? null : Array.from({ length: most + 1 }, (_, i) => String(i));
    return { root: root2, classes, samples, skipped: [] };
  } finally {
    file2.close();
  }
}
function imageShape({ type, shape }, what) {
  const [count, a, b, c] = shape;
  const isBytes = type === "u1";
  if (isBytes && shape.length === 3) return { count, height: a, width: b, order: "grey" };
  if (isBytes && shape.length === 4) {
    if (c === 3) return { count, height: a, width: b, order: "interleaved" };
    if (c === 1) return { count, height: a, width: b, order: "grey" };
    if (a === 3) return { count, height: b, width: c, order: "planar" };
    if (a === 1) return { count, height: b, width: c, order: "grey" };
  }
  throw new DataError(
    "bad-layout",
    what,
    `${what} is an array of ${type}, ${shape.join(" \xD7 ")}; images are unsigned bytes (u1), N \xD7 H \xD7 W, N \xD7 H \xD7 W \xD7 C or N \xD7 C \xD7 H \xD7 W with 1 or 3 channels.`
  );
}
function pixelsOf(file2, name, header) {
  const member = file2.member(name);
  if (member.method === METHOD.stored) {
    if (header.start + header.elements > member.size) {
      throw new DataError("unreadable-image", file2.path, `${file2.path}:${name} is truncated.`);
    }
    return { start: member.dataAt + header.start, unpacked: null };
  }
  const { values } = file2.read(name);
  const shared = new SharedArrayBuffer(values.byteLength);
  new Uint8Array(shared).set(new Uint8Array(values.buffer));
  return { start: 0, unpacked: shared };
}
function readLabels2(file2, name, count) {
  const { header, values } = file2.read(name);
  const isColumn = header.shape.length === 1 || header.shape.length === 2 && header.shape[1] === 1;
  const labels = Array.from(values, Number);
  const isValid = labels.every((label) => Number.isInteger(label) && label >= 0 && label < MAX_CLASSES2);
  if (!isColumn || labels.length !== count || !isValid) {
    throw new DataError(
      "bad-layout",
      file2.path,
      `${file2.path}:${name} is no list of ${count} class numbers (${header.type}, ${header.shape.join(" \xD7 ")}).`
    );
  }
  return labels;
}

// src/data/formats/parquet.ts
import path7 from "node:path";

// node_modules/valibot/dist/index.mjs
var store$4;
var DEFAULT_CONFIG = {
  lang: void 0,
  message: void 0,
  abortEarly: void 0,
  abortPipeEarly: void 0
};
// @__NO_SIDE_EFFECTS__
function getGlobalConfig(config$1) {
  if (!config$1 && !store$4) return DEFAULT_CONFIG;
  return {
    lang: config$1?.lang ?? store$4?.lang,
    message: config$1?.message,
    abortEarly: config$1?.abortEarly ?? store$4?.abortEarly,
    abortPipeEarly: config$1?.abortPipeEarly ?? store$4?.abortPipeEarly
  };
}
var store$3;
// @__NO_SIDE_EFFECTS__
function getGlobalMessage(lang) {
  return store$3?.get(lang);
}
var store$2;
// @__NO_SIDE_EFFECTS__
function getSchemaMessage(lang) {
  return store$2?.get(lang);
}
var store$1;
// @__NO_SIDE_EFFECTS__
function getSpecificMessage(reference, lang) {
  return store$1?.get(reference)?.get(lang);
}
// @__NO_SIDE_EFFECTS__
function _stringify(input) {
  const type = typeof input;
  if (type === "string") return `"${input}"`;
  if (type === "number" || type === "bigint" || type === "boolean") return `${input}`;
  if (type === "object" || type === "function") return (input && Object.getPrototypeOf(input)?.constructor?.name) ?? "null";
  return type;
}
function _addIssue(context, label, dataset, config$1, other) {
  const input = other && "input" in other ? other.input : dataset.value;
  const expected = other?.expected ?? context.expects ?? null;
  const received = other?.received ?? /* @__PURE__ */ _stringify(input);
  const issue = {
    kind: context.kind,
    type: context.type,
    input,
    expected,
    received,
    message: `Invalid ${label}: ${expected ? `Expected ${expected} but r` : "R"}eceived ${received}`,
    requirement: context.requirement,
    path: other?.path,
    issues: other?.issues,
    lang: config$1.lang,
    abortEarly: config$1.abortEarly,
    abortPipeEarly: config$1.abortPipeEarly
  };
  const isSchema = context.kind === "schema";
  const message$1 = other?.message ?? context.message ?? /* @__PURE__ */ getSpecificMessage(context.reference, issue.lang) ?? (isSchema ? /* @__PURE__ */ getSchemaMessage(issue.lang) : null) ?? config$1.message ?? /* @__PURE__ */ getGlobalMessage(issue.lang);
  if (message$1 !== void 0) issue.message = typeof message$1 === "function" ? message$1(issue) : message$1;
  if (isSchema) dataset.typed = false;
  if (dataset.issues) dataset.issues.push(issue);
  else dataset.issues = [issue];
}
// @__NO_SIDE_EFFECTS__
function _isValidObjectKey(object$1, key) {
  return Object.prototype.hasOwnProperty.call(object$1, key) && key !== "__proto__" && key !== "prototype" && key !== "constructor";
}
// @__NO_SIDE_EFFECTS__
function _joinExpects(values$1, separator) {
  const list2 = [...new Set(values$1)];
  if (list2.length > 1) return `(${list2.join(` ${separator} `)})`;
  return list2[0] ?? "never";
}
function _standardSchema(schema) {
  schema["~standard"] = {
    version: 1,
    vendor: "valibot",
    validate: (value$1) => schema["~run"]({ value: value$1 }, /* @__PURE__ */ getGlobalConfig())
  };
  return schema;
}
var ValiError = class extends Error {
  /**
  * Creates a Valibot error with useful information.
  *
  * @param issues The error issues.
  */
  constructor(issues) {
    super(issues[0].message);
    this.name = "ValiError";
    this.issues = issues;
  }
};
var EMOJI_REGEX = new RegExp("^(?:[\\u{1F1E6}-\\u{1F1FF}]{2}|\\u{1F3F4}[\\u{E0061}-\\u{E007A}]{2}[\\u{E0030}-\\u{E0039}\\u{E0061}-\\u{E007A}]{1,3}\\u{E007F}|(?:\\p{Emoji}\\uFE0F\\u20E3?|\\p{Emoji_Modifier_Base}\\p{Emoji_Modifier}?|(?![\\p{Emoji_Modifier_Base}\\u{1F1E6}-\\u{1F1FF}])\\p{Emoji_Presentation})(?:\\u200D(?:\\p{Emoji}\\uFE0F\\u20E3?|\\p{Emoji_Modifier_Base}\\p{Emoji_Modifier}?|(?![\\p{Emoji_Modifier_Base}\\u{1F1E6}-\\u{1F1FF}])\\p{Emoji_Presentation}))*)+$", "u");
// @__NO_SIDE_EFFECTS__
function finite(message$1) {
  return {
    kind: "validation",
    type: "finite",
    reference: finite,
    async: false,
    expects: null,
    requirement: Number.isFinite,
    message: message$1,
    "~run"(dataset, config$1) {
      if (dataset.typed && !this.requirement(dataset.value)) _addIssue(this, "finite", dataset, config$1);
      return dataset;
    }
  };
}
// @__NO_SIDE_EFFECTS__
function gtValue(requirement, message$1) {
  return {
    kind: "validation",
    type: "gt_value",
    reference: gtValue,
    async: false,
    expects: `>${requirement instanceof Date ? requirement.toJSON() : /* @__PURE__ */ _stringify(requirement)}`,
    requirement,
    message: message$1,
    "~run"(dataset, config$1) {
      if (dataset.typed && !(dataset.value > this.requirement)) _addIssue(this, "value", dataset, config$1, { received: dataset.value instanceof Date ? dataset.value.toJSON() : /* @__PURE__ */ _stringify(dataset.value) });
      return dataset;
    }
  };
}
// @__NO_SIDE_EFFECTS__
function integer(message$1) {
  return {
    kind: "validation",
    type: "integer",
    reference: integer,
    async: false,
    expects: null,
    requirement: Number.isInteger,
    message: message$1,
    "~run"(dataset, config$1) {
      if (dataset.typed && !this.requirement(dataset.value)) _addIssue(this, "integer", dataset, config$1);
      return dataset;
    }
  };
}
// @__NO_SIDE_EFFECTS__
function maxLength(requirement, message$1) {
  return {
    kind: "validation",
    type: "max_length",
    reference: maxLength,
    async: false,
    expects: `<=${requirement}`,
    requirement,
    message: message$1,
    "~run"(dataset, config$1) {
      if (dataset.typed && dataset.value.length > this.requirement) _addIssue(this, "length", dataset, config$1, { received: `${dataset.value.length}` });
      return dataset;
    }
  };
}
// @__NO_SIDE_EFFECTS__
function maxValue(requirement, message$1) {
  return {
    kind: "validation",
    type: "max_value",
    reference: maxValue,
    async: false,
    expects: `<=${requirement instanceof Date ? requirement.toJSON() : /* @__PURE__ */ _stringify(requirement)}`,
    requirement,
    message: message$1,
    "~run"(dataset, config$1) {
      if (dataset.typed && !(dataset.value <= this.requirement)) _addIssue(this, "value", dataset, config$1, { received: dataset.value instanceof Date ? dataset.value.toJSON() : /* @__PURE__ */ _stringify(dataset.value) });
      return dataset;
    }
  };
}
// @__NO_SIDE_EFFECTS__
function minLength(requirement, message$1) {
  return {
    kind: "validation",
    type: "min_length",
    reference: minLength,
    async: false,
    expects: `>=${requirement}`,
    requirement,
    message: message$1,
    "~run"(dataset, config$1) {
      if (dataset.typed && dataset.value.length < this.requirement) _addIssue(this, "length", dataset, config$1, { received: `${dataset.value.length}` });
      return dataset;
    }
  };
}
// @__NO_SIDE_EFFECTS__
function minValue(requirement, message$1) {
  return {
    kind: "validation",
    type: "min_value",
    reference: minValue,
    async: false,
    expects: `>=${requirement instanceof Date ? requirement.toJSON() : /* @__PURE__ */ _stringify(requirement)}`,
    requirement,
    message: message$1,
    "~run"(dataset, config$1) {
      if (dataset.typed && !(dataset.value >= this.requirement)) _addIssue(this, "value", dataset, config$1, { received: dataset.value instanceof Date ? dataset.value.toJSON() : /* @__PURE__ */ _stringify(dataset.value) });
      return dataset;
    }
  };
}
// @__NO_SIDE_EFFECTS__
function transform(operation) {
  return {
    kind: "transformation",
    type: "transform",
    reference: transform,
    async: false,
    operation,
    "~run"(dataset) {
      dataset.value = this.operation(dataset.value);
      return dataset;
    }
  };
}
// @__NO_SIDE_EFFECTS__
function getFallback(schema, dataset, config$1) {
  return typeof schema.fallback === "function" ? schema.fallback(dataset, config$1) : schema.fallback;
}
// @__NO_SIDE_EFFECTS__
function getDefault(schema, dataset, config$1) {
  return typeof schema.default === "function" ? schema.default(dataset, config$1) : schema.default;
}
// @__NO_SIDE_EFFECTS__
function array(item, message$1) {
  return _standardSchema({
    kind: "schema",
    type: "array",
    reference: array,
    expects: "Array",
    async: false,
    item,
    message: message$1,
    "~run"(dataset, config$1) {
      const input = dataset.value;
      if (Array.isArray(input)) {
        dataset.typed = true;
        dataset.value = [];
        for (let key = 0; key < input.length; key++) {
          const value$1 = input[key];
          const itemDataset = this.item["~run"]({ value: value$1 }, config$1);
          if (itemDataset.issues) {
            const pathItem = {
              type: "array",
              origin: "value",
              input,
              key,
              value: value$1
            };
            for (const issue of itemDataset.issues) {
              if (issue.path) issue.path.unshift(pathItem);
              else issue.path = [pathItem];
              dataset.issues?.push(issue);
            }
            if (!dataset.issues) dataset.issues = itemDataset.issues;
            if (config$1.abortEarly) {
              dataset.typed = false;
              break;
            }
          }
          if (!itemDataset.typed) dataset.typed = false;
          dataset.value.push(itemDataset.value);
        }
      } else _addIssue(this, "type", dataset, config$1);
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function boolean(message$1) {
  return _standardSchema({
    kind: "schema",
    type: "boolean",
    reference: boolean,
    expects: "boolean",
    async: false,
    message: message$1,
    "~run"(dataset, config$1) {
      if (typeof dataset.value === "boolean") dataset.typed = true;
      else _addIssue(this, "type", dataset, config$1);
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function looseObject(entries$1, message$1) {
  return _standardSchema({
    kind: "schema",
    type: "loose_object",
    reference: looseObject,
    expects: "Object",
    async: false,
    entries: entries$1,
    message: message$1,
    "~run"(dataset, config$1) {
      const input = dataset.value;
      if (input && typeof input === "object") {
        dataset.typed = true;
        dataset.value = {};
        for (const key in this.entries) {
          const valueSchema = this.entries[key];
          if (key in input || (valueSchema.type === "exact_optional" || valueSchema.type === "optional" || valueSchema.type === "nullish") && valueSchema.default !== void 0) {
            const value$1 = key in input ? input[key] : /* @__PURE__ */ getDefault(valueSchema);
            const valueDataset = valueSchema["~run"]({ value: value$1 }, config$1);
            if (valueDataset.issues) {
              const pathItem = {
                type: "object",
                origin: "value",
                input,
                key,
                value: value$1
              };
              for (const issue of valueDataset.issues) {
                if (issue.path) issue.path.unshift(pathItem);
                else issue.path = [pathItem];
                dataset.issues?.push(issue);
              }
              if (!dataset.issues) dataset.issues = valueDataset.issues;
              if (config$1.abortEarly) {
                dataset.typed = false;
                break;
              }
            }
            if (!valueDataset.typed) dataset.typed = false;
            dataset.value[key] = valueDataset.value;
          } else if (valueSchema.fallback !== void 0) dataset.value[key] = /* @__PURE__ */ getFallback(valueSchema);
          else if (valueSchema.type !== "exact_optional" && valueSchema.type !== "optional" && valueSchema.type !== "nullish") {
            _addIssue(this, "key", dataset, config$1, {
              input: void 0,
              expected: `"${key}"`,
              path: [{
                type: "object",
                origin: "key",
                input,
                key,
                value: input[key]
              }]
            });
            if (config$1.abortEarly) break;
          }
        }
        if (!dataset.issues || !config$1.abortEarly) {
          for (const key in input) if (/* @__PURE__ */ _isValidObjectKey(input, key) && !Object.prototype.hasOwnProperty.call(this.entries, key)) dataset.value[key] = input[key];
        }
      } else _addIssue(this, "type", dataset, config$1);
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function nullish(wrapped, default_) {
  return _standardSchema({
    kind: "schema",
    type: "nullish",
    reference: nullish,
    expects: `(${wrapped.expects} | null | undefined)`,
    async: false,
    wrapped,
    default: default_,
    "~run"(dataset, config$1) {
      if (dataset.value === null || dataset.value === void 0) {
        if (this.default !== void 0) dataset.value = /* @__PURE__ */ getDefault(this, dataset, config$1);
        if (dataset.value === null || dataset.value === void 0) {
          dataset.typed = true;
          return dataset;
        }
      }
      return this.wrapped["~run"](dataset, config$1);
    }
  });
}
// @__NO_SIDE_EFFECTS__
function number(message$1) {
  return _standardSchema({
    kind: "schema",
    type: "number",
    reference: number,
    expects: "number",
    async: false,
    message: message$1,
    "~run"(dataset, config$1) {
      if (typeof dataset.value === "number" && !isNaN(dataset.value)) dataset.typed = true;
      else _addIssue(this, "type", dataset, config$1);
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function object(entries$1, message$1) {
  return _standardSchema({
    kind: "schema",
    type: "object",
    reference: object,
    expects: "Object",
    async: false,
    entries: entries$1,
    message: message$1,
    "~run"(dataset, config$1) {
      const input = dataset.value;
      if (input && typeof input === "object") {
        dataset.typed = true;
        dataset.value = {};
        for (const key in this.entries) {
          const valueSchema = this.entries[key];
          if (key in input || (valueSchema.type === "exact_optional" || valueSchema.type === "optional" || valueSchema.type === "nullish") && valueSchema.default !== void 0) {
            const value$1 = key in input ? input[key] : /* @__PURE__ */ getDefault(valueSchema);
            const valueDataset = valueSchema["~run"]({ value: value$1 }, config$1);
            if (valueDataset.issues) {
              const pathItem = {
                type: "object",
                origin: "value",
                input,
                key,
                value: value$1
              };
              for (const issue of valueDataset.issues) {
                if (issue.path) issue.path.unshift(pathItem);
                else issue.path = [pathItem];
                dataset.issues?.push(issue);
              }
              if (!dataset.issues) dataset.issues = valueDataset.issues;
              if (config$1.abortEarly) {
                dataset.typed = false;
                break;
              }
            }
            if (!valueDataset.typed) dataset.typed = false;
            dataset.value[key] = valueDataset.value;
          } else if (valueSchema.fallback !== void 0) dataset.value[key] = /* @__PURE__ */ getFallback(valueSchema);
          else if (valueSchema.type !== "exact_optional" && valueSchema.type !== "optional" && valueSchema.type !== "nullish") {
            _addIssue(this, "key", dataset, config$1, {
              input: void 0,
              expected: `"${key}"`,
              path: [{
                type: "object",
                origin: "key",
                input,
                key,
                value: input[key]
              }]
            });
            if (config$1.abortEarly) break;
          }
        }
      } else _addIssue(this, "type", dataset, config$1);
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function optional(wrapped, default_) {
  return _standardSchema({
    kind: "schema",
    type: "optional",
    reference: optional,
    expects: `(${wrapped.expects} | undefined)`,
    async: false,
    wrapped,
    default: default_,
    "~run"(dataset, config$1) {
      if (dataset.value === void 0) {
        if (this.default !== void 0) dataset.value = /* @__PURE__ */ getDefault(this, dataset, config$1);
        if (dataset.value === void 0) {
          dataset.typed = true;
          return dataset;
        }
      }
      return this.wrapped["~run"](dataset, config$1);
    }
  });
}
// @__NO_SIDE_EFFECTS__
function record(key, value$1, message$1) {
  return _standardSchema({
    kind: "schema",
    type: "record",
    reference: record,
    expects: "Object",
    async: false,
    key,
    value: value$1,
    message: message$1,
    "~run"(dataset, config$1) {
      const input = dataset.value;
      if (input && typeof input === "object") {
        dataset.typed = true;
        dataset.value = {};
        for (const entryKey in input) if (/* @__PURE__ */ _isValidObjectKey(input, entryKey)) {
          const entryValue = input[entryKey];
          const keyDataset = this.key["~run"]({ value: entryKey }, config$1);
          if (keyDataset.issues) {
            const pathItem = {
              type: "object",
              origin: "key",
              input,
              key: entryKey,
              value: entryValue
            };
            for (const issue of keyDataset.issues) {
              issue.path = [pathItem];
              dataset.issues?.push(issue);
            }
            if (!dataset.issues) dataset.issues = keyDataset.issues;
            if (config$1.abortEarly) {
              dataset.typed = false;
              break;
            }
          }
          const valueDataset = this.value["~run"]({ value: entryValue }, config$1);
          if (valueDataset.issues) {
            const pathItem = {
              type: "object",
              origin: "value",
              input,
              key: entryKey,
              value: entryValue
            };
            for (const issue of valueDataset.issues) {
              if (issue.path) issue.path.unshift(pathItem);
              else issue.path = [pathItem];
              dataset.issues?.push(issue);
            }
            if (!dataset.issues) dataset.issues = valueDataset.issues;
            if (config$1.abortEarly) {
              dataset.typed = false;
              break;
            }
          }
          if (!keyDataset.typed || !valueDataset.typed) dataset.typed = false;
          if (keyDataset.typed) dataset.value[keyDataset.value] = valueDataset.value;
        }
      } else _addIssue(this, "type", dataset, config$1);
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function string(message$1) {
  return _standardSchema({
    kind: "schema",
    type: "string",
    reference: string,
    expects: "string",
    async: false,
    message: message$1,
    "~run"(dataset, config$1) {
      if (typeof dataset.value === "string") dataset.typed = true;
      else _addIssue(this, "type", dataset, config$1);
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function tuple(items, message$1) {
  return _standardSchema({
    kind: "schema",
    type: "tuple",
    reference: tuple,
    expects: "Array",
    async: false,
    items,
    message: message$1,
    "~run"(dataset, config$1) {
      const input = dataset.value;
      if (Array.isArray(input)) {
        dataset.typed = true;
        dataset.value = [];
        for (let key = 0; key < this.items.length; key++) {
          const value$1 = input[key];
          const itemDataset = this.items[key]["~run"]({ value: value$1 }, config$1);
          if (itemDataset.issues) {
            const pathItem = {
              type: "array",
              origin: "value",
              input,
              key,
              value: value$1
            };
            for (const issue of itemDataset.issues) {
              if (issue.path) issue.path.unshift(pathItem);
              else issue.path = [pathItem];
              dataset.issues?.push(issue);
            }
            if (!dataset.issues) dataset.issues = itemDataset.issues;
            if (config$1.abortEarly) {
              dataset.typed = false;
              break;
            }
          }
          if (!itemDataset.typed) dataset.typed = false;
          dataset.value.push(itemDataset.value);
        }
      } else _addIssue(this, "type", dataset, config$1);
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function _subIssues(datasets) {
  let issues;
  if (datasets) for (const dataset of datasets) if (issues) for (const issue of dataset.issues) issues.push(issue);
  else issues = dataset.issues;
  return issues;
}
// @__NO_SIDE_EFFECTS__
function union(options, message$1) {
  return _standardSchema({
    kind: "schema",
    type: "union",
    reference: union,
    expects: /* @__PURE__ */ _joinExpects(options.map((option) => option.expects), "|"),
    async: false,
    options,
    message: message$1,
    "~run"(dataset, config$1) {
      let validDataset;
      let typedDatasets;
      let untypedDatasets;
      for (const schema of this.options) {
        const optionDataset = schema["~run"]({ value: dataset.value }, config$1);
        if (optionDataset.typed) if (optionDataset.issues) if (typedDatasets) typedDatasets.push(optionDataset);
        else typedDatasets = [optionDataset];
        else {
          validDataset = optionDataset;
          break;
        }
        else if (untypedDatasets) untypedDatasets.push(optionDataset);
        else untypedDatasets = [optionDataset];
      }
      if (validDataset) return validDataset;
      if (typedDatasets) {
        if (typedDatasets.length === 1) return typedDatasets[0];
        _addIssue(this, "type", dataset, config$1, { issues: /* @__PURE__ */ _subIssues(typedDatasets) });
        dataset.typed = true;
      } else if (untypedDatasets?.length === 1) return untypedDatasets[0];
      else _addIssue(this, "type", dataset, config$1, { issues: /* @__PURE__ */ _subIssues(untypedDatasets) });
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function unknown() {
  return _standardSchema({
    kind: "schema",
    type: "unknown",
    reference: unknown,
    expects: "unknown",
    async: false,
    "~run"(dataset) {
      dataset.typed = true;
      return dataset;
    }
  });
}
function parse(schema, input, config$1) {
  const dataset = schema["~run"]({ value: input }, /* @__PURE__ */ getGlobalConfig(config$1));
  if (dataset.issues) throw new ValiError(dataset.issues);
  return dataset.value;
}
// @__NO_SIDE_EFFECTS__
function pipe(...pipe$1) {
  return _standardSchema({
    ...pipe$1[0],
    pipe: pipe$1,
    "~run"(dataset, config$1) {
      for (const item of pipe$1) if (item.kind !== "metadata") {
        if (dataset.issues && (item.kind === "schema" || item.kind === "transformation")) {
          dataset.typed = false;
          break;
        }
        if (!dataset.issues || !config$1.abortEarly && !config$1.abortPipeEarly) dataset = item["~run"](dataset, config$1);
      }
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function safeParse(schema, input, config$1) {
  const dataset = schema["~run"]({ value: input }, /* @__PURE__ */ getGlobalConfig(config$1));
  return {
    typed: dataset.typed,
    success: !dataset.issues,
    output: dataset.value,
    issues: dataset.issues
  };
}

// src/data/formats/parquet-file.ts
import { statSync as statSync4 } from "node:fs";
import { brotliDecompressSync, gunzipSync as gunzipSync2 } from "node:zlib";

// node_modules/hyparquet/src/constants.js
var ParquetTypes = [
  "BOOLEAN",
  "INT32",
  "INT64",
  "INT96",
  // deprecated
  "FLOAT",
  "DOUBLE",
  "BYTE_ARRAY",
  "FIXED_LEN_BYTE_ARRAY"
];
var Encodings = [
  "PLAIN",
  "GROUP_VAR_INT",
  // deprecated
  "PLAIN_DICTIONARY",
  "RLE",
  "BIT_PACKED",
  // deprecated
  "DELTA_BINARY_PACKED",
  "DELTA_LENGTH_BYTE_ARRAY",
  "DELTA_BYTE_ARRAY",
  "RLE_DICTIONARY",
  "BYTE_STREAM_SPLIT"
];
var FieldRepetitionTypes = [
  "REQUIRED",
  "OPTIONAL",
  "REPEATED"
];
var ConvertedTypes = [
  "UTF8",
  "MAP",
  "MAP_KEY_VALUE",
  "LIST",
  "ENUM",
  "DECIMAL",
  "DATE",
  "TIME_MILLIS",
  "TIME_MICROS",
  "TIMESTAMP_MILLIS",
  "TIMESTAMP_MICROS",
  "UINT_8",
  "UINT_16",
  "UINT_32",
  "UINT_64",
  "INT_8",
  "INT_16",
  "INT_32",
  "INT_64",
  "JSON",
  "BSON",
  "INTERVAL"
];
var CompressionCodecs = [
  "UNCOMPRESSED",
  "SNAPPY",
  "GZIP",
  "LZO",
  "BROTLI",
  "LZ4",
  "ZSTD",
  "LZ4_RAW"
];
var PageTypes = [
  "DATA_PAGE",
  "INDEX_PAGE",
  "DICTIONARY_PAGE",
  "DATA_PAGE_V2"
];
var BoundaryOrders = [
  "UNORDERED",
  "ASCENDING",
  "DESCENDING"
];
var EdgeInterpolationAlgorithms = [
  "SPHERICAL",
  "VINCENTY",
  "THOMAS",
  "ANDOYER",
  "KARNEY"
];

// node_modules/hyparquet/src/wkb.js
function wkbToGeojson(reader) {
  const flags = getFlags(reader);
  if (flags.type === 1) {
    return { type: "Point", coordinates: readPosition(reader, flags) };
  } else if (flags.type === 2) {
    return { type: "LineString", coordinates: readLine(reader, flags) };
  } else if (flags.type === 3) {
    return { type: "Polygon", coordinates: readPolygon(reader, flags) };
  } else if (flags.type === 4) {
    const points = [];
    for (let i = 0; i < flags.count; i++) {
      points.push(readPosition(reader, getFlags(reader)));
    }
    return { type: "MultiPoint", coordinates: points };
  } else if (flags.type === 5) {
    const lines = [];
    for (let i = 0; i < flags.count; i++) {
      lines.push(readLine(reader, getFlags(reader)));
    }
    return { type: "MultiLineString", coordinates: lines };
  } else if (flags.type === 6) {
    const polygons = [];
    for (let i = 0; i < flags.count; i++) {
      polygons.push(readPolygon(reader, getFlags(reader)));
    }
    return { type: "MultiPolygon", coordinates: polygons };
  } else if (flags.type === 7) {
    const geometries = [];
    for (let i = 0; i < flags.count; i++) {
      geometries.push(wkbToGeojson(reader));
    }
    return { type: "GeometryCollection", geometries };
  } else {
    throw new Error(`Unsupported geometry type: ${flags.type}`);
  }
}
function getFlags(reader) {
  const { view: view2 } = reader;
  const littleEndian = view2.getUint8(reader.offset++) === 1;
  const rawType = view2.getUint32(reader.offset, littleEndian);
  reader.offset += 4;
  const type = rawType % 1e3;
  const flags = Math.floor(rawType / 1e3);
  let count = 0;
  if (type > 1 && type <= 7) {
    count = view2.getUint32(reader.offset, littleEndian);
    reader.offset += 4;
  }
  let dim = 2;
  if (flags) dim++;
  if (flags === 3) dim++;
  return { littleEndian, type, dim, count };
}
function readPosition(reader, flags) {
  const points = [];
  for (let i = 0; i < flags.dim; i++) {
    const coord = reader.view.getFloat64(reader.offset, flags.littleEndian);
    reader.offset += 8;
    points.push(coord);
  }
  return points;
}
function readLine(reader, flags) {
  const points = [];
  for (let i = 0; i < flags.count; i++) {
    points.push(readPosition(reader, flags));
  }
  return points;
}
function readPolygon(reader, flags) {
  const { view: view2 } = reader;
  const rings = [];
  for (let r = 0; r < flags.count; r++) {
    const count = view2.getUint32(reader.offset, flags.littleEndian);
    reader.offset += 4;
    rings.push(readLine(reader, { ...flags, count }));
  }
  return rings;
}

// node_modules/hyparquet/src/convert.js
var decoder = new TextDecoder();
var DEFAULT_PARSERS = {
  timestampFromMilliseconds(millis) {
    return new Date(Number(millis));
  },
  timestampFromMicroseconds(micros) {
    return new Date(Number(micros / 1000n));
  },
  timestampFromNanoseconds(nanos) {
    return new Date(Number(nanos / 1000000n));
  },
  dateFromDays(days) {
    return new Date(days * 864e5);
  },
  stringFromBytes(bytes) {
    return bytes && decoder.decode(bytes);
  },
  jsonFromBytes(bytes) {
    return bytes && JSON.parse(decoder.decode(bytes));
  },
  geometryFromBytes(bytes) {
    return bytes && wkbToGeojson({ view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 });
  },
  geographyFromBytes(bytes) {
    return bytes && wkbToGeojson({ view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 });
  },
  uuidFromBytes(bytes) {
    if (!bytes) return void 0;
    const hex = Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
    return hex.slice(0, 8) + "-" + hex.slice(8, 12) + "-" + hex.slice(12, 16) + "-" + hex.slice(16, 20) + "-" + hex.slice(20, 32);
  }
};
function convertWithDictionary(data2, dictionary, encoding, columnDecoder) {
  if (dictionary && encoding.endsWith("_DICTIONARY")) {
    let output = data2;
    if (data2 instanceof Uint8Array && !(dictionary instanceof Uint8Array)) {
      output = new dictionary.constructor(data2.length);
    }
    for (let i = 0; i < data2.length; i++) {
      output[i] = dictionary[data2[i]];
    }
    return output;
  } else {
    return convert(data2, columnDecoder);
  }
}
function convert(data2, columnDecoder) {
  const { element, parsers, utf8: utf85 = true, schemaPath } = columnDecoder;
  const { type, converted_type: ctype, logical_type: ltype } = element;
  const nullable = element.repetition_type !== "REQUIRED";
  const isVariant = schemaPath?.some((s) => s.element.logical_type?.type === "VARIANT");
  if (isVariant && type === "BYTE_ARRAY" && ctype !== "UTF8" && ltype?.type !== "STRING") {
    return data2;
  }
  if (ctype === "DECIMAL") {
    const scale = element.scale || 0;
    const factor = 10 ** -scale;
    const arr = new Array(data2.length);
    for (let i = 0; i < arr.length; i++) {
      if (data2[i] instanceof Uint8Array) {
        arr[i] = parseDecimal(data2[i]) * factor;
      } else {
        arr[i] = Number(data2[i]) * factor;
      }
    }
    return arr;
  }
  if (!ctype && type === "INT96") {
    return Array.from(data2).map((v) => parsers.timestampFromNanoseconds(parseInt96Nanos(v)));
  }
  if (ctype === "DATE") {
    return Array.from(data2).map((v) => parsers.dateFromDays(v));
  }
  if (ctype === "TIMESTAMP_MILLIS") {
    return Array.from(data2).map((v) => parsers.timestampFromMilliseconds(v));
  }
  if (ctype === "TIMESTAMP_MICROS") {
    return Array.from(data2).map((v) => parsers.timestampFromMicroseconds(v));
  }
  if (ctype === "JSON") {
    return data2.map((v) => parsers.jsonFromBytes(v));
  }
  if (ctype === "BSON") {
    throw new Error("parquet bson not supported");
  }
  if (ctype === "INTERVAL") {
    throw new Error("parquet interval not supported");
  }
  if (ltype?.type === "GEOMETRY") {
    return data2.map((v) => parsers.geometryFromBytes(v));
  }
  if (ltype?.type === "GEOGRAPHY") {
    return data2.map((v) => parsers.geographyFromBytes(v));
  }
  if (ltype?.type === "UUID") {
    return data2.map((v) => parsers.uuidFromBytes(v));
  }
  if (ctype === "UTF8" || ltype?.type === "STRING" || utf85 && type === "BYTE_ARRAY") {
    return data2.map((v) => parsers.stringFromBytes(v));
  }
  if (ctype === "UINT_64" || ltype?.type === "INTEGER" && ltype.bitWidth === 64 && !ltype.isSigned) {
    if (data2 instanceof BigInt64Array) return new BigUint64Array(data2.buffer, data2.byteOffset, data2.length);
    const arr = nullable ? new Array(data2.length) : new BigUint64Array(data2.length);
    for (let i = 0; i < arr.length; i++) arr[i] = data2[i];
    return arr;
  }
  if (ctype === "UINT_32" || ltype?.type === "INTEGER" && ltype.bitWidth === 32 && !ltype.isSigned) {
    if (data2 instanceof Int32Array) return new Uint32Array(data2.buffer, data2.byteOffset, data2.length);
    const arr = nullable ? new Array(data2.length) : new Uint32Array(data2.length);
    for (let i = 0; i < arr.length; i++) {
      arr[i] = data2[i] < 0 ? 4294967296 + data2[i] : data2[i];
    }
    return arr;
  }
  if (ltype?.type === "FLOAT16") {
    return Array.from(data2).map(parseFloat16);
  }
  if (ltype?.type === "TIMESTAMP") {
    const { unit } = ltype;
    let parser = parsers.timestampFromMilliseconds;
    if (unit === "MICROS") parser = parsers.timestampFromMicroseconds;
    if (unit === "NANOS") parser = parsers.timestampFromNanoseconds;
    const arr = new Array(data2.length);
    for (let i = 0; i < arr.length; i++) {
      arr[i] = parser(data2[i]);
    }
    return arr;
  }
  return data2;
}
function parseDecimal(bytes) {
  if (!bytes.length) return 0;
  let value = 0n;
  for (const byte of bytes) {
    value = value * 256n + BigInt(byte);
  }
  const bits = bytes.length * 8;
  if (value >= 2n ** BigInt(bits - 1)) {
    value -= 2n ** BigInt(bits);
  }
  return Number(value);
}
function parseInt96Nanos(value) {
  const days = (value >> 64n) - 2440588n;
  const nano = value & 0xffffffffffffffffn;
  return days * 86400000000000n + nano;
}
function parseFloat16(bytes) {
  if (!bytes) return void 0;
  const int16 = bytes[1] << 8 | bytes[0];
  const sign = int16 >> 15 ? -1 : 1;
  const exp2 = int16 >> 10 & 31;
  const frac = int16 & 1023;
  if (exp2 === 0) return sign * 2 ** -14 * (frac / 1024);
  if (exp2 === 31) return frac ? NaN : sign * Infinity;
  return sign * 2 ** (exp2 - 15) * (1 + frac / 1024);
}

// node_modules/hyparquet/src/schema.js
function schemaTree(schema, rootIndex, path14) {
  const element = schema[rootIndex];
  const children = [];
  let count = 1;
  if (element.num_children) {
    while (children.length < element.num_children) {
      const childElement = schema[rootIndex + count];
      const child = schemaTree(schema, rootIndex + count, [...path14, childElement.name]);
      count += child.count;
      children.push(child);
    }
  }
  return { count, element, children, path: path14 };
}
function getSchemaPath(schema, name) {
  return getTreePath(schemaTree(schema, 0, []), name);
}
function getTreePath(tree, name) {
  const path14 = [tree];
  for (const part of name) {
    const child = tree.children.find((child2) => child2.element.name === part);
    if (!child) throw new Error(`parquet schema element not found: ${name}`);
    path14.push(child);
    tree = child;
  }
  return path14;
}
function getPhysicalColumns(schemaTree2) {
  const columns = [];
  function traverse(node2) {
    if (node2.children.length) {
      for (const child of node2.children) {
        traverse(child);
      }
    } else {
      columns.push(node2.path.join("."));
    }
  }
  traverse(schemaTree2);
  return columns;
}
function getMaxRepetitionLevel(schemaPath) {
  let maxLevel = 0;
  for (const { element } of schemaPath) {
    if (element.repetition_type === "REPEATED") {
      maxLevel++;
    }
  }
  return maxLevel;
}
function getMaxDefinitionLevel(schemaPath) {
  let maxLevel = 0;
  for (const { element } of schemaPath.slice(1)) {
    if (element.repetition_type !== "REQUIRED") {
      maxLevel++;
    }
  }
  return maxLevel;
}
function isListLike(schema) {
  if (!schema) return false;
  if (schema.element.converted_type !== "LIST") return false;
  if (schema.children.length > 1) return false;
  const firstChild = schema.children[0];
  if (firstChild.children.length > 1) return false;
  if (firstChild.element.repetition_type !== "REPEATED") return false;
  return true;
}
function isMapLike(schema) {
  if (!schema) return false;
  if (schema.element.converted_type !== "MAP") return false;
  if (schema.children.length > 1) return false;
  const firstChild = schema.children[0];
  if (firstChild.children.length !== 2) return false;
  if (firstChild.element.repetition_type !== "REPEATED") return false;
  const keyChild = firstChild.children.find((child) => child.element.name === "key");
  if (keyChild?.element.repetition_type === "REPEATED") return false;
  const valueChild = firstChild.children.find((child) => child.element.name === "value");
  if (valueChild?.element.repetition_type === "REPEATED") return false;
  return true;
}
function isFlatColumn(schemaPath) {
  if (schemaPath.length !== 2) return false;
  const [, column] = schemaPath;
  if (column.element.repetition_type === "REPEATED") return false;
  if (column.children.length) return false;
  return true;
}

// node_modules/hyparquet/src/thrift.js
var STOP = 0;
var TRUE = 1;
var FALSE = 2;
var BYTE = 3;
var I16 = 4;
var I32 = 5;
var I64 = 6;
var DOUBLE = 7;
var BINARY = 8;
var LIST = 9;
var STRUCT = 12;
function deserializeTCompactProtocol(reader) {
  const value = {};
  let fid = 0;
  while (true) {
    if (reader.offset >= reader.view.byteLength) throw new Error("thrift struct ended without STOP");
    const byte = reader.view.getUint8(reader.offset++);
    const type = byte & 15;
    if (type === STOP) break;
    const delta = byte >> 4;
    fid = delta ? fid + delta : readZigZag(reader);
    value[`field_${fid}`] = readElement(reader, type);
  }
  return value;
}
function readElement(reader, type) {
  switch (type) {
    case TRUE:
      return true;
    case FALSE:
      return false;
    case BYTE:
      return reader.view.getInt8(reader.offset++);
    case I16:
    case I32:
      return readZigZag(reader);
    case I64:
      return readZigZagBigInt(reader);
    case DOUBLE: {
      const value = reader.view.getFloat64(reader.offset, true);
      reader.offset += 8;
      return value;
    }
    case BINARY: {
      const stringLength = readVarInt(reader);
      if (reader.offset + stringLength > reader.view.byteLength) {
        throw new Error(`thrift binary length ${stringLength} exceeds remaining ${reader.view.byteLength - reader.offset} bytes`);
      }
      const strBytes = new Uint8Array(reader.view.buffer, reader.view.byteOffset + reader.offset, stringLength);
      reader.offset += stringLength;
      return strBytes;
    }
    case LIST: {
      const byte = reader.view.getUint8(reader.offset++);
      const elemType = byte & 15;
      let listSize = byte >> 4;
      if (listSize === 15) {
        listSize = readVarInt(reader);
      }
      const boolType = elemType === TRUE || elemType === FALSE;
      const values = new Array(listSize);
      for (let i = 0; i < listSize; i++) {
        values[i] = boolType ? readElement(reader, BYTE) === 1 : readElement(reader, elemType);
      }
      return values;
    }
    case STRUCT:
      return deserializeTCompactProtocol(reader);
    default:
      throw new Error(`thrift unhandled type: ${type}`);
  }
}
function readVarInt(reader) {
  let result = 0;
  let shift = 0;
  while (true) {
    const byte = reader.view.getUint8(reader.offset++);
    result |= (byte & 127) << shift;
    if (!(byte & 128)) {
      return result;
    }
    shift += 7;
  }
}
function readVarBigInt(reader) {
  let result = 0n;
  let shift = 0n;
  while (true) {
    const byte = reader.view.getUint8(reader.offset++);
    result |= BigInt(byte & 127) << shift;
    if (!(byte & 128)) {
      return result;
    }
    shift += 7n;
  }
}
function readZigZag(reader) {
  const zigzag = readVarInt(reader);
  return zigzag >>> 1 ^ -(zigzag & 1);
}
function readZigZagBigInt(reader) {
  const zigzag = readVarBigInt(reader);
  return zigzag >> 1n ^ -(zigzag & 1n);
}

// node_modules/hyparquet/src/geoparquet.js
function markGeoColumns(schema, key_value_metadata) {
  const columns = /* @__PURE__ */ new Map();
  const geo = key_value_metadata?.find(({ key }) => key === "geo")?.value;
  const decodedColumns = (geo && JSON.parse(geo)?.columns) ?? {};
  for (const [name, column] of Object.entries(decodedColumns)) {
    if (column.encoding !== "WKB") continue;
    const type = column.edges === "spherical" ? "GEOGRAPHY" : "GEOMETRY";
    const id = column.crs?.id ?? column.crs?.ids?.[0];
    const crs = id ? `${id.authority}:${id.code.toString()}` : void 0;
    columns.set(name, { type, crs });
  }
  for (let i = 1; i < schema.length; i++) {
    const { logical_type, name, num_children, type } = schema[i];
    if (num_children) {
      i += num_children;
      continue;
    }
    if (type === "BYTE_ARRAY" && !logical_type) {
      schema[i].logical_type = columns.get(name);
    }
  }
}

// node_modules/hyparquet/src/metadata.js
var defaultInitialFetchSize = 1 << 19;
var decoder2 = new TextDecoder();
function decode(value) {
  return value && decoder2.decode(value);
}
async function parquetMetadataAsync(asyncBuffer, { parsers, initialFetchSize = defaultInitialFetchSize, geoparquet = true } = {}) {
  if (!asyncBuffer || !(asyncBuffer.byteLength >= 0)) throw new Error("parquet expected AsyncBuffer");
  const footerOffset = Math.max(0, asyncBuffer.byteLength - initialFetchSize);
  const footerBuffer = await asyncBuffer.slice(footerOffset, asyncBuffer.byteLength);
  const footerView = new DataView(footerBuffer);
  if (footerView.getUint32(footerBuffer.byteLength - 4, true) !== 827474256) {
    throw new Error("parquet file invalid (footer != PAR1)");
  }
  const metadataLength = footerView.getUint32(footerBuffer.byteLength - 8, true);
  if (metadataLength > asyncBuffer.byteLength - 8) {
    throw new Error(`parquet metadata length ${metadataLength} exceeds available buffer ${asyncBuffer.byteLength - 8}`);
  }
  if (metadataLength + 8 > initialFetchSize) {
    const metadataOffset = asyncBuffer.byteLength - metadataLength - 8;
    const metadataBuffer = await asyncBuffer.slice(metadataOffset, footerOffset);
    const combinedBuffer = new ArrayBuffer(metadataLength + 8);
    const combinedView = new Uint8Array(combinedBuffer);
    combinedView.set(new Uint8Array(metadataBuffer));
    combinedView.set(new Uint8Array(footerBuffer), footerOffset - metadataOffset);
    return parquetMetadata(combinedBuffer, { parsers, geoparquet });
  } else {
    return parquetMetadata(footerBuffer, { parsers, geoparquet });
  }
}
function parquetMetadata(arrayBuffer, { parsers, geoparquet = true } = {}) {
  let view2;
  if (arrayBuffer instanceof ArrayBuffer) {
    view2 = new DataView(arrayBuffer);
  } else if (arrayBuffer instanceof Uint8Array) {
    view2 = new DataView(arrayBuffer.buffer, arrayBuffer.byteOffset, arrayBuffer.byteLength);
  } else {
    throw new Error("parquet expected ArrayBuffer or Uint8Array");
  }
  const allParsers = { ...DEFAULT_PARSERS, ...parsers };
  if (view2.byteLength < 8) {
    throw new Error("parquet file is too short");
  }
  if (view2.getUint32(view2.byteLength - 4, true) !== 827474256) {
    throw new Error("parquet file invalid (footer != PAR1)");
  }
  const metadataLengthOffset = view2.byteLength - 8;
  const metadataLength = view2.getUint32(metadataLengthOffset, true);
  if (metadataLength > view2.byteLength - 8) {
    throw new Error(`parquet metadata length ${metadataLength} exceeds available buffer ${view2.byteLength - 8}`);
  }
  const metadataOffset = metadataLengthOffset - metadataLength;
  const reader = { view: view2, offset: metadataOffset };
  const metadata = deserializeTCompactProtocol(reader);
  const version = metadata.field_1;
  const schema = metadata.field_2.map((field) => ({
    type: ParquetTypes[field.field_1],
    type_length: field.field_2,
    repetition_type: FieldRepetitionTypes[field.field_3],
    name: decode(field.field_4),
    num_children: field.field_5,
    converted_type: ConvertedTypes[field.field_6],
    scale: field.field_7,
    precision: field.field_8,
    field_id: field.field_9,
    logical_type: logicalType(field.field_10)
  }));
  const columnSchema = schema.filter((e) => e.type);
  const num_rows = metadata.field_3;
  const row_groups = metadata.field_4.map((rowGroup) => ({
    columns: rowGroup.field_1.map((column, columnIndex) => ({
      file_path: decode(column.field_1),
      file_offset: column.field_2,
      meta_data: column.field_3 && {
        type: ParquetTypes[column.field_3.field_1],
        encodings: column.field_3.field_2?.map((e) => Encodings[e]),
        path_in_schema: column.field_3.field_3.map(decode),
        codec: CompressionCodecs[column.field_3.field_4],
        num_values: column.field_3.field_5,
        total_uncompressed_size: column.field_3.field_6,
        total_compressed_size: column.field_3.field_7,
        key_value_metadata: column.field_3.field_8?.map((kv) => ({
          key: decode(kv.field_1),
          value: decode(kv.field_2)
        })),
        data_page_offset: column.field_3.field_9,
        index_page_offset: column.field_3.field_10,
        dictionary_page_offset: column.field_3.field_11,
        statistics: convertStats(column.field_3.field_12, columnSchema[columnIndex], allParsers),
        encoding_stats: column.field_3.field_13?.map((encodingStat) => ({
          page_type: PageTypes[encodingStat.field_1],
          encoding: Encodings[encodingStat.field_2],
          count: encodingStat.field_3
        })),
        bloom_filter_offset: column.field_3.field_14,
        bloom_filter_length: column.field_3.field_15,
        size_statistics: column.field_3.field_16 && {
          unencoded_byte_array_data_bytes: column.field_3.field_16.field_1,
          repetition_level_histogram: column.field_3.field_16.field_2,
          definition_level_histogram: column.field_3.field_16.field_3
        },
        geospatial_statistics: column.field_3.field_17 && {
          bbox: column.field_3.field_17.field_1 && {
            xmin: column.field_3.field_17.field_1.field_1,
            xmax: column.field_3.field_17.field_1.field_2,
            ymin: column.field_3.field_17.field_1.field_3,
            ymax: column.field_3.field_17.field_1.field_4,
            zmin: column.field_3.field_17.field_1.field_5,
            zmax: column.field_3.field_17.field_1.field_6,
            mmin: column.field_3.field_17.field_1.field_7,
            mmax: column.field_3.field_17.field_1.field_8
          },
          geospatial_types: column.field_3.field_17.field_2
        }
      },
      offset_index_offset: column.field_4,
      offset_index_length: column.field_5,
      column_index_offset: column.field_6,
      column_index_length: column.field_7,
      crypto_metadata: column.field_8,
      encrypted_column_metadata: column.field_9
    })),
    total_byte_size: rowGroup.field_2,
    num_rows: rowGroup.field_3,
    sorting_columns: rowGroup.field_4?.map((sortingColumn) => ({
      column_idx: sortingColumn.field_1,
      descending: sortingColumn.field_2,
      nulls_first: sortingColumn.field_3
    })),
    file_offset: rowGroup.field_5,
    total_compressed_size: rowGroup.field_6,
    ordinal: rowGroup.field_7
  }));
  const key_value_metadata = metadata.field_5?.map((kv) => ({
    key: decode(kv.field_1),
    value: decode(kv.field_2)
  }));
  const created_by = decode(metadata.field_6);
  if (geoparquet) {
    markGeoColumns(schema, key_value_metadata);
  }
  return {
    version,
    schema,
    num_rows,
    row_groups,
    key_value_metadata,
    created_by,
    metadata_length: metadataLength
  };
}
function parquetSchema({ schema }) {
  return getSchemaPath(schema, [])[0];
}
function logicalType(logicalType2) {
  if (logicalType2?.field_1) return { type: "STRING" };
  if (logicalType2?.field_2) return { type: "MAP" };
  if (logicalType2?.field_3) return { type: "LIST" };
  if (logicalType2?.field_4) return { type: "ENUM" };
  if (logicalType2?.field_5) return {
    type: "DECIMAL",
    scale: logicalType2.field_5.field_1,
    precision: logicalType2.field_5.field_2
  };
  if (logicalType2?.field_6) return { type: "DATE" };
  if (logicalType2?.field_7) return {
    type: "TIME",
    isAdjustedToUTC: logicalType2.field_7.field_1,
    unit: timeUnit(logicalType2.field_7.field_2)
  };
  if (logicalType2?.field_8) return {
    type: "TIMESTAMP",
    isAdjustedToUTC: logicalType2.field_8.field_1,
    unit: timeUnit(logicalType2.field_8.field_2)
  };
  if (logicalType2?.field_10) return {
    type: "INTEGER",
    bitWidth: logicalType2.field_10.field_1,
    isSigned: logicalType2.field_10.field_2
  };
  if (logicalType2?.field_11) return { type: "NULL" };
  if (logicalType2?.field_12) return { type: "JSON" };
  if (logicalType2?.field_13) return { type: "BSON" };
  if (logicalType2?.field_14) return { type: "UUID" };
  if (logicalType2?.field_15) return { type: "FLOAT16" };
  if (logicalType2?.field_16) return {
    type: "VARIANT",
    specification_version: logicalType2.field_16.field_1
  };
  if (logicalType2?.field_17) return {
    type: "GEOMETRY",
    crs: decode(logicalType2.field_17.field_1)
  };
  if (logicalType2?.field_18) return {
    type: "GEOGRAPHY",
    crs: decode(logicalType2.field_18.field_1),
    algorithm: EdgeInterpolationAlgorithms[logicalType2.field_18.field_2]
  };
  return logicalType2;
}
function timeUnit(unit) {
  if (unit.field_1) return "MILLIS";
  if (unit.field_2) return "MICROS";
  if (unit.field_3) return "NANOS";
  throw new Error("parquet time unit required");
}
function convertStats(stats, schema, parsers) {
  return stats && {
    max: convertMetadata(stats.field_1, schema, parsers),
    min: convertMetadata(stats.field_2, schema, parsers),
    null_count: stats.field_3,
    distinct_count: stats.field_4,
    max_value: convertMetadata(stats.field_5, schema, parsers),
    min_value: convertMetadata(stats.field_6, schema, parsers),
    is_max_value_exact: stats.field_7,
    is_min_value_exact: stats.field_8
  };
}
function convertMetadata(value, schema, parsers) {
  const { type, converted_type, logical_type } = schema;
  if (value === void 0) return value;
  if (type === "BOOLEAN") return value[0] === 1;
  if (type === "BYTE_ARRAY") return parsers.stringFromBytes(value);
  const view2 = new DataView(value.buffer, value.byteOffset, value.byteLength);
  if (type === "FLOAT" && view2.byteLength === 4) return view2.getFloat32(0, true);
  if (type === "DOUBLE" && view2.byteLength === 8) return view2.getFloat64(0, true);
  if (type === "INT32" && converted_type === "DECIMAL" && view2.byteLength === 4) {
    return view2.getInt32(0, true) * 10 ** -(schema.scale || 0);
  }
  if (type === "INT64" && converted_type === "DECIMAL" && view2.byteLength === 8) {
    return Number(view2.getBigInt64(0, true)) * 10 ** -(schema.scale || 0);
  }
  if (type === "INT32" && converted_type === "DATE") return parsers.dateFromDays(view2.getInt32(0, true));
  if (type === "INT64" && converted_type === "TIMESTAMP_MILLIS") return parsers.timestampFromMilliseconds(view2.getBigInt64(0, true));
  if (type === "INT64" && converted_type === "TIMESTAMP_MICROS") return parsers.timestampFromMicroseconds(view2.getBigInt64(0, true));
  if (type === "INT64" && logical_type?.type === "TIMESTAMP" && logical_type?.unit === "NANOS") return parsers.timestampFromNanoseconds(view2.getBigInt64(0, true));
  if (type === "INT64" && logical_type?.type === "TIMESTAMP" && logical_type?.unit === "MICROS") return parsers.timestampFromMicroseconds(view2.getBigInt64(0, true));
  if (type === "INT64" && logical_type?.type === "TIMESTAMP") return parsers.timestampFromMilliseconds(view2.getBigInt64(0, true));
  const unsigned = converted_type?.startsWith("UINT_") || logical_type?.type === "INTEGER" && !logical_type.isSigned;
  if (type === "INT32" && unsigned && view2.byteLength === 4) return view2.getUint32(0, true);
  if (type === "INT64" && unsigned && view2.byteLength === 8) return view2.getBigUint64(0, true);
  if (type === "INT32" && view2.byteLength === 4) return view2.getInt32(0, true);
  if (type === "INT64" && view2.byteLength === 8) return view2.getBigInt64(0, true);
  if (converted_type === "DECIMAL") return parseDecimal(value) * 10 ** -(schema.scale || 0);
  if (logical_type?.type === "FLOAT16") return parseFloat16(value);
  if (logical_type?.type === "UUID") return parsers.uuidFromBytes(value);
  if (type === "FIXED_LEN_BYTE_ARRAY") return value;
  return value;
}

// node_modules/hyparquet/src/indexes.js
function readColumnIndex(reader, schema, parsers = void 0) {
  const allParsers = { ...DEFAULT_PARSERS, ...parsers };
  const thrift = deserializeTCompactProtocol(reader);
  return {
    null_pages: thrift.field_1,
    min_values: thrift.field_2.map((m) => convertMetadata(m, schema, allParsers)),
    max_values: thrift.field_3.map((m) => convertMetadata(m, schema, allParsers)),
    boundary_order: BoundaryOrders[thrift.field_4],
    null_counts: thrift.field_5,
    repetition_level_histograms: thrift.field_6,
    definition_level_histograms: thrift.field_7
  };
}
function readOffsetIndex(reader) {
  const thrift = deserializeTCompactProtocol(reader);
  return {
    // @ts-ignore
    page_locations: thrift.field_1.map((loc) => ({
      offset: loc.field_1,
      compressed_page_size: loc.field_2,
      first_row_index: loc.field_3
    })),
    unencoded_byte_array_data_bytes: thrift.field_2
  };
}

// node_modules/hyparquet/src/xxhash.js
var MASK = 0xffffffffffffffffn;
var PRIME1 = 0x9e3779b185ebca87n;
var PRIME2 = 0xc2b2ae3d27d4eb4fn;
var PRIME3 = 0x165667b19e3779f9n;
var PRIME4 = 0x85ebca77c2b2ae63n;
var PRIME5 = 0x27d4eb2f165667c5n;
function rotl64(x, r) {
  return (x << r | x >> 64n - r) & MASK;
}
function round(acc, val) {
  acc = acc + val * PRIME2 & MASK;
  acc = rotl64(acc, 31n);
  return acc * PRIME1 & MASK;
}
function mergeRound(acc, val) {
  acc ^= round(0n, val);
  return acc * PRIME1 + PRIME4 & MASK;
}
function xxhash64(input, seed = 0n) {
  const view2 = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const len = input.byteLength;
  let offset = 0;
  let h64;
  if (len >= 32) {
    let v1 = seed + PRIME1 + PRIME2 & MASK;
    let v2 = seed + PRIME2 & MASK;
    let v3 = seed;
    let v4 = seed - PRIME1 & MASK;
    while (offset + 32 <= len) {
      v1 = round(v1, view2.getBigUint64(offset, true));
      offset += 8;
      v2 = round(v2, view2.getBigUint64(offset, true));
      offset += 8;
      v3 = round(v3, view2.getBigUint64(offset, true));
      offset += 8;
      v4 = round(v4, view2.getBigUint64(offset, true));
      offset += 8;
    }
    h64 = rotl64(v1, 1n) + rotl64(v2, 7n) + rotl64(v3, 12n) + rotl64(v4, 18n) & MASK;
    h64 = mergeRound(h64, v1);
    h64 = mergeRound(h64, v2);
    h64 = mergeRound(h64, v3);
    h64 = mergeRound(h64, v4);
  } else {
    h64 = seed + PRIME5 & MASK;
  }
  h64 = h64 + BigInt(len) & MASK;
  while (offset + 8 <= len) {
    h64 ^= round(0n, view2.getBigUint64(offset, true));
    h64 = rotl64(h64, 27n) * PRIME1 + PRIME4 & MASK;
    offset += 8;
  }
  if (offset + 4 <= len) {
    h64 ^= BigInt(view2.getUint32(offset, true)) * PRIME1 & MASK;
    h64 = rotl64(h64, 23n) * PRIME2 + PRIME3 & MASK;
    offset += 4;
  }
  while (offset < len) {
    h64 ^= BigInt(view2.getUint8(offset)) * PRIME5 & MASK;
    h64 = rotl64(h64, 11n) * PRIME1 & MASK;
    offset += 1;
  }
  h64 ^= h64 >> 33n;
  h64 = h64 * PRIME2 & MASK;
  h64 ^= h64 >> 29n;
  h64 = h64 * PRIME3 & MASK;
  h64 ^= h64 >> 32n;
  return h64;
}

// node_modules/hyparquet/src/bloom.js
var textEncoder = new TextEncoder();
var SALT = new Uint32Array([
  1203114875,
  1150766481,
  2284105051,
  2729912477,
  1884591559,
  770785867,
  2667333959,
  1550580529
]);
function blockIndex(hash, numBlocks) {
  return Number((hash >> 32n) * BigInt(numBlocks) >> 32n);
}
function blockMask(hash) {
  const m = new Uint32Array(8);
  const low = Number(hash & 0xffffffffn) | 0;
  for (let i = 0; i < 8; i++) {
    m[i] = 1 << (Math.imul(low, SALT[i]) >>> 27);
  }
  return m;
}
function sbbfContains(blocks, hash) {
  const offset = blockIndex(hash, blocks.length >> 3) << 3;
  const m = blockMask(hash);
  for (let i = 0; i < 8; i++) {
    if ((blocks[offset + i] & m[i]) === 0) return false;
  }
  return true;
}
function readBloomFilter(reader) {
  const header = deserializeTCompactProtocol(reader);
  const numBytes = header.field_1;
  if (typeof numBytes !== "number" || numBytes <= 0 || numBytes % 32 !== 0) return void 0;
  if (!header.field_2?.field_1) return void 0;
  if (!header.field_3?.field_1) return void 0;
  if (!header.field_4?.field_1) return void 0;
  const { view: view2, offset } = reader;
  if (offset + numBytes > view2.byteLength) {
    throw new Error(`parquet bloom filter truncated: need ${numBytes} bytes, have ${view2.byteLength - offset}`);
  }
  const blocks = new Uint32Array(numBytes >> 2);
  for (let i = 0; i < blocks.length; i++) {
    blocks[i] = view2.getUint32(offset + i * 4, true);
  }
  reader.offset = offset + numBytes;
  return { numBytes, blocks };
}
function hashParquetValue(value, element) {
  if (value === null || value === void 0) return void 0;
  const { type, converted_type, logical_type } = element;
  if (type === "BOOLEAN") {
    if (typeof value !== "boolean") return void 0;
    return xxhash64(new Uint8Array([value ? 1 : 0]));
  }
  if (type === "FLOAT") {
    if (typeof value !== "number") return void 0;
    const buf = new ArrayBuffer(4);
    new DataView(buf).setFloat32(0, value, true);
    return xxhash64(new Uint8Array(buf));
  }
  if (type === "DOUBLE") {
    if (typeof value !== "number") return void 0;
    const buf = new ArrayBuffer(8);
    new DataView(buf).setFloat64(0, value, true);
    return xxhash64(new Uint8Array(buf));
  }
  if (type === "INT32") {
    if (converted_type === "DATE" || converted_type === "DECIMAL" || converted_type === "TIME_MILLIS") return void 0;
    if (logical_type?.type === "DATE" || logical_type?.type === "TIME" || logical_type?.type === "DECIMAL") return void 0;
    if (typeof value !== "number" || !Number.isInteger(value)) return void 0;
    const buf = new ArrayBuffer(4);
    new DataView(buf).setInt32(0, value | 0, true);
    return xxhash64(new Uint8Array(buf));
  }
  if (type === "INT64") {
    if (converted_type === "TIMESTAMP_MILLIS" || converted_type === "TIMESTAMP_MICROS") return void 0;
    if (converted_type === "TIME_MICROS" || converted_type === "DECIMAL") return void 0;
    if (logical_type?.type === "TIMESTAMP" || logical_type?.type === "TIME" || logical_type?.type === "DECIMAL") return void 0;
    let bigValue;
    if (typeof value === "bigint") bigValue = value;
    else if (typeof value === "number" && Number.isSafeInteger(value)) bigValue = BigInt(value);
    else return void 0;
    const buf = new ArrayBuffer(8);
    new DataView(buf).setBigUint64(0, BigInt.asUintN(64, bigValue), true);
    return xxhash64(new Uint8Array(buf));
  }
  if (type === "BYTE_ARRAY") {
    if (converted_type === "JSON" || converted_type === "BSON" || converted_type === "DECIMAL") return void 0;
    if (logical_type?.type === "JSON" || logical_type?.type === "BSON" || logical_type?.type === "VARIANT") return void 0;
    if (logical_type?.type === "GEOMETRY" || logical_type?.type === "GEOGRAPHY") return void 0;
    if (typeof value === "string") return xxhash64(textEncoder.encode(value));
    if (value instanceof Uint8Array) return xxhash64(value);
    return void 0;
  }
  if (type === "FIXED_LEN_BYTE_ARRAY") {
    if (converted_type === "DECIMAL" || converted_type === "INTERVAL") return void 0;
    if (logical_type?.type === "DECIMAL" || logical_type?.type === "UUID" || logical_type?.type === "FLOAT16") return void 0;
    if (logical_type?.type === "GEOMETRY" || logical_type?.type === "GEOGRAPHY") return void 0;
    if (value instanceof Uint8Array) return xxhash64(value);
    return void 0;
  }
  return void 0;
}
function bloomEligibleColumns(filter) {
  const out2 = /* @__PURE__ */ new Set();
  walkBloomEligible(filter, out2);
  return out2;
}
function walkBloomEligible(filter, out2) {
  if (!filter) return;
  if ("$and" in filter && Array.isArray(filter.$and)) {
    for (const sub2 of filter.$and) walkBloomEligible(sub2, out2);
    return;
  }
  if ("$or" in filter && Array.isArray(filter.$or)) {
    for (const sub2 of filter.$or) walkBloomEligible(sub2, out2);
    return;
  }
  if ("$nor" in filter) return;
  for (const [field, condition] of Object.entries(filter)) {
    if (field.startsWith("$")) continue;
    if (typeof condition === "object" && condition !== null && !Array.isArray(condition)) {
      if ("$eq" in condition || "$in" in condition) out2.add(field);
    } else {
      out2.add(field);
    }
  }
}

// node_modules/hyparquet/src/utils.js
function concat(aaa, bbb) {
  const chunk = 1e4;
  for (let i = 0; i < bbb.length; i += chunk) {
    aaa.push(...bbb.slice(i, i + chunk));
  }
}
function equals(a, b, strict = true) {
  if (strict ? a === b : a == b) return true;
  if (!a || !b || typeof a !== "object" || typeof b !== "object") return false;
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    if (a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) {
      if (a[i] !== b[i]) return false;
    }
    return true;
  }
  if (a instanceof Date || b instanceof Date) {
    return a instanceof Date && b instanceof Date && a.getTime() === b.getTime();
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    if (a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) {
      if (!equals(a[i], b[i], strict)) return false;
    }
    return true;
  }
  const aKeys = Object.keys(a);
  if (aKeys.length !== Object.keys(b).length) return false;
  for (const k of aKeys) {
    if (!equals(a[k], b[k], strict)) return false;
  }
  return true;
}
function flatten(chunks) {
  if (!chunks) return [];
  if (chunks.length === 1) return chunks[0];
  const output = [];
  for (const chunk of chunks) {
    concat(output, chunk);
  }
  return output;
}

// node_modules/hyparquet/src/filter.js
var encoder = new TextEncoder();
function pathsNeededForFilter(filter) {
  if (!filter) return [];
  const paths = [];
  if ("$and" in filter && Array.isArray(filter.$and)) {
    paths.push(...filter.$and.flatMap(pathsNeededForFilter));
  } else if ("$or" in filter && Array.isArray(filter.$or)) {
    paths.push(...filter.$or.flatMap(pathsNeededForFilter));
  } else if ("$nor" in filter && Array.isArray(filter.$nor)) {
    paths.push(...filter.$nor.flatMap(pathsNeededForFilter));
  } else {
    paths.push(...Object.keys(filter));
  }
  return [...new Set(paths)];
}
function columnsNeededForFilter(filter) {
  return [...new Set(pathsNeededForFilter(filter).map((path14) => path14.split(".")[0]))];
}
function matchFilter(record2, filter, strict = true) {
  if ("$and" in filter && Array.isArray(filter.$and)) {
    return filter.$and.every((subQuery) => matchFilter(record2, subQuery, strict));
  }
  if ("$or" in filter && Array.isArray(filter.$or)) {
    return filter.$or.some((subQuery) => matchFilter(record2, subQuery, strict));
  }
  if ("$nor" in filter && Array.isArray(filter.$nor)) {
    return !filter.$nor.some((subQuery) => matchFilter(record2, subQuery, strict));
  }
  return Object.entries(filter).every(([field, condition]) => {
    const value = resolve(record2, field);
    if (typeof condition !== "object" || condition === null || Array.isArray(condition)) {
      return equals(value, condition, strict);
    }
    return Object.entries(condition || {}).every(([operator, target]) => {
      if (operator === "$gt") return value !== null && value !== void 0 && value > target;
      if (operator === "$gte") return value !== null && value !== void 0 && value >= target;
      if (operator === "$lt") return value !== null && value !== void 0 && value < target;
      if (operator === "$lte") return value !== null && value !== void 0 && value <= target;
      if (operator === "$eq") return equals(value, target, strict);
      if (operator === "$ne") return !equals(value, target, strict);
      if (operator === "$in") return Array.isArray(target) && matchesIn(value, target, strict);
      if (operator === "$nin") return Array.isArray(target) && !matchesIn(value, target, strict);
      if (operator === "$not") return !matchFilter({ value }, { value: target }, strict);
      return true;
    });
  });
}
function matchesIn(value, targets, strict) {
  return targets.some((target) => equals(value, target, strict) || Array.isArray(value) && value.some((element) => equals(element, target, strict)));
}
function canSkipRowGroup({ rowGroup, physicalColumns, filter, strict = true, bloomFilters, schemaElements }) {
  if (!filter) return false;
  if ("$and" in filter && Array.isArray(filter.$and)) {
    return filter.$and.some((subFilter) => canSkipRowGroup({ rowGroup, physicalColumns, filter: subFilter, strict, bloomFilters, schemaElements }));
  }
  if ("$or" in filter && Array.isArray(filter.$or)) {
    return filter.$or.every((subFilter) => canSkipRowGroup({ rowGroup, physicalColumns, filter: subFilter, strict, bloomFilters, schemaElements }));
  }
  if ("$nor" in filter && Array.isArray(filter.$nor)) {
    return false;
  }
  for (const [field, condition] of Object.entries(filter)) {
    const columnIndex = physicalColumns.indexOf(field);
    if (columnIndex === -1) continue;
    const stats = rowGroup.columns[columnIndex].meta_data?.statistics;
    const { min, max, min_value, max_value, null_count: nullCount } = stats || {};
    const minVal = min_value !== void 0 ? min_value : min;
    const maxVal = max_value !== void 0 ? max_value : max;
    const haveStats = minVal !== void 0 && maxVal !== void 0;
    const bloom = bloomFilters?.[field];
    const element = schemaElements?.[field];
    const matchingNulls = matchFilter({ value: null }, { value: condition }, strict) && (nullCount === void 0 || nullCount > 0);
    if (haveStats && !matchingNulls && canSkipStats(condition, minVal, maxVal, strict, element)) {
      return true;
    }
    for (const [operator, target] of Object.entries(condition || {})) {
      if (bloom && element) {
        if (operator === "$eq") {
          const hash = hashParquetValue(target, element);
          if (hash !== void 0 && !sbbfContains(bloom.blocks, hash)) return true;
        }
        if (operator === "$in" && Array.isArray(target) && target.length > 0) {
          let allAbsent = true;
          for (const v of target) {
            const h = hashParquetValue(v, element);
            if (h === void 0 || sbbfContains(bloom.blocks, h)) {
              allAbsent = false;
              break;
            }
          }
          if (allAbsent) return true;
        }
      }
    }
  }
  return false;
}
function canSkipStats(condition, minVal, maxVal, strict, element) {
  if (minVal === void 0 || maxVal === void 0) return false;
  const mayContainNaN = element?.type === "FLOAT" || element?.type === "DOUBLE" || element?.logical_type?.type === "FLOAT16";
  for (const [operator, target] of Object.entries(condition || {})) {
    const minComparison = compareParquetValues(minVal, target, strict, element);
    const maxComparison = compareParquetValues(maxVal, target, strict, element);
    const binaryBounds = minVal instanceof Uint8Array || maxVal instanceof Uint8Array;
    const relationalBoundsAreSafe = !binaryBounds && (element?.type !== "BYTE_ARRAY" || typeof target === "string" && [...target].every((character) => character.charCodeAt(0) <= 127));
    if (operator === "$gt" && relationalBoundsAreSafe && maxComparison !== void 0 && maxComparison <= 0) return true;
    if (operator === "$gte" && relationalBoundsAreSafe && maxComparison !== void 0 && maxComparison < 0) return true;
    if (operator === "$lt" && relationalBoundsAreSafe && minComparison !== void 0 && minComparison >= 0) return true;
    if (operator === "$lte" && relationalBoundsAreSafe && minComparison !== void 0 && minComparison > 0) return true;
    if (operator === "$eq") {
      const targetMinComparison = compareParquetValues(target, minVal, strict, element);
      const targetMaxComparison = compareParquetValues(target, maxVal, strict, element);
      if (targetMinComparison !== void 0 && targetMinComparison < 0 || targetMaxComparison !== void 0 && targetMaxComparison > 0) return true;
    }
    if (operator === "$ne" && !mayContainNaN && equals(minVal, maxVal, strict) && equals(minVal, target, strict)) return true;
    if (operator === "$in" && Array.isArray(target) && target.every((value) => {
      const valueMinComparison = compareParquetValues(value, minVal, strict, element);
      const valueMaxComparison = compareParquetValues(value, maxVal, strict, element);
      return valueMinComparison !== void 0 && valueMinComparison < 0 || valueMaxComparison !== void 0 && valueMaxComparison > 0;
    })) return true;
    if (operator === "$nin" && !mayContainNaN && Array.isArray(target) && equals(minVal, maxVal, strict) && target.some((value) => equals(minVal, value, strict))) return true;
  }
  return false;
}
function compareParquetValues(a, b, strict, element) {
  if (element?.type === "BYTE_ARRAY") {
    if (typeof a !== "string" || typeof b !== "string") return void 0;
    return compareBytes(encoder.encode(a), encoder.encode(b));
  }
  if (a instanceof Uint8Array || b instanceof Uint8Array) {
    if (!(a instanceof Uint8Array) || !(b instanceof Uint8Array)) return void 0;
    return compareBytes(a, b);
  }
  if (a < b) return -1;
  if (a > b) return 1;
  if (equals(a, b, strict)) return 0;
  return void 0;
}
function compareBytes(a, b) {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    if (a[i] < b[i]) return -1;
    if (a[i] > b[i]) return 1;
  }
  if (a.length < b.length) return -1;
  if (a.length > b.length) return 1;
  return 0;
}
function matchesNull(condition, strict) {
  return matchFilter({ value: null }, { value: condition }, strict);
}
function filterPageRanges(filter, columnPages, groupRows, strict = true) {
  if (!filter) return void 0;
  if ("$and" in filter && Array.isArray(filter.$and)) {
    let ranges;
    for (const subFilter of filter.$and) {
      ranges = intersectRanges(ranges, filterPageRanges(subFilter, columnPages, groupRows, strict));
    }
    return ranges;
  }
  if ("$or" in filter && Array.isArray(filter.$or)) {
    let ranges = [];
    for (const subFilter of filter.$or) {
      const subRanges = filterPageRanges(subFilter, columnPages, groupRows, strict);
      if (!subRanges) return void 0;
      ranges = unionRanges(ranges, subRanges);
    }
    return ranges;
  }
  if ("$nor" in filter && Array.isArray(filter.$nor)) {
    return void 0;
  }
  let result;
  for (const [field, condition] of Object.entries(filter)) {
    const pages = columnPages[field];
    if (!pages) continue;
    const nullCanMatch = matchesNull(condition, strict);
    const keep = [];
    for (let i = 0; i < pages.pageStarts.length; i++) {
      const start = pages.pageStarts[i];
      const end = i + 1 < pages.pageStarts.length ? pages.pageStarts[i + 1] : groupRows;
      const nullCount = pages.nullCounts?.[i];
      const matchingNulls = nullCanMatch && (nullCount === void 0 || nullCount > 0);
      const skip = !pages.nullPages[i] && !matchingNulls && canSkipStats(condition, pages.minValues[i], pages.maxValues[i], strict, pages.element);
      if (!skip) {
        const last2 = keep[keep.length - 1];
        if (last2 && last2[1] === start) last2[1] = end;
        else keep.push([start, end]);
      }
    }
    result = intersectRanges(result, keep);
  }
  return result;
}
function intersectRanges(a, b) {
  if (!a) return b;
  if (!b) return a;
  const out2 = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const start = Math.max(a[i][0], b[j][0]);
    const end = Math.min(a[i][1], b[j][1]);
    if (start < end) out2.push([start, end]);
    if (a[i][1] < b[j][1]) i++;
    else j++;
  }
  return out2;
}
function unionRanges(a, b) {
  const out2 = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const next = j >= b.length || i < a.length && a[i][0] <= b[j][0] ? a[i++] : b[j++];
    const last2 = out2[out2.length - 1];
    if (last2 && next[0] <= last2[1]) last2[1] = Math.max(last2[1], next[1]);
    else out2.push([next[0], next[1]]);
  }
  return out2;
}
function resolve(record2, path14) {
  let value = record2;
  for (const part of path14.split(".")) {
    value = value?.[part];
  }
  return value;
}

// node_modules/hyparquet/src/plan.js
var runLimit = 1 << 21;
var columnGapLimit = 1 << 13;
function parquetPlan(options) {
  const { metadata, rowStart = 0, columns, useOffsetIndex = false } = options;
  if (!metadata) throw new Error("parquetPlan requires metadata");
  const groups = [];
  const fetches = [];
  const indexes = [];
  const scanPlan = parquetPlanGroups(options);
  for (const group of scanPlan.groups) {
    const groupPlan = parquetPlanGroup({ ...group, columns, useOffsetIndex });
    groups.push(...groupPlan.groups);
    fetches.push(...groupPlan.fetches);
    indexes.push(...groupPlan.indexes);
  }
  fetches.push(...indexes);
  return { metadata, rowStart, rowEnd: scanPlan.rowEnd, columns, fetches, groups };
}
function parquetPlanGroups({ metadata, rowStart = 0, rowEnd = Infinity, columns, filter, filterStrict = true, bloomFiltersByGroup, schemaElements, pageRangesByGroup, pageLocationsByGroup }) {
  if (!metadata) throw new Error("parquetPlan requires metadata");
  const schemaTree2 = parquetSchema(metadata);
  const physicalColumns = getPhysicalColumns(schemaTree2);
  const elementsByPath = filter ? {
    ...physicalSchemaElements(schemaTree2),
    ...schemaElements
  } : schemaElements;
  const groups = [];
  let groupStart = 0;
  for (let groupIndex = 0; groupIndex < metadata.row_groups.length; groupIndex++) {
    const rowGroup = metadata.row_groups[groupIndex];
    const groupRows = Number(rowGroup.num_rows);
    const groupEnd = groupStart + groupRows;
    if (groupRows > 0 && groupEnd > rowStart && groupStart < rowEnd && !canSkipRowGroup({
      rowGroup,
      physicalColumns,
      filter,
      strict: filterStrict,
      bloomFilters: bloomFiltersByGroup?.[groupIndex],
      schemaElements: elementsByPath
    })) {
      const selectStart = Math.max(rowStart - groupStart, 0);
      const selectEnd = Math.min(rowEnd - groupStart, groupRows);
      const pageRanges = pageRangesByGroup?.[groupIndex];
      const pageLocations = pageLocationsByGroup?.[groupIndex];
      let ranges = pageRanges ? pageRanges.map(([start, end]) => {
        const range2 = [Math.max(start, selectStart), Math.min(end, selectEnd)];
        return range2;
      }).filter(([start, end]) => start < end) : [[selectStart, selectEnd]];
      if (ranges.length > 1) {
        const canSplit = rowGroup.columns.every((chunk) => {
          const columnName = chunk.meta_data?.path_in_schema[0];
          const columnPath = chunk.meta_data?.path_in_schema.join(".");
          if (columns && columnName && !columns.includes(columnName)) return true;
          return !!(chunk.offset_index_offset && chunk.offset_index_length) || !!(columnPath && pageLocations?.[columnPath]);
        });
        ranges = canSplit ? coalesceOverlappingPageRanges(ranges, rowGroup, columns, pageLocations) : [[ranges[0][0], ranges[ranges.length - 1][1]]];
      }
      if (ranges.length) {
        groups.push({ rowGroup, groupIndex, groupStart, groupRows, ranges, pageRanges, pageLocations });
      }
    }
    groupStart = groupEnd;
  }
  return { groups, rowEnd: isFinite(rowEnd) ? rowEnd : groupStart };
}
function parquetPlanGroup({ rowGroup, groupStart, groupRows, ranges, columns, useOffsetIndex = false, pageRanges, pageLocations }) {
  const chunks = [];
  const fetches = [];
  const indexes = [];
  const narrowed2 = ranges.length > 1 || ranges[0][0] > 0 || ranges[0][1] < groupRows;
  for (const chunk of rowGroup.columns) {
    const meta = chunk.meta_data;
    if (chunk.file_path) throw new Error("parquet file_path not supported");
    if (!meta) throw new Error("parquet column metadata is undefined");
    if (columns && !columns.includes(meta.path_in_schema[0])) continue;
    const columnOffset = meta.dictionary_page_offset || meta.data_page_offset;
    const startByte = Number(columnOffset);
    const endByte = Number(columnOffset + meta.total_compressed_size);
    const chunkPageLocations = pageLocations?.[meta.path_in_schema.join(".")];
    if (chunkPageLocations && narrowed2) {
      chunks.push({ columnMetadata: meta, pageLocations: chunkPageLocations, range: { startByte, endByte } });
    } else if ((useOffsetIndex || pageRanges) && chunk.offset_index_offset && chunk.offset_index_length && narrowed2) {
      const startByte2 = Number(chunk.offset_index_offset);
      chunks.push({
        columnMetadata: meta,
        offsetIndex: { startByte: startByte2, endByte: startByte2 + chunk.offset_index_length },
        range: { startByte: Number(columnOffset), endByte }
      });
    } else {
      chunks.push({ columnMetadata: meta, range: { startByte, endByte } });
    }
  }
  const columnRanges = [];
  let run;
  for (const chunk of chunks) {
    if ("pageLocations" in chunk) continue;
    if ("offsetIndex" in chunk) {
      indexes.push(chunk.offsetIndex);
    } else if (columns) {
      columnRanges.push(chunk.range);
    } else if (run && chunk.range.endByte - run.startByte <= runLimit) {
      run.endByte = chunk.range.endByte;
    } else {
      if (run) fetches.push(run);
      run = { ...chunk.range };
    }
  }
  if (run) fetches.push(run);
  fetches.push(...coalesceByteRanges(columnRanges, columnGapLimit, runLimit));
  const groups = ranges.map(([selectStart, selectEnd]) => ({
    chunks,
    rowGroup,
    groupStart,
    groupRows,
    selectStart,
    selectEnd
  }));
  return { groups, fetches, indexes };
}
function coalesceOverlappingPageRanges(ranges, rowGroup, columns, pageLocations) {
  const selectedPageLayouts = rowGroup.columns.filter((chunk) => !columns || columns.includes(chunk.meta_data?.path_in_schema[0] || "")).map((chunk) => pageLocations?.[chunk.meta_data?.path_in_schema.join(".") || ""]);
  const merged = [];
  for (const range2 of ranges) {
    const last2 = merged[merged.length - 1];
    const overlapsPage = last2 && selectedPageLayouts.some((pages) => {
      if (!pages) return true;
      const lastPages = pagesForRange(last2, pages, Number(rowGroup.num_rows));
      const rangePages = pagesForRange(range2, pages, Number(rowGroup.num_rows));
      return lastPages[0] <= rangePages[1] && rangePages[0] <= lastPages[1];
    });
    if (last2 && overlapsPage) last2[1] = range2[1];
    else merged.push([...range2]);
  }
  return merged;
}
function pagesForRange([rangeStart, rangeEnd], pages, groupRows) {
  let first = Infinity;
  let last2 = -Infinity;
  for (let i = 0; i < pages.length; i++) {
    const pageStart = Number(pages[i].first_row_index);
    const pageEnd = i + 1 < pages.length ? Number(pages[i + 1].first_row_index) : groupRows;
    if (pageEnd > rangeStart && pageStart < rangeEnd) {
      first = Math.min(first, i);
      last2 = i;
    }
  }
  return [first, last2];
}
async function prefetchBloomFilters({ file: file2, metadata, filter, filterStrict = true }) {
  const result = metadata.row_groups.map(() => (
    /** @type {Record<string, BloomFilter>} */
    {}
  ));
  const eligibleCols = bloomEligibleColumns(filter);
  if (eligibleCols.size === 0) return result;
  const physicalColumns = getPhysicalColumns(parquetSchema(metadata));
  const tasks = [];
  metadata.row_groups.forEach((rowGroup, rgIdx) => {
    if (canSkipRowGroup({ rowGroup, physicalColumns, filter, strict: filterStrict })) return;
    for (const colName of eligibleCols) {
      const columnIdx = physicalColumns.indexOf(colName);
      if (columnIdx === -1) continue;
      const meta = rowGroup.columns[columnIdx]?.meta_data;
      if (!meta?.bloom_filter_offset || !meta.bloom_filter_length) continue;
      const start = Number(meta.bloom_filter_offset);
      const end = start + meta.bloom_filter_length;
      tasks.push((async () => {
        const buffer = await file2.slice(start, end);
        const bloom = readBloomFilter({ view: new DataView(buffer), offset: 0 });
        if (bloom) result[rgIdx][colName] = bloom;
      })());
    }
  });
  if (tasks.length) await Promise.all(tasks);
  return result;
}
async function prefetchPageIndexes({ file: file2, metadata, filter, filterStrict = true, rowStart = 0, rowEnd = Infinity, columns, bloomFiltersByGroup, schemaElements, parsers }) {
  const pageRangesByGroup = metadata.row_groups.map(() => void 0);
  const pageLocationsByGroup = metadata.row_groups.map(() => (
    /** @type {Record<string, PageLocation[]>} */
    {}
  ));
  if (filter && "$nor" in filter && Array.isArray(filter.$nor)) {
    return { pageRangesByGroup, pageLocationsByGroup };
  }
  const filterColumns = pathsNeededForFilter(filter);
  if (!filterColumns.length) return { pageRangesByGroup, pageLocationsByGroup };
  const schemaTree2 = parquetSchema(metadata);
  const physicalColumns = getPhysicalColumns(schemaTree2);
  const elementsByPath = {
    ...physicalSchemaElements(schemaTree2),
    ...schemaElements
  };
  const indexRanges = [];
  const indexTasks = [];
  const candidateGroups = [];
  let groupStart = 0;
  metadata.row_groups.forEach((rowGroup, rgIdx) => {
    const groupRows = Number(rowGroup.num_rows);
    const groupEnd = groupStart + groupRows;
    const overlaps = groupRows > 0 && groupEnd > rowStart && groupStart < rowEnd;
    groupStart = groupEnd;
    if (!overlaps) return;
    if (canSkipRowGroup({ rowGroup, physicalColumns, filter, strict: filterStrict, bloomFilters: bloomFiltersByGroup?.[rgIdx], schemaElements: elementsByPath })) return;
    const columnPages = {};
    let columnTaskCount = 0;
    const scheduledOffsetPaths = /* @__PURE__ */ new Set();
    let hasFilterIndex = false;
    for (const columnName of filterColumns) {
      const columnIdx = physicalColumns.indexOf(columnName);
      if (columnIdx === -1) continue;
      const chunk = rowGroup.columns[columnIdx];
      const meta = chunk?.meta_data;
      if (!meta) continue;
      if (!chunk.column_index_offset || !chunk.column_index_length) continue;
      if (!chunk.offset_index_offset || !chunk.offset_index_length) continue;
      const element = elementsByPath[columnName];
      if (!element) continue;
      hasFilterIndex = true;
      scheduledOffsetPaths.add(columnName);
      const columnIndexStart = Number(chunk.column_index_offset);
      const offsetIndexStart = Number(chunk.offset_index_offset);
      const columnIndexEnd = columnIndexStart + chunk.column_index_length;
      const offsetIndexEnd = offsetIndexStart + chunk.offset_index_length;
      indexRanges.push(
        { startByte: columnIndexStart, endByte: columnIndexEnd },
        { startByte: offsetIndexStart, endByte: offsetIndexEnd }
      );
      columnTaskCount++;
      indexTasks.push(async (prefetchedFile) => {
        const [columnIndexBuffer, offsetIndexBuffer] = await Promise.all([
          prefetchedFile.slice(columnIndexStart, columnIndexEnd),
          prefetchedFile.slice(offsetIndexStart, offsetIndexEnd)
        ]);
        const columnIndex = readColumnIndex({ view: new DataView(columnIndexBuffer), offset: 0 }, element, parsers);
        const offsetIndex = readOffsetIndex({ view: new DataView(offsetIndexBuffer), offset: 0 });
        pageLocationsByGroup[rgIdx][columnName] = offsetIndex.page_locations;
        columnPages[columnName] = {
          minValues: columnIndex.min_values,
          maxValues: columnIndex.max_values,
          nullPages: columnIndex.null_pages,
          nullCounts: columnIndex.null_counts,
          pageStarts: offsetIndex.page_locations.map((page) => Number(page.first_row_index)),
          element
        };
      });
    }
    if (hasFilterIndex) {
      for (const chunk of rowGroup.columns) {
        const meta = chunk.meta_data;
        if (!meta) continue;
        const columnName = meta.path_in_schema[0];
        const columnPath = meta.path_in_schema.join(".");
        if (columns && !columns.includes(columnName)) continue;
        if (scheduledOffsetPaths.has(columnPath)) continue;
        if (!chunk.offset_index_offset || !chunk.offset_index_length) continue;
        scheduledOffsetPaths.add(columnPath);
        const offsetIndexStart = Number(chunk.offset_index_offset);
        const offsetIndexEnd = offsetIndexStart + chunk.offset_index_length;
        indexRanges.push({ startByte: offsetIndexStart, endByte: offsetIndexEnd });
        columnTaskCount++;
        indexTasks.push(async (prefetchedFile) => {
          const offsetIndexBuffer = await prefetchedFile.slice(offsetIndexStart, offsetIndexEnd);
          const offsetIndex = readOffsetIndex({ view: new DataView(offsetIndexBuffer), offset: 0 });
          pageLocationsByGroup[rgIdx][columnPath] = offsetIndex.page_locations;
        });
      }
    }
    if (columnTaskCount) {
      candidateGroups.push({ rgIdx, groupRows, columnPages });
    }
  });
  if (indexTasks.length) {
    const prefetchedFile = prefetchAsyncBuffer(file2, { fetches: coalesceByteRanges(indexRanges) });
    await Promise.all(indexTasks.map((task) => task(prefetchedFile)));
    for (const { rgIdx, groupRows, columnPages } of candidateGroups) {
      pageRangesByGroup[rgIdx] = filterPageRanges(filter, columnPages, groupRows, filterStrict);
    }
  }
  return { pageRangesByGroup, pageLocationsByGroup };
}
function coalesceByteRanges(ranges, maxGap = 0, maxSize = Infinity) {
  const sorted = ranges.map((range2) => ({ ...range2 })).sort((a, b) => a.startByte - b.startByte || a.endByte - b.endByte);
  const merged = [];
  for (const range2 of sorted) {
    const last2 = merged[merged.length - 1];
    if (last2 && range2.startByte <= last2.endByte + maxGap && Math.max(last2.endByte, range2.endByte) - last2.startByte <= maxSize) {
      last2.endByte = Math.max(last2.endByte, range2.endByte);
    } else {
      merged.push(range2);
    }
  }
  return merged;
}
function physicalSchemaElements(schemaTree2) {
  const elements = {};
  function traverse(node2) {
    if (node2.children.length) {
      for (const child of node2.children) traverse(child);
    } else {
      elements[node2.path.join(".")] = node2.element;
    }
  }
  traverse(schemaTree2);
  return elements;
}
function prefetchAsyncBuffer(file2, { fetches }) {
  const promises = fetches.map(({ startByte, endByte }) => file2.slice(startByte, endByte));
  return {
    byteLength: file2.byteLength,
    slice(start, end = file2.byteLength) {
      const index = fetches.findIndex(({ startByte, endByte }) => startByte <= start && end <= endByte);
      if (index < 0) {
        return file2.slice(start, end);
      }
      if (fetches[index].startByte !== start || fetches[index].endByte !== end) {
        const startOffset = start - fetches[index].startByte;
        const endOffset = end - fetches[index].startByte;
        if (promises[index] instanceof Promise) {
          return promises[index].then((buffer) => buffer.slice(startOffset, endOffset));
        } else {
          return promises[index].slice(startOffset, endOffset);
        }
      } else {
        return promises[index];
      }
    }
  };
}

// node_modules/hyparquet/src/variant.js
var decoder3 = new TextDecoder();
var metadataCache = /* @__PURE__ */ new WeakMap();
function decodeVariantColumn(value, parsers = DEFAULT_PARSERS) {
  if (Array.isArray(value)) {
    return value.map((entry2) => decodeVariantColumn(entry2, parsers));
  }
  if (typeof value !== "object") return value;
  if ("metadata" in value) {
    const metadata = parseVariantMetadata(value.metadata);
    const shreddedFields = value.typed_value && decodeTypedValue(value.typed_value, metadata, parsers);
    const binaryValue = value.value && readVariant(makeReader(value.value), metadata, parsers);
    if (shreddedFields && binaryValue) {
      return { ...binaryValue, ...shreddedFields };
    }
    return shreddedFields ?? binaryValue;
  }
  return value;
}
function decodeTypedValue(typedValue, metadata, parsers) {
  if (typedValue instanceof Date) return typedValue;
  if (typedValue && typeof typedValue === "object" && !Array.isArray(typedValue) && !(typedValue instanceof Uint8Array)) {
    if ("typed_value" in typedValue && typedValue.typed_value !== null && typedValue.typed_value !== void 0) {
      return decodeTypedValue(typedValue.typed_value, metadata, parsers);
    }
    if ("value" in typedValue && typedValue.value instanceof Uint8Array) {
      return readVariant(makeReader(typedValue.value), metadata, parsers);
    }
    if ("typed_value" in typedValue || "value" in typedValue) {
      return null;
    }
    const result = {};
    for (const [key, field] of Object.entries(typedValue)) {
      if (!metadata.dictionary.includes(key)) continue;
      result[key] = decodeTypedValue(field, metadata, parsers);
    }
    return result;
  }
  if (typedValue instanceof Uint8Array) {
    return readVariant(makeReader(typedValue), metadata, parsers);
  }
  if (Array.isArray(typedValue)) {
    return typedValue.map((element) => decodeTypedValue(element, metadata, parsers));
  }
  return typedValue;
}
function makeReader(bytes) {
  return { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
}
function parseVariantMetadata(bytes) {
  let bufferCache = metadataCache.get(bytes.buffer);
  if (!bufferCache) {
    bufferCache = /* @__PURE__ */ new Map();
    metadataCache.set(bytes.buffer, bufferCache);
  }
  const key = `${bytes.byteOffset}:${bytes.byteLength}`;
  const cached = bufferCache.get(key);
  if (cached) return cached;
  const reader = makeReader(bytes);
  const header = reader.view.getUint8(reader.offset++);
  const version = header & 15;
  if (version !== 1) throw new Error(`parquet unsupported variant metadata version: ${version}`);
  const sorted = (header >> 4 & 1) === 1;
  const offsetSize = (header >> 6 & 3) + 1;
  const dictionarySize = readUnsigned(reader, offsetSize);
  const offsets = new Array(dictionarySize + 1);
  for (let i = 0; i < offsets.length; i++) {
    offsets[i] = readUnsigned(reader, offsetSize);
  }
  const base = reader.offset;
  const dictionary = new Array(dictionarySize);
  for (let i = 0; i < dictionarySize; i++) {
    const start = offsets[i];
    const end = offsets[i + 1];
    const strBytes = new Uint8Array(bytes.buffer, bytes.byteOffset + base + start, end - start);
    dictionary[i] = decoder3.decode(strBytes);
  }
  const metadata = { dictionary, sorted };
  bufferCache.set(key, metadata);
  return metadata;
}
function readUnsigned(reader, byteWidth2) {
  let value = 0;
  for (let i = 0; i < byteWidth2; i++) {
    value |= reader.view.getUint8(reader.offset + i) << i * 8;
  }
  reader.offset += byteWidth2;
  return value;
}
function readVariant(reader, metadata, parsers) {
  const typeByte = reader.view.getUint8(reader.offset++);
  const basicType = typeByte & 3;
  const header = typeByte >> 2;
  if (basicType === 0) return readVariantPrimitive(reader, header, parsers);
  if (basicType === 2) return readVariantObject(reader, header, metadata, parsers);
  if (basicType === 3) return readVariantArray(reader, header, metadata, parsers);
  const bytes = new Uint8Array(reader.view.buffer, reader.view.byteOffset + reader.offset, header);
  reader.offset += header;
  return decoder3.decode(bytes);
}
function readVariantPrimitive(reader, typeId, parsers) {
  switch (typeId) {
    case 0:
      return null;
    case 1:
      return true;
    case 2:
      return false;
    case 3: {
      const value = reader.view.getInt8(reader.offset);
      reader.offset += 1;
      return value;
    }
    case 4: {
      const value = reader.view.getInt16(reader.offset, true);
      reader.offset += 2;
      return value;
    }
    case 5: {
      const value = reader.view.getInt32(reader.offset, true);
      reader.offset += 4;
      return value;
    }
    case 6: {
      const value = reader.view.getBigInt64(reader.offset, true);
      reader.offset += 8;
      return value;
    }
    case 7: {
      const value = reader.view.getFloat64(reader.offset, true);
      reader.offset += 8;
      return value;
    }
    case 8:
      return readVariantDecimal(reader, 4);
    case 9:
      return readVariantDecimal(reader, 8);
    case 10:
      return readVariantDecimal(reader, 16);
    case 11: {
      const value = reader.view.getInt32(reader.offset, true);
      reader.offset += 4;
      return parsers.dateFromDays(value);
    }
    case 12:
    // timestamp_micros (utc)
    case 13: {
      const value = reader.view.getBigInt64(reader.offset, true);
      reader.offset += 8;
      return parsers.timestampFromMicroseconds(value);
    }
    case 14: {
      const value = reader.view.getFloat32(reader.offset, true);
      reader.offset += 4;
      return value;
    }
    case 15:
      return readVariantBinary(reader);
    case 16: {
      const bytes = readVariantBinary(reader);
      return decoder3.decode(bytes);
    }
    case 17: {
      const value = reader.view.getBigInt64(reader.offset, true);
      reader.offset += 8;
      return value;
    }
    case 18:
    // timestamp_nanos (utc)
    case 19: {
      const value = reader.view.getBigInt64(reader.offset, true);
      reader.offset += 8;
      return parsers.timestampFromNanoseconds(value);
    }
    case 20: {
      const bytes = new Uint8Array(reader.view.buffer, reader.view.byteOffset + reader.offset, 16);
      reader.offset += 16;
      const hex = Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
    }
    default:
      throw new Error(`parquet unsupported variant primitive type: ${typeId}`);
  }
}
function readVariantObject(reader, header, metadata, parsers) {
  const offsetWidth = (header & 3) + 1;
  const idWidth = (header >> 2 & 3) + 1;
  const isLarge = header >> 4 & 1;
  const numElements = isLarge ? readUnsigned(reader, 4) : reader.view.getUint8(reader.offset++);
  const fieldIds = new Array(numElements);
  for (let i = 0; i < numElements; i++) {
    fieldIds[i] = readUnsigned(reader, idWidth);
  }
  const offsets = new Array(numElements + 1);
  for (let i = 0; i < offsets.length; i++) {
    offsets[i] = readUnsigned(reader, offsetWidth);
  }
  const out2 = {};
  for (let i = 0; i < numElements; i++) {
    const key = metadata.dictionary[fieldIds[i]];
    const valueReader = {
      view: reader.view,
      offset: reader.offset + offsets[i]
    };
    out2[key] = readVariant(valueReader, metadata, parsers);
  }
  reader.offset += offsets[offsets.length - 1];
  return out2;
}
function readVariantArray(reader, header, metadata, parsers) {
  const fieldOffsetSize = header & 3;
  const isLarge = header >> 2 & 1;
  const offsetWidth = fieldOffsetSize + 1;
  const numElements = readUnsigned(reader, isLarge ? 4 : 1);
  const offsets = new Array(numElements + 1);
  for (let i = 0; i < offsets.length; i++) {
    offsets[i] = readUnsigned(reader, offsetWidth);
  }
  const valuesStart = reader.offset;
  const result = new Array(numElements);
  for (let i = 0; i < numElements; i++) {
    const valueReader = {
      view: reader.view,
      offset: valuesStart + offsets[i]
    };
    result[i] = readVariant(valueReader, metadata, parsers);
  }
  reader.offset = valuesStart + offsets[offsets.length - 1];
  return result;
}
function readVariantDecimal(reader, width) {
  const scale = reader.view.getUint8(reader.offset);
  reader.offset += 1;
  let unscaled;
  if (width === 4) {
    unscaled = BigInt(reader.view.getInt32(reader.offset, true));
    reader.offset += 4;
  } else if (width === 8) {
    unscaled = reader.view.getBigInt64(reader.offset, true);
    reader.offset += 8;
  } else {
    const low = reader.view.getBigUint64(reader.offset, true);
    const high = reader.view.getBigInt64(reader.offset + 8, true);
    unscaled = high << 64n | low;
    reader.offset += 16;
  }
  return Number(unscaled) * 10 ** -scale;
}
function readVariantBinary(reader) {
  const length = reader.view.getUint32(reader.offset, true);
  reader.offset += 4;
  const bytes = new Uint8Array(reader.view.buffer, reader.view.byteOffset + reader.offset, length);
  reader.offset += length;
  return bytes;
}

// node_modules/hyparquet/src/assemble.js
function assembleLists(output, definitionLevels, repetitionLevels, values, schemaPath) {
  const maxDefinitionLevel = getMaxDefinitionLevel(schemaPath);
  if (!definitionLevels?.length && !repetitionLevels.length) {
    if (!maxDefinitionLevel || !values.length) return values;
    definitionLevels = new Array(values.length).fill(maxDefinitionLevel);
  }
  const n = definitionLevels?.length || repetitionLevels.length;
  const repetitionPath = schemaPath.map(({ element }) => element.repetition_type);
  let valueIndex = 0;
  const containerStack = [output];
  let currentContainer = output;
  let currentDepth = 0;
  let currentDefLevel = 0;
  let currentRepLevel = 0;
  if (repetitionLevels[0]) {
    while (currentDepth < repetitionPath.length - 2 && currentRepLevel < repetitionLevels[0]) {
      currentDepth++;
      if (repetitionPath[currentDepth] !== "REQUIRED") {
        currentContainer = currentContainer.at(-1);
        containerStack.push(currentContainer);
        currentDefLevel++;
      }
      if (repetitionPath[currentDepth] === "REPEATED") currentRepLevel++;
    }
  }
  for (let i = 0; i < n; i++) {
    const def = definitionLevels?.length ? definitionLevels[i] : maxDefinitionLevel;
    const rep = repetitionLevels[i];
    while (currentDepth && (rep < currentRepLevel || repetitionPath[currentDepth] !== "REPEATED")) {
      if (repetitionPath[currentDepth] !== "REQUIRED") {
        containerStack.pop();
        currentDefLevel--;
      }
      if (repetitionPath[currentDepth] === "REPEATED") currentRepLevel--;
      currentDepth--;
    }
    currentContainer = containerStack.at(-1);
    while ((currentDepth < repetitionPath.length - 2 || repetitionPath[currentDepth + 1] === "REPEATED") && (currentDefLevel < def || repetitionPath[currentDepth + 1] === "REQUIRED")) {
      currentDepth++;
      if (repetitionPath[currentDepth] !== "REQUIRED") {
        const newList = [];
        currentContainer.push(newList);
        currentContainer = newList;
        containerStack.push(newList);
        currentDefLevel++;
      }
      if (repetitionPath[currentDepth] === "REPEATED") currentRepLevel++;
    }
    if (def === maxDefinitionLevel) {
      currentContainer.push(values[valueIndex++]);
    } else if (currentDepth === repetitionPath.length - 2) {
      currentContainer.push(null);
    } else {
      currentContainer.push([]);
    }
  }
  if (!output.length) {
    for (let i = 0; i < maxDefinitionLevel; i++) {
      const newList = [];
      currentContainer.push(newList);
      currentContainer = newList;
    }
  }
  return output;
}
function assembleNested(subcolumnData, schema, parsers, depth = 0) {
  const path14 = schema.path.join(".");
  const optional3 = schema.element.repetition_type === "OPTIONAL";
  const nextDepth = optional3 ? depth + 1 : depth;
  if (isListLike(schema)) {
    let sublist = schema.children[0];
    let subDepth = nextDepth;
    if (sublist.children.length === 1) {
      sublist = sublist.children[0];
      subDepth++;
    }
    assembleNested(subcolumnData, sublist, parsers, subDepth);
    const subcolumn = sublist.path.join(".");
    const values = subcolumnData.get(subcolumn);
    if (!values) throw new Error("parquet list column missing values");
    if (optional3) flattenAtDepth(values, depth);
    subcolumnData.set(path14, values);
    subcolumnData.delete(subcolumn);
    return;
  }
  if (isMapLike(schema)) {
    const mapName = schema.children[0].element.name;
    assembleNested(subcolumnData, schema.children[0].children[0], parsers, nextDepth + 1);
    assembleNested(subcolumnData, schema.children[0].children[1], parsers, nextDepth + 1);
    const keys = subcolumnData.get(`${path14}.${mapName}.key`);
    const values = subcolumnData.get(`${path14}.${mapName}.value`);
    if (!keys) throw new Error("parquet map column missing keys");
    if (!values) throw new Error("parquet map column missing values");
    if (keys.length !== values.length) {
      throw new Error("parquet map column key/value length mismatch");
    }
    const out2 = assembleMaps(keys, values, nextDepth);
    if (optional3) flattenAtDepth(out2, depth);
    subcolumnData.delete(`${path14}.${mapName}.key`);
    subcolumnData.delete(`${path14}.${mapName}.value`);
    subcolumnData.set(path14, out2);
    return;
  }
  if (schema.children.length) {
    const invertDepth = schema.element.repetition_type === "REQUIRED" ? depth : depth + 1;
    const struct = {};
    for (const child of schema.children) {
      assembleNested(subcolumnData, child, parsers, invertDepth);
      const childData = subcolumnData.get(child.path.join("."));
      if (!childData) throw new Error("parquet struct missing child data");
      struct[child.element.name] = childData;
    }
    for (const child of schema.children) {
      subcolumnData.delete(child.path.join("."));
    }
    let inverted = invertStruct(struct, invertDepth);
    if (schema.element.logical_type?.type === "VARIANT") {
      inverted = decodeVariantColumn(inverted, parsers);
    }
    if (optional3) flattenAtDepth(inverted, depth);
    subcolumnData.set(path14, inverted);
  }
}
function flattenAtDepth(arr, depth) {
  for (let i = 0; i < arr.length; i++) {
    if (depth) {
      flattenAtDepth(arr[i], depth - 1);
    } else {
      arr[i] = arr[i][0];
    }
  }
}
function assembleMaps(keys, values, depth) {
  const out2 = [];
  for (let i = 0; i < keys.length; i++) {
    if (depth) {
      out2.push(assembleMaps(keys[i], values[i], depth - 1));
    } else {
      if (keys[i]) {
        const obj = {};
        for (let j = 0; j < keys[i].length; j++) {
          const value = values[i][j];
          obj[keys[i][j]] = value === void 0 ? null : value;
        }
        out2.push(obj);
      } else {
        out2.push(void 0);
      }
    }
  }
  return out2;
}
function invertStruct(struct, depth) {
  const keys = Object.keys(struct);
  const length = struct[keys[0]]?.length;
  const out2 = [];
  for (let i = 0; i < length; i++) {
    const obj = {};
    for (const key of keys) {
      if (struct[key].length !== length) throw new Error("parquet struct parsing error");
      obj[key] = struct[key][i];
    }
    if (depth) {
      out2.push(invertStruct(obj, depth - 1));
    } else {
      out2.push(obj);
    }
  }
  return out2;
}

// node_modules/hyparquet/src/delta.js
function deltaBinaryUnpack(reader, count, output) {
  if (output instanceof Int32Array) {
    deltaBinaryUnpackInt32(reader, count, output);
    return;
  }
  const blockSize = readVarInt(reader);
  const miniblockPerBlock = readVarInt(reader);
  readVarInt(reader);
  let value = readZigZagBigInt(reader);
  let outputIndex = 0;
  output[outputIndex++] = value;
  const valuesPerMiniblock = blockSize / miniblockPerBlock;
  while (outputIndex < count) {
    const minDelta = readZigZagBigInt(reader);
    const bitWidths = new Uint8Array(miniblockPerBlock);
    for (let i = 0; i < miniblockPerBlock; i++) {
      bitWidths[i] = reader.view.getUint8(reader.offset++);
    }
    for (let i = 0; i < miniblockPerBlock && outputIndex < count; i++) {
      const bitWidth2 = bitWidths[i];
      if (bitWidth2) {
        let bitpackPos = 0;
        let miniblockCount = valuesPerMiniblock;
        const mask = (1n << BigInt(bitWidth2)) - 1n;
        while (miniblockCount && outputIndex < count) {
          let bits = BigInt(reader.view.getUint32(reader.offset, true) >>> bitpackPos) & mask;
          bitpackPos += bitWidth2;
          while (bitpackPos >= 32) {
            bitpackPos -= 32;
            reader.offset += 4;
            if (bitpackPos) {
              bits |= BigInt(reader.view.getUint32(reader.offset, true)) << BigInt(bitWidth2 - bitpackPos) & mask;
            }
          }
          const delta = minDelta + bits;
          value += delta;
          output[outputIndex++] = value;
          miniblockCount--;
        }
        if (miniblockCount) {
          reader.offset += Math.ceil((miniblockCount * bitWidth2 + bitpackPos) / 8);
        }
      } else {
        for (let j = 0; j < valuesPerMiniblock && outputIndex < count; j++) {
          value += minDelta;
          output[outputIndex++] = value;
        }
      }
    }
  }
}
function deltaBinaryUnpackInt32(reader, count, output) {
  const blockSize = readVarInt(reader);
  const miniblockPerBlock = readVarInt(reader);
  readVarInt(reader);
  let value = readZigZag(reader);
  let outputIndex = 0;
  output[outputIndex++] = value;
  const valuesPerMiniblock = blockSize / miniblockPerBlock;
  const { view: view2 } = reader;
  while (outputIndex < count) {
    const minDelta = readZigZagInt33(reader);
    const bitWidthsOffset = reader.offset;
    let offset = bitWidthsOffset + miniblockPerBlock;
    for (let i = 0; i < miniblockPerBlock && outputIndex < count; i++) {
      const bitWidth2 = view2.getUint8(bitWidthsOffset + i);
      const end = offset + valuesPerMiniblock * bitWidth2 / 8;
      let bitOffset = 0;
      for (let j = 0; j < valuesPerMiniblock && outputIndex < count; j++) {
        let residual = 0;
        let bitsRead = 0;
        while (bitsRead < bitWidth2) {
          const bitsToRead = Math.min(8 - bitOffset, bitWidth2 - bitsRead);
          if (bitsRead < 32) {
            residual |= (view2.getUint8(offset) >>> bitOffset & (1 << bitsToRead) - 1) << bitsRead;
          }
          bitsRead += bitsToRead;
          bitOffset += bitsToRead;
          if (bitOffset === 8) {
            bitOffset = 0;
            offset++;
          }
        }
        value = value + minDelta + residual | 0;
        output[outputIndex++] = value;
      }
      offset = end;
    }
    reader.offset = offset;
  }
}
function readZigZagInt33(reader) {
  const start = reader.offset;
  const low = readVarInt(reader);
  const high = reader.offset - start === 5 ? reader.view.getUint8(start + 4) >>> 4 & 1 : 0;
  return (low >>> 1 | high << 31) ^ -(low & 1);
}
function deltaLengthByteArray(reader, count, output) {
  const lengths = new Int32Array(count);
  deltaBinaryUnpack(reader, count, lengths);
  for (let i = 0; i < count; i++) {
    output[i] = new Uint8Array(reader.view.buffer, reader.view.byteOffset + reader.offset, lengths[i]);
    reader.offset += lengths[i];
  }
}
function deltaByteArray(reader, count, output) {
  const prefixData = new Int32Array(count);
  deltaBinaryUnpack(reader, count, prefixData);
  const suffixData = new Int32Array(count);
  deltaBinaryUnpack(reader, count, suffixData);
  for (let i = 0; i < count; i++) {
    const suffix = new Uint8Array(reader.view.buffer, reader.view.byteOffset + reader.offset, suffixData[i]);
    if (prefixData[i]) {
      output[i] = new Uint8Array(prefixData[i] + suffixData[i]);
      output[i].set(output[i - 1].subarray(0, prefixData[i]));
      output[i].set(suffix, prefixData[i]);
    } else {
      output[i] = suffix;
    }
    reader.offset += suffixData[i];
  }
}

// node_modules/hyparquet/src/encoding.js
function readRleBitPackedHybrid(reader, width, output, length) {
  if (length === void 0) {
    length = reader.view.getUint32(reader.offset, true);
    reader.offset += 4;
  }
  const startOffset = reader.offset;
  let seen = 0;
  while (seen < output.length) {
    const header = readVarInt(reader);
    if (header & 1) {
      seen = readBitPacked(reader, header, width, output, seen);
    } else {
      const count = header >>> 1;
      readRle(reader, count, width, output, seen);
      seen += count;
    }
  }
  reader.offset = startOffset + length;
}
function readRle(reader, count, bitWidth2, output, seen) {
  const width = bitWidth2 + 7 >> 3;
  let value = 0;
  for (let i = 0; i < width; i++) {
    value |= reader.view.getUint8(reader.offset++) << (i << 3);
  }
  for (let i = 0; i < count; i++) {
    output[seen + i] = value;
  }
}
function readBitPacked(reader, header, bitWidth2, output, seen) {
  let count = header >> 1 << 3;
  const mask = (1 << bitWidth2) - 1;
  let data2 = 0;
  if (reader.offset < reader.view.byteLength) {
    data2 = reader.view.getUint8(reader.offset++);
  } else if (mask) {
    throw new Error(`parquet bitpack offset ${reader.offset} out of range`);
  }
  let left = 8;
  let right = 0;
  while (count) {
    if (right > 8) {
      right -= 8;
      left -= 8;
      data2 >>>= 8;
    } else if (left - right < bitWidth2) {
      data2 |= reader.view.getUint8(reader.offset) << left;
      reader.offset++;
      left += 8;
    } else {
      if (seen < output.length) {
        output[seen++] = data2 >> right & mask;
      }
      count--;
      right += bitWidth2;
    }
  }
  return seen;
}
function byteStreamSplit(reader, count, type, typeLength) {
  const width = byteWidth(type, typeLength);
  const bytes = new Uint8Array(count * width);
  for (let b = 0; b < width; b++) {
    for (let i = 0; i < count; i++) {
      bytes[i * width + b] = reader.view.getUint8(reader.offset++);
    }
  }
  if (type === "FLOAT") return new Float32Array(bytes.buffer);
  else if (type === "DOUBLE") return new Float64Array(bytes.buffer);
  else if (type === "INT32") return new Int32Array(bytes.buffer);
  else if (type === "INT64") return new BigInt64Array(bytes.buffer);
  else if (type === "FIXED_LEN_BYTE_ARRAY") {
    const split3 = new Array(count);
    for (let i = 0; i < count; i++) {
      split3[i] = bytes.subarray(i * width, (i + 1) * width);
    }
    return split3;
  }
  throw new Error(`parquet byte_stream_split unsupported type: ${type}`);
}
function byteWidth(type, typeLength) {
  switch (type) {
    case "INT32":
    case "FLOAT":
      return 4;
    case "INT64":
    case "DOUBLE":
      return 8;
    case "FIXED_LEN_BYTE_ARRAY":
      if (!typeLength) throw new Error("parquet byteWidth missing type_length");
      return typeLength;
    default:
      throw new Error(`parquet unsupported type: ${type}`);
  }
}

// node_modules/hyparquet/src/plain.js
function readPlain(reader, type, count, fixedLength) {
  if (count === 0) return [];
  if (type === "BOOLEAN") {
    return readPlainBoolean(reader, count);
  } else if (type === "INT32") {
    return readPlainInt32(reader, count);
  } else if (type === "INT64") {
    return readPlainInt64(reader, count);
  } else if (type === "INT96") {
    return readPlainInt96(reader, count);
  } else if (type === "FLOAT") {
    return readPlainFloat(reader, count);
  } else if (type === "DOUBLE") {
    return readPlainDouble(reader, count);
  } else if (type === "BYTE_ARRAY") {
    return readPlainByteArray(reader, count);
  } else if (type === "FIXED_LEN_BYTE_ARRAY") {
    if (!fixedLength) throw new Error("parquet missing fixed length");
    return readPlainByteArrayFixed(reader, count, fixedLength);
  } else {
    throw new Error(`parquet unhandled type: ${type}`);
  }
}
function readPlainBoolean(reader, count) {
  const values = new Array(count);
  for (let i = 0; i < count; i++) {
    const byteOffset = reader.offset + (i / 8 | 0);
    const bitOffset = i % 8;
    const byte = reader.view.getUint8(byteOffset);
    values[i] = (byte & 1 << bitOffset) !== 0;
  }
  reader.offset += Math.ceil(count / 8);
  return values;
}
function readPlainInt32(reader, count) {
  const values = (reader.view.byteOffset + reader.offset) % 4 ? new Int32Array(align(reader.view.buffer, reader.view.byteOffset + reader.offset, count * 4)) : new Int32Array(reader.view.buffer, reader.view.byteOffset + reader.offset, count);
  reader.offset += count * 4;
  return values;
}
function readPlainInt64(reader, count) {
  const values = (reader.view.byteOffset + reader.offset) % 8 ? new BigInt64Array(align(reader.view.buffer, reader.view.byteOffset + reader.offset, count * 8)) : new BigInt64Array(reader.view.buffer, reader.view.byteOffset + reader.offset, count);
  reader.offset += count * 8;
  return values;
}
function readPlainInt96(reader, count) {
  const values = new Array(count);
  for (let i = 0; i < count; i++) {
    const low = reader.view.getBigInt64(reader.offset + i * 12, true);
    const high = reader.view.getInt32(reader.offset + i * 12 + 8, true);
    values[i] = BigInt(high) << 64n | low;
  }
  reader.offset += count * 12;
  return values;
}
function readPlainFloat(reader, count) {
  const values = (reader.view.byteOffset + reader.offset) % 4 ? new Float32Array(align(reader.view.buffer, reader.view.byteOffset + reader.offset, count * 4)) : new Float32Array(reader.view.buffer, reader.view.byteOffset + reader.offset, count);
  reader.offset += count * 4;
  return values;
}
function readPlainDouble(reader, count) {
  const values = (reader.view.byteOffset + reader.offset) % 8 ? new Float64Array(align(reader.view.buffer, reader.view.byteOffset + reader.offset, count * 8)) : new Float64Array(reader.view.buffer, reader.view.byteOffset + reader.offset, count);
  reader.offset += count * 8;
  return values;
}
function readPlainByteArray(reader, count) {
  const values = new Array(count);
  for (let i = 0; i < count; i++) {
    const length = reader.view.getUint32(reader.offset, true);
    reader.offset += 4;
    values[i] = new Uint8Array(reader.view.buffer, reader.view.byteOffset + reader.offset, length);
    reader.offset += length;
  }
  return values;
}
function readPlainByteArrayFixed(reader, count, fixedLength) {
  const values = new Array(count);
  for (let i = 0; i < count; i++) {
    values[i] = new Uint8Array(reader.view.buffer, reader.view.byteOffset + reader.offset, fixedLength);
    reader.offset += fixedLength;
  }
  return values;
}
function align(buffer, offset, size) {
  const aligned = new ArrayBuffer(size);
  new Uint8Array(aligned).set(new Uint8Array(buffer, offset, size));
  return aligned;
}

// node_modules/hyparquet/src/snappy.js
var WORD_MASK = [0, 255, 65535, 16777215, 4294967295];
function copyBytes(fromArray, fromPos, toArray, toPos, length) {
  for (let i = 0; i < length; i++) {
    toArray[toPos + i] = fromArray[fromPos + i];
  }
}
function snappyUncompress(input, output) {
  const inputLength = input.byteLength;
  const outputLength = output.byteLength;
  let pos = 0;
  let outPos = 0;
  while (pos < inputLength) {
    const c = input[pos];
    pos++;
    if (c < 128) {
      break;
    }
  }
  if (outputLength && pos >= inputLength) {
    throw new Error("invalid snappy length header");
  }
  while (pos < inputLength) {
    const c = input[pos];
    let len = 0;
    pos++;
    if (pos >= inputLength) {
      throw new Error("missing eof marker");
    }
    if ((c & 3) === 0) {
      let len2 = (c >>> 2) + 1;
      if (len2 > 60) {
        if (pos + 3 >= inputLength) {
          throw new Error("snappy error literal pos + 3 >= inputLength");
        }
        const lengthSize = len2 - 60;
        len2 = input[pos] + (input[pos + 1] << 8) + (input[pos + 2] << 16) + (input[pos + 3] << 24);
        len2 = (len2 & WORD_MASK[lengthSize]) + 1;
        pos += lengthSize;
      }
      if (pos + len2 > inputLength) {
        throw new Error("snappy error literal exceeds input length");
      }
      copyBytes(input, pos, output, outPos, len2);
      pos += len2;
      outPos += len2;
    } else {
      let offset = 0;
      switch (c & 3) {
        case 1:
          len = (c >>> 2 & 7) + 4;
          offset = input[pos] + (c >>> 5 << 8);
          pos++;
          break;
        case 2:
          if (inputLength <= pos + 1) {
            throw new Error("snappy error end of input");
          }
          len = (c >>> 2) + 1;
          offset = input[pos] + (input[pos + 1] << 8);
          pos += 2;
          break;
        case 3:
          if (inputLength <= pos + 3) {
            throw new Error("snappy error end of input");
          }
          len = (c >>> 2) + 1;
          offset = input[pos] + (input[pos + 1] << 8) + (input[pos + 2] << 16) + (input[pos + 3] << 24);
          pos += 4;
          break;
        default:
          break;
      }
      if (offset === 0 || isNaN(offset)) {
        throw new Error(`invalid offset ${offset} pos ${pos} inputLength ${inputLength}`);
      }
      if (offset > outPos) {
        throw new Error("cannot copy from before start of buffer");
      }
      copyBytes(output, outPos - offset, output, outPos, len);
      outPos += len;
    }
  }
  if (outPos !== outputLength) throw new Error("premature end of input");
}

// node_modules/hyparquet/src/datapage.js
function readDataPage(bytes, daph, { type, element, schemaPath }) {
  const view2 = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const reader = { view: view2, offset: 0 };
  let dataPage;
  const repetitionLevels = readRepetitionLevels(reader, daph, schemaPath);
  const { definitionLevels, numNulls } = readDefinitionLevels(reader, daph, schemaPath);
  const nValues = daph.num_values - numNulls;
  if (daph.encoding === "PLAIN") {
    dataPage = readPlain(reader, type, nValues, element.type_length);
  } else if (daph.encoding === "PLAIN_DICTIONARY" || daph.encoding === "RLE_DICTIONARY" || daph.encoding === "RLE") {
    const bitWidth2 = type === "BOOLEAN" ? 1 : view2.getUint8(reader.offset++);
    if (bitWidth2) {
      dataPage = new Array(nValues);
      if (type === "BOOLEAN") {
        readRleBitPackedHybrid(reader, bitWidth2, dataPage);
        dataPage = dataPage.map((x) => !!x);
      } else {
        readRleBitPackedHybrid(reader, bitWidth2, dataPage, view2.byteLength - reader.offset);
      }
    } else {
      dataPage = new Uint8Array(nValues);
    }
  } else if (daph.encoding === "BYTE_STREAM_SPLIT") {
    dataPage = byteStreamSplit(reader, nValues, type, element.type_length);
  } else if (daph.encoding === "DELTA_BINARY_PACKED") {
    const int32 = type === "INT32";
    dataPage = int32 ? new Int32Array(nValues) : new BigInt64Array(nValues);
    deltaBinaryUnpack(reader, nValues, dataPage);
  } else if (daph.encoding === "DELTA_LENGTH_BYTE_ARRAY") {
    dataPage = new Array(nValues);
    deltaLengthByteArray(reader, nValues, dataPage);
  } else if (daph.encoding === "DELTA_BYTE_ARRAY") {
    dataPage = new Array(nValues);
    deltaByteArray(reader, nValues, dataPage);
  } else {
    throw new Error(`parquet unsupported encoding: ${daph.encoding}`);
  }
  return { definitionLevels, repetitionLevels, dataPage };
}
function readRepetitionLevels(reader, daph, schemaPath) {
  if (schemaPath.length > 1) {
    const maxRepetitionLevel = getMaxRepetitionLevel(schemaPath);
    if (maxRepetitionLevel) {
      const values = new Array(daph.num_values);
      readRleBitPackedHybrid(reader, bitWidth(maxRepetitionLevel), values);
      return values;
    }
  }
  return [];
}
function readDefinitionLevels(reader, daph, schemaPath) {
  const maxDefinitionLevel = getMaxDefinitionLevel(schemaPath);
  if (!maxDefinitionLevel) return { definitionLevels: [], numNulls: 0 };
  const definitionLevels = new Array(daph.num_values);
  readRleBitPackedHybrid(reader, bitWidth(maxDefinitionLevel), definitionLevels);
  let numNulls = daph.num_values;
  for (const def of definitionLevels) {
    if (def === maxDefinitionLevel) numNulls--;
  }
  if (numNulls === 0) definitionLevels.length = 0;
  return { definitionLevels, numNulls };
}
function decompressPage(compressedBytes, uncompressed_page_size, codec, compressors) {
  let page;
  const customDecompressor = compressors?.[codec];
  if (codec === "UNCOMPRESSED") {
    page = compressedBytes;
  } else if (customDecompressor) {
    page = customDecompressor(compressedBytes, uncompressed_page_size);
  } else if (codec === "SNAPPY") {
    page = new Uint8Array(uncompressed_page_size);
    snappyUncompress(compressedBytes, page);
  } else {
    throw new Error(`parquet unsupported compression codec: ${codec}`);
  }
  if (page?.length !== uncompressed_page_size) {
    throw new Error(`parquet decompressed page length ${page?.length} does not match header ${uncompressed_page_size}`);
  }
  return page;
}
function readDataPageV2(compressedBytes, ph, columnDecoder) {
  const view2 = new DataView(compressedBytes.buffer, compressedBytes.byteOffset, compressedBytes.byteLength);
  const reader = { view: view2, offset: 0 };
  const { type, element, schemaPath, codec, compressors } = columnDecoder;
  const daph2 = ph.data_page_header_v2;
  if (!daph2) throw new Error("parquet data page header v2 is undefined");
  const repetitionLevels = readRepetitionLevelsV2(reader, daph2, schemaPath);
  reader.offset = daph2.repetition_levels_byte_length;
  const definitionLevels = readDefinitionLevelsV2(reader, daph2, schemaPath);
  const uncompressedPageSize = ph.uncompressed_page_size - daph2.definition_levels_byte_length - daph2.repetition_levels_byte_length;
  let page = compressedBytes.subarray(reader.offset);
  if (daph2.is_compressed !== false) {
    page = decompressPage(page, uncompressedPageSize, codec, compressors);
  }
  const pageView = new DataView(page.buffer, page.byteOffset, page.byteLength);
  const pageReader = { view: pageView, offset: 0 };
  let dataPage;
  const nValues = daph2.num_values - daph2.num_nulls;
  if (daph2.encoding === "PLAIN") {
    dataPage = readPlain(pageReader, type, nValues, element.type_length);
  } else if (daph2.encoding === "RLE") {
    dataPage = new Array(nValues);
    readRleBitPackedHybrid(pageReader, 1, dataPage);
    dataPage = dataPage.map((x) => !!x);
  } else if (daph2.encoding === "PLAIN_DICTIONARY" || daph2.encoding === "RLE_DICTIONARY") {
    const bitWidth2 = pageView.getUint8(pageReader.offset++);
    dataPage = new Array(nValues);
    readRleBitPackedHybrid(pageReader, bitWidth2, dataPage, uncompressedPageSize - 1);
  } else if (daph2.encoding === "DELTA_BINARY_PACKED") {
    const int32 = type === "INT32";
    dataPage = int32 ? new Int32Array(nValues) : new BigInt64Array(nValues);
    deltaBinaryUnpack(pageReader, nValues, dataPage);
  } else if (daph2.encoding === "DELTA_LENGTH_BYTE_ARRAY") {
    dataPage = new Array(nValues);
    deltaLengthByteArray(pageReader, nValues, dataPage);
  } else if (daph2.encoding === "DELTA_BYTE_ARRAY") {
    dataPage = new Array(nValues);
    deltaByteArray(pageReader, nValues, dataPage);
  } else if (daph2.encoding === "BYTE_STREAM_SPLIT") {
    dataPage = byteStreamSplit(pageReader, nValues, type, element.type_length);
  } else {
    throw new Error(`parquet unsupported encoding: ${daph2.encoding}`);
  }
  return { definitionLevels, repetitionLevels, dataPage };
}
function readRepetitionLevelsV2(reader, daph2, schemaPath) {
  const maxRepetitionLevel = getMaxRepetitionLevel(schemaPath);
  if (!maxRepetitionLevel) return [];
  const values = new Array(daph2.num_values);
  readRleBitPackedHybrid(reader, bitWidth(maxRepetitionLevel), values, daph2.repetition_levels_byte_length);
  return values;
}
function readDefinitionLevelsV2(reader, daph2, schemaPath) {
  const maxDefinitionLevel = getMaxDefinitionLevel(schemaPath);
  if (maxDefinitionLevel) {
    const values = new Array(daph2.num_values);
    readRleBitPackedHybrid(reader, bitWidth(maxDefinitionLevel), values, daph2.definition_levels_byte_length);
    return values;
  }
}
function bitWidth(value) {
  return 32 - Math.clz32(value);
}

// node_modules/hyparquet/src/column.js
function readColumn(reader, { groupStart, selectStart, selectEnd }, columnDecoder, onPage) {
  const { pathInSchema, schemaPath } = columnDecoder;
  const isFlat = isFlatColumn(schemaPath);
  const chunks = [];
  let dictionary = void 0;
  let lastChunk = void 0;
  let rowCount = 0;
  let skipped = 0;
  const emitLastChunk = onPage && (() => {
    lastChunk && onPage({
      pathInSchema,
      columnData: lastChunk,
      rowStart: groupStart + rowCount - lastChunk.length,
      rowEnd: groupStart + rowCount
    });
  });
  while (isFlat ? rowCount < selectEnd : reader.offset < reader.view.byteLength - 1) {
    if (reader.offset >= reader.view.byteLength - 1) break;
    const header = parquetHeader(reader);
    if (header.type === "DICTIONARY_PAGE") {
      const { data: data2 } = readPage(reader, header, columnDecoder, dictionary, void 0, 0);
      if (data2) dictionary = convert(data2, columnDecoder);
    } else {
      const lastChunkLength = lastChunk?.length || 0;
      const result = readPage(reader, header, columnDecoder, dictionary, lastChunk, selectStart - rowCount);
      if (result.skipped) {
        if (!chunks.length) {
          skipped += result.skipped;
        }
        rowCount += result.skipped;
      } else if (result.data && lastChunk === result.data) {
        rowCount += result.data.length - lastChunkLength;
      } else if (result.data && result.data.length) {
        emitLastChunk?.();
        chunks.push(result.data);
        rowCount += result.data.length;
        lastChunk = result.data;
      }
    }
  }
  emitLastChunk?.();
  return { data: chunks, skipped };
}
function readPage(reader, header, columnDecoder, dictionary, previousChunk, pageStart) {
  const { type, element, schemaPath, codec, compressors } = columnDecoder;
  const compressedBytes = new Uint8Array(
    reader.view.buffer,
    reader.view.byteOffset + reader.offset,
    header.compressed_page_size
  );
  reader.offset += header.compressed_page_size;
  if (header.type === "DATA_PAGE") {
    const daph = header.data_page_header;
    if (!daph) throw new Error("parquet data page header is undefined");
    if (pageStart > daph.num_values && isFlatColumn(schemaPath)) {
      return { skipped: daph.num_values };
    }
    const page = decompressPage(compressedBytes, Number(header.uncompressed_page_size), codec, compressors);
    const { definitionLevels, repetitionLevels, dataPage } = readDataPage(page, daph, columnDecoder);
    const values = convertWithDictionary(dataPage, dictionary, daph.encoding, columnDecoder);
    const output = Array.isArray(previousChunk) ? previousChunk : [];
    const assembled = assembleLists(output, definitionLevels, repetitionLevels, values, schemaPath);
    return { skipped: 0, data: assembled };
  } else if (header.type === "DATA_PAGE_V2") {
    const daph2 = header.data_page_header_v2;
    if (!daph2) throw new Error("parquet data page header v2 is undefined");
    if (pageStart > daph2.num_rows) {
      return { skipped: daph2.num_rows };
    }
    const { definitionLevels, repetitionLevels, dataPage } = readDataPageV2(compressedBytes, header, columnDecoder);
    const values = convertWithDictionary(dataPage, dictionary, daph2.encoding, columnDecoder);
    const output = Array.isArray(previousChunk) ? previousChunk : [];
    const assembled = assembleLists(output, definitionLevels, repetitionLevels, values, schemaPath);
    return { skipped: 0, data: assembled };
  } else if (header.type === "DICTIONARY_PAGE") {
    const diph = header.dictionary_page_header;
    if (!diph) throw new Error("parquet dictionary page header is undefined");
    const page = decompressPage(
      compressedBytes,
      Number(header.uncompressed_page_size),
      codec,
      compressors
    );
    const reader2 = { view: new DataView(page.buffer, page.byteOffset, page.byteLength), offset: 0 };
    const dictArray = readPlain(reader2, type, diph.num_values, element.type_length);
    return { skipped: 0, data: dictArray };
  } else {
    throw new Error(`parquet unsupported page type: ${header.type}`);
  }
}
function parquetHeader(reader) {
  const header = deserializeTCompactProtocol(reader);
  const type = PageTypes[header.field_1];
  const uncompressed_page_size = header.field_2;
  const compressed_page_size = header.field_3;
  const crc = header.field_4;
  const data_page_header = header.field_5 && {
    num_values: header.field_5.field_1,
    encoding: Encodings[header.field_5.field_2],
    definition_level_encoding: Encodings[header.field_5.field_3],
    repetition_level_encoding: Encodings[header.field_5.field_4],
    statistics: pageStatistics(header.field_5.field_5)
  };
  const index_page_header = header.field_6;
  const dictionary_page_header = header.field_7 && {
    num_values: header.field_7.field_1,
    encoding: Encodings[header.field_7.field_2],
    is_sorted: header.field_7.field_3
  };
  const data_page_header_v2 = header.field_8 && {
    num_values: header.field_8.field_1,
    num_nulls: header.field_8.field_2,
    num_rows: header.field_8.field_3,
    encoding: Encodings[header.field_8.field_4],
    definition_levels_byte_length: header.field_8.field_5,
    repetition_levels_byte_length: header.field_8.field_6,
    is_compressed: header.field_8.field_7 === void 0 ? true : header.field_8.field_7,
    // default true
    statistics: pageStatistics(header.field_8.field_8)
  };
  return {
    type,
    uncompressed_page_size,
    compressed_page_size,
    crc,
    data_page_header,
    index_page_header,
    dictionary_page_header,
    data_page_header_v2
  };
}
function pageStatistics(stats) {
  return stats && {
    max: stats.field_1,
    min: stats.field_2,
    null_count: stats.field_3,
    distinct_count: stats.field_4,
    max_value: stats.field_5,
    min_value: stats.field_6,
    is_max_value_exact: stats.field_7,
    is_min_value_exact: stats.field_8
  };
}

// node_modules/hyparquet/src/rowgroup.js
function readRowGroup(options, { metadata }, groupPlan) {
  const asyncColumns = [];
  const schemaTree2 = parquetSchema(metadata);
  for (const chunk of groupPlan.chunks) {
    const { path_in_schema: pathInSchema } = chunk.columnMetadata;
    const schemaPath = getTreePath(schemaTree2, pathInSchema);
    const columnDecoder = {
      pathInSchema,
      element: schemaPath[schemaPath.length - 1].element,
      schemaPath,
      ...options,
      ...chunk.columnMetadata,
      // merge after options, so a partial parsers object keeps the defaults
      parsers: { ...DEFAULT_PARSERS, ...options.parsers }
    };
    const { startByte, endByte } = chunk.range;
    if ("pageLocations" in chunk) {
      asyncColumns.push({
        pathInSchema,
        data: readSelectedPages(options, groupPlan, chunk, chunk.pageLocations, columnDecoder)
      });
    } else if ("offsetIndex" in chunk) {
      asyncColumns.push({
        pathInSchema,
        // fetch offset index
        data: Promise.resolve(options.file.slice(chunk.offsetIndex.startByte, chunk.offsetIndex.endByte)).then((arrayBuffer) => {
          const pages = readOffsetIndex({ view: new DataView(arrayBuffer), offset: 0 }).page_locations;
          return readSelectedPages(options, groupPlan, chunk, pages, columnDecoder);
        })
      });
    } else {
      asyncColumns.push({
        pathInSchema,
        data: Promise.resolve(options.file.slice(startByte, endByte)).then((buffer) => {
          const reader = { view: new DataView(buffer), offset: 0 };
          return readColumn(reader, groupPlan, columnDecoder, options.onPage);
        })
      });
    }
  }
  return {
    groupStart: groupPlan.groupStart,
    groupRows: groupPlan.groupRows,
    selectStart: groupPlan.selectStart,
    selectEnd: groupPlan.selectEnd,
    asyncColumns
  };
}
async function readSelectedPages(options, groupPlan, chunk, pages, columnDecoder) {
  const { data_page_offset, dictionary_page_offset } = chunk.columnMetadata;
  const { selectStart, selectEnd } = groupPlan;
  let { startByte, endByte } = chunk.range;
  let skipped = -1;
  const hasDict = dictionary_page_offset || data_page_offset < pages[0].offset;
  for (let i = 0; i < pages.length; i++) {
    const page = pages[i];
    const pageStart = Number(page.first_row_index);
    const pageEnd = i + 1 < pages.length ? Number(pages[i + 1].first_row_index) : groupPlan.groupRows;
    if (skipped < 0 && pageEnd > selectStart) {
      startByte = Number(page.offset);
      skipped = pageStart;
    }
    if (pageStart < selectEnd) {
      endByte = Number(page.offset) + page.compressed_page_size;
    }
  }
  if (skipped < 0) skipped = 0;
  let view2;
  if (hasDict && skipped) {
    const dictLength = Number(pages[0].offset) - chunk.range.startByte;
    const [dictBuffer, dataBuffer] = await Promise.all([
      options.file.slice(chunk.range.startByte, Number(pages[0].offset)),
      options.file.slice(startByte, endByte)
    ]);
    const combined = new Uint8Array(dictLength + dataBuffer.byteLength);
    combined.set(new Uint8Array(dictBuffer, 0, dictLength));
    combined.set(new Uint8Array(dataBuffer), dictLength);
    view2 = new DataView(combined.buffer);
  } else if (hasDict) {
    view2 = new DataView(await options.file.slice(chunk.range.startByte, endByte));
  } else {
    view2 = new DataView(await options.file.slice(startByte, endByte));
  }
  const reader = { view: view2, offset: 0 };
  const adjustedGroupPlan = skipped ? {
    ...groupPlan,
    groupStart: groupPlan.groupStart + skipped,
    selectStart: groupPlan.selectStart - skipped,
    selectEnd: groupPlan.selectEnd - skipped
  } : groupPlan;
  const { data: data2, skipped: columnSkipped } = readColumn(reader, adjustedGroupPlan, columnDecoder, options.onPage);
  return {
    data: data2,
    skipped: skipped + columnSkipped
  };
}
async function asyncGroupToRows({ asyncColumns }, selectStart, selectEnd, columns, rowFormat) {
  const asyncPages = await Promise.all(asyncColumns.map(
    (column) => column.data.then(({ skipped, data: data2 }) => ({ skipped, data: flatten(data2) }))
  ));
  const selectCount = selectEnd - selectStart;
  if (rowFormat === "object") {
    const groupData2 = Array(selectCount);
    for (let selectRow = 0; selectRow < selectCount; selectRow++) {
      const rowData = {};
      for (let i = 0; i < asyncColumns.length; i++) {
        const { data: data2, skipped } = asyncPages[i];
        rowData[asyncColumns[i].pathInSchema[0]] = data2[selectStart + selectRow - skipped];
      }
      groupData2[selectRow] = rowData;
    }
    return groupData2;
  }
  const includedColumnNames = asyncColumns.map((child) => child.pathInSchema[0]).filter((name) => !columns || columns.includes(name));
  const columnOrder = columns ?? includedColumnNames;
  const columnIndexes = columnOrder.map((name) => asyncColumns.findIndex((column) => column.pathInSchema[0] === name));
  const groupData = Array(selectCount);
  for (let selectRow = 0; selectRow < selectCount; selectRow++) {
    const rowData = Array(asyncColumns.length);
    for (let i = 0; i < columnOrder.length; i++) {
      const colIdx = columnIndexes[i];
      if (colIdx < 0) throw new Error(`parquet column not found: ${columnOrder[i]}`);
      const { data: data2, skipped } = asyncPages[colIdx];
      rowData[i] = data2[selectStart + selectRow - skipped];
    }
    groupData[selectRow] = rowData;
  }
  return groupData;
}
function assembleAsync(asyncRowGroup, schemaTree2, parsers) {
  const { asyncColumns } = asyncRowGroup;
  const allParsers = { ...DEFAULT_PARSERS, ...parsers };
  const assembled = [];
  for (const child of schemaTree2.children) {
    if (child.children.length) {
      const childColumns = asyncColumns.filter((column) => column.pathInSchema[0] === child.element.name);
      if (!childColumns.length) continue;
      assembled.push({
        pathInSchema: child.path,
        data: (async () => {
          const resolved = await Promise.all(childColumns.map((c) => c.data));
          const subcolumnData = /* @__PURE__ */ new Map();
          const flattened = resolved.map(({ data: data2 }) => flatten(data2));
          const skipped = Math.max(asyncRowGroup.selectStart ?? 0, ...resolved.map((result) => result.skipped));
          const end = Math.min(asyncRowGroup.selectEnd ?? Infinity, ...resolved.map((result, i) => result.skipped + flattened[i].length));
          for (let i = 0; i < childColumns.length; i++) {
            const start = skipped - resolved[i].skipped;
            const length = Math.max(0, end - skipped);
            subcolumnData.set(
              childColumns[i].pathInSchema.join("."),
              flattened[i].slice(start, start + length)
            );
          }
          assembleNested(subcolumnData, child, allParsers);
          const assembled2 = subcolumnData.get(child.element.name);
          if (!assembled2) throw new Error("parquet column data not assembled");
          return { data: [assembled2], skipped };
        })()
      });
    } else {
      const asyncColumn = asyncColumns.find((column) => column.pathInSchema[0] === child.element.name);
      if (asyncColumn) assembled.push(asyncColumn);
    }
  }
  return { ...asyncRowGroup, asyncColumns: assembled };
}

// node_modules/hyparquet/src/scan.js
async function prepareParquetRead(options) {
  const prepared = await prepareParquetOptions(options);
  return {
    options: prepared,
    plan: parquetPlan(prepared)
  };
}
async function prepareParquetOptions(options) {
  const metadata = options.metadata ?? await parquetMetadataAsync(options.file, options);
  const schemaColumns = parquetSchema(metadata).children.map((child) => child.element.name);
  const filterColumns = columnsNeededForFilter(options.filter);
  const missingFilterColumns = filterColumns.filter((column) => !schemaColumns.includes(column));
  if (missingFilterColumns.length) {
    throw new Error(`parquet filter columns not found: ${missingFilterColumns.join(", ")}`);
  }
  if (options.columns) {
    const missingColumns = options.columns.filter((column) => !schemaColumns.includes(column));
    if (missingColumns.length) throw new Error(`parquet column not found: ${missingColumns[0]}`);
  }
  let prepared = { ...options, metadata };
  prepared = await withBloomFilters(prepared);
  prepared = await withPageIndexes(prepared);
  return prepared;
}
function readParquetPlan(options, plan) {
  const readOptions = { ...options, file: prefetchAsyncBuffer(options.file, plan) };
  return plan.groups.map((group) => readRowGroup(readOptions, plan, group));
}
async function withBloomFilters(options) {
  if (!options.useBloomFilters || !options.filter || !options.metadata) return options;
  const schemaTree2 = parquetSchema(options.metadata);
  const schemaElements = {};
  for (const child of schemaTree2.children) schemaElements[child.element.name] = child.element;
  const bloomFiltersByGroup = await prefetchBloomFilters({
    file: options.file,
    metadata: options.metadata,
    filter: options.filter,
    filterStrict: options.filterStrict
  });
  return { ...options, bloomFiltersByGroup, schemaElements };
}
async function withPageIndexes(options) {
  if (!options.usePageIndex || !options.filter || !options.metadata) return options;
  const { pageRangesByGroup, pageLocationsByGroup } = await prefetchPageIndexes({
    file: options.file,
    metadata: options.metadata,
    filter: options.filter,
    filterStrict: options.filterStrict,
    rowStart: options.rowStart,
    rowEnd: options.rowEnd,
    columns: options.columns,
    bloomFiltersByGroup: options.bloomFiltersByGroup,
    schemaElements: options.schemaElements,
    parsers: options.parsers
  });
  return { ...options, pageRangesByGroup, pageLocationsByGroup };
}

// node_modules/hyparquet/src/read.js
var rowIndex = (
  /** @type {typeof import('../src/types.js').rowIndex} */
  /* @__PURE__ */ Symbol("rowIndex")
);
async function parquetRead(options) {
  options.metadata ??= await parquetMetadataAsync(options.file, options);
  const { rowStart = 0, rowEnd, columns, onChunk, onComplete, rowFormat, filter, filterStrict = true } = options;
  if (filter && rowFormat !== "object") {
    throw new Error('parquet filter requires rowFormat: "object"');
  }
  if (options.includeRowIndex && rowFormat !== "object") {
    throw new Error('parquet includeRowIndex requires rowFormat: "object"');
  }
  const filterColumns = columnsNeededForFilter(filter);
  let readColumns = columns;
  if (columns && filterColumns.length) {
    const selectedColumns = new Set(columns);
    const extraColumns = filterColumns.filter((column) => !selectedColumns.has(column));
    if (extraColumns.length) readColumns = [...columns, ...extraColumns];
  }
  const readOptions = readColumns === columns ? options : { ...options, columns: readColumns };
  const prepared = await prepareParquetRead(readOptions);
  const preparedOptions = prepared.options;
  const requiresProjection = readColumns !== columns;
  const asyncGroups = readParquetPlan(preparedOptions, prepared.plan);
  if (!onComplete && !onChunk) {
    await awaitAllColumns(asyncGroups);
    return;
  }
  if (!preparedOptions.metadata) throw new Error("parquet requires metadata");
  const schemaTree2 = parquetSchema(preparedOptions.metadata);
  const assembled = asyncGroups.map((arg) => assembleAsync(arg, schemaTree2, options.parsers));
  if (onChunk) {
    for (const asyncGroup of assembled) {
      for (const asyncColumn of asyncGroup.asyncColumns) {
        asyncColumn.data.then(({ data: data2, skipped }) => {
          let rowStart2 = asyncGroup.groupStart + skipped;
          for (const columnData of data2) {
            onChunk({
              columnName: asyncColumn.pathInSchema[0],
              columnData,
              rowStart: rowStart2,
              rowEnd: rowStart2 + columnData.length
            });
            rowStart2 += columnData.length;
          }
        }, () => {
        });
      }
    }
  }
  if (onComplete) {
    await awaitAllColumns(assembled);
    const rows = [];
    for (const asyncGroup of assembled) {
      const selectStart = asyncGroup.selectStart ?? Math.max(rowStart - asyncGroup.groupStart, 0);
      const selectEnd = asyncGroup.selectEnd ?? Math.min((rowEnd ?? Infinity) - asyncGroup.groupStart, asyncGroup.groupRows);
      const groupData = rowFormat === "object" ? await asyncGroupToRows(asyncGroup, selectStart, selectEnd, readColumns, "object") : await asyncGroupToRows(asyncGroup, selectStart, selectEnd, columns, "array");
      if (options.includeRowIndex) {
        for (let i = 0; i < groupData.length; i++) {
          Object.defineProperty(groupData[i], rowIndex, {
            value: asyncGroup.groupStart + selectStart + i
          });
        }
      }
      if (filter) {
        for (
          const row of
          /** @type {Record<string, any>[]} */
          groupData
        ) {
          if (matchFilter(row, filter, filterStrict)) {
            if (requiresProjection && columns) {
              for (const col of filterColumns) {
                if (!columns.includes(col)) delete row[col];
              }
            }
            rows.push(row);
          }
        }
      } else {
        concat(rows, groupData);
      }
    }
    onComplete(rows);
  } else {
    await awaitAllColumns(assembled);
  }
}
async function awaitAllColumns(asyncGroups) {
  const all = asyncGroups.flatMap((g) => g.asyncColumns.map((c) => c.data));
  const results = await Promise.allSettled(all);
  const failed = results.find((r) => r.status === "rejected");
  if (failed) throw failed.reason;
}
function parquetReadObjects(options) {
  return new Promise((onComplete, reject) => {
    parquetRead({
      ...options,
      rowFormat: "object",
      // force object output
      onComplete
    }).catch(reject);
  });
}

// src/data/formats/parquet-pages.ts
var CODECS = ["UNCOMPRESSED", "SNAPPY", "GZIP", "BROTLI"];
function checkPages(path14, chunk, rows, limit) {
  const what = `${path14}: column '${chunk.path_in_schema.join(".")}'`;
  if (!CODECS.includes(chunk.codec)) {
    throw new DataError(
      "unsupported-image",
      path14,
      `${what} is packed with ${chunk.codec}, which is not read; write the file with compression='snappy'.`
    );
  }
  const tooLarge = (bytes2) => new DataError(
    "too-large",
    path14,
    `${what} holds ${bytes2} bytes in one row group, more than the ${limit} that are read at once; write the file with smaller row groups (pyarrow: row_group_size=100).`
  );
  const dictionaryAt = Number(chunk.dictionary_page_offset ?? 0);
  const start = dictionaryAt > 0 ? dictionaryAt : Number(chunk.data_page_offset);
  const length = Number(chunk.total_compressed_size);
  if (length > limit) throw tooLarge(length);
  if (!(start >= 4 && length >= 0)) throw new Error("a column lies outside the file");
  const bytes = readRange(path14, start, length, limit);
  if (bytes.length < length) throw new Error("it is truncated");
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, length), offset: 0 };
  let values = 0;
  let dictionaries = 0;
  let unpacked = 0;
  while (reader.offset < length) {
    const header = parquetHeader(reader);
    const { compressed_page_size: packed, uncompressed_page_size: size } = header;
    const dictionary = header.dictionary_page_header?.num_values;
    const count = (header.data_page_header ?? header.data_page_header_v2)?.num_values;
    if (!(packed >= 0 && size >= 0 && reader.offset + packed <= length)) {
      throw new Error("a page leaves its column");
    }
    unpacked += size;
    if (unpacked > limit) throw tooLarge(unpacked);
    if ((count ?? 0) < 0 || (dictionary ?? 0) < 0) throw new Error("a page has a negative number of values");
    values += count ?? 0;
    dictionaries += dictionary ?? 0;
    reader.offset += packed;
  }
  if (values > rows || dictionaries > rows) {
    throw new Error(`a column of ${rows} rows announces ${Math.max(values, dictionaries)} values`);
  }
  if (values < rows) throw new Error(`a column of ${rows} rows holds ${values} values`);
}

// src/data/formats/parquet-file.ts
var MAX_FOOTER = 64 * 1024 * 1024;
var MAX_CHUNK = 512 * 1024 * 1024;
var MAX_ROWS = 2e7;
var ParquetFile = class _ParquetFile {
  path;
  /** Rows of each row group. */
  groups;
  columns;
  source;
  metadata;
  constructor(path14, source, metadata) {
    this.path = path14;
    this.source = source;
    this.metadata = metadata;
    this.groups = metadata.row_groups.map(({ num_rows }) => Number(num_rows));
    this.columns = parquetSchema(metadata).children.map(({ element, children }) => ({
      name: element.name,
      type: element.type ?? null,
      children: children.map((child) => child.element.name)
    }));
  }
  /** Reads the footer. Rejects with DataError `unreadable-image` or `too-large`. */
  static async open(path14) {
    const tail = readRange(path14, Math.max(0, statSync4(path14).size - 8), 8, 8);
    if (tail.length === 8 && tail.readUInt32LE(0) > MAX_FOOTER) {
      throw new DataError(
        "too-large",
        path14,
        `${path14}: its footer announces ${tail.readUInt32LE(0)} bytes, more than the ${MAX_FOOTER} that are read.`
      );
    }
    return await guard(path14, async () => {
      const source = sourceOf(path14);
      const file2 = new _ParquetFile(path14, source, await parquetMetadataAsync(source, { geoparquet: false }));
      const rows = file2.groups.reduce((sum2, count) => count >= 0 ? sum2 + count : NaN, 0);
      if (!(rows <= MAX_ROWS)) throw new Error(`it announces ${rows} rows`);
      return file2;
    });
  }
  /** The value of a key in the footer, e.g. `huggingface`, or null. */
  value(key) {
    return this.metadata.key_value_metadata?.find((each) => each.key === key)?.value ?? null;
  }
  /**
   * The values of a column in one row group: numbers, bigints, byte arrays, or objects for a group of columns. Rejects
   * with DataError where they are damaged, packed in a way that is not read, or more than is read at once.
   */
  async read(column, group) {
    const rowStart = this.groups.slice(0, group).reduce((sum2, count) => sum2 + count, 0);
    const rows = this.groups[group];
    if (rows === 0) return [];
    return await guard(this.path, async () => {
      for (const { meta_data: chunk } of this.metadata.row_groups[group].columns) {
        if (chunk?.path_in_schema[0] === column) checkPages(this.path, chunk, rows, MAX_CHUNK);
      }
      const read = await parquetReadObjects({
        file: this.source,
        metadata: this.metadata,
        columns: [column],
        rowStart,
        rowEnd: rowStart + rows,
        utf8: false,
        compressors: COMPRESSORS,
        geoparquet: false
      });
      if (read.length !== rows) throw new Error(`a column has ${read.length} of ${rows} rows`);
      return read.map((row) => row[column]);
    });
  }
};
var COMPRESSORS = {
  GZIP: (packed, size) => gunzipSync2(packed, { maxOutputLength: Math.max(1, size) }),
  BROTLI: (packed, size) => brotliDecompressSync(packed, { maxOutputLength: Math.max(1, size) })
};
function sourceOf(path14) {
  const { size } = statSync4(path14);
  return {
    byteLength: size,
    slice: (start, end = size) => {
      const bytes = readRange(path14, start, end - start, MAX_CHUNK);
      if (bytes.length < end - start) throw new Error("it is truncated");
      return bytes.buffer;
    }
  };
}
async function guard(path14, run) {
  try {
    return await run();
  } catch (cause) {
    if (isScourError(cause)) throw cause;
    throw new DataError(
      "unreadable-image",
      path14,
      `${path14}: broken Parquet file: ${messageOf(cause).replace(/^parquet /, "")}.`,
      { cause }
    );
  }
}

// src/data/formats/parquet.ts
var MAX_CLASSES3 = 1e5;
var LABEL_NAMES = ["label", "labels", "fine_label", "class", "target"];
var INTEGERS = ["INT32", "INT64"];
var FeaturesSchema = object({
  info: object({
    features: record(
      string(),
      looseObject({
        _type: optional(string()),
        names: optional(pipe(array(string()), maxLength(MAX_CLASSES3)))
      })
    )
  })
});
function isParquet(bytes) {
  return Buffer.from(bytes.subarray(0, 4)).toString("latin1") === "PAR1";
}
async function openParquet(root2, shards) {
  const samples = [];
  const unlabelled = [];
  let names = null;
  for (const [i, shard] of shards.entries()) {
    const file2 = await ParquetFile.open(shard);
    const columns = columnsOf(file2);
    if (i === 0) names = columns.names;
    else if (columns.names?.join("\0") !== names?.join("\0")) {
      throw layout(shard, `${shard} has other classes than ${shards[0]}.`);
    }
    for (const [group, rows] of file2.groups.entries()) {
      const labels = columns.label === null ? null : await file2.read(columns.label, group);
      for (let row = 0; row < rows; row++) {
        const label = labels === null ? null : labelOf(labels[row], `${shard}:row group ${group}, row ${row}`);
        const sample = {
          name: `${path7.basename(shard)}/${group}/${row}`,
          label,
          location: { kind: "cell", path: shard, column: columns.image, group, row }
        };
        (label === null ? unlabelled : samples).push(sample);
      }
    }
  }
  if (samples.length + unlabelled.length === 0)
    throw new DataError("no-images", root2, `${root2} has no rows.`);
  if (samples.length === 0) return { root: root2, classes: null, samples: unlabelled, skipped: [] };
  const skipped = unlabelled.map(({ name }) => ({ path: name, reason: "it has no label" }));
  return { root: root2, classes: classesOf(root2, names, samples), samples, skipped };
}
function columnsOf(file2) {
  const features = featuresOf(file2);
  const typeOf = ({ name }) => features[name]?._type;
  const image = file2.columns.find((column) => typeOf(column) === "Image") ?? file2.columns.find(({ children }) => children.includes("bytes")) ?? file2.columns.find(({ name, type }) => type === "BYTE_ARRAY" && /^(image|img)$/i.test(name));
  if (image === void 0) {
    const there = file2.columns.map(({ name }) => JSON.stringify(name)).join(", ");
    throw layout(file2.path, `${file2.path} has no column of images ({bytes, path}), but ${there || "none"}.`);
  }
  const integers = file2.columns.filter(({ type }) => INTEGERS.includes(type));
  const named = integers.filter((column) => typeOf(column) === "ClassLabel");
  const candidates = named.length > 0 ? named : integers;
  const label = LABEL_NAMES.map((name) => candidates.find((column) => column.name === name)).find(
    (column) => column !== void 0
  ) ?? (named.length === 1 ? named[0] : void 0);
  if (label === void 0 && named.length > 1) {
    const there = named.map(({ name }) => JSON.stringify(name)).join(", ");
    throw layout(file2.path, `${file2.path} has several columns of labels, none named 'label': ${there}.`);
  }
  return {
    image: image.name,
    label: label?.name ?? null,
    names: (label === void 0 ? void 0 : features[label.name]?.names) ?? null
  };
}
function featuresOf(file2) {
  const text2 = file2.value("huggingface");
  if (text2 === null) return {};
  const broken = (cause) => new DataError("bad-layout", file2.path, `${file2.path}: its 'huggingface' metadata cannot be understood.`, {
    cause
  });
  let json;
  try {
    json = JSON.parse(text2);
  } catch (cause) {
    throw broken(cause);
  }
  const parsed = safeParse(FeaturesSchema, json);
  if (!parsed.success) throw broken();
  return parsed.output.info.features;
}
function labelOf(value, where2) {
  if (value === null || value === void 0) return null;
  const label = typeof value === "bigint" || typeof value === "number" ? Number(value) : NaN;
  if (!Number.isInteger(label) || label >= MAX_CLASSES3) throw layout(where2, `${where2}: no class number.`);
  return label < 0 ? null : label;
}
function classesOf(root2, names, samples) {
  const most = samples.reduce((max, { label }) => Math.max(max, label), -1);
  if (names === null) return Array.from({ length: most + 1 }, (_, label) => String(label));
  if (most >= names.length) {
    throw layout(root2, `${root2} has a label ${most}, but names ${names.length} classes.`);
  }
  return names;
}
function layout(where2, message) {
  return new DataError("bad-layout", where2, message);
}

// src/data/formats/parquet-shards.ts
import { readdirSync as readdirSync2, statSync as statSync5 } from "node:fs";
import path8 from "node:path";
var SHARD = /^(?<split>.+)-(?<index>\d{5})-of-(?<count>\d{5})\.parquet$/i;
var NUMBERED = /^\d{4,5}\.parquet$/i;
var PARQUET = /\.parquet$/i;
function findParquetShards(root2) {
  const isFolder = statSync5(root2, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const folder = isFolder ? root2 : path8.dirname(root2);
  const entries = list(folder);
  if (isFolder && entries.some((entry2) => entry2.isDirectory() || IMAGE_NAMES.test(entry2.name))) return null;
  const names = entries.map(({ name }) => name).filter((name) => PARQUET.test(name));
  const splits = /* @__PURE__ */ new Map();
  for (const name of names) {
    const split3 = NUMBERED.test(name) ? "" : SHARD.exec(name)?.groups?.["split"] ?? name.replace(PARQUET, "");
    splits.set(split3, [...splits.get(split3) ?? [], name]);
  }
  if (!isFolder) return shardsOf(folder, splits.get(path8.basename(root2)) ?? []);
  if (splits.size > 1) {
    const some = [...splits.keys()].slice(0, 5).map((split3) => path8.join(root2, split3));
    throw new DataError(
      "bad-layout",
      root2,
      `${root2} holds ${splits.size} splits in Parquet files; name one of them: ${some.join(", ")}.`
    );
  }
  return shardsOf(folder, names);
}
function list(folder) {
  try {
    return readdirSync2(folder, { withFileTypes: true }).filter(({ name }) => !name.startsWith(".")).sort((a, b) => byCodePoint(a.name, b.name));
  } catch {
    return [];
  }
}
function shardsOf(folder, names) {
  if (names.length === 0) return null;
  const count = Number(SHARD.exec(names[0])?.groups?.["count"] ?? 0);
  const there = new Set(names.map((name) => Number(SHARD.exec(name)?.groups?.["index"])));
  const missing = Array.from({ length: count }, (_, index) => index).filter((index) => !there.has(index)).map((index) => ({ path: `shard ${index} of ${count}`, reason: "it is not there" }));
  return { files: names.map((name) => path8.join(folder, name)), missing };
}

// src/data/formats/tar.ts
import { statSync as statSync6 } from "node:fs";
var BLOCK = 512;
var MAX_RECORD = 64 * 1024;
var MAX_MEMBERS = 2e7;
function isTar(bytes) {
  return Buffer.from(bytes.subarray(257, 262)).toString("latin1") === "ustar";
}
function openTar(root2) {
  const { size: end } = statSync6(root2);
  const skipped = [];
  const images = [];
  const broken = (why) => new DataError("unreadable-image", root2, `${root2}: broken tar archive: ${why}.`);
  let longName = null;
  for (let at = 0, members = 0; ; members++) {
    if (at + BLOCK > end) throw broken("it is truncated");
    const header = readRange(root2, at, BLOCK, BLOCK);
    if (header.every((byte) => byte === 0)) break;
    if (!hasChecksum(header)) throw broken(`the record at byte ${at} has a wrong checksum`);
    if (members > MAX_MEMBERS) throw broken("it has too many members");
    const size = readNumber(header.subarray(124, 136));
    const start = at + BLOCK;
    if (size === null || start + size > end) throw broken("it is truncated");
    const kind = String.fromCharCode(header[156]);
    at = start + Math.ceil(size / BLOCK) * BLOCK;
    if (kind === "L" || kind === "x") {
      const record2 = readRange(root2, start, size, MAX_RECORD).toString("utf8");
      longName = kind === "L" ? record2.replace(/\0.*$/s, "") : paxPath(record2) ?? longName;
      continue;
    }
    if (kind === "g") continue;
    const name = (longName ?? shortName(header)).replace(/^(?:\.\/)+/, "");
    longName = null;
    if (kind === "5" || /(^|\/)\./.test(name)) continue;
    if (kind !== "0" && kind !== "\0") skipped.push({ path: name, reason: "it is not a regular file" });
    else if (!IMAGE_NAMES.test(name))
      skipped.push({ path: name, reason: "its name is not that of an image" });
    else {
      images.push({
        name,
        location: {
          kind: "member",
          path: root2,
          name,
          offset: start,
          length: size,
          packing: "stored",
          size,
          crc: null
        }
      });
    }
  }
  if (images.length === 0) {
    throw new DataError("no-images", root2, `${root2} holds no images (PNG, JPEG, WebP, BMP or PPM files).`);
  }
  return { root: root2, ...labelByFolder(root2, images), skipped };
}
function hasChecksum(header) {
  let sum2 = 0;
  for (const [i, byte] of header.entries()) sum2 += i >= 148 && i < 156 ? 32 : byte;
  return sum2 === readNumber(header.subarray(148, 156));
}
function readNumber(field) {
  if (field[0] === 128) {
    const value = field.subarray(1).reduce((number2, byte) => number2 * 256 + byte, 0);
    return Number.isSafeInteger(value) ? value : null;
  }
  const digits = /^ *([0-7]+)[ \0]*$/.exec(Buffer.from(field).toString("latin1"))?.[1];
  return digits === void 0 ? null : parseInt(digits, 8);
}
function shortName(header) {
  const text2 = (from, to) => header.toString("utf8", from, to).replace(/\0.*$/s, "");
  const prefix = header.toString("latin1", 257, 263) === "ustar\0" ? text2(345, 500) : "";
  return prefix === "" ? text2(0, 100) : `${prefix}/${text2(0, 100)}`;
}
function paxPath(record2) {
  return /(?:^|\n)\d+ path=([^\n]*)\n/.exec(record2)?.[1] ?? null;
}

// src/data/open-dataset.ts
async function openDataset(root2) {
  const shards = existsSync4(root2) && !isDirectory(root2) ? null : findParquetShards(root2);
  if (shards !== null) {
    const set2 = await openParquet(root2, shards.files);
    return { ...set2, skipped: [...set2.skipped, ...shards.missing] };
  }
  const isFolder = isDirectory(root2);
  if (isCifarPickle(root2)) return openCifarPickle(root2);
  if (isFolder) return isCifarBinary(root2) ? openCifarBinary(root2) : openLabelledFolder(root2);
  const start = readRange(root2, 0, 512, 512);
  if (isZip(start)) return isNpz(root2) ? openNpz(root2) : openZip(root2);
  if (isTar(start)) return openTar(root2);
  if (isParquet(start)) return await openParquet(root2, [root2]);
  if (isIdxImages(isGzip(start) ? peekGzip(start) : start)) return await openIdx(root2);
  if (isCifarBinary(root2)) return openCifarBinary(root2);
  throw new DataError(
    "bad-layout",
    root2,
    `${root2} is not a dataset that can be read: a folder of images, a zip or tar archive of one, CIFAR's binary or Python version, MNIST's IDX files, an .npz file, or Parquet files of images.`
  );
}
function openLabelledFolder(root2) {
  const set2 = openFolder(root2);
  const list2 = set2.classes === null ? readdirSync3(root2).find((name) => GTSRB_LIST.test(name)) : void 0;
  return list2 === void 0 ? set2 : labelByGtsrbList(set2, path9.join(root2, list2));
}
function isDirectory(root2) {
  try {
    return statSync7(root2).isDirectory();
  } catch (cause) {
    throw new DataError("not-found", root2, `${root2} cannot be opened: ${messageOf(cause)}.`, { cause });
  }
}
function isNpz(root2) {
  const file2 = new NpzFile(root2);
  try {
    return file2.holdsArraysOnly;
  } finally {
    file2.close();
  }
}

// src/data/pixel-pool.ts
import { createHash } from "node:crypto";

// src/data/tensor.ts
function channelCount(preprocessing2) {
  return preprocessing2.channels === "grey" ? 1 : 3;
}
function toTensor(pixels, count, preprocessing2) {
  const { width, height, layout: layout2, channels } = preprocessing2;
  const area = width * height;
  if (pixels.length < count * area * 3) {
    throw new RangeError(`${count} images of ${width} \xD7 ${height} need more than ${pixels.length} bytes.`);
  }
  const depth = channelCount(preprocessing2);
  const out2 = new Float32Array(count * area * depth);
  const tables = Array.from({ length: depth }, (_, channel) => normalisation(preprocessing2, channel));
  const [pixelStep, channelStep] = layout2 === "nchw" ? [1, area] : [depth, 1];
  for (let n = 0; n < count; n++) {
    const from = n * area * 3;
    const to = n * area * depth;
    for (let channel = 0; channel < depth; channel++) {
      const table = tables[channel];
      let target = to + channel * channelStep;
      if (channels === "grey") {
        for (let i = from; i < from + area * 3; i += 3, target += pixelStep) {
          out2[target] = table[luma(pixels[i], pixels[i + 1], pixels[i + 2])];
        }
      } else {
        const sample = channels === "bgr" ? 2 - channel : channel;
        for (let i = from + sample; i < from + area * 3; i += 3, target += pixelStep) {
          out2[target] = table[pixels[i]];
        }
      }
    }
  }
  return out2;
}
function normalisation({ mean: mean2, std }, channel) {
  return Float32Array.from(
    { length: 256 },
    (_, value) => (value / 255 - (mean2[channel] ?? 0)) / (std[channel] ?? 1)
  );
}
function luma(red, green, blue) {
  return red * 19595 + green * 38470 + blue * 7471 + 32768 >> 16;
}

// src/data/loading/decode-worker.ts
import path10 from "node:path";
import { Worker } from "node:worker_threads";

// src/model/assets.ts
var ASSETS = true ? "/work/wt-asd/dist/assets" : path.join(__dirname, "assets");

// src/data/loading/decode-worker.ts
var DecodeWorker = class {
  worker;
  waiting = [];
  failed = null;
  constructor() {
    this.worker = new Worker(path10.join(ASSETS, "decode-worker.js"));
    this.worker.on("message", (reply) => this.waiting.shift()?.resolve(reply));
    this.worker.on("messageerror", (error) => this.fail(error));
    this.worker.on("error", (error) => this.fail(error));
    this.worker.on("exit", (code) => this.fail(new Error(`it ended with code ${code}`)));
  }
  /** Rejects with DataError where the worker itself fails; images that cannot be read are part of the reply. */
  decode(request) {
    if (this.failed) return Promise.reject(this.failed);
    return new Promise((resolve2, reject) => {
      this.waiting.push({ resolve: resolve2, reject });
      this.worker.postMessage(request);
    });
  }
  /** Ends the thread, also in the middle of an image. */
  async stop() {
    await this.worker.terminate();
  }
  fail(cause) {
    this.failed ??= new DataError(
      "unreadable-image",
      "",
      `The thread that decodes images failed: ${messageOf(cause)}.`,
      { cause }
    );
    for (const { reject } of this.waiting.splice(0)) reject(this.failed);
  }
};

// src/data/loading/load-batches.ts
var PREFETCH = 2;
async function* loadPixels(samples, fit, { batchSize, onSkip, signal }) {
  if (samples.length === 0) return;
  if (signal?.aborted) throw new CancelledError();
  const worker = new DecodeWorker();
  const aborted = rejectOnAbort(signal);
  try {
    const queue = [];
    let next = 0;
    const request = () => {
      if (next >= samples.length) return;
      const batch = samples.slice(next, next + batchSize);
      next += batch.length;
      const reply = worker.decode({
        locations: batch.map(({ location }) => location),
        fit: { width: fit.width, height: fit.height, resize: fit.resize, filter: fit.filter }
      });
      reply.catch(() => void 0);
      queue.push({ batch, reply });
    };
    for (let ahead = 0; ahead < PREFETCH; ahead++) request();
    for (let current = queue.shift(); current !== void 0; current = queue.shift()) {
      const { batch } = current;
      const { pixels, decoded, failures } = await Promise.race([aborted.promise, current.reply]);
      request();
      for (const failure of failures) onSkip({ sample: batch[failure.index], failure });
      if (decoded.length > 0) yield { pixels, samples: decoded.map((index) => batch[index]) };
    }
  } finally {
    aborted.dispose();
    await worker.stop();
  }
}
function rejectOnAbort(signal) {
  let onAbort = () => void 0;
  const promise = new Promise((_, reject) => {
    onAbort = () => reject(new CancelledError());
    signal?.addEventListener("abort", onAbort, { once: true });
  });
  promise.catch(() => void 0);
  return { promise, dispose: () => signal?.removeEventListener("abort", onAbort) };
}

// src/data/pixel-pool.ts
var KEEP = 1024 * 1024 * 1024;
var BATCH = 256;
var PixelPool = class _PixelPool {
  /** Those that can be decoded. */
  samples;
  skipped;
  /** Number of images that differ from all others. */
  distinct;
  /** SHA-256 over all pixels, in the order of `samples`. */
  sha256;
  fit;
  pixels;
  constructor(fit, loaded, pixels) {
    this.fit = fit;
    this.samples = loaded.samples;
    this.skipped = loaded.skipped;
    this.distinct = loaded.distinct;
    this.sha256 = loaded.sha256;
    this.pixels = pixels;
  }
  /**
   * Decodes every image once. Rejects with DataError `no-images` where fewer than two differ, CancelledError where
   * `signal` is aborted.
   */
  static async load(root2, samples, fit, options) {
    const bytes = fit.width * fit.height * 3;
    const kept = samples.length * bytes <= (options.keep ?? KEEP) ? new Uint8Array(samples.length * bytes) : null;
    const good = [];
    const skipped = [];
    const seen = /* @__PURE__ */ new Set();
    const whole = createHash("sha256");
    const batches = loadPixels(samples, fit, {
      batchSize: BATCH,
      onSkip: ({ sample, failure }) => skipped.push({ path: sample.name, reason: failure.message }),
      ...options.signal ? { signal: options.signal } : {}
    });
    for await (const { pixels, samples: batch } of batches) {
      kept?.set(pixels, good.length * bytes);
      whole.update(pixels);
      for (const [i, sample] of batch.entries()) {
        const image = pixels.subarray(i * bytes, (i + 1) * bytes);
        const digest = createHash("sha256").update(image).digest("base64");
        seen.add(digest);
        options.onImage?.(good.length + i, sample, digest);
      }
      good.push(...batch);
      await options.onProgress(good.length + skipped.length, samples.length);
    }
    if (seen.size < 2) {
      const what = good.length < 2 ? `${good.length} of its images can be read` : "all its images are the same";
      throw new DataError("no-images", root2, `${root2} cannot be learnt from: ${what}.`);
    }
    const loaded = { samples: good, skipped, distinct: seen.size, sha256: whole.digest("hex") };
    return new _PixelPool(fit, loaded, kept?.subarray(0, good.length * bytes) ?? null);
  }
  get size() {
    return this.samples.length;
  }
  /** True where all pixels are in memory; otherwise every pass decodes anew, three batches at a time. */
  get isKept() {
    return this.pixels !== null;
  }
  /** The images at `order`, in batches of count × height × width × 3 bytes. An image that can no longer be read is left out of its batch. */
  async *batches(order, batchSize) {
    if (this.pixels === null) {
      const wanted = order.map((i) => this.samples[i]);
      const options = { batchSize, onSkip: () => void 0 };
      for await (const { pixels } of loadPixels(wanted, this.fit, options)) yield pixels;
      return;
    }
    const bytes = this.fit.width * this.fit.height * 3;
    for (let start = 0; start < order.length; start += batchSize) {
      const part = order.slice(start, start + batchSize);
      const out2 = new Uint8Array(part.length * bytes);
      part.forEach(
        (image, i) => out2.set(this.pixels.subarray(image * bytes, (image + 1) * bytes), i * bytes)
      );
      yield out2;
    }
  }
};

// src/data/preprocessing-files.ts
import { closeSync as closeSync3, fstatSync as fstatSync3, openSync as openSync3, readSync as readSync3 } from "node:fs";
import path11 from "node:path";
var MAX_CONFIG_BYTES = 1024 * 1024;
function readStatedPreprocessing(modelPath) {
  const folder = path11.dirname(modelPath);
  const folders = path11.basename(folder) === "onnx" ? [folder, path11.dirname(folder)] : [folder];
  const unreadable = [];
  for (const each of folders) {
    for (const [name, read] of [
      ["preprocessor_config.json", readHuggingFace],
      ["config.json", readTimm]
    ]) {
      try {
        const json = readJson(path11.join(each, name));
        const stated = json === void 0 ? null : read(json, name);
        if (stated) return { stated, unreadable };
      } catch (thrown) {
        unreadable.push(`${path11.join(each, name)} is not used: ${messageOf(thrown)}.`);
      }
    }
  }
  return { stated: null, unreadable };
}
function readJson(file2) {
  let fd;
  try {
    fd = openSync3(file2, "r");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return void 0;
    throw cause;
  }
  try {
    const stats = fstatSync3(fd);
    if (!stats.isFile()) throw new Error("it is not a file");
    if (stats.size > MAX_CONFIG_BYTES) throw new Error(`it has ${stats.size} bytes`);
    const bytes = Buffer.alloc(stats.size);
    const length = readSync3(fd, bytes, 0, bytes.length, 0);
    const json = JSON.parse(bytes.toString("utf8", 0, length));
    if (typeof json !== "object" || json === null || Array.isArray(json))
      throw new Error("it holds no object");
    return json;
  } finally {
    closeSync3(fd);
  }
}
var Side = pipe(number(), integer(), minValue(1), maxValue(8192));
var Positive = pipe(number(), finite(), gtValue(0));
var Means = pipe(array(pipe(number(), finite())), minLength(1), maxLength(4));
var Deviations = pipe(array(Positive), minLength(1), maxLength(4));
var Sides = union([Side, object({ height: Side, width: Side }), object({ shortest_edge: Side })]);
var optional2 = (schema) => pipe(
  nullish(schema),
  transform((value) => value ?? void 0)
);
var HuggingFaceSchema = object({
  do_resize: optional2(boolean()),
  size: optional2(Sides),
  resample: optional2(number()),
  do_center_crop: optional2(boolean()),
  crop_size: optional2(Sides),
  crop_pct: optional2(Positive),
  do_rescale: optional2(boolean()),
  rescale_factor: optional2(Positive),
  do_normalize: optional2(boolean()),
  image_mean: optional2(Means),
  image_std: optional2(Deviations)
});
var PIL_FILTERS = {
  0: "nearest",
  1: "lanczos",
  2: "bilinear",
  3: "bicubic"
};
function readHuggingFace(json, source) {
  const config = parse(HuggingFaceSchema, json);
  const stated = { source, warnings: [] };
  const filter = config.resample === void 0 ? void 0 : PIL_FILTERS[config.resample];
  if (filter) stated.filter = filter;
  else if (config.resample !== void 0) {
    stated.warnings = [
      `${source} asks for resampling filter ${config.resample}, which is not known; bilinear is used.`
    ];
  }
  const sides2 = huggingFaceSides(config);
  if (sides2) Object.assign(stated, sides2);
  const factor = 255 * (config.do_rescale === false ? 1 : config.rescale_factor ?? 1 / 255);
  if (config.do_normalize === false) {
    stated.mean = [0];
    stated.std = [1 / factor];
  } else if (config.image_mean && config.image_std) {
    stated.mean = config.image_mean.map((mean2) => mean2 / factor);
    stated.std = config.image_std.map((std) => std / factor);
  }
  return stated;
}
function huggingFaceSides(config) {
  const { size, crop_size: crop, crop_pct: share } = config;
  const straight = pair(size);
  if (config.do_center_crop && crop !== void 0) {
    const target = pair(crop);
    const short = size === void 0 || config.do_resize === false ? void 0 : shortSide(size);
    return target && short !== void 0 ? { size: target, resize: short } : target && { size: target };
  }
  if (share !== void 0 && size !== void 0) {
    const side = shortSide(size);
    if (side !== void 0)
      return { size: [side, side], resize: side < 384 ? Math.trunc(side / share) : null };
  }
  return straight && { size: straight, resize: null };
}
function pair(sides2) {
  if (sides2 === void 0) return null;
  if (typeof sides2 === "number") return [sides2, sides2];
  return "height" in sides2 ? [sides2.height, sides2.width] : [sides2.shortest_edge, sides2.shortest_edge];
}
function shortSide(sides2) {
  if (typeof sides2 === "number") return sides2;
  if ("shortest_edge" in sides2) return sides2.shortest_edge;
  return sides2.height === sides2.width ? sides2.height : void 0;
}
var TimmSchema = object({
  input_size: optional2(tuple([Side, Side, Side])),
  interpolation: optional2(string()),
  crop_pct: optional2(Positive),
  crop_mode: optional2(string()),
  mean: optional2(Means),
  std: optional2(Deviations)
});
function readTimm(json, source) {
  const outer = parse(object({ pretrained_cfg: optional2(unknown()) }), json);
  const parsed = safeParse(TimmSchema, outer.pretrained_cfg ?? json);
  if (!parsed.success) {
    if (outer.pretrained_cfg === void 0) return null;
    throw new ValiError(parsed.issues);
  }
  const config = parsed.output;
  if (!config.input_size || !config.mean || !config.std) return null;
  const [, height, width] = config.input_size;
  const stated = {
    source,
    size: [height, width],
    mean: config.mean,
    std: config.std,
    warnings: []
  };
  const isCentre = config.crop_mode === void 0 || config.crop_mode === "center";
  if (isCentre && height === width) stated.resize = Math.floor(height / (config.crop_pct ?? 0.875));
  else if (config.crop_mode === "squash") stated.resize = null;
  const filter = ["bilinear", "bicubic", "nearest", "lanczos"].find(
    (each) => each === config.interpolation
  );
  if (filter) stated.filter = filter;
  return stated;
}

// src/data/preprocessing.ts
function resolvePreprocessing({ modelPath, shape, options, imageSize }) {
  const { stated, unreadable } = readStatedPreprocessing(modelPath);
  const warnings = [...unreadable, ...stated?.warnings ?? []];
  const input = readShape(shape, options.layout, warnings);
  const channels = chooseChannels(input.channels, options.channels);
  const geometry = chooseGeometry(input, options, stated, imageSize, warnings);
  const normalisation2 = chooseNormalisation(channels, options, stated, warnings);
  return {
    preprocessing: {
      ...geometry,
      filter: stated?.filter ?? "bilinear",
      layout: input.layout,
      channels,
      ...normalisation2
    },
    warnings
  };
}
function readShape(shape, wanted, warnings) {
  if (shape.length !== 4) {
    throw new RuntimeError(
      "input-mismatch",
      `The model's input ${show(shape)} has ${shape.length} dimensions; images need 4 (N \xD7 C \xD7 H \xD7 W or N \xD7 H \xD7 W \xD7 C).`
    );
  }
  const sizes = shape.map((each) => typeof each === "number" && each > 0 ? each : null);
  const at = (index) => sizes[index] ?? null;
  const layout2 = wanted ?? guessLayout(at(1), at(3), shape, warnings);
  const channels = layout2 === "nchw" ? at(1) : at(3);
  if (channels !== null && channels !== 1 && channels !== 3) {
    throw new RuntimeError(
      "input-mismatch",
      `The model's input ${show(shape)} has ${channels} channels in ${layout2.toUpperCase()} layout; images give 3 (rgb, bgr) or 1 (grey). If the layout is another one, say so with --layout.`
    );
  }
  const [height, width] = layout2 === "nchw" ? [at(2), at(3)] : [at(1), at(2)];
  return { layout: layout2, channels, height, width };
}
function guessLayout(second, last2, shape, warnings) {
  const isDepth = (size) => size === 1 || size === 3;
  if (isDepth(second)) return "nchw";
  if (isDepth(last2)) return "nhwc";
  if (second === null && last2 !== null) return "nchw";
  if (second === null) {
    warnings.push(
      `The model's input ${show(shape)} does not say where its channels are; N \xD7 C \xD7 H \xD7 W is assumed (--layout).`
    );
  }
  return "nchw";
}
function chooseChannels(fixed, wanted) {
  const channels = wanted ?? (fixed === 1 ? "grey" : "rgb");
  const depth = channels === "grey" ? 1 : 3;
  if (fixed !== null && fixed !== depth) {
    throw new UsageError(
      "bad-value",
      `The model takes ${fixed} ${fixed === 1 ? "channel" : "channels"}, but ${channels} images have ${depth}.`
    );
  }
  return channels;
}
function chooseGeometry(input, { size, crop }, stated, imageSize, warnings) {
  if (size !== void 0 || crop !== void 0) {
    const wanted = optionGeometry(size, crop);
    if (!fits(input, wanted)) {
      throw new UsageError(
        "bad-value",
        `The model takes images of ${show([input.height, input.width])} (height \xD7 width), but the options make them ${wanted.height} \xD7 ${wanted.width}.`
      );
    }
    return wanted;
  }
  if (stated?.size) {
    const [height2, width2] = stated.size;
    if (fits(input, { height: height2, width: width2 })) return { height: height2, width: width2, resize: stated.resize ?? null };
    warnings.push(
      `${stated.source} asks for ${height2} \xD7 ${width2}, but the model takes ${show([input.height, input.width])}: images are resized straight to the model's size.`
    );
  }
  const height = input.height ?? imageSize?.height;
  const width = input.width ?? imageSize?.width;
  if (height === void 0 || width === void 0) {
    throw new UsageError(
      "missing-argument",
      "The model accepts images of any size and nothing beside it says which it was trained on: give --size."
    );
  }
  if (input.height === null || input.width === null) {
    warnings.push(
      `The model accepts images of any size; they are given to it at ${height} \xD7 ${width} (--size).`
    );
  }
  return { height, width, resize: null };
}
function optionGeometry(size, crop) {
  if (crop === void 0) return { height: size[0], width: size[1], resize: null };
  const short = size?.[0] ?? crop;
  if (size !== void 0 && size[0] !== size[1]) {
    throw new UsageError(
      "bad-value",
      `With --crop, --size is the short side: one number, not ${size[0]} \xD7 ${size[1]}.`
    );
  }
  if (crop > short) {
    throw new UsageError(
      "bad-value",
      `--crop ${crop} is larger than --size ${short}, the short side it is cut from.`
    );
  }
  return { height: crop, width: crop, resize: short };
}
function fits(input, { height, width }) {
  return (input.height ?? height) === height && (input.width ?? width) === width;
}
function chooseNormalisation(channels, options, stated, warnings) {
  const depth = channels === "grey" ? 1 : 3;
  if (options.mean === void 0 !== (options.std === void 0)) {
    throw new UsageError("missing-argument", "Give --mean and --std together, or neither.");
  }
  if (options.mean && options.std) {
    if (options.std.some((std) => !(std > 0)) || options.mean.some((mean2) => !Number.isFinite(mean2))) {
      throw new UsageError("bad-value", "--mean must be finite numbers and --std positive ones.");
    }
    if (options.mean.some((mean2) => Math.abs(mean2) > 1)) {
      warnings.push(
        "--mean is larger than 1. Mean and std are those of images scaled to 0\u20261: divide values for 0\u2026255 by 255."
      );
    }
    return {
      mean: perChannel(options.mean, depth, channels, "--mean"),
      std: perChannel(options.std, depth, channels, "--std"),
      source: "options"
    };
  }
  if (stated?.mean && stated.std) {
    const isUsable = [stated.mean, stated.std].every(({ length }) => length === 1 || length === depth);
    if (isUsable) {
      return {
        mean: perChannel(stated.mean, depth, channels, stated.source),
        std: perChannel(stated.std, depth, channels, stated.source),
        source: stated.source
      };
    }
    warnings.push(
      `${stated.source} gives mean and std for ${stated.mean.length} channels, but the model takes ${depth}: they are not used.`
    );
  }
  warnings.push("No mean and std are given: images are only scaled to 0\u20261 (--mean, --std).");
  return { mean: new Array(depth).fill(0), std: new Array(depth).fill(1), source: "none" };
}
function perChannel(values, depth, channels, what) {
  if (values.length === 1) return new Array(depth).fill(values[0]);
  if (values.length !== depth) {
    throw new UsageError(
      "bad-value",
      `${what} has ${values.length} values, but ${channels} images have ${depth} ${depth === 1 ? "channel" : "channels"}.`
    );
  }
  return channels === "bgr" ? [...values].reverse() : [...values];
}
function show(shape) {
  return shape.map((each) => each === null ? "?" : typeof each === "number" ? each : JSON.stringify(each)).join(" \xD7 ");
}

// src/model/onnx/attributes.ts
function intAttribute(node2, name, fallback) {
  const attribute = node2.attributes.get(name);
  return attribute?.type === "int" ? attribute.value : fallback;
}
function floatAttribute(node2, name, fallback) {
  const attribute = node2.attributes.get(name);
  return attribute?.type === "float" ? attribute.value : fallback;
}
function intsAttribute(node2, name) {
  const attribute = node2.attributes.get(name);
  return attribute?.type === "ints" ? attribute.value : null;
}
function textAttribute(node2, name, fallback) {
  const attribute = node2.attributes.get(name);
  return attribute?.type === "string" ? attribute.value : fallback;
}
function tensorAttribute(node2, name) {
  const attribute = node2.attributes.get(name);
  return attribute?.type === "tensor" ? attribute.value : null;
}
function nodeLabel(node2) {
  return node2.name || node2.outputs[0] || node2.opType;
}

// src/model/decode.ts
function decodeValues(dtype, bytes, count) {
  switch (dtype) {
    case "float32": {
      const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
      return new Float32Array(aligned.buffer, aligned.byteOffset, count);
    }
    case "float64": {
      const aligned = bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);
      return new Float64Array(aligned.buffer, aligned.byteOffset, count);
    }
    case "float16":
      return mapped(table16(), halves(bytes, count));
    case "bfloat16": {
      const words = halves(bytes, count);
      const out2 = new Float32Array(count);
      const bits = new Uint32Array(out2.buffer);
      for (let i = 0; i < count; i++) bits[i] = words[i] << 16;
      return out2;
    }
    case "float8e4m3fn":
    case "float8e4m3fnuz":
    case "float8e5m2":
    case "float8e5m2fnuz":
      return mapped(table8(dtype), bytes.subarray(0, count));
    case "int4":
      return nibbles(bytes, count, (n) => n > 7 ? n - 16 : n);
    case "uint4":
      return nibbles(bytes, count, (n) => n);
    case "int8":
      return Float32Array.from(new Int8Array(bytes.buffer, bytes.byteOffset, count));
    case "uint8":
    case "bool":
      return Float32Array.from(bytes.subarray(0, count));
    case "int16":
      return Float32Array.from(new Int16Array(new Uint8Array(bytes).buffer, 0, count));
    case "uint16":
      return Float32Array.from(halves(bytes, count));
    case "int32":
      return Float64Array.from(new Int32Array(new Uint8Array(bytes).buffer, 0, count));
    case "uint32":
      return Float64Array.from(new Uint32Array(new Uint8Array(bytes).buffer, 0, count));
    case "int64":
      return wide(new BigInt64Array(new Uint8Array(bytes).buffer, 0, count));
    case "uint64":
      return wide(new BigUint64Array(new Uint8Array(bytes).buffer, 0, count));
    case "string":
    case "complex64":
    case "complex128":
    case "unknown":
      throw new RangeError(`${dtype} values are not real numbers`);
  }
}
function halves(bytes, count) {
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : new Uint8Array(bytes);
  return new Uint16Array(aligned.buffer, aligned.byteOffset, count);
}
function mapped(table, codes) {
  const out2 = new Float32Array(codes.length);
  for (let i = 0; i < codes.length; i++) out2[i] = table[codes[i]];
  return out2;
}
function nibbles(bytes, count, value) {
  const out2 = new Float32Array(count);
  for (let i = 0; i < count; i++) out2[i] = value(bytes[i >> 1] >> 4 * (i & 1) & 15);
  return out2;
}
function wide(values) {
  const out2 = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) out2[i] = Number(values[i]);
  return out2;
}
var halfTable = null;
function table16() {
  return halfTable ??= Float32Array.from({ length: 65536 }, (_, code) => minifloat(code, 5, 10, "ieee"));
}
var byteTables = /* @__PURE__ */ new Map();
function table8(dtype) {
  let table = byteTables.get(dtype);
  if (!table) {
    const exponentBits = dtype.startsWith("float8e4") ? 4 : 5;
    const flavour = dtype.endsWith("fnuz") ? "fnuz" : dtype.endsWith("fn") ? "fn" : "ieee";
    table = Float32Array.from(
      { length: 256 },
      (_, code) => minifloat(code, exponentBits, 7 - exponentBits, flavour)
    );
    byteTables.set(dtype, table);
  }
  return table;
}
function minifloat(code, exponentBits, mantissaBits, flavour) {
  const sign = code >> exponentBits + mantissaBits === 1 ? -1 : 1;
  const exponent = code >> mantissaBits & (1 << exponentBits) - 1;
  const mantissa = code & (1 << mantissaBits) - 1;
  const top = exponent === (1 << exponentBits) - 1;
  if (flavour === "fnuz" && sign < 0 && exponent === 0 && mantissa === 0) return NaN;
  if (flavour === "ieee" && top) return mantissa === 0 ? sign * Infinity : NaN;
  if (flavour === "fn" && top && mantissa === (1 << mantissaBits) - 1) return NaN;
  const bias = (1 << exponentBits - 1) - (flavour === "fnuz" ? 0 : 1);
  const fraction = mantissa / (1 << mantissaBits);
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
}

// src/model/dtype.ts
var BITS = {
  float64: 64,
  float32: 32,
  float16: 16,
  bfloat16: 16,
  float8e4m3fn: 8,
  float8e4m3fnuz: 8,
  float8e5m2: 8,
  float8e5m2fnuz: 8,
  int64: 64,
  int32: 32,
  int16: 16,
  int8: 8,
  uint64: 64,
  uint32: 32,
  uint16: 16,
  uint8: 8,
  int4: 4,
  uint4: 4,
  bool: 8,
  string: 0,
  complex64: 64,
  complex128: 128,
  unknown: 0
};
function bitsOf(dtype) {
  return BITS[dtype];
}
function bytesOf(dtype, elements) {
  return Math.ceil(elements * BITS[dtype] / 8);
}
function isFloat(dtype) {
  return dtype.startsWith("float") || dtype === "bfloat16";
}

// src/model/encode-values.ts
function encodeValues(dtype, values) {
  const bytes = new Uint8Array(bytesOf(dtype, values.length));
  const view2 = new DataView(bytes.buffer);
  const each = (put, size) => {
    for (let i = 0; i < values.length; i++) put(i * size, values[i]);
  };
  switch (dtype) {
    case "float64":
      each((at, value) => view2.setFloat64(at, value, true), 8);
      return bytes;
    case "float32":
      each((at, value) => view2.setFloat32(at, value, true), 4);
      return bytes;
    case "float16":
      each((at, value) => view2.setUint16(at, float16Bits(value), true), 2);
      return bytes;
    case "bfloat16":
      each((at, value) => view2.setUint16(at, bfloat16Bits(value), true), 2);
      return bytes;
    case "int8":
      each((at, value) => view2.setInt8(at, clamped(value, -128, 127)), 1);
      return bytes;
    case "uint8":
      each((at, value) => view2.setUint8(at, clamped(value, 0, 255)), 1);
      return bytes;
    case "int32":
      each((at, value) => view2.setInt32(at, clamped(value, -(2 ** 31), 2 ** 31 - 1), true), 4);
      return bytes;
    case "int64":
      each((at, value) => view2.setBigInt64(at, BigInt(clamped(value, -(2 ** 63), LARGEST_INT64)), true), 8);
      return bytes;
    default:
      throw new RangeError(`Scour does not write ${dtype} values`);
  }
}
var LARGEST_INT64 = 2 ** 63 - 1024;
function clamped(value, low, high) {
  return Math.min(high, Math.max(low, roundHalfEven(value)));
}
function roundHalfEven(value) {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
var scratch = new DataView(new ArrayBuffer(4));
function bfloat16Bits(value) {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  if (Number.isNaN(value)) return bits >>> 16 | 64;
  return bits + 32767 + (bits >>> 16 & 1) >>> 16 & 65535;
}
function float16Bits(value) {
  if (Number.isNaN(value)) return 32256;
  const sign = value < 0 || Object.is(value, -0) ? 32768 : 0;
  const magnitude = Math.abs(value);
  if (magnitude >= 65520) return sign | 31744;
  const exponent = Math.max(
    -14,
    Math.floor(Math.log2(magnitude)) - (magnitude < 2 ** Math.floor(Math.log2(magnitude)) ? 1 : 0)
  );
  const steps = roundHalfEven(magnitude / 2 ** (exponent - 10));
  return magnitude === 0 ? sign : sign + steps + (exponent + 14) * 1024;
}

// src/model/onnx/schema.ts
var MODEL = {
  irVersion: 1,
  producerName: 2,
  producerVersion: 3,
  domain: 4,
  modelVersion: 5,
  docString: 6,
  graph: 7,
  opsetImport: 8,
  metadataProps: 14,
  trainingInfo: 20,
  functions: 25,
  configuration: 26
};
var OPSET = { domain: 1, version: 2 };
var STRING_ENTRY = { key: 1, value: 2 };
var GRAPH = {
  node: 1,
  name: 2,
  initializer: 5,
  docString: 10,
  input: 11,
  output: 12,
  valueInfo: 13,
  quantization: 14,
  sparseInitializer: 15,
  metadataProps: 16
};
var NODE = {
  input: 1,
  output: 2,
  name: 3,
  opType: 4,
  attribute: 5,
  docString: 6,
  domain: 7
};
var ATTRIBUTE = {
  name: 1,
  f: 2,
  i: 3,
  s: 4,
  t: 5,
  g: 6,
  floats: 7,
  ints: 8,
  strings: 9,
  graphs: 11,
  type: 20
};
var ATTRIBUTE_TYPE = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  graphs: 10
};
var TENSOR = {
  dims: 1,
  dataType: 2,
  segment: 3,
  floatData: 4,
  int32Data: 5,
  stringData: 6,
  int64Data: 7,
  name: 8,
  rawData: 9,
  doubleData: 10,
  uint64Data: 11,
  docString: 12,
  externalData: 13,
  dataLocation: 14
};
var VALUE_INFO = { name: 1, type: 2 };
var TYPE = { tensor: 1 };
var TENSOR_TYPE = { elemType: 1, shape: 2 };
var SHAPE = { dim: 1 };
var DIM = { value: 1, param: 2 };
var FUNCTION = { name: 1, domain: 10, node: 7 };
var SPARSE = { values: 1 };
var DTYPES = [
  "unknown",
  "float32",
  "uint8",
  "int8",
  "uint16",
  "int16",
  "int32",
  "int64",
  "string",
  "bool",
  "float16",
  "float64",
  "uint32",
  "uint64",
  "complex64",
  "complex128",
  "bfloat16",
  "float8e4m3fn",
  "float8e4m3fnuz",
  "float8e5m2",
  "float8e5m2fnuz",
  "uint4",
  "int4"
];
function dtypeOf(code) {
  return DTYPES[code] ?? "unknown";
}
function dtypeCode(dtype) {
  return DTYPES.indexOf(dtype);
}
function typedFieldOf(dtype) {
  switch (dtype) {
    case "float32":
    case "complex64":
      return TENSOR.floatData;
    case "float64":
    case "complex128":
      return TENSOR.doubleData;
    case "int64":
      return TENSOR.int64Data;
    case "uint32":
    case "uint64":
      return TENSOR.uint64Data;
    case "string":
      return TENSOR.stringData;
    default:
      return TENSOR.int32Data;
  }
}

// src/model/onnx/typed-data.ts
function typedEncoding(field) {
  if (field === TENSOR.floatData) return "fixed32";
  return field === TENSOR.doubleData ? "fixed64" : "varint";
}
function typedBytes(source, tensor, data2) {
  const elements = tensor.dims.reduce((product2, dim) => product2 * dim, 1);
  const encoding = typedEncoding(data2.field);
  if (encoding !== "varint") {
    const width = encoding === "fixed32" ? 4 : 8;
    const total = data2.pieces.reduce((sum2, { span }) => sum2 + span.end - span.start, 0);
    if (total !== elements * width) throw mismatch(source, tensor, elements, total / width);
    const bytes = new Uint8Array(total);
    let at = 0;
    for (const { span } of data2.pieces) {
      bytes.set(source.read(span.start, span.end - span.start), at);
      at += span.end - span.start;
    }
    return bytes;
  }
  const packing = tensor.dtype === "int4" || tensor.dtype === "uint4" ? 2 : 1;
  const expected = Math.ceil(elements / packing);
  const available = data2.pieces.reduce((sum2, { span }) => sum2 + span.end - span.start, 0);
  if (available < expected) throw mismatch(source, tensor, expected, available);
  const store = storeFor(tensor.dtype, expected);
  let count = 0;
  for (const { span } of data2.pieces) {
    forEachVarint(source.read(span.start, span.end - span.start), (value) => {
      if (count < expected) store.set(count, value);
      count++;
    });
  }
  if (count !== expected) throw mismatch(source, tensor, expected, count);
  return store.bytes;
}
function forEachVarint(bytes, take) {
  let value = 0n;
  let shift = 0n;
  for (const byte of bytes) {
    value |= BigInt(byte & 127) << shift;
    shift += 7n;
    if (byte < 128 || shift >= 70n) {
      take(value);
      value = 0n;
      shift = 0n;
    }
  }
}
function storeFor(dtype, count) {
  const make = (width, write) => {
    const bytes = new Uint8Array(count * width);
    const view2 = new DataView(bytes.buffer);
    return { bytes, set: (index, value) => write(view2, index * width, value) };
  };
  switch (dtype) {
    case "int64":
    case "uint64":
      return make(8, (view2, at, value) => view2.setBigUint64(at, BigInt.asUintN(64, value), true));
    case "int32":
    case "uint32":
      return make(4, (view2, at, value) => view2.setUint32(at, Number(BigInt.asUintN(32, value)), true));
    case "float16":
    case "bfloat16":
    case "int16":
    case "uint16":
      return make(2, (view2, at, value) => view2.setUint16(at, Number(BigInt.asUintN(16, value)), true));
    default:
      return make(1, (view2, at, value) => view2.setUint8(at, Number(BigInt.asUintN(8, value))));
  }
}
function mismatch(source, tensor, expected, found) {
  return new ModelError(
    "shape-mismatch",
    source.path,
    `${source.path}: tensor '${tensor.name}' of shape [${tensor.dims.join(", ")}] needs ${expected} values, but the file holds ${found}.`
  );
}

// src/model/onnx/tensor-data.ts
function elementsOf(tensor) {
  return tensor.dims.reduce((product2, dim) => product2 * dim, 1);
}
var MAX_WHOLE = 64 * 1024 * 1024;
var TensorReader = class {
  source;
  external;
  /** `external` is null for models that may not name other files (those held in memory). */
  constructor(source, external) {
    this.source = source;
    this.external = external;
  }
  /**
   * All values, row-major. Throws ModelError where they are missing, too short, outside the model's folder, of a type
   * that is no number, or too many to hold (`too-large`).
   */
  values(tensor) {
    const elements = elementsOf(tensor);
    if (elements > MAX_WHOLE)
      throw this.error("too-large", tensor, `has ${elements} values, more than Scour holds at once`);
    return this.slice(tensor, 0, elements);
  }
  /** `count` values from element `start` on. Throws as `values` does. */
  slice(tensor, start, count) {
    this.checkNumeric(tensor);
    const { data: data2 } = tensor;
    if (data2.kind === "typed") {
      if (elementsOf(tensor) > MAX_WHOLE)
        throw this.error("too-large", tensor, "has more values than Scour holds at once");
      return decodeValues(tensor.dtype, typedBytes(this.source, tensor, data2), elementsOf(tensor)).slice(
        start,
        start + count
      );
    }
    if (data2.kind === "foreign") return data2.slice(start, count);
    const bits = bitsOf(tensor.dtype);
    const range2 = this.range(tensor);
    const firstByte = Math.floor(start * bits / 8);
    const lead = (start * bits - firstByte * 8) / bits;
    const bytes = range2.source.read(range2.start + firstByte, bytesOf(tensor.dtype, lead + count));
    const values = decodeValues(tensor.dtype, bytes, lead + count);
    return lead === 0 ? values : values.subarray(lead);
  }
  /** The values as exact integers, for shapes and axes. Throws as `values` does. */
  integers(tensor) {
    return Array.from(this.values(tensor));
  }
  /** All values as the little-endian bytes that `raw_data` would hold. Throws as `values` does. */
  bytes(tensor) {
    if (tensor.data.kind === "typed") {
      this.checkNumeric(tensor);
      return typedBytes(this.source, tensor, tensor.data);
    }
    const range2 = this.range(tensor);
    return range2.source.read(range2.start, range2.length);
  }
  /** The bytes of a tensor kept as little-endian bytes (raw, external or in memory) or made so, checked to be all there. */
  range(tensor) {
    const { data: data2 } = tensor;
    const length = bytesOf(tensor.dtype, elementsOf(tensor));
    switch (data2.kind) {
      case "raw":
        return { source: this.source, start: data2.span.start, length: data2.span.end - data2.span.start };
      case "memory":
        if (data2.bytes.length !== length)
          throw this.error("shape-mismatch", tensor, `needs ${length} bytes but has ${data2.bytes.length}`);
        return { source: new MemorySource(this.source.path, data2.bytes), start: 0, length };
      case "foreign": {
        const bytes = foreignBytes(tensor.dtype, elementsOf(tensor), data2.slice);
        return { source: new MemorySource(this.source.path, bytes), start: 0, length };
      }
      case "external": {
        if (this.external === null)
          throw this.error(
            "external-data-missing",
            tensor,
            "keeps its values in another file, which is not at hand"
          );
        if (data2.length !== null && data2.length !== length) {
          throw this.error(
            "shape-mismatch",
            tensor,
            `of shape [${tensor.dims.join(", ")}] and type ${tensor.dtype} needs ${length} bytes, but ${data2.length} are said to lie in '${data2.location}'`
          );
        }
        const source = this.external.file(data2.location);
        if (data2.offset + length > source.size) {
          throw this.error(
            "external-data-short",
            tensor,
            `needs bytes ${data2.offset} to ${data2.offset + length} of '${data2.location}', which has only ${source.size}`
          );
        }
        return { source, start: data2.offset, length };
      }
      case "none":
        if (length === 0) return { source: this.source, start: 0, length: 0 };
        throw this.error(
          "shape-mismatch",
          tensor,
          `of shape [${tensor.dims.join(", ")}] has no values in the file`
        );
      case "typed":
        throw this.error(
          "unsupported-type",
          tensor,
          `keeps its values in the typed field ${fieldName(data2.field)}`
        );
    }
  }
  checkNumeric(tensor) {
    if (bitsOf(tensor.dtype) === 0 || tensor.dtype.startsWith("complex")) {
      throw this.error(
        "unsupported-type",
        tensor,
        `is of type ${tensor.dtype}, which Scour cannot read as numbers`
      );
    }
  }
  error(reason, tensor, what) {
    return new ModelError(reason, this.source.path, `${this.source.path}: tensor '${tensor.name}' ${what}.`);
  }
};
var PIECE = 8 * 1024 * 1024;
function foreignBytes(dtype, elements, slice3) {
  const bytes = new Uint8Array(bytesOf(dtype, elements));
  for (let start = 0; start < elements; start += PIECE) {
    const values = slice3(start, Math.min(PIECE, elements - start));
    bytes.set(encodeValues(dtype, values), bytesOf(dtype, start));
  }
  return bytes;
}
function fieldName(field) {
  return Object.entries(TENSOR).find(([, number2]) => number2 === field)?.[0] ?? String(field);
}

// src/model/onnx/constant.ts
var STRUCTURAL = /* @__PURE__ */ new Set(["Identity", "Cast", "Transpose", "Reshape", "Squeeze", "Unsqueeze", "Flatten"]);
var MAX_STEPS = 32;
function constantChain(index, value) {
  const steps = [];
  let name = value;
  for (; ; ) {
    const tensor = index.graph.initializers.get(name);
    if (tensor) return { tensor, holder: null, steps };
    const producer = index.producer(name);
    if (!producer) {
      return index.graph.sparse.includes(name) ? `'${name}' is stored as a sparse tensor` : `'${name}' is an input of the model`;
    }
    if (producer.domain === "" && producer.opType === "Constant") {
      const held = tensorAttribute(producer, "value");
      return held ? { tensor: held, holder: producer, steps } : `'${name}' is a Constant without a dense tensor`;
    }
    if (!isStep(producer) || steps.length >= MAX_STEPS) {
      return `'${name}' is computed by ${producer.opType} while the model runs`;
    }
    steps.unshift(producer);
    name = producer.inputs[0] ?? "";
  }
}
function isStep(node2) {
  if (node2.domain === "" && STRUCTURAL.has(node2.opType)) return true;
  return node2.opType === "DequantizeLinear" && (node2.domain === "" || node2.domain === "com.microsoft");
}
var ConstantEvaluator = class {
  index;
  reader;
  constructor(index, reader) {
    this.index = index;
    this.reader = reader;
  }
  /** The constant behind a value; throws ModelError where its bytes cannot be read, RangeError where it is none. */
  evaluate(value) {
    const chain = constantChain(this.index, value);
    if (typeof chain === "string") throw new RangeError(chain);
    return this.evaluateChain(chain);
  }
  evaluateChain(chain) {
    let constant2 = { dims: chain.tensor.dims, values: this.reader.values(chain.tensor) };
    for (const step of chain.steps) {
      constant2 = step.opType === "DequantizeLinear" ? this.dequantize(step, constant2) : { ...constant2, ...this.restructure(step, constant2) };
    }
    return constant2;
  }
  /** Shape after the chain, without reading the values of large tensors. */
  shape(chain) {
    let dims = chain.tensor.dims;
    for (const step of chain.steps) dims = this.shapeAfter(step, dims);
    return dims;
  }
  /**
   * For each element of the value, the element of the stored tensor that it comes from. Identity where no step moves
   * elements (then null, to save memory).
   */
  origin(chain) {
    if (!chain.steps.some(({ opType }) => opType === "Transpose")) return null;
    const elements = elementsOf(chain.tensor);
    let constant2 = {
      dims: chain.tensor.dims,
      values: Float64Array.from({ length: elements }, (_, i) => i)
    };
    for (const step of chain.steps) {
      if (step.opType !== "DequantizeLinear") constant2 = { ...constant2, ...this.restructure(step, constant2) };
    }
    return Float64Array.from(constant2.values);
  }
  /**
   * Scale and zero point of a DequantizeLinear, one for each of `count` slices along its axis.
   * Blocked quantisation (opset 21) is not read: RangeError.
   */
  quantization(step, dims) {
    if (intAttribute(step, "block_size", 0) !== 0)
      throw new RangeError("its weight is quantised in blocks, which Scour does not read");
    const rank = dims.length;
    const axisGiven = intAttribute(step, "axis", 1);
    const axis = axisGiven < 0 ? axisGiven + rank : axisGiven;
    const scale = this.evaluate(step.inputs[1] ?? "").values;
    const zeroName = step.inputs[2];
    const zero = zeroName ? this.evaluate(zeroName).values : new Float64Array(scale.length);
    if (zero.length !== scale.length || scale.length !== 1 && scale.length !== dims[axis]) {
      throw new RangeError("its quantisation scale or zero point does not fit its weight");
    }
    return { axis, scale, zero };
  }
  dequantize(step, { dims, values }) {
    const { axis, scale, zero } = this.quantization(step, dims);
    const inner = dims.slice(axis + 1).reduce((product2, dim) => product2 * dim, 1);
    const slices = dims[axis] ?? 1;
    const out2 = new Float32Array(values.length);
    for (let i = 0; i < out2.length; i++) {
      const slice3 = scale.length === 1 ? 0 : Math.floor(i / inner) % slices;
      out2[i] = (values[i] - zero[slice3]) * scale[slice3];
    }
    return { dims, values: out2 };
  }
  restructure(step, { dims, values }) {
    const shape = this.shapeAfter(step, dims);
    if (step.opType !== "Transpose") return { dims: shape, values };
    return { dims: shape, values: transpose(values, dims, permOf(step, dims.length)) };
  }
  shapeAfter(step, dims) {
    switch (step.opType) {
      case "Transpose":
        return permOf(step, dims.length).map((axis) => dims[axis]);
      case "Reshape": {
        const target = Array.from(this.evaluate(step.inputs[1] ?? "").values);
        return reshaped(dims, target, intAttribute(step, "allowzero", 0) !== 0);
      }
      case "Squeeze":
      case "Unsqueeze": {
        const axes = intsAttribute(step, "axes") ?? (step.inputs[1] ? Array.from(this.evaluate(step.inputs[1]).values) : null);
        return step.opType === "Squeeze" ? squeezed(dims, axes) : unsqueezed(dims, axes ?? []);
      }
      case "Flatten": {
        const axis = intAttribute(step, "axis", 1);
        const product2 = (part) => part.reduce((a, b) => a * b, 1);
        return [product2(dims.slice(0, axis)), product2(dims.slice(axis))];
      }
      default:
        return dims;
    }
  }
};
function permOf(node2, rank) {
  const perm = intsAttribute(node2, "perm") ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
  if (perm.length !== rank || new Set(perm).size !== rank || perm.some((axis) => !(axis >= 0 && axis < rank))) {
    throw new RangeError(`the permutation of Transpose '${node2.name}' does not fit its input`);
  }
  return perm;
}
function reshaped(dims, target, allowZero) {
  const elements = dims.reduce((a, b) => a * b, 1);
  const shape = target.map((dim, i) => dim === 0 && !allowZero ? dims[i] ?? 1 : dim);
  const known = shape.filter((dim) => dim !== -1).reduce((a, b) => a * b, 1);
  const full = shape.map((dim) => dim === -1 ? elements / known : dim);
  if (full.reduce((a, b) => a * b, 1) !== elements)
    throw new RangeError("a Reshape before the weight does not fit it");
  return full;
}
function squeezed(dims, axes) {
  const drop = new Set(axes?.map((axis) => axis < 0 ? axis + dims.length : axis));
  return dims.filter((dim, axis) => axes === null ? dim !== 1 : !drop.has(axis));
}
function unsqueezed(dims, axes) {
  const rank = dims.length + axes.length;
  const insert = new Set(axes.map((axis) => axis < 0 ? axis + rank : axis));
  const rest = [...dims];
  return Array.from({ length: rank }, (_, axis) => insert.has(axis) ? 1 : rest.shift() ?? 1);
}
function transpose(values, dims, perm) {
  const strides = new Array(dims.length).fill(1);
  for (let i = dims.length - 2; i >= 0; i--) strides[i] = strides[i + 1] * dims[i + 1];
  const shape = perm.map((axis) => dims[axis]);
  const steps = perm.map((axis) => strides[axis]);
  const out2 = values instanceof Float64Array ? new Float64Array(values.length) : new Float32Array(values.length);
  const at = new Array(shape.length).fill(0);
  let from = 0;
  for (let to = 0; to < out2.length; to++) {
    out2[to] = values[from];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += steps[axis];
      if (++at[axis] < shape[axis]) break;
      from -= steps[axis] * shape[axis];
      at[axis] = 0;
    }
  }
  return out2;
}

// src/model/onnx/external.ts
import { lstatSync, realpathSync as realpathSync2 } from "node:fs";
import path12 from "node:path";
var ExternalFiles = class {
  modelPath;
  open = /* @__PURE__ */ new Map();
  constructor(modelPath) {
    this.modelPath = modelPath;
  }
  /**
   * The file at `location`. Throws ModelError `external-data-escape` (the file is then not touched) or
   * `external-data-missing`.
   */
  file(location) {
    const known = this.open.get(location);
    if (known) return known;
    const escape = escapeReason(this.modelPath, location);
    if (escape !== null) {
      throw new ModelError(
        "external-data-escape",
        this.modelPath,
        `${this.modelPath}: external data at '${location}' ${escape}; it was not read.`
      );
    }
    let file2;
    try {
      file2 = new FileSource(path12.join(path12.dirname(this.modelPath), location));
    } catch (cause) {
      if (!(cause instanceof ModelError)) throw cause;
      throw new ModelError(
        "external-data-missing",
        this.modelPath,
        `${this.modelPath} keeps weights in '${location}', which cannot be read: ${cause.message}`,
        { cause }
      );
    }
    this.open.set(location, file2);
    return file2;
  }
  /** The files opened so far, by location. */
  opened() {
    return this.open;
  }
  verifyUnchanged() {
    for (const file2 of this.open.values()) file2.verifyUnchanged();
  }
  close() {
    for (const file2 of this.open.values()) file2.close();
    this.open.clear();
  }
};
function escapeReason(modelPath, location) {
  if (location === "") return "names no file";
  if (location.includes("\0")) return "holds a NUL character";
  if (path12.posix.isAbsolute(location) || path12.win32.isAbsolute(location)) return "is an absolute path";
  if (location.split(/[\\/]/).includes("..")) return "leaves the model's folder";
  const folder = path12.dirname(path12.resolve(modelPath));
  const target = path12.join(folder, location);
  const real = realPath(target);
  if (real === null) return null;
  const realFolder = realPath(folder) ?? folder;
  if (isInside(real, realFolder)) return null;
  return inHuggingFaceCache(modelPath, target, real) ? null : "is a link that leaves the model's folder";
}
function realPath(file2) {
  try {
    return realpathSync2(file2);
  } catch {
    return null;
  }
}
function isInside(file2, folder) {
  const relative = path12.relative(folder, file2);
  return relative !== "" && !relative.startsWith("..") && !path12.isAbsolute(relative);
}
function inHuggingFaceCache(modelPath, target, realTarget) {
  const realModel = realPath(modelPath);
  if (realModel === null || !lstatSync(modelPath).isSymbolicLink() || !lstatSync(target).isSymbolicLink())
    return false;
  const blobs = path12.dirname(realModel);
  const repository = path12.dirname(blobs);
  return path12.basename(blobs) === "blobs" && path12.dirname(realTarget) === blobs && isInside(path12.resolve(modelPath), path12.join(realPath(repository) ?? repository, "snapshots"));
}

// src/model/onnx/graph-index.ts
var GraphIndex = class {
  graph;
  producers = /* @__PURE__ */ new Map();
  users = /* @__PURE__ */ new Map();
  captured = /* @__PURE__ */ new Map();
  outputs;
  /**
   * Throws ModelError `malformed` (a value made twice), `missing-initializer` (a value made by nobody) or
   * `cyclic-graph`. `path` is for messages.
   */
  constructor(graph, path14) {
    this.graph = graph;
    this.outputs = new Set(graph.outputs.map(({ name }) => name));
    const captures = /* @__PURE__ */ new Map();
    for (const node2 of graph.nodes) {
      for (const output of node2.outputs) {
        if (output === "") continue;
        if (this.producers.has(output)) {
          throw new ModelError(
            "malformed",
            path14,
            `${path14} is not valid ONNX: value '${output}' is made by two nodes.`
          );
        }
        this.producers.set(output, node2);
      }
      node2.inputs.forEach((name, input) => {
        if (name === "") return;
        const uses = this.users.get(name);
        if (uses) uses.push({ node: node2, input });
        else this.users.set(name, [{ node: node2, input }]);
      });
      const names = capturedNames(node2);
      if (names.size > 0) captures.set(node2, [...names]);
      for (const name of names) this.captured.set(name, (this.captured.get(name) ?? 0) + 1);
    }
    this.check(captures, path14);
  }
  /** The node that makes a value; undefined for graph inputs and initializers. */
  producer(value) {
    return this.producers.get(value);
  }
  /** Inputs of this graph's own nodes that take the value. */
  uses(value) {
    return this.users.get(value) ?? [];
  }
  isOutput(value) {
    return this.outputs.has(value);
  }
  /** True where something besides one single input depends on the value: changing it would change more than that. */
  isShared(value) {
    return this.uses(value).length + (this.captured.get(value) ?? 0) + (this.isOutput(value) ? 1 : 0) > 1;
  }
  /** Kahn's algorithm over the nodes; what is left is a cycle. */
  check(captures, path14) {
    const known = /* @__PURE__ */ new Set([
      ...this.graph.inputs.map(({ name }) => name),
      ...this.graph.initializers.keys(),
      ...this.graph.sparse
    ]);
    const waiting = /* @__PURE__ */ new Map();
    const next = /* @__PURE__ */ new Map();
    const ready = [];
    for (const node2 of this.graph.nodes) {
      let open = 0;
      for (const name of [...node2.inputs, ...captures.get(node2) ?? []]) {
        if (name === "" || known.has(name)) continue;
        const producer = this.producers.get(name);
        if (!producer) {
          throw new ModelError(
            "missing-initializer",
            path14,
            `${path14} is not valid ONNX: node '${node2.name || node2.outputs[0] || node2.opType}' (${node2.opType}) needs '${name}', which is no input, initializer or output of another node.`
          );
        }
        open++;
        const followers = next.get(producer);
        if (followers) followers.push(node2);
        else next.set(producer, [node2]);
      }
      waiting.set(node2, open);
      if (open === 0) ready.push(node2);
    }
    let done = 0;
    for (let node2 = ready.pop(); node2; node2 = ready.pop()) {
      done++;
      for (const follower of next.get(node2) ?? []) {
        const open = waiting.get(follower) - 1;
        waiting.set(follower, open);
        if (open === 0) ready.push(follower);
      }
    }
    if (done < this.graph.nodes.length) {
      const stuck = this.graph.nodes.find((node2) => waiting.get(node2) > 0);
      throw new ModelError(
        "cyclic-graph",
        path14,
        `${path14} is not valid ONNX: its graph has a cycle (through '${stuck?.name || stuck?.outputs[0] || ""}').`
      );
    }
  }
};
function subgraphsOf(node2) {
  const graphs = [];
  for (const attribute of node2.attributes.values()) {
    if (attribute.type === "graph") graphs.push(attribute.value);
    else if (attribute.type === "graphs") graphs.push(...attribute.value);
  }
  return graphs;
}
function capturedNames(node2) {
  const names = /* @__PURE__ */ new Set();
  for (const graph of subgraphsOf(node2)) for (const name of freeNames(graph)) names.add(name);
  return names;
}
function freeNames(graph) {
  const bound = /* @__PURE__ */ new Set([
    ...graph.inputs.map(({ name }) => name),
    ...graph.initializers.keys(),
    ...graph.sparse
  ]);
  for (const node2 of graph.nodes) for (const output of node2.outputs) bound.add(output);
  const free = /* @__PURE__ */ new Set();
  const use = (name) => {
    if (name !== "" && !bound.has(name)) free.add(name);
  };
  for (const node2 of graph.nodes) {
    node2.inputs.forEach(use);
    for (const name of capturedNames(node2)) use(name);
  }
  graph.outputs.forEach(({ name }) => use(name));
  return free;
}

// src/model/onnx/parse-budget.ts
var NAME_LIMIT = 64 * 1024;
var MAX_DEPTH2 = 16;
var MAX_NODES = 2e5;
var MAX_TENSORS = 2e5;
var MAX_ITEMS = 8e6;
var Budget = class {
  path;
  nodesLeft = MAX_NODES;
  tensorsLeft = MAX_TENSORS;
  itemsLeft = MAX_ITEMS;
  constructor(path14) {
    this.path = path14;
  }
  node() {
    if (--this.nodesLeft < 0) throw this.exceeded(`${MAX_NODES} nodes`);
  }
  tensor() {
    if (--this.tensorsLeft < 0) throw this.exceeded(`${MAX_TENSORS} tensors`);
  }
  items(count) {
    this.itemsLeft -= count;
    if (this.itemsLeft < 0) throw this.exceeded(`${MAX_ITEMS} names and attribute values`);
  }
  exceeded(limit) {
    return new ModelError(
      "too-large",
      this.path,
      `${this.path} has more than ${limit}, the most that Scour reads; nothing was scanned.`
    );
  }
};

// src/model/onnx/wire.ts
var WIRE = { varint: 0, fixed64: 1, bytes: 2, startGroup: 3, endGroup: 4, fixed32: 5 };
var WINDOW2 = 64 * 1024;
var MAX_GROUP_DEPTH = 32;
var utf83 = new TextDecoder("utf-8");
var WireReader = class _WireReader {
  /** Number of the current field. */
  field = 0;
  /** Wire type of the current field. */
  wire = 0;
  /** Offset of the current field's tag. */
  fieldStart = 0;
  source;
  end;
  what;
  position;
  taken = true;
  window = new Uint8Array(0);
  windowStart = 0;
  /** `what` names the message in errors: "ModelProto". */
  constructor(source, span, what) {
    this.source = source;
    this.position = span.start;
    this.end = span.end;
    this.what = what;
  }
  /** Moves to the next field; false at the end of the message. */
  next() {
    if (!this.taken) this.skip();
    if (this.position >= this.end) return false;
    this.fieldStart = this.position;
    const tag = this.unsigned();
    this.field = Math.floor(tag / 8);
    this.wire = tag % 8;
    this.taken = false;
    if (this.field === 0 || this.field > 536870911 || this.wire > 5 || this.wire === WIRE.endGroup) {
      throw this.malformed(`an impossible field tag (${tag})`);
    }
    return true;
  }
  /** The current field as an unsigned varint. */
  uint() {
    this.expect(WIRE.varint);
    return this.unsigned();
  }
  /** The current field as a signed 64-bit varint (int32, int64, enum). */
  int() {
    this.expect(WIRE.varint);
    return this.signed();
  }
  /** The current field as a 32-bit float. */
  float() {
    this.expect(WIRE.fixed32);
    const at = this.advance(4);
    const b = this.bytesAt(at, 4);
    return new DataView(b.buffer, b.byteOffset, 4).getFloat32(0, true);
  }
  /** Where the current length-delimited value lies, without reading it. */
  span() {
    this.expect(WIRE.bytes);
    const length = this.unsigned();
    const start = this.advance(length);
    return { start, end: start + length };
  }
  /** The current length-delimited value as text; longer than `limit` bytes is an error. */
  text(limit) {
    const { start, end } = this.span();
    if (end - start > limit) throw this.tooLarge(`a text of ${end - start} bytes (the limit is ${limit})`);
    return utf83.decode(this.bytesAt(start, end - start));
  }
  /**
   * The current field of a repeated number, packed or not, handed to `take` one by one.
   * `element`: `varint` signed, `float` 32-bit.
   */
  numbers(element, take) {
    if (this.wire !== WIRE.bytes) {
      take(element === "varint" ? this.int() : this.float());
      return;
    }
    const { start, end } = this.span();
    const inner = new _WireReader(this.source, { start, end }, this.what);
    while (inner.position < end) take(element === "varint" ? inner.signed() : inner.rawFloat());
  }
  /** Skips the current value and returns the offset after it. */
  skipped() {
    this.skip();
    return this.position;
  }
  malformed(detail) {
    return new ModelError(
      "malformed",
      this.source.path,
      `${this.source.path} is not valid ONNX: ${this.what} holds ${detail} at offset ${this.fieldStart}.`
    );
  }
  rawFloat() {
    const at = this.advance(4);
    const b = this.bytesAt(at, 4);
    return new DataView(b.buffer, b.byteOffset, 4).getFloat32(0, true);
  }
  tooLarge(detail) {
    return new ModelError(
      "too-large",
      this.source.path,
      `${this.source.path}: ${this.what} holds ${detail} at offset ${this.fieldStart}.`
    );
  }
  expect(wire) {
    if (this.wire !== wire)
      throw this.malformed(`field ${this.field} with wire type ${this.wire} instead of ${wire}`);
    this.taken = true;
  }
  skip() {
    this.taken = true;
    this.skipValue(this.wire, this.field, 0);
  }
  skipValue(wire, field, depth) {
    if (wire === WIRE.varint) this.skipVarint();
    else if (wire === WIRE.fixed64) this.advance(8);
    else if (wire === WIRE.fixed32) this.advance(4);
    else if (wire === WIRE.bytes) this.advance(this.unsigned());
    else this.skipGroup(field, depth + 1);
  }
  skipGroup(field, depth) {
    if (depth > MAX_GROUP_DEPTH) throw this.malformed(`groups nested more than ${MAX_GROUP_DEPTH} deep`);
    for (; ; ) {
      const tag = this.unsigned();
      const wire = tag % 8;
      if (wire === WIRE.endGroup) {
        if (Math.floor(tag / 8) !== field) throw this.malformed("a group that ends another");
        return;
      }
      if (wire > 5) throw this.malformed(`an impossible field tag (${tag})`);
      this.skipValue(wire, Math.floor(tag / 8), depth);
    }
  }
  /** Moves over `length` bytes and returns where they start. */
  advance(length) {
    const start = this.position;
    if (length > this.end - start) {
      const overall = start + length > this.source.size;
      throw new ModelError(
        overall ? "truncated" : "malformed",
        this.source.path,
        overall ? `${this.source.path} is truncated: a value of ${length} bytes starts at offset ${start}, but the file ends at ${this.source.size}.` : `${this.source.path} is not valid ONNX: a value of ${length} bytes at offset ${start} runs past the end of its ${this.what}.`
      );
    }
    this.position = start + length;
    return start;
  }
  byte() {
    if (this.position >= this.end) this.advance(1);
    const at = this.position - this.windowStart;
    if (at < 0 || at >= this.window.length) {
      this.windowStart = this.position;
      this.window = this.source.read(this.position, Math.min(WINDOW2, this.end - this.position));
      this.position++;
      return this.window[0];
    }
    this.position++;
    return this.window[at];
  }
  bytesAt(start, length) {
    const at = start - this.windowStart;
    if (at >= 0 && at + length <= this.window.length) return this.window.subarray(at, at + length);
    return this.source.read(start, length);
  }
  /** An unsigned varint below 2^53; larger ones make no sense as a tag, a length or a count. */
  unsigned() {
    const low = this.shortVarint();
    if (low !== null) return low;
    const value = this.longVarint();
    if (value > BigInt(Number.MAX_SAFE_INTEGER))
      throw this.malformed(`the number ${value}, which is out of range`);
    return Number(value);
  }
  /** A skipped varint may hold any 64 bits: -1 takes ten bytes. */
  skipVarint() {
    if (this.shortVarint() === null) this.longVarint();
  }
  /** A signed varint as a double. INT64_MAX and INT64_MIN ("to the end" in Slice) stay out of any real range. */
  signed() {
    return this.shortVarint() ?? Number(BigInt.asIntN(64, this.longVarint()));
  }
  /** A varint of up to four bytes; null, with nothing consumed, where it is longer. */
  shortVarint() {
    const start = this.position;
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte();
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
    this.position = start;
    return null;
  }
  longVarint() {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asUintN(64, value);
    }
    throw this.malformed("a number of more than ten bytes");
  }
};

// src/model/onnx/parse-tensor.ts
var MAX_RANK = 64;
var EXTERNAL = 1;
function parseTensor(source, span, budget) {
  const reader = new WireReader(source, span, "TensorProto");
  const dims = [];
  let name = "";
  let dtype = "unknown";
  let raw = null;
  let external = false;
  const entries = /* @__PURE__ */ new Map();
  const typed = /* @__PURE__ */ new Map();
  while (reader.next()) {
    switch (reader.field) {
      case TENSOR.dims:
        reader.numbers("varint", (dim) => {
          budget.items(1);
          dims.push(dim);
        });
        break;
      case TENSOR.dataType:
        dtype = dtypeOf(reader.int());
        break;
      case TENSOR.name:
        name = reader.text(NAME_LIMIT);
        break;
      case TENSOR.rawData:
        raw = reader.span();
        break;
      case TENSOR.floatData:
      case TENSOR.int32Data:
      case TENSOR.int64Data:
      case TENSOR.doubleData:
      case TENSOR.uint64Data:
      case TENSOR.stringData: {
        const pieces2 = typed.get(reader.field) ?? [];
        const piece = typedPiece(reader);
        if (piece.span.end > piece.span.start) {
          budget.items(1);
          pieces2.push(piece);
          typed.set(reader.field, pieces2);
        }
        break;
      }
      case TENSOR.externalData: {
        budget.items(1);
        const [key, value] = entry(source, reader.span());
        entries.set(key, value);
        break;
      }
      case TENSOR.dataLocation:
        external = reader.int() === EXTERNAL;
        break;
      default:
    }
  }
  const elements = elementCount(source.path, name, dims);
  const field = typedFieldOf(dtype);
  const pieces = typed.get(field) ?? [];
  const data2 = dataOf(source.path, name, { raw, external, entries, pieces, field });
  if (data2.kind === "raw")
    checkBytes(source.path, name, dtype, dims, elements, data2.span.end - data2.span.start);
  const ways = (raw && raw.end > raw.start ? 1 : 0) + typed.size + (external ? 1 : 0);
  return { name, dtype, dims, data: data2, ambiguous: ways > 1, span };
}
function typedPiece(reader) {
  const tag = reader.fieldStart;
  if (reader.wire === WIRE.bytes) return { span: reader.span(), packed: reader.field !== TENSOR.stringData };
  return { span: { start: tag + 1, end: reader.skipped() }, packed: false };
}
function dataOf(path14, name, ways) {
  if (ways.external) {
    const number2 = (key) => {
      const text2 = ways.entries.get(key);
      if (text2 === void 0) return null;
      const value = /^\d{1,15}$/.test(text2) ? Number(text2) : NaN;
      if (!Number.isSafeInteger(value)) {
        throw new ModelError(
          "malformed",
          path14,
          `${path14}: the external data of tensor '${name}' has ${key} '${text2.slice(0, 40)}', which is no number of bytes.`
        );
      }
      return value;
    };
    return {
      kind: "external",
      location: ways.entries.get("location") ?? "",
      offset: number2("offset") ?? 0,
      length: number2("length")
    };
  }
  if (ways.raw && (ways.raw.end > ways.raw.start || ways.pieces.length === 0))
    return { kind: "raw", span: ways.raw };
  if (ways.pieces.length > 0) return { kind: "typed", field: ways.field, pieces: ways.pieces };
  return { kind: "none" };
}
function entry(source, span) {
  const reader = new WireReader(source, span, "external_data");
  let key = "";
  let value = "";
  while (reader.next()) {
    if (reader.field === STRING_ENTRY.key) key = reader.text(NAME_LIMIT);
    else if (reader.field === STRING_ENTRY.value) value = reader.text(NAME_LIMIT);
  }
  return [key, value];
}
function elementCount(path14, name, dims) {
  if (dims.length > MAX_RANK) {
    throw new ModelError("malformed", path14, `${path14}: tensor '${name}' has ${dims.length} dimensions.`);
  }
  let elements = 1;
  for (const dim of dims) {
    if (!Number.isSafeInteger(dim) || dim < 0) {
      throw new ModelError("malformed", path14, `${path14}: tensor '${name}' has the dimension ${dim}.`);
    }
    elements *= dim;
  }
  if (!Number.isSafeInteger(elements)) {
    throw new ModelError(
      "malformed",
      path14,
      `${path14}: tensor '${name}' of shape [${dims.join(", ")}] is larger than any memory.`
    );
  }
  return elements;
}
function checkBytes(path14, name, dtype, dims, elements, bytes) {
  if (bitsOf(dtype) === 0 || bytes === bytesOf(dtype, elements)) return;
  throw new ModelError(
    "shape-mismatch",
    path14,
    `${path14}: tensor '${name}' of shape [${dims.join(", ")}] and type ${dtype} needs ${bytesOf(dtype, elements)} bytes, but the file holds ${bytes} for it.`
  );
}

// src/model/onnx/parse-attribute.ts
var STRING_LIMIT = 1024 * 1024;
function parseAttribute(source, span, budget, parseGraph2) {
  const reader = new WireReader(source, span, "AttributeProto");
  let name = "";
  let declared = 0;
  let float2 = null;
  let int2 = null;
  let text2 = null;
  let tensor = null;
  const floats2 = [];
  const ints2 = [];
  const strings = [];
  const graphs = [];
  let graph = null;
  while (reader.next()) {
    switch (reader.field) {
      case ATTRIBUTE.name:
        name = reader.text(NAME_LIMIT);
        break;
      case ATTRIBUTE.type:
        declared = reader.int();
        break;
      case ATTRIBUTE.f:
        float2 = reader.float();
        break;
      case ATTRIBUTE.i:
        int2 = reader.int();
        break;
      case ATTRIBUTE.s:
        text2 = reader.text(STRING_LIMIT);
        break;
      case ATTRIBUTE.t:
        budget.tensor();
        tensor = parseTensor(source, reader.span(), budget);
        break;
      case ATTRIBUTE.g:
        graph = parseGraph2(reader.span());
        break;
      case ATTRIBUTE.floats:
        reader.numbers("float", (value2) => {
          budget.items(1);
          floats2.push(value2);
        });
        break;
      case ATTRIBUTE.ints:
        reader.numbers("varint", (value2) => {
          budget.items(1);
          ints2.push(value2);
        });
        break;
      case ATTRIBUTE.strings:
        budget.items(1);
        strings.push(reader.text(STRING_LIMIT));
        break;
      case ATTRIBUTE.graphs:
        graphs.push(parseGraph2(reader.span()));
        break;
      default:
    }
  }
  const value = () => {
    switch (declared) {
      case ATTRIBUTE_TYPE.float:
        return { type: "float", value: float2 ?? 0 };
      case ATTRIBUTE_TYPE.int:
        return { type: "int", value: int2 ?? 0 };
      case ATTRIBUTE_TYPE.string:
        return { type: "string", value: text2 ?? "" };
      case ATTRIBUTE_TYPE.floats:
        return { type: "floats", value: floats2 };
      case ATTRIBUTE_TYPE.ints:
        return { type: "ints", value: ints2 };
      case ATTRIBUTE_TYPE.strings:
        return { type: "strings", value: strings };
      case ATTRIBUTE_TYPE.graphs:
        return { type: "graphs", value: graphs };
      default:
        if (tensor) return { type: "tensor", value: tensor };
        if (graph) return { type: "graph", value: graph };
        if (declared !== 0) return { type: "other" };
        if (float2 !== null) return { type: "float", value: float2 };
        if (int2 !== null) return { type: "int", value: int2 };
        if (text2 !== null) return { type: "string", value: text2 };
        if (floats2.length) return { type: "floats", value: floats2 };
        if (ints2.length) return { type: "ints", value: ints2 };
        return strings.length ? { type: "strings", value: strings } : { type: "other" };
    }
  };
  return [name, value()];
}

// src/model/onnx/parse.ts
var TEXT_LIMIT = 1024 * 1024;
function looksLikeOnnx(source) {
  if (source.size < 2) return false;
  const head = source.read(0, Math.min(16, source.size));
  const field = head[0] >> 3;
  const wire = head[0] & 7;
  if (field === MODEL.irVersion) return wire === WIRE.varint && head[1] > 0 && head[1] < 128;
  if (field === MODEL.graph || field === MODEL.opsetImport) return wire === WIRE.bytes;
  return field === MODEL.producerName && wire === WIRE.bytes && head[1] < 128;
}
function parseModel(source) {
  if (source.size === 0) throw new ModelError("empty", source.path, `${source.path} is empty.`);
  if (!looksLikeOnnx(source)) {
    throw new ModelError(
      "unsupported-format",
      source.path,
      `${source.path} is not an ONNX model (its first bytes are not those of one).`
    );
  }
  const reader = new WireReader(source, { start: 0, end: source.size }, "ModelProto");
  const budget = new Budget(source.path);
  const text2 = { producerName: "", producerVersion: "", domain: "", docString: "" };
  let irVersion = 0;
  let modelVersion = 0;
  let graph = null;
  const opsets = /* @__PURE__ */ new Map();
  const metadata = /* @__PURE__ */ new Map();
  const functions = [];
  while (reader.next()) {
    switch (reader.field) {
      case MODEL.irVersion:
        irVersion = reader.int();
        break;
      case MODEL.producerName:
        text2.producerName = reader.text(TEXT_LIMIT);
        break;
      case MODEL.producerVersion:
        text2.producerVersion = reader.text(TEXT_LIMIT);
        break;
      case MODEL.domain:
        text2.domain = reader.text(TEXT_LIMIT);
        break;
      case MODEL.modelVersion:
        modelVersion = reader.int();
        break;
      case MODEL.docString:
        text2.docString = reader.text(16 * TEXT_LIMIT);
        break;
      case MODEL.graph:
        if (graph !== null) throw reader.malformed("a second graph");
        graph = parseGraph(source, reader.span(), budget, 0);
        break;
      case MODEL.opsetImport: {
        const [domain, version] = parseOpset(source, reader.span());
        opsets.set(domain === "ai.onnx" ? "" : domain, version);
        break;
      }
      case MODEL.metadataProps: {
        const [key, value] = parseStringEntry(source, reader.span());
        metadata.set(key, value);
        break;
      }
      case MODEL.functions:
        functions.push(parseFunctionName(source, reader.span()));
        break;
      default:
    }
  }
  if (graph === null)
    throw new ModelError("malformed", source.path, `${source.path} is not valid ONNX: it holds no graph.`);
  return { irVersion, modelVersion, ...text2, opsets, graph, metadata, functions };
}
function parseGraph(source, span, budget, depth) {
  if (depth > MAX_DEPTH2) {
    throw new ModelError(
      "too-large",
      source.path,
      `${source.path}: its graphs are nested more than ${MAX_DEPTH2} deep.`
    );
  }
  const reader = new WireReader(source, span, "GraphProto");
  const nodes = [];
  const initializers = /* @__PURE__ */ new Map();
  const duplicates = /* @__PURE__ */ new Set();
  const sparse = [];
  const inputs = [];
  const outputs = [];
  const valueInfo2 = [];
  let name = "";
  while (reader.next()) {
    switch (reader.field) {
      case GRAPH.node:
        nodes.push(parseNode(source, reader.span(), budget, depth));
        break;
      case GRAPH.name:
        name = reader.text(NAME_LIMIT);
        break;
      case GRAPH.initializer: {
        budget.tensor();
        const tensor = parseTensor(source, reader.span(), budget);
        if (initializers.has(tensor.name)) duplicates.add(tensor.name);
        initializers.set(tensor.name, tensor);
        break;
      }
      case GRAPH.sparseInitializer: {
        budget.tensor();
        const sparseName = parseSparseName(source, reader.span());
        if (sparseName !== null) sparse.push(sparseName);
        break;
      }
      case GRAPH.input:
        inputs.push(parseValueInfo(source, reader.span(), budget));
        break;
      case GRAPH.output:
        outputs.push(parseValueInfo(source, reader.span(), budget));
        break;
      case GRAPH.valueInfo:
        valueInfo2.push(parseValueInfo(source, reader.span(), budget));
        break;
      default:
    }
  }
  return { name, nodes, initializers, duplicates, sparse, inputs, outputs, valueInfo: valueInfo2, span };
}
function parseNode(source, span, budget, depth) {
  budget.node();
  const reader = new WireReader(source, span, "NodeProto");
  const node2 = { name: "", opType: "", domain: "", inputs: [], outputs: [] };
  const attributes = /* @__PURE__ */ new Map();
  while (reader.next()) {
    switch (reader.field) {
      case NODE.input:
        budget.items(1);
        node2.inputs.push(reader.text(NAME_LIMIT));
        break;
      case NODE.output:
        budget.items(1);
        node2.outputs.push(reader.text(NAME_LIMIT));
        break;
      case NODE.name:
        node2.name = reader.text(NAME_LIMIT);
        break;
      case NODE.opType:
        node2.opType = reader.text(NAME_LIMIT);
        break;
      case NODE.domain: {
        const domain = reader.text(NAME_LIMIT);
        node2.domain = domain === "ai.onnx" ? "" : domain;
        break;
      }
      case NODE.attribute: {
        budget.items(1);
        const nested = (inner) => parseGraph(source, inner, budget, depth + 1);
        const [key, attribute] = parseAttribute(source, reader.span(), budget, nested);
        attributes.set(key, attribute);
        break;
      }
      default:
    }
  }
  return { ...node2, attributes, span };
}
function parseValueInfo(source, span, budget) {
  budget.items(1);
  const reader = new WireReader(source, span, "ValueInfoProto");
  let name = "";
  let type = { dtype: null, shape: null };
  while (reader.next()) {
    if (reader.field === VALUE_INFO.name) name = reader.text(NAME_LIMIT);
    else if (reader.field === VALUE_INFO.type) type = parseType(source, reader.span(), budget);
  }
  return { name, ...type };
}
function parseType(source, span, budget) {
  const outer = new WireReader(source, span, "TypeProto");
  let dtype = null;
  let shape = null;
  while (outer.next()) {
    if (outer.field !== TYPE.tensor) continue;
    const reader = new WireReader(source, outer.span(), "TypeProto.Tensor");
    while (reader.next()) {
      if (reader.field === TENSOR_TYPE.elemType) dtype = dtypeOf(reader.int());
      else if (reader.field === TENSOR_TYPE.shape) shape = parseShape(source, reader.span(), budget);
    }
  }
  return { dtype, shape };
}
function parseShape(source, span, budget) {
  const reader = new WireReader(source, span, "TensorShapeProto");
  const shape = [];
  while (reader.next()) {
    if (reader.field !== SHAPE.dim) continue;
    budget.items(1);
    const inner = new WireReader(source, reader.span(), "TensorShapeProto.Dimension");
    let dim = null;
    while (inner.next()) {
      if (inner.field === DIM.value) dim = inner.int();
      else if (inner.field === DIM.param) dim = inner.text(NAME_LIMIT) || null;
    }
    shape.push(typeof dim === "number" && dim < 0 ? null : dim);
  }
  return shape;
}
function parseOpset(source, span) {
  const reader = new WireReader(source, span, "OperatorSetIdProto");
  let domain = "";
  let version = 0;
  while (reader.next()) {
    if (reader.field === OPSET.domain) domain = reader.text(NAME_LIMIT);
    else if (reader.field === OPSET.version) version = reader.int();
  }
  return [domain, version];
}
function parseStringEntry(source, span) {
  const reader = new WireReader(source, span, "StringStringEntryProto");
  let key = "";
  let value = "";
  while (reader.next()) {
    if (reader.field === STRING_ENTRY.key) key = reader.text(NAME_LIMIT);
    else if (reader.field === STRING_ENTRY.value) value = reader.text(16 * TEXT_LIMIT);
  }
  return [key, value];
}
function parseFunctionName(source, span) {
  const reader = new WireReader(source, span, "FunctionProto");
  let name = "";
  let domain = "";
  while (reader.next()) {
    if (reader.field === FUNCTION.name) name = reader.text(NAME_LIMIT);
    else if (reader.field === FUNCTION.domain) domain = reader.text(NAME_LIMIT);
  }
  return `${domain}:${name}`;
}
function parseSparseName(source, span) {
  const reader = new WireReader(source, span, "SparseTensorProto");
  while (reader.next()) {
    if (reader.field !== SPARSE.values) continue;
    const values = new WireReader(source, reader.span(), "TensorProto");
    while (values.next()) if (values.field === TENSOR.name) return values.text(NAME_LIMIT);
  }
  return null;
}

// src/model/onnx/open.ts
function openOnnx(file2) {
  const source = typeof file2 === "string" ? new FileSource(file2) : file2;
  const { path: path14 } = source;
  try {
    const model2 = parseModel(source);
    const index = new GraphIndex(model2.graph, path14);
    const external = new ExternalFiles(path14);
    const reader = new TensorReader(source, external);
    return {
      source,
      external,
      model: model2,
      index,
      reader,
      evaluator: new ConstantEvaluator(index, reader),
      verifyUnchanged: () => {
        source.verifyUnchanged();
        external.verifyUnchanged();
      },
      close: () => {
        external.close();
        source.close();
      }
    };
  } catch (error) {
    source.close();
    throw error;
  }
}

// src/defenses/asd/settings.ts
var STAGES = ["class-aware", "class-agnostic", "meta-split"];
var PAPER = {
  epochs: { "class-aware": 60, "class-agnostic": 30, "meta-split": 30 },
  iterations: 1024,
  labelledBatch: 64,
  unlabelledBatch: 64,
  views: 2,
  rate: 2e-3,
  decay: "constant",
  growth: 10,
  growEvery: 5,
  cleanShare: 0.5,
  temperature: 0.5,
  alpha: 0.75,
  lambdaU: 15,
  metaRate: 0.015,
  metaBatch: 128,
  splitAlpha: 0.1,
  splitBeta: 1,
  splitOn: "augmented",
  augmentation: { pad: 4, border: "reflect", flip: true },
  seed: 0
};
var SHORT = {
  ...PAPER,
  epochs: { "class-aware": 8, "class-agnostic": 4, "meta-split": 8 },
  iterations: 200,
  decay: "cosine",
  growth: 20,
  growEvery: 1
};
function totalEpochs({ epochs }) {
  return STAGES.reduce((sum2, stage) => sum2 + epochs[stage], 0);
}
function stageOf(epoch, { epochs }) {
  if (epoch < epochs["class-aware"]) return "class-aware";
  return epoch < epochs["class-aware"] + epochs["class-agnostic"] ? "class-agnostic" : "meta-split";
}
function poolGrowth(epoch, { growth, growEvery }) {
  return growth * Math.floor(epoch / growEvery);
}
function lambdaAt(epoch, iteration, settings2) {
  return settings2.lambdaU * (epoch + iteration / settings2.iterations) / totalEpochs(settings2);
}

// src/training/schedules.ts
function constant(rate) {
  return () => rate;
}
function cosine(rate, total, floor = 0) {
  return (step) => floor + (rate - floor) * (1 + Math.cos(Math.PI * Math.min(step, total) / total)) / 2;
}

// src/data/augment.ts
function augment(pixels, size, { pad: pad3, border = "black", flip }, random) {
  const { width, height } = size;
  const bytes = width * height * 3;
  if (pixels.length % bytes !== 0)
    throw new RangeError(`${pixels.length} bytes are no number of ${width} \xD7 ${height} images.`);
  if (border === "reflect" && pad3 >= Math.min(width, height))
    throw new RangeError(`A border of ${pad3} pixels cannot mirror an image of ${width} \xD7 ${height}.`);
  const out2 = new Uint8Array(pixels.length);
  for (let image = 0; image < pixels.length; image += bytes) {
    const down = random.integer(2 * pad3 + 1) - pad3;
    const across = random.integer(2 * pad3 + 1) - pad3;
    const isMirrored = flip && random.bernoulli(0.5);
    const left = Math.max(0, -across);
    const right = Math.min(width, width - across);
    for (let row = 0; row < height; row++) {
      const source = within(row + down, height, border);
      if (source === null) continue;
      const from = image + source * width * 3;
      const to = image + row * width * 3;
      if (right > left)
        out2.set(pixels.subarray(from + (left + across) * 3, from + (right + across) * 3), to + left * 3);
      if (border === "reflect") {
        for (let column = 0; column < width; column++) {
          if (column >= left && column < right) continue;
          const at = from + reflected(column + across, width) * 3;
          out2.set(pixels.subarray(at, at + 3), to + column * 3);
        }
      }
      if (isMirrored) mirror(out2.subarray(to, to + width * 3));
    }
  }
  return out2;
}
function within(position, length, border) {
  if (position >= 0 && position < length) return position;
  return border === "reflect" ? reflected(position, length) : null;
}
function reflected(position, length) {
  if (position < 0) return -position;
  return position < length ? position : 2 * (length - 1) - position;
}
function mirror(row) {
  for (let a = 0, b = row.length - 3; a < b; a += 3, b -= 3) {
    for (let channel = 0; channel < 3; channel++) {
      const value = row[a + channel];
      row[a + channel] = row[b + channel];
      row[b + channel] = value;
    }
  }
}

// src/runtime/session.ts
var TRIAL_MOST = 64 * 1024 * 1024;

// src/runtime/classifier.ts
var NO_PREDICTION = -1;
function predictions(scores, classes) {
  const out2 = new Int32Array(scores.length / classes);
  for (let i = 0; i < out2.length; i++) {
    let best = 0;
    let isNumber = true;
    for (let k = 0; k < classes; k++) {
      const score = scores[i * classes + k];
      if (Number.isNaN(score)) isNumber = false;
      if (score > scores[i * classes + best]) best = k;
    }
    out2[i] = isNumber ? best : NO_PREDICTION;
  }
  return out2;
}

// src/defenses/asd/training-set.ts
async function* exactBatches({ pool, preprocessing: { width, height } }, order, batchSize) {
  let start = 0;
  for await (const pixels of pool.batches(order, batchSize)) {
    const samples = order.slice(start, start + batchSize);
    if (pixels.length !== samples.length * width * height * 3) throw vanished(pool);
    start += batchSize;
    yield { pixels, samples };
  }
  if (start < order.length) throw vanished(pool);
}
function vanished(pool) {
  const { path: path14 } = pool.samples[0].location;
  return new DataError(
    "unreadable-image",
    path14,
    `The images of ${path14} changed while they were used: some can no longer be read. Nothing was written; put them back and continue with --resume.`
  );
}
function deal(items, count, random) {
  const drawn = [];
  while (items.length > 0 && drawn.length < count)
    drawn.push(...random.shuffle([...items]).slice(0, count - drawn.length));
  return drawn;
}

// src/defenses/asd/infer.ts
var SPLIT_LOSS = "split";
var BATCH2 = 256;
async function infer(trainer, images, { augmentation, random, onProgress }) {
  const { pool, labels, preprocessing: preprocessing2 } = images;
  const losses = new Float32Array(pool.size);
  const predicted = new Int32Array(pool.size);
  const order = Array.from({ length: pool.size }, (_, i) => i);
  let done = 0;
  for await (const { pixels, samples } of exactBatches(images, order, BATCH2)) {
    await onProgress(done / pool.size);
    const shown = augmentation === null ? pixels : augment(pixels, preprocessing2, augmentation, random);
    const size = Math.min(BATCH2, pool.size);
    const filled = new Uint8Array(size * (pixels.length / samples.length));
    filled.set(shown);
    const batch = {
      images: toTensor(filled, size, preprocessing2),
      size,
      targets: { labels: Array.from({ length: size }, (_, i) => labels[samples[i] ?? samples[0]]) }
    };
    const { logits, measured } = await trainer.forward(batch, { batchNorm: "frozen", measure: SPLIT_LOSS });
    const classes = logits.length / size;
    losses.set(measured.subarray(0, samples.length), done);
    predicted.set(predictions(logits.subarray(0, samples.length * classes), classes), done);
    done += samples.length;
  }
  return { losses, predicted };
}

// src/defenses/asd/loss-histogram.ts
var BINS = 32;
function lossHistogram(losses, pool) {
  const finite2 = Array.from(losses).filter((loss) => Number.isFinite(loss));
  const low = finite2.reduce((least, loss) => Math.min(least, loss), Infinity);
  const high = finite2.reduce((most, loss) => Math.max(most, loss), -Infinity);
  if (finite2.length === 0) return { edges: [], clean: [], polluted: [] };
  const bins = high > low ? BINS : 1;
  const width = (high - low) / bins;
  const counts = { clean: new Array(bins).fill(0), polluted: new Array(bins).fill(0) };
  pool.forEach((isClean, sample) => {
    const loss = losses[sample];
    if (!Number.isFinite(loss)) return;
    const bin = width === 0 ? 0 : Math.min(bins - 1, Math.floor((loss - low) / width));
    counts[isClean ? "clean" : "polluted"][bin]++;
  });
  const edges = Array.from({ length: bins + 1 }, (_, i) => i === bins ? high : low + i * width);
  return { edges, ...counts };
}
function meanLosses(losses, pool) {
  const mean2 = (isClean) => {
    const own = Array.from(losses).filter((_, sample) => pool[sample] === isClean);
    return own.length === 0 ? null : own.reduce((sum2, loss) => sum2 + loss, 0) / own.length;
  };
  return { cleanLoss: mean2(true), pollutedLoss: mean2(false) };
}

// src/training/graph/shape.ts
function sizeOf(shape) {
  return shape.reduce((product2, dim) => product2 * dim, 1);
}
function sameShape(a, b) {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}
function axisOf(axis, rank) {
  return axis < 0 ? axis + rank : axis;
}
function range(start, end) {
  return Array.from({ length: Math.max(0, end - start) }, (_, i) => start + i);
}
function broadcast(a, b) {
  const rank = Math.max(a.length, b.length);
  return range(0, rank).map((i) => {
    const left = a[a.length - rank + i] ?? 1;
    const right = b[b.length - rank + i] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      throw new RangeError(`Shapes [${a.join(", ")}] and [${b.join(", ")}] do not broadcast.`);
    }
    return left === 1 ? right : left;
  });
}
function inverse(perm) {
  const result = new Array(perm.length);
  perm.forEach((from, to) => result[from] = to);
  return result;
}
function axesOf(axes, rank) {
  if (axes === null) return range(0, rank);
  return [...new Set(axes.map((axis) => axisOf(axis, rank)))].sort((a, b) => a - b);
}
function reduced(shape, axes, keep) {
  return keep ? shape.map((dim, i) => axes.includes(i) ? 1 : dim) : shape.filter((_, i) => !axes.includes(i));
}

// src/training/losses.ts
function crossEntropy(options = {}) {
  const { smoothing = 0, labels = "labels" } = options;
  return {
    inputs: { [labels]: "labels" },
    scalars: {},
    perSample({ g, logits, input }) {
      const classes = logits.shape[1];
      const hard = oneHot(g, input(labels), classes);
      const target = g.plus(g.mul(hard, 1 - smoothing), smoothing / classes);
      return g.neg(g.reduceSum(g.mul(target, g.logSoftmax(logits, 1)), [1], false));
    }
  };
}
function softCrossEntropy(options = {}) {
  const { targets = "targets" } = options;
  return {
    inputs: { [targets]: "scores" },
    scalars: {},
    perSample: ({ g, logits, input }) => g.neg(g.reduceSum(g.mul(input(targets), g.logSoftmax(logits, 1)), [1], false))
  };
}
function probabilityMse(options = {}) {
  const { targets = "targets" } = options;
  return {
    inputs: { [targets]: "scores" },
    scalars: {},
    perSample: ({ g, logits, input }) => g.reduceMean(g.square(g.sub(g.softmax(logits, 1), input(targets))), [1], false)
  };
}
function symmetricCrossEntropy(options = {}) {
  const { alpha = 0.1, beta = 1, labels = "labels" } = options;
  return {
    inputs: { [labels]: "labels" },
    scalars: {},
    perSample({ g, logits, input }) {
      const hard = oneHot(g, input(labels), logits.shape[1]);
      const forward = g.neg(g.reduceSum(g.mul(hard, g.logSoftmax(logits, 1)), [1], false));
      const softmax4 = g.softmax(logits, 1);
      const probabilities = g.where(g.greater(softmax4, 1e-7), softmax4, 1e-7);
      const logTarget = g.log(g.where(g.greater(hard, 1e-4), hard, 1e-4));
      const reverse = g.neg(g.reduceSum(g.mul(probabilities, logTarget), [1], false));
      return g.plus(g.mul(forward, alpha), g.mul(reverse, beta));
    }
  };
}
function totalLoss(terms, scope, share = null) {
  const { g } = scope;
  const parts = terms.map(({ loss, weight = 1, samples }) => {
    const each = loss.perSample(scope);
    const mean2 = () => g.reduceMean(each, [0], false);
    const sum2 = samples !== void 0 ? g.reduceSum(g.mul(each, scope.input(samples)), [0], false) : share === null ? mean2() : g.mul(mean2(), share);
    return g.mul(sum2, typeof weight === "string" ? scope.scalar(weight) : weight);
  });
  return g.sum(parts);
}
function inputsOf(terms) {
  const inputs = /* @__PURE__ */ new Map();
  for (const { loss, samples } of terms) {
    for (const [name, kind] of Object.entries(loss.inputs)) inputs.set(name, kind);
    if (samples !== void 0) inputs.set(samples, "samples");
  }
  return inputs;
}
function scalarsOf(terms) {
  const scalars = /* @__PURE__ */ new Map();
  for (const { loss, weight } of terms) {
    for (const [name, value] of Object.entries(loss.scalars)) scalars.set(name, value);
    if (typeof weight === "string") scalars.set(weight, 1);
  }
  return scalars;
}
function oneHot(g, labels, classes) {
  const column = g.reshape(labels, [labels.shape[0], 1]);
  return g.cast(g.equal(column, g.integers(range(0, classes), [1, classes])), "float32");
}

// src/defenses/asd/guess.ts
function softmax(logits, classes) {
  const out2 = new Float32Array(logits.length);
  for (let row = 0; row < logits.length; row += classes) {
    let most = -Infinity;
    for (let k = 0; k < classes; k++) most = Math.max(most, logits[row + k]);
    let sum2 = 0;
    for (let k = 0; k < classes; k++) sum2 += Math.exp(logits[row + k] - most);
    for (let k = 0; k < classes; k++) out2[row + k] = Math.exp(logits[row + k] - most) / sum2;
  }
  return out2;
}
function guessLabels(views, classes, temperature) {
  const probabilities = views.map((logits) => softmax(logits, classes));
  const out2 = new Float32Array(views[0].length);
  for (let i = 0; i < out2.length; i++)
    out2[i] = probabilities.reduce((sum2, view2) => sum2 + view2[i], 0) / views.length;
  return sharpen(out2, classes, temperature);
}
function sharpen(probabilities, classes, temperature) {
  const out2 = new Float32Array(probabilities.length);
  for (let row = 0; row < out2.length; row += classes) {
    let sum2 = 0;
    for (let k = 0; k < classes; k++) sum2 += probabilities[row + k] ** (1 / temperature);
    for (let k = 0; k < classes; k++) out2[row + k] = probabilities[row + k] ** (1 / temperature) / sum2;
  }
  return out2;
}
function oneHot2(labels, classes) {
  const out2 = new Float32Array(labels.length * classes);
  for (let i = 0; i < labels.length; i++) out2[i * classes + labels[i]] = 1;
  return out2;
}

// src/defenses/asd/mixup.ts
function drawLambda(alpha, random) {
  const drawn = random.beta(alpha, alpha);
  return Math.max(drawn, 1 - drawn);
}
function mixRows(rows, width, partners, lambda, order) {
  const out2 = new Float32Array(rows.length);
  order.forEach((row, at) => {
    const from = row * width;
    const partner = partners[row] * width;
    const to = at * width;
    for (let i = 0; i < width; i++)
      out2[to + i] = lambda * rows[from + i] + (1 - lambda) * rows[partner + i];
  });
  return out2;
}
function dealt(rows, parts) {
  return Array.from(
    { length: parts },
    (_, part) => Array.from({ length: Math.ceil((rows - part) / parts) }, (_2, i) => part + i * parts)
  ).flat();
}

// src/defenses/asd/mixmatch.ts
var [TARGETS, LABELLED, UNLABELLED, LAMBDA_U] = ["targets", "labelled", "unlabelled", "lambdaU"];
var MIXMATCH_LOSS = [
  { loss: softCrossEntropy({ targets: TARGETS }), samples: LABELLED },
  { loss: probabilityMse({ targets: TARGETS }), samples: UNLABELLED, weight: LAMBDA_U }
];
function partSize({
  labelledBatch,
  unlabelledBatch,
  views
}) {
  return Math.ceil((labelledBatch + views * unlabelledBatch) / (views + 1));
}
async function mixMatchStep(trainer, batch, { settings: settings2, preprocessing: preprocessing2, classes, lambdaU, rate, random }) {
  const { augmentation, temperature, alpha, views: k } = settings2;
  const bytes = preprocessing2.width * preprocessing2.height * 3;
  const shown = (pixels) => toTensor(augment(pixels, preprocessing2, augmentation, random), pixels.length / bytes, preprocessing2);
  const labelled = shown(batch.labelled);
  const width = labelled.length / batch.labels.length;
  const size = batch.unlabelled.length / bytes;
  const views = size === 0 ? [] : Array.from({ length: k }, () => shown(batch.unlabelled));
  const logits = [];
  for (const images2 of views)
    logits.push((await trainer.forward({ images: images2, size, targets: {} }, { batchNorm: "train" })).logits);
  const guesses = size === 0 ? new Float32Array() : guessLabels(logits, classes, temperature);
  const images = joined([labelled, ...views]);
  const targets = joined([oneHot2(batch.labels, classes), ...views.map(() => guesses)]);
  const rows = images.length / width;
  const lambda = drawLambda(alpha, random);
  const partners = random.shuffle(Array.from({ length: rows }, (_, i) => i));
  const order = dealt(rows, Math.ceil(rows / partSize(settings2)));
  const isLabelled = order.map((row) => row < batch.labels.length);
  return trainer.step(
    {
      images: mixRows(images, width, partners, lambda, order),
      size: rows,
      targets: {
        targets: mixRows(targets, classes, partners, lambda, order),
        labelled: isLabelled.map((is) => is ? 1 / batch.labels.length : 0),
        unlabelled: isLabelled.map((is) => is ? 0 : 1 / (views.length * size))
      }
    },
    { scalars: { lambdaU }, rate }
  );
}
function joined(parts) {
  const out2 = new Float32Array(parts.reduce((sum2, part) => sum2 + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out2.set(part, at);
    at += part.length;
  }
  return out2;
}

// src/defenses/asd/pools.ts
function ascending(values) {
  const rank = (i) => Number.isNaN(values[i]) ? Infinity : values[i];
  return Array.from({ length: values.length }, (_, i) => i).sort((a, b) => {
    const [left, right] = [rank(a), rank(b)];
    return left === right ? a - b : left < right ? -1 : 1;
  });
}
function classAwarePool(losses, labels, seeds2, perClass) {
  const pool = seedPool(labels.length, seeds2);
  if (perClass === 0) return pool;
  const taken = /* @__PURE__ */ new Map();
  for (const sample of ascending(losses)) {
    if (pool[sample]) continue;
    const label = labels[sample];
    const n = taken.get(label) ?? 0;
    if (n >= perClass) continue;
    taken.set(label, n + 1);
    pool[sample] = true;
  }
  return pool;
}
function seedPool(size, seeds2) {
  const pool = new Array(size).fill(false);
  for (const seed of seeds2) pool[seed] = true;
  return pool;
}
function classAgnosticPool(losses, share) {
  return lowest(losses, share);
}
function metaSplitPool(before, after2, share) {
  return lowest(reductions(before, after2), share);
}
function reductions(before, after2) {
  return Float64Array.from({ length: before.length }, (_, i) => before[i] - after2[i]);
}
function sides(pool) {
  const clean = [];
  const polluted = [];
  pool.forEach((isClean, sample) => (isClean ? clean : polluted).push(sample));
  return { clean, polluted };
}
function lowest(values, share) {
  const pool = new Array(values.length).fill(false);
  for (const sample of ascending(values).slice(0, Math.floor(share * values.length))) pool[sample] = true;
  return pool;
}

// src/defenses/asd/virtual-epoch.ts
async function trainVirtually(virtual2, model2, set2, settings2, random, onProgress) {
  virtual2.adopt(model2.snapshot());
  const { pool, labels, preprocessing: preprocessing2 } = set2;
  const order = random.shuffle(Array.from({ length: pool.size }, (_, i) => i));
  if (order.length % settings2.metaBatch === 1 && order.length > 1) order.pop();
  let done = 0;
  for await (const { pixels, samples } of exactBatches(set2, order, settings2.metaBatch)) {
    await onProgress(done / order.length);
    const size = samples.length;
    const shown = augment(pixels, preprocessing2, settings2.augmentation, random);
    const targets = { labels: samples.map((sample) => labels[sample]) };
    await virtual2.step(
      { images: toTensor(shown, size, preprocessing2), size, targets },
      { rate: settings2.metaRate }
    );
    done += size;
  }
}

// src/defenses/asd/run.ts
var FRESH_STREAM = 0;
function freshStream(seed) {
  return streamOf(seed, FRESH_STREAM);
}
function epochStreams(seed, epoch) {
  const random = streamOf(seed, FRESH_STREAM + 1 + epoch);
  return {
    losses: random.fork(),
    virtual: random.fork(),
    labelled: random.fork(),
    unlabelled: random.fork(),
    steps: random
  };
}
async function runAsd(run) {
  const history2 = [...run.start.history];
  let underWay = run.start.epoch;
  while (history2.length < totalEpochs(run.settings)) {
    const epoch = history2.length;
    const streams = epochStreams(run.settings.seed, epoch);
    underWay ??= await startOf(run, epoch, streams);
    history2.push(await oneEpoch(run, history2, underWay, streams));
    underWay = null;
    await run.onPosition(
      () => ({ history: history2, epoch: null }),
      () => run.model.snapshot()
    );
  }
  return history2;
}
async function startOf(run, epoch, streams) {
  const started = performance.now();
  const split3 = await splitFor(run, epoch, streams);
  return { split: split3, iteration: 0, lossSum: 0, seconds: (performance.now() - started) / 1e3 };
}
async function splitFor(run, epoch, streams) {
  const { model: model2, virtual: virtual2, set: set2, settings: settings2, onProgress } = run;
  const stage = stageOf(epoch, settings2);
  const perClass = poolGrowth(epoch, settings2);
  if (stage === "class-aware" && perClass === 0)
    return { pool: seedPool(set2.pool.size, set2.seeds), figures: null };
  const augmentation = settings2.splitOn === "augmented" ? settings2.augmentation : null;
  const lossesOf = async (trainer) => {
    const { losses: random } = epochStreams(settings2.seed, epoch);
    const { losses: losses2 } = await infer(trainer, set2, {
      augmentation,
      random,
      onProgress: (share) => onProgress(epoch, "split", share)
    });
    return losses2;
  };
  const losses = await lossesOf(model2);
  if (stage === "class-aware")
    return described(classAwarePool(losses, set2.labels, set2.seeds, perClass), losses);
  if (stage === "class-agnostic") return described(classAgnosticPool(losses, settings2.cleanShare), losses);
  await trainVirtually(
    virtual2,
    model2,
    set2,
    settings2,
    streams.virtual,
    (share) => onProgress(epoch, "virtual", share)
  );
  return described(metaSplitPool(losses, await lossesOf(virtual2), settings2.cleanShare), losses);
}
async function oneEpoch(run, history2, underWay, streams) {
  const { model: model2, set: set2, classes, settings: settings2, onProgress, onPosition } = run;
  const { iterations, labelledBatch, unlabelledBatch } = settings2;
  const epoch = history2.length;
  const started = performance.now();
  const seconds = () => underWay.seconds + (performance.now() - started) / 1e3;
  const { split: split3 } = underWay;
  const { clean, polluted } = sides(split3.pool);
  const rate = settings2.decay === "cosine" ? cosine(settings2.rate, totalEpochs(settings2))(epoch) : settings2.rate;
  const remaining = (items, batch, random) => deal(items, iterations * batch, random).slice(underWay.iteration * batch);
  const labelled = exactBatches(set2, remaining(clean, labelledBatch, streams.labelled), labelledBatch);
  const unlabelled = exactBatches(
    set2,
    remaining(polluted, unlabelledBatch, streams.unlabelled),
    unlabelledBatch
  );
  for (let skipped = 0; skipped < underWay.iteration; skipped++) streams.steps.fork();
  let { lossSum } = underWay;
  let iteration = underWay.iteration;
  try {
    for await (const { pixels, samples } of labelled) {
      await onProgress(epoch, "train", iteration / iterations);
      const others = await unlabelled.next();
      const step = await mixMatchStep(
        model2,
        {
          labelled: pixels,
          labels: samples.map((sample) => set2.labels[sample]),
          unlabelled: others.done ? new Uint8Array() : others.value.pixels
        },
        {
          settings: settings2,
          preprocessing: set2.preprocessing,
          classes,
          lambdaU: lambdaAt(epoch, iteration, settings2),
          rate,
          random: streams.steps.fork()
        }
      );
      lossSum += step.loss;
      iteration++;
      if (iteration < iterations) {
        const position = { history: history2, epoch: { split: split3, iteration, lossSum, seconds: seconds() } };
        await onPosition(
          () => position,
          () => model2.snapshot()
        );
      }
    }
  } finally {
    await unlabelled.return();
  }
  const monitored = await run.measure(epoch);
  return {
    epoch: epoch + 1,
    stage: stageOf(epoch, settings2),
    clean: clean.length,
    polluted: polluted.length,
    loss: lossSum / iterations,
    lambdaU: lambdaAt(epoch, iterations, settings2),
    rate,
    split: split3.figures,
    monitored,
    seconds: seconds()
  };
}
function described(pool, losses) {
  return { pool, figures: { ...meanLosses(losses, pool), histogram: lossHistogram(losses, pool) } };
}

// src/training/errors.ts
var TrainingError = class extends ScourError {
};

// src/defenses/bcu/reinitialise.ts
function reinitialise(weights, layers, ratios, random) {
  const done = /* @__PURE__ */ new Set();
  const redraw = (parameter, ratio, draw) => {
    const stream = random.fork();
    if (done.has(parameter)) return;
    done.add(parameter);
    const values = weights.valuesOf(parameter);
    for (let i = 0; i < values.length; i++) if (stream.bernoulli(ratio)) values[i] = draw(stream);
    weights.setValues(parameter, values);
  };
  for (const { name, kind, weight, bias, fan } of layers) {
    const ratio = ratios.get(name) ?? 0;
    const draw = kind === "convolution" ? heNormal(fan) : uniform(fan);
    redraw(weight, ratio, draw);
    if (bias !== null) redraw(bias, ratio, draw);
  }
}
function heNormal(fan) {
  const deviation = Math.sqrt(2 / fan);
  return (random) => random.normal() * deviation;
}
function uniform(fan) {
  const bound = 1 / Math.sqrt(fan);
  return (random) => (2 * random.uniform() - 1) * bound;
}

// src/defenses/clp/convolution.ts
function convolutionOf(node2) {
  const place = placeOf(node2);
  if (place === null) return null;
  return {
    node: node2,
    weight: node2.inputs[place.weightInput] ?? "",
    groups: Math.max(1, intAttribute(node2, "group", 1)),
    ...place
  };
}
function placeOf(node2) {
  const plain2 = { weightInput: 1, biasInput: 2, transposed: false, quantization: null };
  if (node2.domain === "com.microsoft") return node2.opType === "FusedConv" ? plain2 : null;
  if (node2.domain !== "") return null;
  switch (node2.opType) {
    case "Conv":
      return plain2;
    case "ConvTranspose":
      return { ...plain2, transposed: true };
    case "DeformConv":
      return { ...plain2, biasInput: 3 };
    case "ConvInteger":
      return { ...plain2, biasInput: -1, quantization: { scale: null, zero: 3 } };
    case "QLinearConv":
      return { ...plain2, weightInput: 3, biasInput: 8, quantization: { scale: 4, zero: 5 } };
    default:
      return null;
  }
}

// src/defenses/bcu/weight-layers.ts
function weightLayers(file2) {
  const names = /* @__PURE__ */ new Set();
  return file2.model.graph.nodes.flatMap((node2) => {
    const layer = convolution(file2, node2) ?? linear(file2, node2);
    if (layer === null) return [];
    let name = nodeLabel(node2);
    for (let n = 2; names.has(name); n++) name = `${nodeLabel(node2)} (${n})`;
    names.add(name);
    return [{ ...layer, name, node: node2 }];
  });
}
function convolution(file2, node2) {
  const operator = convolutionOf(node2);
  const weight = operator === null ? null : stored(file2, operator.weight);
  if (operator === null || weight === null) return null;
  const { dims, elements, parameter } = weight;
  const channels = operator.transposed ? (dims[1] ?? 1) * operator.groups : dims[0] ?? 1;
  const taps = product(dims.slice(2));
  return { kind: "convolution", weight: parameter, elements, bias: null, fan: taps * channels };
}
function linear(file2, node2) {
  if (node2.domain !== "" || node2.opType !== "Gemm" && node2.opType !== "MatMul") return null;
  for (const input of [1, 0]) {
    const weight = stored(file2, node2.inputs[input] ?? "");
    if (weight === null || weight.dims.length < 2) continue;
    const { dims, elements, parameter } = weight;
    const isTransposed = node2.opType === "Gemm" && intAttribute(node2, input === 1 ? "transB" : "transA", 0) !== 0;
    const inputsFirst = input === 1 !== isTransposed;
    const fan = dims.at(inputsFirst ? -2 : -1);
    const outputs = dims.at(inputsFirst ? -1 : -2);
    return { kind: "linear", weight: parameter, elements, bias: biasOf(file2, node2, outputs), fan };
  }
  return null;
}
function biasOf(file2, node2, outputs) {
  const bias = (value) => {
    const found = stored(file2, value);
    return found !== null && found.elements === outputs ? found.parameter : null;
  };
  if (node2.opType === "Gemm") return bias(node2.inputs[2] ?? "");
  const result = node2.outputs[0] ?? "";
  const [use, ...others] = file2.index.uses(result);
  if (use === void 0 || others.length > 0 || use.node.domain !== "" || use.node.opType !== "Add")
    return null;
  return bias(use.node.inputs[1 - use.input] ?? "");
}
function stored(file2, value) {
  if (value === "") return null;
  const chain = constantChain(file2.index, value);
  if (typeof chain === "string" || !isFloat(chain.tensor.dtype)) return null;
  const dims = file2.evaluator.shape(chain);
  return { dims, elements: product(dims), parameter: parameterOf(chain) };
}
function parameterOf({ tensor, holder, steps }) {
  let name = holder?.outputs[0] ?? tensor.name;
  for (const step of steps) {
    if (step.opType !== "Identity") break;
    name = step.outputs[0] ?? name;
  }
  return name;
}
function product(dims) {
  return dims.reduce((a, b) => a * b, 1);
}

// src/defenses/asd/fresh-weights.ts
var EMBEDDING_DEVIATION = 0.02;
var PRELU_SLOPE = 0.25;
var NORMS = /* @__PURE__ */ new Set([
  "BatchNormalization",
  "LayerNormalization",
  "InstanceNormalization",
  "GroupNormalization",
  "RMSNormalization"
]);
function drawFreshWeights(trainer, file2, random) {
  const { parameters, batchNorms } = trainer;
  const layers = weightLayers(file2);
  const kept = layers.find(({ weight }) => !parameters.has(weight));
  if (layers.length === 0 || kept !== void 0) {
    throw new TrainingError(
      "unsupported-model",
      kept === void 0 ? "This architecture has no convolution or linear layer whose weights can be trained: they may be quantised." : `The weights of '${kept.name}' cannot be trained, so they cannot be made fresh. Name an architecture that is not quantised.`
    );
  }
  reinitialise(trainer, layers, new Map(layers.map(({ name }) => [name, 1])), random);
  const drawn = new Set(layers.flatMap(({ weight, bias }) => [weight, bias]));
  const uses = usesByParameter(file2);
  const stream = random.fork();
  for (const name of parameters.keys()) {
    if (drawn.has(name)) continue;
    const values = trainer.valuesOf(name);
    const fill = startOf2(uses.get(name), values.length, parameters.get(name));
    trainer.setValues(
      name,
      fill === null ? values.map(() => stream.normal() * EMBEDDING_DEVIATION) : values.fill(fill)
    );
  }
  for (const { scale, shift, mean: mean2, variance } of batchNorms) {
    for (const [name, value] of [
      [scale, 1],
      [shift, 0],
      [mean2, 0],
      [variance, 1]
    ])
      if (name !== null) trainer.setValues(name, trainer.valuesOf(name).fill(value));
  }
}
function startOf2(use, elements, dims) {
  if (use === void 0) return null;
  const { opType } = use.node;
  if (NORMS.has(opType)) return use.input === 1 ? 1 : 0;
  if (opType === "Conv" || opType === "ConvTranspose") return 0;
  if (opType === "PRelu") return PRELU_SLOPE;
  if (opType === "Mul" || opType === "Div") return 1;
  const isBias = dims.filter((dim) => dim > 1).length <= 1;
  return (opType === "Add" || opType === "Sub") && isBias && elements > 0 ? 0 : null;
}
function usesByParameter(file2) {
  const uses = /* @__PURE__ */ new Map();
  for (const node2 of file2.model.graph.nodes) {
    node2.inputs.forEach((value, input) => {
      if (value === "") return;
      const chain = constantChain(file2.index, value);
      if (typeof chain === "string") return;
      const name = parameterOf(chain);
      if (node2.opType !== "Identity" && !uses.has(name)) uses.set(name, { node: node2, input });
    });
  }
  return uses;
}

// src/training/optimizers.ts
function adam(options = {}) {
  return adamLike("adam", options, false);
}
function adamLike(name, options, decoupled) {
  const { betas = [0.9, 0.999], epsilon = 1e-8, weightDecay = 0 } = options;
  const [beta1, beta2] = betas;
  return {
    name,
    weightDecay,
    slots: ["mean", "square"],
    // The powers are taken here, in double precision.
    scalarsAt: (step) => ({
      meanCorrection: 1 / (1 - beta1 ** step),
      rootCorrection: 1 / Math.sqrt(1 - beta2 ** step)
    }),
    update(scope) {
      const { g, parameter, rate } = scope;
      const gradient = decoupled ? scope.gradient : decayed(scope);
      const mean2 = g.plus(g.mul(scope.state("mean"), beta1), g.mul(gradient, 1 - beta1));
      const square = g.plus(g.mul(scope.state("square"), beta2), g.mul(g.square(gradient), 1 - beta2));
      const root2 = g.plus(g.mul(g.sqrt(square), scope.scalar("rootCorrection")), epsilon);
      const size = g.mul(rate, scope.scalar("meanCorrection"));
      const kept = decoupled && scope.weightDecay !== 0 ? g.mul(parameter, g.sub(1, g.mul(rate, scope.weightDecay))) : parameter;
      return { parameter: g.sub(kept, g.mul(g.div(mean2, root2), size)), state: { mean: mean2, square } };
    }
  };
}
function decayed({ g, parameter, gradient, weightDecay }) {
  return weightDecay === 0 ? gradient : g.plus(gradient, g.mul(parameter, weightDecay));
}

// src/model/onnx/build.ts
function floatTensor(name, dims, values) {
  const floats2 = values instanceof Float32Array ? values : Float32Array.from(values);
  return tensorOf(name, "float32", dims, new Uint8Array(floats2.buffer, floats2.byteOffset, floats2.byteLength));
}
function intTensor(name, dims, values) {
  return tensorOf(
    name,
    "int64",
    dims,
    new Uint8Array(BigInt64Array.from(values, (value) => BigInt(value)).buffer)
  );
}
function tensorOf(name, dtype, dims, bytes) {
  return { name, dtype, dims, data: { kind: "memory", bytes }, ambiguous: false, span: null };
}
function int(value) {
  return { type: "int", value };
}
function ints(value) {
  return { type: "ints", value };
}
function float(value) {
  return { type: "float", value };
}
function text(value) {
  return { type: "string", value };
}
function node(opType, inputs, outputs, attributes = {}, name = outputs[0] ?? "") {
  return {
    name,
    opType,
    domain: "",
    inputs,
    outputs,
    attributes: new Map(Object.entries(attributes)),
    span: null
  };
}
function valueInfo(name, dtype, shape) {
  return { name, dtype, shape };
}
function graphOf(parts) {
  return {
    name: parts.name ?? "graph",
    nodes: parts.nodes,
    initializers: new Map(Array.from(parts.initializers ?? [], (tensor) => [tensor.name, tensor])),
    duplicates: /* @__PURE__ */ new Set(),
    sparse: [],
    inputs: parts.inputs,
    outputs: parts.outputs,
    valueInfo: [],
    span: null
  };
}
function modelOf(graph, opset, irVersion = 8) {
  return {
    irVersion,
    producerName: "scour",
    producerVersion: "",
    domain: "",
    modelVersion: 0,
    docString: "",
    opsets: /* @__PURE__ */ new Map([["", opset]]),
    graph,
    metadata: /* @__PURE__ */ new Map(),
    functions: []
  };
}

// src/training/forward/export.ts
function exportModel(model2, forward, valuesOf) {
  const changed = new Map([...forward.parameters, ...forward.statistics]);
  const initializers = new Map(model2.graph.initializers);
  for (const [name, stored2] of changed) initializers.set(name, storedAs(stored2, valuesOf(name)));
  const statistics = new Map(
    forward.batchNorms.map(({ node: node2, mean: mean2, variance }) => [node2.outputs[0], [mean2, variance]])
  );
  const nodes = model2.graph.nodes.filter(
    ({ opType, outputs }) => !((opType === "Identity" || opType === "Constant") && changed.has(outputs[0] ?? ""))
  ).map((node2) => {
    const own = statistics.get(node2.outputs[0] ?? "");
    if (node2.opType !== "BatchNormalization" || !own) return node2;
    return { ...node2, inputs: [...node2.inputs.slice(0, 3), ...own], span: null };
  });
  const inputs = model2.graph.inputs;
  return { ...model2, graph: { ...model2.graph, nodes, initializers, inputs } };
}
function storedAs({ name, dims, dtype }, values) {
  return tensorOf(name, dtype, dims, encodeValues(dtype, values));
}

// src/model/onnx/wire-writer.ts
var utf84 = new TextEncoder();
function varint(value) {
  const bytes = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push(rest % 128 | 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
var WireWriter = class _WireWriter {
  pieces = [];
  size = 0;
  /** The message so far. */
  finish() {
    const out2 = new Uint8Array(this.size);
    let at = 0;
    for (const piece of this.pieces) {
      out2.set(piece, at);
      at += piece.length;
    }
    return out2;
  }
  /** A signed 64-bit integer (int32, int64, enum). */
  int(field, value) {
    this.tag(field, WIRE.varint);
    this.push(value >= 0 && Number.isSafeInteger(value) ? varint(value) : signedVarint(value));
    return this;
  }
  float(field, value) {
    this.tag(field, WIRE.fixed32);
    this.push(new Uint8Array(Float32Array.of(value).buffer));
    return this;
  }
  text(field, value) {
    return this.bytes(field, utf84.encode(value));
  }
  bytes(field, value) {
    this.tag(field, WIRE.bytes);
    this.push(varint(value.length));
    this.push(value);
    return this;
  }
  message(field, build) {
    const inner = new _WireWriter();
    build(inner);
    this.tag(field, WIRE.bytes);
    this.push(varint(inner.size));
    for (const piece of inner.pieces) this.push(piece);
    return this;
  }
  /** Repeated signed integers, packed. */
  ints(field, values) {
    const packed = new _WireWriter();
    for (const value of values)
      packed.push(value >= 0 && Number.isSafeInteger(value) ? varint(value) : signedVarint(value));
    return this.bytes(field, packed.finish());
  }
  tag(field, wire) {
    this.push(varint(field * 8 + wire));
  }
  push(piece) {
    this.pieces.push(piece);
    this.size += piece.length;
  }
};
function signedVarint(value) {
  const max = 0x7fffffffffffffffn;
  const exact = value >= 2 ** 63 ? max : value <= -(2 ** 63) ? -max - 1n : BigInt(Math.trunc(value));
  let rest = BigInt.asUintN(64, exact);
  const bytes = [];
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 128);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

// src/model/onnx/encode.ts
var inMemory = (tensor) => {
  if (tensor.data.kind === "memory") return tensor.data.bytes;
  if (tensor.data.kind === "foreign")
    return foreignBytes(tensor.dtype, elementsOf(tensor), tensor.data.slice);
  if (tensor.data.kind === "none") return new Uint8Array(0);
  throw new TypeError(`tensor '${tensor.name}' has its values in a file; say how to read them`);
};
function encodeModel(model2, bytesOf2 = inMemory) {
  const writer = new WireWriter();
  writer.int(MODEL.irVersion, model2.irVersion);
  if (model2.producerName) writer.text(MODEL.producerName, model2.producerName);
  if (model2.producerVersion) writer.text(MODEL.producerVersion, model2.producerVersion);
  if (model2.domain) writer.text(MODEL.domain, model2.domain);
  if (model2.modelVersion) writer.int(MODEL.modelVersion, model2.modelVersion);
  if (model2.docString) writer.text(MODEL.docString, model2.docString);
  writer.message(MODEL.graph, (graph) => encodeGraph(graph, model2.graph, bytesOf2));
  for (const [domain, version] of model2.opsets) {
    writer.message(MODEL.opsetImport, (opset) => {
      opset.text(OPSET.domain, domain).int(OPSET.version, version);
    });
  }
  for (const [key, value] of model2.metadata) writer.bytes(MODEL.metadataProps, encodeStringEntry(key, value));
  return writer.finish();
}
function encodeStringEntry(key, value) {
  return new WireWriter().text(STRING_ENTRY.key, key).text(STRING_ENTRY.value, value).finish();
}
function encodeTensor(tensor, bytes) {
  const writer = new WireWriter();
  if (tensor.dims.length) writer.ints(TENSOR.dims, tensor.dims);
  writer.int(TENSOR.dataType, dtypeCode(tensor.dtype)).text(TENSOR.name, tensor.name);
  return writer.bytes(TENSOR.rawData, bytes).finish();
}
function encodeGraph(writer, graph, bytesOf2) {
  for (const node2 of graph.nodes) writer.message(GRAPH.node, (inner) => encodeNode(inner, node2, bytesOf2));
  writer.text(GRAPH.name, graph.name);
  for (const tensor of graph.initializers.values())
    writer.bytes(GRAPH.initializer, encodeTensor(tensor, bytesOf2(tensor)));
  for (const info of graph.inputs) writer.message(GRAPH.input, (inner) => encodeValueInfo(inner, info));
  for (const info of graph.outputs) writer.message(GRAPH.output, (inner) => encodeValueInfo(inner, info));
  for (const info of graph.valueInfo)
    writer.message(GRAPH.valueInfo, (inner) => encodeValueInfo(inner, info));
}
function encodeNode(writer, node2, bytesOf2) {
  for (const input of node2.inputs) writer.text(NODE.input, input);
  for (const output of node2.outputs) writer.text(NODE.output, output);
  if (node2.name) writer.text(NODE.name, node2.name);
  writer.text(NODE.opType, node2.opType);
  for (const [name, attribute] of node2.attributes) {
    writer.message(NODE.attribute, (inner) => encodeAttribute(inner, name, attribute, bytesOf2));
  }
  if (node2.domain) writer.text(NODE.domain, node2.domain);
}
function encodeAttribute(writer, name, attribute, bytesOf2) {
  if (attribute.type === "other")
    throw new TypeError(`attribute '${name}' is of a type that Scour does not write`);
  writer.text(ATTRIBUTE.name, name);
  switch (attribute.type) {
    case "float":
      writer.float(ATTRIBUTE.f, attribute.value);
      break;
    case "int":
      writer.int(ATTRIBUTE.i, attribute.value);
      break;
    case "string":
      writer.text(ATTRIBUTE.s, attribute.value);
      break;
    case "floats":
      for (const value of attribute.value) writer.float(ATTRIBUTE.floats, value);
      break;
    case "ints":
      for (const value of attribute.value) writer.int(ATTRIBUTE.ints, value);
      break;
    case "strings":
      for (const value of attribute.value) writer.text(ATTRIBUTE.strings, value);
      break;
    case "tensor":
      writer.bytes(ATTRIBUTE.t, encodeTensor(attribute.value, bytesOf2(attribute.value)));
      break;
    case "graph":
      writer.message(ATTRIBUTE.g, (inner) => encodeGraph(inner, attribute.value, bytesOf2));
      break;
    case "graphs":
      for (const graph of attribute.value)
        writer.message(ATTRIBUTE.graphs, (inner) => encodeGraph(inner, graph, bytesOf2));
      break;
  }
  writer.int(ATTRIBUTE.type, ATTRIBUTE_TYPE[attribute.type]);
}
function encodeValueInfo(writer, info) {
  writer.text(VALUE_INFO.name, info.name);
  const { dtype, shape } = info;
  if (dtype === null) return;
  writer.message(VALUE_INFO.type, (type) => {
    type.message(TYPE.tensor, (tensor) => {
      tensor.int(TENSOR_TYPE.elemType, dtypeCode(dtype));
      if (shape === null) return;
      tensor.message(TENSOR_TYPE.shape, (proto) => {
        for (const dim of shape) {
          proto.message(SHAPE.dim, (inner) => {
            if (typeof dim === "number") inner.int(DIM.value, dim);
            else if (dim !== null) inner.text(DIM.param, dim);
          });
        }
      });
    });
  });
}

// src/runtime/training-session.ts
var TrainingSession = class _TrainingSession {
  runtime;
  session;
  constructor(runtime, session) {
    this.runtime = runtime;
    this.session = session;
  }
  /** Throws RuntimeError `cannot-load`, `device-unavailable` or `out-of-memory`. */
  static async create(model2, options) {
    const { device, threads, optimize = true, profile } = options;
    const runtime = await import("onnxruntime-node");
    try {
      const session = await runtime.InferenceSession.create(model2, {
        executionProviders: device === "cpu" ? ["cpu"] : [device, "cpu"],
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        graphOptimizationLevel: optimize ? "all" : "disabled",
        logSeverityLevel: 3,
        ...profile === void 0 ? {} : { enableProfiling: true, profileFilePrefix: profile }
      });
      return new _TrainingSession(runtime, session);
    } catch (cause) {
      throw runtimeError(cause, device);
    }
  }
  get outputNames() {
    return this.session.outputNames;
  }
  /**
   * Runs the graph. `into` holds buffers to write outputs to, by name: they must not be among `feeds`. The result has
   * every output. Throws RuntimeError `run-failed` or `out-of-memory`.
   */
  async run(feeds, into = /* @__PURE__ */ new Map()) {
    const inputs = {};
    for (const name of this.session.inputNames) {
      const tensor = feeds.get(name);
      if (!tensor)
        throw new RuntimeError("input-mismatch", `The graph needs '${name}', which was not given.`);
      inputs[name] = this.toOrt(tensor);
    }
    const fetches = {};
    for (const name of this.session.outputNames) {
      const buffer = into.get(name);
      fetches[name] = buffer ? this.toOrt(buffer) : null;
    }
    try {
      const results = await this.session.run(inputs, fetches);
      return new Map(
        this.session.outputNames.map((name) => [name, into.get(name) ?? fromOrt(name, results[name])])
      );
    } catch (cause) {
      throw runtimeError(cause, null);
    }
  }
  toOrt(tensor) {
    return new this.runtime.Tensor(tensor.dtype, tensor.data, tensor.shape);
  }
  /** Writes the profile, where one was asked for. */
  endProfiling() {
    this.session.endProfiling();
  }
  async release() {
    await this.session.release();
  }
};
function fromOrt(name, tensor) {
  const dtype = tensor.type;
  switch (dtype) {
    case "float32":
    case "int64":
    case "int32":
    case "bool":
    case "uint8":
      return { dtype, shape: tensor.dims, data: tensor.data };
    default:
      throw new RuntimeError("run-failed", `Output '${name}' is of type ${dtype}, which Scour does not use.`);
  }
}
function runtimeError(cause, device) {
  if (cause instanceof RuntimeError) return cause;
  const message = messageOf(cause);
  if (/bad_alloc|out of memory|Failed to allocate|allocation failed/i.test(message)) {
    return new RuntimeError("out-of-memory", `There is not enough memory to run the graph: ${message}`, {
      cause
    });
  }
  if (device !== null && device !== "cpu" && /provider|backend|adapter|device/i.test(message)) {
    return new RuntimeError("device-unavailable", `The device '${device}' cannot be used: ${message}`, {
      cause
    });
  }
  return device === null ? new RuntimeError("run-failed", `onnxruntime could not run the graph: ${message}`, { cause }) : new RuntimeError("cannot-load", `onnxruntime could not load the graph: ${message}`, { cause });
}

// src/training/forward/independent.ts
function independentOfImages(nodes, constants4) {
  const fixed = new Set(constants4);
  for (const node2 of nodes) {
    const shapeOnly = node2.domain === "" && (node2.opType === "Shape" || node2.opType === "Size");
    const random = node2.opType.startsWith("Random") || node2.opType === "Bernoulli";
    const holdsGraph = [...node2.attributes.values()].some(
      ({ type }) => type === "graph" || type === "graphs"
    );
    const known = node2.inputs.every((name) => name === "" || fixed.has(name));
    if (shapeOnly || known && !random && !holdsGraph) for (const output of node2.outputs) fixed.add(output);
  }
  return fixed;
}

// src/training/forward/inline-if.ts
var MAX_ROUNDS = 8;
async function inlineIfs(model2, reader, image) {
  let current = model2;
  for (let round2 = 0; round2 < MAX_ROUNDS; round2++) {
    const fixed = independentOfImages(current.graph.nodes, current.graph.initializers.keys());
    const ifs = current.graph.nodes.filter(
      ({ domain, opType, inputs }) => domain === "" && opType === "If" && fixed.has(inputs[0] ?? "")
    );
    if (ifs.length === 0) break;
    const taken = await conditionsOf(current, reader, image, new Set(ifs.map(({ inputs }) => inputs[0])));
    const chosen = new Map(ifs.map((node2) => [node2, taken.get(node2.inputs[0]) === true]));
    current = { ...current, graph: withBranches(current.graph, chosen) };
  }
  return current;
}
async function conditionsOf(model2, reader, image, names) {
  const { graph } = model2;
  const input = graph.inputs.find(({ name }) => !graph.initializers.has(name));
  const [declared] = input?.shape ?? [];
  const shape = [typeof declared === "number" ? declared : 2, ...image];
  const conditions = {
    ...model2,
    graph: { ...graph, outputs: [...names].map((name) => ({ name, dtype: null, shape: null })) }
  };
  try {
    const bytes = encodeModel(conditions, (tensor) => reader.bytes(tensor));
    const session = await TrainingSession.create(bytes, { device: "cpu", threads: 1, optimize: false });
    const data2 = new Float32Array(sizeOf(shape)).fill(0.5);
    const results = await session.run(/* @__PURE__ */ new Map([[input?.name ?? "", { dtype: "float32", shape, data: data2 }]]));
    await session.release();
    return new Map([...results].map(([name, value]) => [name, Number(value.data[0] ?? 0) !== 0]));
  } catch (cause) {
    throw new TrainingError(
      "unsupported-model",
      `This model chooses between branches while it runs, and which ones cannot be found out: ${messageOf(cause)}`,
      { cause }
    );
  }
}
function withBranches(graph, chosen) {
  const initializers = new Map(graph.initializers);
  const nodes = graph.nodes.flatMap((node2) => {
    const taken = chosen.get(node2);
    const branch = node2.attributes.get(taken ? "then_branch" : "else_branch");
    if (taken === void 0 || branch?.type !== "graph") return [node2];
    const inner = branch.value;
    const names = /* @__PURE__ */ new Map();
    for (const name of [...inner.initializers.keys(), ...inner.nodes.flatMap(({ outputs }) => outputs)])
      if (name !== "") names.set(name, `${node2.outputs[0] ?? ""}/${name}`);
    const nameOf = (name) => names.get(name) ?? name;
    for (const [name, tensor] of inner.initializers)
      initializers.set(nameOf(name), { ...tensor, name: nameOf(name) });
    const results = inner.outputs.map(({ name }, i) => {
      const output = node2.outputs[i] ?? "";
      return {
        name: "",
        opType: "Identity",
        domain: "",
        inputs: [nameOf(name)],
        outputs: [output],
        attributes: /* @__PURE__ */ new Map(),
        span: null
      };
    });
    const body = inner.nodes.map((each) => ({
      ...each,
      name: "",
      inputs: each.inputs.map(nameOf),
      outputs: each.outputs.map(nameOf),
      span: null
    }));
    return [...body, ...results.filter(({ outputs }) => outputs[0] !== "")];
  });
  return { ...graph, nodes, initializers };
}

// src/training/forward/slots.ts
var SLOTS = {
  Conv: ["weight", "weight", "weight"],
  ConvTranspose: ["weight", "weight", "weight"],
  Gemm: ["weight", "weight", "weight"],
  MatMul: ["weight", "weight"],
  BatchNormalization: ["operand", "weight", "weight"],
  LayerNormalization: ["operand", "affine", "affine"],
  InstanceNormalization: ["operand", "affine", "affine"],
  GroupNormalization: ["operand", "affine", "affine"],
  RMSNormalization: ["operand", "affine"],
  PRelu: ["operand", "affine"],
  Gather: ["operand"],
  Expand: ["operand"],
  Reshape: ["operand"],
  Transpose: ["operand"],
  Squeeze: ["operand"],
  Unsqueeze: ["operand"],
  Flatten: ["operand"],
  Slice: ["operand"],
  Tile: ["operand"],
  Cast: ["operand"],
  Where: ["constant", "operand", "operand"],
  Resize: ["operand"]
};
var VARIADIC = /* @__PURE__ */ new Set(["Add", "Sub", "Mul", "Div", "Sum", "Concat"]);
function slotOf(node2, input) {
  if (node2.domain !== "") return "constant";
  if (VARIADIC.has(node2.opType)) return "operand";
  return SLOTS[node2.opType]?.[input] ?? "constant";
}

// src/training/forward/topological.ts
function topological(nodes) {
  const producers = /* @__PURE__ */ new Map();
  nodes.forEach((node2, i) => {
    for (const output of node2.outputs) if (output !== "") producers.set(output, i);
  });
  const open = nodes.map(() => 0);
  const followers = nodes.map(() => []);
  nodes.forEach((node2, i) => {
    for (const before of new Set(node2.inputs.map((name) => producers.get(name)))) {
      if (before === void 0) continue;
      open[i]++;
      followers[before].push(i);
    }
  });
  if (nodes.every((node2, i) => node2.inputs.every((name) => (producers.get(name) ?? -1) < i)))
    return [...nodes];
  const ready = open.flatMap((count, i) => count === 0 ? [i] : []);
  const sorted = [];
  for (const next of ready) {
    sorted.push(nodes[next]);
    for (const follower of followers[next]) {
      const left = open[follower] - 1;
      open[follower] = left;
      if (left === 0) ready.push(follower);
    }
  }
  if (sorted.length < nodes.length)
    throw new TrainingError("unsupported-model", "This model cannot be trained: its graph has a cycle.");
  return sorted;
}

// src/training/forward/upgrade.ts
var TRAINING_OPSET = 18;
function upgrade(node2, opset) {
  if (node2.domain !== "" || opset >= TRAINING_OPSET) return { nodes: [node2], constants: [] };
  for (const attribute of node2.attributes.values()) {
    if (attribute.type === "graph" || attribute.type === "graphs") {
      throw new TrainingError(
        "unsupported-model",
        `${node2.opType} '${node2.name || (node2.outputs[0] ?? "")}' holds a subgraph, which Scour cannot bring from operator set ${opset} to ${TRAINING_OPSET}. Export the model with operator set ${TRAINING_OPSET} or later.`
      );
    }
  }
  return CONVERSIONS[node2.opType]?.(node2, opset) ?? { nodes: [node2], constants: [] };
}
function attributeToInput(name, position, before) {
  return (node2, opset) => {
    const values = intsAttribute(node2, name);
    if (opset >= before || values === null) return null;
    const constant2 = intTensor(`${node2.outputs[0] ?? ""}/${name}`, [values.length], values);
    return {
      nodes: [withInputs(without(node2, [name]), /* @__PURE__ */ new Map([[position, constant2.name]]))],
      constants: [constant2]
    };
  };
}
var reduction = attributeToInput("axes", 1, 18);
var CONVERSIONS = {
  ReduceL1: reduction,
  ReduceL2: reduction,
  ReduceLogSum: reduction,
  ReduceLogSumExp: reduction,
  ReduceMax: reduction,
  ReduceMean: reduction,
  ReduceMin: reduction,
  ReduceProd: reduction,
  ReduceSum: attributeToInput("axes", 1, 13),
  ReduceSumSquare: reduction,
  Squeeze: attributeToInput("axes", 1, 13),
  Unsqueeze: attributeToInput("axes", 1, 13),
  Split: split,
  Softmax: softmax2,
  LogSoftmax: softmax2,
  Clip: clip,
  Pad: pad,
  Slice: slice,
  Upsample: (node2) => upsample(node2),
  Resize: (node2, opset) => opset < 11 ? upsample(node2) : null,
  BatchNormalization: (node2) => ({
    nodes: [{ ...without(node2, ["spatial"]), outputs: node2.outputs.slice(0, 1) }],
    constants: []
  })
};
function split(node2, opset) {
  const sized = attributeToInput("split", 1, 13)(node2, opset);
  if (sized !== null || node2.inputs[1]) return sized ?? { nodes: [node2], constants: [] };
  return { nodes: [withAttributes(node2, { num_outputs: int(node2.outputs.length) })], constants: [] };
}
function softmax2(node2, opset) {
  if (opset >= 13) return null;
  const [input, output] = [node2.inputs[0] ?? "", node2.outputs[0] ?? ""];
  const [rows, normalised, shape] = [`${output}/rows`, `${output}/normalised`, `${output}/shape`];
  return {
    nodes: [
      node("Flatten", [input], [rows], { axis: int(intAttribute(node2, "axis", 1)) }, ""),
      node(node2.opType, [rows], [normalised], { axis: int(1) }, node2.name),
      node("Shape", [input], [shape], {}, ""),
      node("Reshape", [normalised, shape], [output], {}, "")
    ],
    constants: []
  };
}
function clip(node2, opset) {
  if (opset >= 11) return null;
  const constants4 = [];
  const inputs = /* @__PURE__ */ new Map();
  ["min", "max"].forEach((name, i) => {
    if (node2.attributes.get(name)?.type !== "float") return;
    const constant2 = floatTensor(`${node2.outputs[0] ?? ""}/${name}`, [], [floatAttribute(node2, name, 0)]);
    constants4.push(constant2);
    inputs.set(i + 1, constant2.name);
  });
  return { nodes: [withInputs(without(node2, ["min", "max"]), inputs)], constants: constants4 };
}
function pad(node2, opset) {
  if (opset >= 11) return null;
  const output = node2.outputs[0] ?? "";
  const pads = intsAttribute(node2, "pads") ?? [];
  const constants4 = [
    intTensor(`${output}/pads`, [pads.length], pads),
    floatTensor(`${output}/value`, [], [floatAttribute(node2, "value", 0)])
  ];
  const inputs = new Map(constants4.map((constant2, i) => [i + 1, constant2.name]));
  return { nodes: [withInputs(without(node2, ["pads", "value"]), inputs)], constants: constants4 };
}
function slice(node2, opset) {
  if (opset >= 10) return null;
  const constants4 = [];
  const inputs = /* @__PURE__ */ new Map();
  ["starts", "ends", "axes"].forEach((name, i) => {
    const values = intsAttribute(node2, name);
    if (values === null) return;
    const constant2 = intTensor(`${node2.outputs[0] ?? ""}/${name}`, [values.length], values);
    constants4.push(constant2);
    inputs.set(i + 1, constant2.name);
  });
  return { nodes: [withInputs(without(node2, ["starts", "ends", "axes"]), inputs)], constants: constants4 };
}
function upsample(node2) {
  const attribute = node2.attributes.get("scales");
  const constants4 = attribute?.type === "floats" ? [floatTensor(`${node2.outputs[0] ?? ""}/scales`, [attribute.value.length], attribute.value)] : [];
  const scales = constants4[0]?.name ?? node2.inputs[1] ?? "";
  const mode = textAttribute(node2, "mode", "nearest");
  return {
    nodes: [
      {
        ...node2,
        opType: "Resize",
        inputs: [node2.inputs[0] ?? "", "", scales],
        attributes: /* @__PURE__ */ new Map([
          ["mode", text(mode === "bilinear" ? "linear" : mode)],
          ["coordinate_transformation_mode", text("asymmetric")],
          ["nearest_mode", text("floor")],
          ["cubic_coeff_a", float(-0.75)]
        ])
      }
    ],
    constants: constants4
  };
}
function without(node2, names) {
  return { ...node2, attributes: new Map([...node2.attributes].filter(([name]) => !names.includes(name))) };
}
function withAttributes(node2, more) {
  return { ...node2, attributes: new Map([...node2.attributes, ...Object.entries(more)]) };
}
function withInputs(node2, positions) {
  const inputs = [...node2.inputs];
  for (const [position, name] of positions) {
    while (inputs.length < position) inputs.push("");
    inputs[position] = name;
  }
  return { ...node2, inputs };
}

// src/training/forward/prepare.ts
var OLDEST_OPSET = 7;
function prepare(model2, reader) {
  return new Preparation(model2, reader).run();
}
var Preparation = class {
  model;
  reader;
  stored = /* @__PURE__ */ new Map();
  /** Names of what Constant nodes hold. */
  held = /* @__PURE__ */ new Set();
  nodes = [];
  parameters = /* @__PURE__ */ new Map();
  statistics = /* @__PURE__ */ new Map();
  batchNorms = [];
  constants = /* @__PURE__ */ new Map();
  constructor(model2, reader) {
    this.model = model2;
    this.reader = reader;
  }
  run() {
    const { graph } = this.model;
    const opset = this.model.opsets.get("") ?? 1;
    if (opset < OLDEST_OPSET)
      throw unsupported(
        `it is written in operator set ${opset}; Scour trains ${OLDEST_OPSET} and later. Export it again`
      );
    if (this.model.functions.length > 0)
      throw unsupported("it defines operators of its own. Export it with them inlined");
    for (const [name, tensor] of graph.initializers) this.stored.set(name, tensor);
    for (const node2 of topological(graph.nodes)) this.take(node2, opset);
    const scaled = this.scaledInput();
    const nodes = this.nodes.map((node2) => this.classify(node2, scaled));
    return {
      opsets: new Map([...this.model.opsets, ["", Math.max(opset, TRAINING_OPSET)]]),
      nodes,
      input: this.input(),
      output: this.output(),
      parameters: this.parameters,
      statistics: this.statistics,
      batchNorms: this.batchNorms,
      constants: this.constants
    };
  }
  input() {
    const inputs = this.model.graph.inputs.filter(({ name }) => !this.model.graph.initializers.has(name));
    const [input] = inputs;
    if (inputs.length !== 1 || !input)
      throw unsupported(`it has ${inputs.length} inputs; Scour trains classifiers of one image tensor`);
    if (input.dtype === null || !isFloat(input.dtype))
      throw unsupported(
        `its input '${input.name}' is of type ${input.dtype ?? "unknown"}, not floating point`
      );
    if (input.shape === null) throw unsupported(`its input '${input.name}' has no shape`);
    return { name: input.name, shape: input.shape };
  }
  /** The first output; where the graph ends in a softmax, what goes into that. */
  output() {
    const [output] = this.model.graph.outputs;
    if (!output) throw unsupported("it has no output");
    const producers = new Map(this.nodes.map((node2) => [node2.outputs[0], node2]));
    let { name } = output;
    for (let left = this.nodes.length; left > 0; left--) {
      const producer = producers.get(name);
      const input = producer?.domain === "" ? producer.inputs[0] ?? "" : "";
      if (producer?.opType === "Softmax") return input;
      if (producer === void 0 || !FORWARDING.has(producer.opType)) break;
      name = input;
    }
    return output.name;
  }
  /** Upgrades a node, and takes away those that only hold, forward or (at inference) do nothing. */
  take(node2, opset) {
    const standard = node2.domain === "";
    if (standard && node2.opType === "Constant") {
      this.hold(node2);
      return;
    }
    const alias = this.stored.get(node2.inputs[0] ?? "");
    if (standard && node2.opType === "Identity" && alias && isFloat(alias.dtype)) {
      this.stored.set(node2.outputs[0] ?? "", alias);
      return;
    }
    if (standard && node2.opType === "Dropout") {
      this.nodes.push(node("Identity", [node2.inputs[0] ?? ""], [node2.outputs[0] ?? ""], {}, node2.name));
      return;
    }
    const upgraded = upgrade(node2, opset);
    for (const constant2 of upgraded.constants) this.stored.set(constant2.name, constant2);
    this.nodes.push(...upgraded.nodes.map((each) => this.inMemory(inSinglePrecision(each))));
  }
  hold(node2) {
    const name = node2.outputs[0] ?? "";
    this.held.add(name);
    const tensor = tensorAttribute(node2, "value");
    if (tensor) {
      this.stored.set(name, { ...tensor, name });
      return;
    }
    for (const [key, attribute] of node2.attributes) {
      if (attribute.type === "float") this.stored.set(name, floatTensor(name, [], [attribute.value]));
      else if (attribute.type === "floats")
        this.stored.set(name, floatTensor(name, [attribute.value.length], attribute.value));
      else if (attribute.type === "int") this.stored.set(name, intTensor(name, [], [attribute.value]));
      else if (attribute.type === "ints")
        this.stored.set(name, intTensor(name, [attribute.value.length], attribute.value));
      else throw unsupported(`Constant '${nodeLabel(node2)}' holds its value as '${key}'`);
    }
  }
  /** Sorts a node's stored inputs into parameters, statistics and constants. */
  classify(node2, scaled) {
    if (node2.opType === "BatchNormalization" && node2.domain === "") return this.classifyBatchNorm(node2);
    node2.inputs.forEach((name, i) => {
      const tensor = this.stored.get(name);
      if (!tensor) return;
      const slot = slotOf(node2, i);
      const trained = isFloat(tensor.dtype) && (slot === "weight" || slot === "affine" && !this.held.has(name) || slot === "operand" && elementsOf(tensor) > 1 && !this.held.has(name) && !this.isScaling(node2, scaled));
      if (trained) this.store(this.parameters, name, tensor);
      else if (!this.parameters.has(name)) this.constants.set(name, this.constant(name, tensor));
    });
    return node2;
  }
  /** Scale and bias are parameters; mean and variance, where stored, statistics that belong to this node alone. */
  classifyBatchNorm(node2) {
    for (const name of node2.inputs.slice(1, 3)) {
      const tensor = this.stored.get(name);
      if (tensor) this.store(this.parameters, name, tensor);
    }
    const own = node2.inputs.slice(3, 5).map((name) => {
      const tensor = this.stored.get(name);
      if (!tensor) return null;
      let unique = name;
      for (let copy = 2; this.statistics.has(unique); copy++) unique = `${name}#${copy}`;
      this.store(this.statistics, unique, tensor);
      return unique;
    });
    const [mean2, variance] = own;
    const attributes = new Map([...node2.attributes].filter(([name]) => name !== "training_mode"));
    const result = {
      ...node2,
      attributes,
      inputs: [...node2.inputs.slice(0, 3), mean2 ?? node2.inputs[3] ?? "", variance ?? node2.inputs[4] ?? ""],
      outputs: node2.outputs.slice(0, 1)
    };
    if (mean2 && variance) this.batchNorms.push({ node: result, mean: mean2, variance });
    return result;
  }
  /**
   * Values that are the model's input but for arithmetic with stored numbers: what is added or multiplied there is the
   * mean and deviation of the images, no weights.
   */
  scaledInput() {
    const { inputs, initializers } = this.model.graph;
    const scaled = new Set(inputs.flatMap(({ name }) => initializers.has(name) ? [] : [name]));
    for (const node2 of this.nodes)
      if (this.isScaling(node2, scaled)) for (const output of node2.outputs) scaled.add(output);
    return scaled;
  }
  isScaling({ opType, inputs }, scaled) {
    const moving = inputs.filter((name) => !this.stored.has(name));
    return ARITHMETIC.has(opType) && moving.length === 1 && scaled.has(moving[0]);
  }
  store(into, name, tensor) {
    if (into.has(name)) return;
    this.constants.delete(name);
    const values = Float32Array.from(this.reader.values(tensor));
    into.set(name, { name, dims: tensor.dims, values, dtype: tensor.dtype });
  }
  /** A node whose tensor attributes no longer refer to the file. */
  inMemory(node2) {
    if (![...node2.attributes.values()].some(({ type }) => type === "tensor")) return node2;
    const attributes = [...node2.attributes].map(([name, attribute]) => {
      if (attribute.type !== "tensor") return [name, attribute];
      const value = this.constant(attribute.value.name, attribute.value);
      return [name, { ...attribute, value }];
    });
    return { ...node2, attributes: new Map(attributes) };
  }
  constant(name, tensor) {
    if (isFloat(tensor.dtype)) return floatTensor(name, tensor.dims, this.reader.values(tensor));
    if (tensor.data.kind === "typed") {
      const values = this.reader.integers(tensor);
      if (tensor.dtype === "int64") return intTensor(name, tensor.dims, values);
      if (tensor.dtype === "int32")
        return tensorOf(name, "int32", tensor.dims, new Uint8Array(Int32Array.from(values).buffer));
      return tensorOf(name, tensor.dtype, tensor.dims, Uint8Array.from(values));
    }
    const { source, start, length } = this.reader.range(tensor);
    return tensorOf(name, tensor.dtype, tensor.dims, Uint8Array.from(source.read(start, length)));
  }
};
var ARITHMETIC = /* @__PURE__ */ new Set(["Add", "Sub", "Mul", "Div"]);
var FORWARDING = /* @__PURE__ */ new Set(["Identity", "Reshape", "Flatten", "Squeeze", "Cast"]);
function inSinglePrecision(node2) {
  const to = node2.attributes.get("to");
  if (node2.opType !== "Cast" || to?.type !== "int" || !isFloat(dtypeOf(to.value))) return node2;
  return { ...node2, attributes: new Map([...node2.attributes, ["to", int(dtypeCode("float32"))]]) };
}
function unsupported(what) {
  return new TrainingError("unsupported-model", `This model cannot be trained: ${what}.`);
}

// src/training/forward/free-batch.ts
function freeBatch(forward, declared, shapeOf) {
  const constants4 = new Map(forward.constants);
  const nodes = forward.nodes.map((node2) => {
    const target = forward.constants.get(node2.inputs[1] ?? "");
    if (node2.domain !== "" || node2.opType !== "Reshape" || target === void 0) return node2;
    const [first, ...rest] = shapeOf(node2.outputs[0] ?? "");
    if (first === void 0 || first % declared !== 0 || leading(target) !== first) return node2;
    const freed = intTensor(`${target.name}/any batch/${node2.outputs[0] ?? ""}`, target.dims, [-1, ...rest]);
    constants4.set(freed.name, freed);
    return { ...node2, inputs: [node2.inputs[0] ?? "", freed.name] };
  });
  return { ...forward, nodes, constants: constants4 };
}
function leading({ data: data2, dtype }) {
  if (data2.kind !== "memory" || dtype !== "int64" || data2.bytes.length < 8) return null;
  return Number(new DataView(data2.bytes.buffer, data2.bytes.byteOffset).getBigInt64(0, true));
}

// src/training/forward/probe.ts
var BATCHES = [2, 3];
var KEEP2 = 4096;
var Shapes = class {
  small;
  large;
  constructor(small, large) {
    this.small = small;
    this.large = large;
  }
  /** Element type and shape of a value at batch size `batch`. */
  typeOf(name, batch) {
    const [a, b] = this.pair(name);
    if (a.type.shape.length !== b.type.shape.length)
      throw new TrainingError("dynamic-shape", `The rank of '${name}' changes with the batch size.`);
    const shape = extrapolate(a.type.shape, b.type.shape, batch);
    return { dtype: isFloat(a.type.dtype) ? "float32" : a.type.dtype, shape };
  }
  /** The numbers in a small value that does not depend on the image, at batch size `batch`; null where they are not known. */
  valuesOf(name, batch) {
    const [a, b] = this.pair(name);
    if (a.values?.length !== b.values?.length || a.values === null || b.values === null) return null;
    if (isFloat(a.type.dtype) && a.values.some((value, i) => value !== b.values[i])) return null;
    return extrapolate(a.values, b.values, batch);
  }
  pair(name) {
    const [a, b] = [this.small.get(name), this.large.get(name)];
    if (!a || !b) throw new TypeError(`Value '${name}' was not observed.`);
    return [a, b];
  }
};
async function withFreeBatch(forward, image) {
  const [declared] = forward.input.shape;
  if (typeof declared !== "number" || declared < 1) return forward;
  const observed = await observe(forward, image, declared);
  return freeBatch(forward, declared, (name) => observed.get(name)?.type.shape ?? []);
}
async function probe(forward, image) {
  const [small, large] = [
    await observe(forward, image, BATCHES[0]),
    await observe(forward, image, BATCHES[1])
  ];
  return new Shapes(small, large);
}
async function observe(forward, image, batch) {
  const shape = [batch, ...image];
  const weights = [...forward.parameters.values(), ...forward.statistics.values()];
  const outputs = forward.nodes.flatMap((node2) => node2.outputs.filter((name) => name !== ""));
  const graph = graphOf({
    name: "probe",
    nodes: forward.nodes,
    initializers: forward.constants.values(),
    inputs: [
      valueInfo(forward.input.name, "float32", shape),
      ...weights.map(({ name, dims }) => valueInfo(name, "float32", dims))
    ],
    outputs: outputs.map((name) => valueInfo(name, null, null))
  });
  const model2 = { ...modelOf(graph, 0), opsets: forward.opsets };
  const feeds = new Map(
    weights.map(({ name, dims, values }) => [name, { dtype: "float32", shape: dims, data: values }])
  );
  feeds.set(forward.input.name, {
    dtype: "float32",
    shape,
    data: new Float32Array(sizeOf(shape)).fill(0.5)
  });
  let results;
  try {
    const session = await TrainingSession.create(encodeModel(model2), {
      device: "cpu",
      threads: 1,
      optimize: false
    });
    results = await session.run(feeds);
    await session.release();
  } catch (cause) {
    throw new TrainingError(
      "unsupported-model",
      `This model does not run with a batch of ${batch} images of ${image.join(" \xD7 ")}. If it was exported for one batch size, export it with a dynamic one. (${messageOf(cause)})`,
      { cause }
    );
  }
  const observed = /* @__PURE__ */ new Map();
  for (const [name, tensor] of [...feeds, ...results]) {
    const values = tensor.data.length <= KEEP2 ? Array.from(tensor.data, Number) : null;
    observed.set(name, { type: { dtype: tensor.dtype, shape: tensor.shape }, values });
  }
  return observed;
}
function extrapolate(small, large, batch) {
  return small.map((value, i) => value + (large[i] - value) * (batch - BATCHES[0]));
}

// src/training/graph/composites.ts
var TRAINING_BATCH_NORM = "TrainingBatchNorm";
function trainingBatchNorm(g, x, scale, bias, epsilon, fused) {
  const outputs = g.composite(TRAINING_BATCH_NORM, [x, scale, bias], { epsilon: float(epsilon) }, () => {
    const [y2, mean3, variance2] = (fused ? fusedParts : elementaryParts)(g, x, scale, bias, epsilon);
    return [y2, mean3, variance2, g.sub(x, perChannel2(g, mean3, x.shape.length))];
  });
  const [y, mean2, variance] = outputs;
  return { y, mean: mean2, variance };
}
function fusedParts(g, x, scale, bias, epsilon) {
  const spare = [g.mul(scale, 0), g.mul(bias, 0)];
  const attributes = { epsilon: float(epsilon), momentum: float(0), training_mode: int(1) };
  const outputs = g.emit("BatchNormalization", [x, scale, bias, ...spare], [x, scale, scale], attributes);
  const [y, mean2, variance] = outputs;
  return [y, mean2, variance];
}
function elementaryParts(g, x, scale, bias, epsilon) {
  const count = sizeOf(x.shape) / x.shape[1];
  const mean2 = g.div(channelSum(g, x), count);
  const centred = g.sub(x, perChannel2(g, mean2, x.shape.length));
  const squares = g.reduceSumSquare(centred, range(2, x.shape.length), false);
  const variance = g.div(g.reduceSum(squares, [0], false), count);
  return [channelAffine(g, centred, scale, bias, variance, epsilon), mean2, variance];
}
function channelAffine(g, x, scale, bias, variance, epsilon) {
  const zeros = g.floats(new Float32Array(x.shape[1]), [x.shape[1]]);
  const attributes = { epsilon: float(epsilon) };
  return g.emit("BatchNormalization", [x, scale, bias, zeros, variance], [x], attributes)[0];
}
function channelSum(g, x) {
  return g.reduceSum(g.reduceSum(x, range(2, x.shape.length), false), [0], false);
}
function perChannel2(g, x, rank) {
  return g.reshape(x, [1, x.shape[0], ...range(2, rank).map(() => 1)]);
}

// src/training/forward/instantiate.ts
function instantiate(g, forward, shapes, options) {
  return new Instantiation(g, forward, shapes, options).run();
}
var Instantiation = class {
  g;
  forward;
  shapes;
  options;
  values = /* @__PURE__ */ new Map();
  producers = /* @__PURE__ */ new Map();
  batchNorms;
  newStatistics = /* @__PURE__ */ new Map();
  constructor(g, forward, shapes, options) {
    this.g = g;
    this.forward = forward;
    this.shapes = shapes;
    this.options = options;
    this.batchNorms = new Map(forward.batchNorms.map((norm) => [norm.node, norm]));
  }
  run() {
    const { forward, g } = this;
    const { name } = forward.input;
    const input = g.input(name, this.shapes.typeOf(name, this.options.batch));
    this.values.set(name, input);
    const take = (tensors) => new Map(
      [...tensors.values()].map((tensor) => {
        const value = g.input(tensor.name, { dtype: "float32", shape: tensor.dims });
        this.values.set(tensor.name, value);
        return [tensor.name, value];
      })
    );
    const parameters = take(forward.parameters);
    const statistics = take(forward.statistics);
    const fixed = independentOfImages(forward.nodes, forward.constants.keys());
    for (const node2 of forward.nodes) {
      if (node2.outputs.every((output2) => output2 === "" || fixed.has(output2))) {
        for (const output2 of node2.outputs) this.producers.set(output2, node2);
      } else this.emit(node2);
    }
    const output = this.value(forward.output);
    return { input, output, parameters, statistics, newStatistics: this.newStatistics };
  }
  emit(node2) {
    const norm = this.batchNorms.get(node2);
    if (norm && this.options.batchNorm === "train") {
      this.values.set(node2.outputs[0], this.trainingBatchNorm(norm));
      return;
    }
    const inputs = node2.inputs.map((name) => name === "" ? null : this.value(name));
    const outputs = node2.outputs.map((name) => {
      if (name === "") return null;
      const value = this.g.named(name, this.shapes.typeOf(name, this.options.batch));
      this.values.set(name, value);
      return value;
    });
    this.g.push({
      name: node2.name,
      opType: node2.opType,
      domain: node2.domain,
      inputs,
      outputs,
      attributes: node2.attributes
    });
  }
  /** A value that a node takes: one made before, a constant, or shape arithmetic worked out. */
  value(name) {
    const known = this.values.get(name);
    if (known) return known;
    const value = this.constant(name) ?? this.computed(name);
    this.values.set(name, value);
    return value;
  }
  constant(name) {
    const stored2 = this.forward.constants.get(name);
    if (stored2) return this.g.tensor(stored2, numbersOf(stored2));
    if (!this.producers.has(name)) return null;
    const numbers = this.shapes.valuesOf(name, this.options.batch);
    if (numbers === null) return null;
    const { dtype, shape } = this.shapes.typeOf(name, this.options.batch);
    if (sizeOf(shape) !== numbers.length) return null;
    if (dtype === "int64") return this.g.integers(numbers, shape);
    if (isFloat(dtype)) return this.g.floats(Float32Array.from(numbers), shape);
    return null;
  }
  /** A value independent of the images that is too large, or of a type too rare, for a constant: computed in every step. */
  computed(name) {
    const node2 = this.producers.get(name);
    if (!node2) throw new TrainingError("unsupported-model", `Nothing in the graph makes '${name}'.`);
    this.emit(node2);
    return this.values.get(name);
  }
  /** y, and the running statistics after this batch: (1 − m)·old + m·batch, m = 1 − momentum; variance × n/(n − 1). */
  trainingBatchNorm(norm) {
    const { g } = this;
    const { node: node2 } = norm;
    const [x, scale, bias, mean2, variance] = node2.inputs.map((name) => this.value(name));
    const epsilon = floatAttribute(node2, "epsilon", 1e-5);
    const share = 1 - floatAttribute(node2, "momentum", 0.9);
    const count = sizeOf(x.shape) / x.shape[1];
    if (count < 2)
      throw new TrainingError(
        "bad-input",
        `Batch norm '${node2.name}' needs more than one value per channel to train; use a larger batch or freeze batch norms.`
      );
    const batch = trainingBatchNorm(g, x, scale, bias, epsilon, this.options.fusedBatchNorm);
    const follow = (running, seen, correction) => g.plus(g.mul(running, 1 - share), g.mul(seen, share * correction));
    this.newStatistics.set(norm.mean, follow(mean2, batch.mean, 1));
    this.newStatistics.set(norm.variance, follow(variance, batch.variance, count / (count - 1)));
    return batch.y;
  }
};
function numbersOf(tensor) {
  if (tensor.data.kind !== "memory" || sizeOf(tensor.dims) > 4096) return null;
  const bytes = Uint8Array.from(tensor.data.bytes);
  switch (tensor.dtype) {
    case "int64":
      return Array.from(new BigInt64Array(bytes.buffer), Number);
    case "int32":
      return Array.from(new Int32Array(bytes.buffer));
    case "float32":
      return Array.from(new Float32Array(bytes.buffer));
    case "bool":
      return Array.from(bytes);
    default:
      return null;
  }
}

// src/training/graph/node-view.ts
var NodeView = class {
  g;
  node;
  constructor(g, node2) {
    this.g = g;
    this.node = node2;
  }
  /** Input `i`, which the operator's definition requires. */
  x(i = 0) {
    const value = this.node.inputs[i];
    if (!value) throw this.error("unsupported-model", `input ${i} is missing`);
    return value;
  }
  /** Input `i`, or null where it is left out. */
  optional(i) {
    return this.node.inputs[i] ?? null;
  }
  /** Output `i`. */
  y(i = 0) {
    const value = this.node.outputs[i];
    if (!value) throw this.error("unsupported-model", `output ${i} is missing`);
    return value;
  }
  int(name, fallback) {
    return intAttribute(this.node, name, fallback);
  }
  float(name, fallback) {
    return floatAttribute(this.node, name, fallback);
  }
  text(name, fallback) {
    return textAttribute(this.node, name, fallback);
  }
  /** The attribute `name`, or null where it is absent. */
  ints(name) {
    return intsAttribute(this.node, name);
  }
  /** The attribute `axis` as a non-negative axis of input 0. */
  axis(fallback) {
    return axisOf(this.int("axis", fallback), this.x().shape.length);
  }
  /** The numbers in input `i`, which must be a constant. Throws TrainingError `dynamic-shape` where they are not known. */
  constant(i) {
    const values = this.g.valuesOf(this.x(i));
    if (values === null)
      throw this.error(
        "dynamic-shape",
        `input ${i} ('${this.x(i).name}') must be known before the step runs`
      );
    return values;
  }
  /** The numbers in input `i`; null where it is left out. Throws as `constant` does. */
  optionalConstant(i) {
    return this.optional(i) ? this.constant(i) : null;
  }
  /** An error about this node. */
  error(reason, what) {
    return new TrainingError(reason, `${describe(this.node)}: ${what}.`);
  }
};
function describe(node2) {
  const type = node2.domain === "" ? node2.opType : `${node2.domain}::${node2.opType}`;
  const first = node2.outputs.find((output) => output !== null);
  return `${type} '${node2.name || (first?.name ?? "?")}'`;
}

// src/training/graph/builder.ts
var KEEP_KNOWN = 4096;
var COMPOSITE = "scour";
var SHARE = 64;
var GraphBuilder = class {
  nodes = [];
  graphInputs = [];
  constants = /* @__PURE__ */ new Map();
  known = /* @__PURE__ */ new Map();
  producers = /* @__PURE__ */ new Map();
  names = /* @__PURE__ */ new Set();
  expressions = /* @__PURE__ */ new Map();
  counter = 0;
  withinComposite = false;
  /** A graph input, under exactly this name; the same one for the same name. */
  input(name, type) {
    const earlier = this.graphInputs.find((input) => input.name === name);
    if (earlier) return earlier;
    const value = this.named(name, type);
    this.graphInputs.push(value);
    return value;
  }
  /** Adds a node whose outputs get fresh names, and returns its outputs. */
  emit(opType, inputs, outputs, attributes = {}, domain = "") {
    const all = new Map(Object.entries(attributes));
    const key = expressionKey(domain, opType, inputs, all, outputs.length);
    const earlier = key === null ? void 0 : this.expressions.get(key);
    if (earlier && !this.withinComposite) return [...earlier];
    const values = outputs.map((type) => this.named(this.fresh(opType), type));
    const role = this.withinComposite ? { role: "part" } : {};
    this.push({ name: "", opType, domain, inputs, outputs: values, attributes: all, ...role });
    if (key !== null && !this.withinComposite) this.expressions.set(key, values);
    return values;
  }
  /**
   * Adds an operation that is differentiated as one, by the rule of `opType`, and runs as the nodes that `parts` adds.
   * `parts` returns its outputs. Nothing outside may share those nodes.
   */
  composite(opType, inputs, attributes, parts) {
    this.withinComposite = true;
    const outputs = parts();
    this.withinComposite = false;
    const all = new Map(Object.entries(attributes));
    this.nodes.push({
      name: "",
      opType,
      domain: COMPOSITE,
      inputs,
      outputs,
      attributes: all,
      role: "composite"
    });
    return outputs;
  }
  /** Adds a node as it stands, output names included. */
  push(node2) {
    for (const output of node2.outputs) {
      if (output === null) continue;
      this.names.add(output.name);
      this.producers.set(output.name, node2);
    }
    this.nodes.push(node2);
  }
  /** A value of the given name, for nodes that are pushed as they stand. */
  named(name, type) {
    this.names.add(name);
    return { name, dtype: type.dtype, shape: [...type.shape] };
  }
  /** An int64 constant. */
  integers(values, shape = [values.length]) {
    const key = `int64:${shape.join(",")}:${values.join(",")}`;
    return this.constant(key, () => intTensor(this.fresh("const"), shape, values), values);
  }
  /** A float32 constant. */
  floats(values, shape) {
    const key = values.length <= SHARE ? `float32:${shape.join(",")}:${values.join(",")}` : null;
    return this.constant(key, () => floatTensor(this.fresh("const"), shape, values), values);
  }
  /** Adds a constant tensor under its own name, with its values where they are few. */
  tensor(tensor, values) {
    this.constants.set(tensor.name, tensor);
    if (values !== null && values.length <= KEEP_KNOWN) this.known.set(tensor.name, Array.from(values));
    return this.named(tensor.name, { dtype: tensor.dtype, shape: tensor.dims });
  }
  /** The numbers of a small constant, row-major; null for anything else. */
  valuesOf(value) {
    return this.known.get(value.name) ?? null;
  }
  /** The node that makes `value`; null for inputs and constants. */
  producerOf(value) {
    return this.producers.get(value.name) ?? null;
  }
  /** A name that nothing in the graph has. */
  fresh(stem) {
    let name;
    do
      name = `scour/${stem}_${++this.counter}`;
    while (this.names.has(name));
    return name;
  }
  /** The nodes that `outputs` need, in topological order; composites by their parts. */
  liveNodes(outputs) {
    const used = new Set(Array.from(outputs, ({ name }) => name));
    const live = [];
    for (const node2 of this.nodes.toReversed()) {
      if (node2.role === "composite") continue;
      if (!node2.outputs.some((output) => output !== null && used.has(output.name))) continue;
      for (const input of node2.inputs) if (input) used.add(input.name);
      live.push(node2);
    }
    return live.reverse();
  }
  /** The tensor behind a constant; null for anything else. */
  constantOf(value) {
    return this.constants.get(value.name) ?? null;
  }
  /**
   * The model that computes `outputs` (name → value), with only the nodes, constants and inputs they need.
   * `versions`: the operator set of each domain.
   */
  toModel(outputs, versions) {
    const { renamed, copies } = this.nameOutputs(outputs);
    const live = this.liveNodes(outputs.values());
    const used = new Set([...outputs.values()].map((value) => value.name));
    for (const node2 of live) for (const input of node2.inputs) if (input) used.add(input.name);
    const nameOf = (value) => value ? renamed.get(value.name) ?? value.name : "";
    const model2 = modelOf(
      graphOf({
        name: "training",
        nodes: [...live, ...copies].map((node2) => ({
          name: node2.name,
          opType: node2.opType,
          domain: node2.domain,
          attributes: node2.attributes,
          inputs: node2.inputs.map(nameOf),
          outputs: node2.outputs.map(nameOf),
          span: null
        })),
        initializers: [...this.constants.values()].filter(({ name }) => used.has(name)),
        inputs: this.graphInputs.filter(({ name }) => used.has(name)),
        outputs: [...outputs].map(([name, { dtype, shape }]) => ({ name, dtype, shape }))
      }),
      0
    );
    const domains = /* @__PURE__ */ new Set(["", ...live.map(({ domain }) => domain)]);
    return { ...model2, opsets: new Map([...domains].map((domain) => [domain, versions.get(domain) ?? 1])) };
  }
  /** Values are renamed to the outputs they are; those that are inputs, constants or two outputs at once are copied. */
  nameOutputs(outputs) {
    const renamed = /* @__PURE__ */ new Map();
    const copies = [];
    for (const [name, value] of outputs) {
      if (this.producers.has(value.name) && !renamed.has(value.name)) renamed.set(value.name, name);
      else {
        const copy = { ...value, name };
        copies.push({
          name: "",
          opType: "Identity",
          domain: "",
          inputs: [value],
          outputs: [copy],
          attributes: /* @__PURE__ */ new Map()
        });
      }
    }
    return { renamed, copies };
  }
  constant(key, make, values) {
    const earlier = key === null ? void 0 : this.expressions.get(key)?.[0];
    if (earlier) return earlier;
    const value = this.tensor(make(), values);
    if (key !== null) this.expressions.set(key, [value]);
    return value;
  }
};
function expressionKey(domain, opType, inputs, attributes, outputs) {
  const parts = [];
  for (const [name, attribute] of [...attributes].sort(([a], [b]) => a < b ? -1 : 1)) {
    if (attribute.type === "tensor" || attribute.type === "graph" || attribute.type === "graphs" || attribute.type === "other")
      return null;
    parts.push(`${name}=${JSON.stringify(attribute.value)}`);
  }
  return JSON.stringify([domain, opType, inputs.map((input) => input?.name ?? ""), parts, outputs]);
}

// src/training/gradients/activation.ts
var slope = (derivative) => (n) => [() => n.g.mul(n.dy, derivative(n))];
var gate = (open) => (n) => [() => n.g.where(open(n), n.dy, 0)];
var relu = (n) => {
  const { g } = n;
  const mask = () => g.emit("HardSigmoid", [n.y()], [n.y()], { alpha: float(MAX_FLOAT), beta: float(0) })[0];
  return [() => g.mul(n.dy, mask())];
};
var MAX_FLOAT = 3e38;
var leakyRelu = slope((n) => n.g.where(n.g.greater(n.x(), 0), 1, n.float("alpha", 0.01)));
var prelu = (n) => [
  () => n.g.mul(n.dy, n.g.where(n.g.greater(n.x(), 0), 1, n.x(1))),
  () => n.g.sumTo(n.g.mul(n.dy, n.g.minimum(n.x(), 0)), n.x(1).shape)
];
var clip2 = (n) => {
  const { g } = n;
  const [lo, hi] = [n.optional(1), n.optional(2)];
  const bounds = [...lo ? [g.greaterOrEqual(n.x(), lo)] : [], ...hi ? [g.lessOrEqual(n.x(), hi)] : []];
  const inside = () => bounds.reduce((a, b) => g.and(a, b));
  return [() => bounds.length === 0 ? n.dy : g.where(inside(), n.dy, 0)];
};
var elu = slope((n) => n.g.where(n.g.greater(n.x(), 0), 1, n.g.plus(n.y(), n.float("alpha", 1))));
var selu = slope((n) => {
  const alpha = n.float("alpha", 1.6732631921768188);
  const gamma = n.float("gamma", 1.0507010221481323);
  return n.g.where(n.g.greater(n.x(), 0), gamma, n.g.plus(n.y(), alpha * gamma));
});
var celu = slope(
  (n) => n.g.where(n.g.greater(n.x(), 0), 1, n.g.plus(n.g.div(n.y(), n.float("alpha", 1)), 1))
);
var sigmoid = slope((n) => n.g.mul(n.y(), n.g.sub(1, n.y())));
var hardSigmoid = (n) => {
  const { g } = n;
  const open = () => g.and(g.greater(n.y(), 0), g.less(n.y(), 1));
  return [() => g.where(open(), g.mul(n.dy, n.float("alpha", 0.2)), 0)];
};
var hardSwish = slope((n) => {
  const { g } = n;
  const ramp = g.plus(g.mul(n.x(), 1 / 3), 0.5);
  return g.where(g.greaterOrEqual(n.x(), 3), 1, g.where(g.lessOrEqual(n.x(), -3), 0, ramp));
});
var softplus = slope((n) => n.g.sigmoid(n.x()));
var softsign = slope((n) => n.g.reciprocal(n.g.square(n.g.plus(n.g.abs(n.x()), 1))));
var thresholdedRelu = gate((n) => n.g.greater(n.x(), n.float("alpha", 1)));
var gelu = slope((n) => {
  const { g } = n;
  const x = n.x();
  const square = g.square(x);
  if (n.text("approximate", "none") === "tanh") {
    const k = Math.sqrt(2 / Math.PI);
    const t = g.tanh(g.mul(g.mul(x, g.plus(g.mul(square, 0.044715), 1)), k));
    const du = g.mul(g.plus(g.mul(square, 3 * 0.044715), 1), k);
    const half = g.mul(g.plus(t, 1), 0.5);
    return g.plus(half, g.mul(g.mul(g.mul(x, 0.5), g.sub(1, g.square(t))), du));
  }
  const cdf = g.mul(g.plus(g.erf(g.mul(x, Math.SQRT1_2)), 1), 0.5);
  const density = g.mul(g.exp(g.mul(square, -0.5)), 1 / Math.sqrt(2 * Math.PI));
  return g.plus(cdf, g.mul(x, density));
});
var mish = slope((n) => {
  const { g } = n;
  const t = g.tanh(g.softplus(n.x()));
  return g.plus(t, g.mul(g.mul(n.x(), g.sigmoid(n.x())), g.sub(1, g.square(t))));
});
var swish = slope((n) => {
  const { g } = n;
  const scaled = g.mul(n.x(), n.float("alpha", 1));
  const s = g.sigmoid(scaled);
  return g.plus(s, g.mul(g.mul(scaled, s), g.sub(1, s)));
});
var softmax3 = (n) => {
  const { g } = n;
  const axis = n.axis(-1);
  return [
    () => {
      const weighted = g.mul(n.dy, n.y());
      return g.sub(weighted, g.mul(n.y(), g.reduceSum(weighted, [axis])));
    }
  ];
};
var logSoftmax = (n) => {
  const { g } = n;
  return [() => g.sub(n.dy, g.mul(g.exp(n.y()), g.reduceSum(n.dy, [n.axis(-1)])))];
};

// src/training/gradients/window.ts
function windowOf(n, kernel) {
  const ones = kernel.map(() => 1);
  const strides = n.ints("strides") ?? ones;
  const dilations = n.ints("dilations") ?? ones;
  const mode = n.text("auto_pad", "NOTSET");
  const explicit = n.ints("pads") ?? [...ones, ...ones].map(() => 0);
  if (mode === "NOTSET" || mode === "") return { kernel, strides, dilations, pads: explicit };
  if (mode === "VALID") return { kernel, strides, dilations, pads: explicit.map(() => 0) };
  const totals = kernel.map((k, i) => {
    const [input, output] = [n.x().shape[i + 2], n.y().shape[i + 2]];
    return Math.max(0, (output - 1) * strides[i] + dilations[i] * (k - 1) + 1 - input);
  });
  const small = totals.map((total) => Math.floor(total / 2));
  const large = totals.map((total) => Math.ceil(total / 2));
  return {
    kernel,
    strides,
    dilations,
    pads: mode === "SAME_LOWER" ? [...large, ...small] : [...small, ...large]
  };
}
function tapsOf(kernel) {
  return kernel.reduce(
    (taps, k) => taps.flatMap((tap) => range(0, k).map((i) => [...tap, i])),
    [[]]
  );
}
function exactPads(window, inputs, outputs) {
  const begins = window.pads.slice(0, window.kernel.length);
  const ends = window.kernel.map((k, i) => {
    const reach = window.dilations[i] * (k - 1) + 1;
    return (outputs[i] - 1) * window.strides[i] + reach - begins[i] - inputs[i];
  });
  return [...begins, ...ends];
}
function spatialPads(pads) {
  const rank = pads.length / 2;
  return [0, 0, ...pads.slice(0, rank), 0, 0, ...pads.slice(rank)];
}
function transposedWindowOf(n, kernel) {
  const ones = kernel.map(() => 1);
  const strides = n.ints("strides") ?? ones;
  const dilations = n.ints("dilations") ?? ones;
  const mode = n.text("auto_pad", "NOTSET");
  const explicit = n.ints("pads");
  const derived = mode === "SAME_UPPER" || mode === "SAME_LOWER" || n.ints("output_shape") !== null;
  if (!derived) return { kernel, strides, dilations, pads: explicit ?? [...ones, ...ones].map(() => 0) };
  const extra = n.ints("output_padding") ?? ones.map(() => 0);
  const begins = kernel.map((k, i) => {
    const reach = dilations[i] * (k - 1) + 1 + extra[i];
    const total = Math.max(0, (n.x().shape[i + 2] - 1) * strides[i] + reach - n.y().shape[i + 2]);
    return mode === "SAME_UPPER" ? Math.floor(total / 2) : Math.ceil(total / 2);
  });
  return { kernel, strides, dilations, pads: [...begins, ...begins] };
}

// src/training/gradients/convolution.ts
var conv = (n) => {
  const { g } = n;
  const [x, w] = [n.x(0), n.x(1)];
  const window = windowOf(n, w.shape.slice(2));
  const group = n.int("group", 1);
  return [
    () => inputGradient(g, n.dy, w, window, group, x.shape),
    () => kernelGradient(g, x, n.dy, window, group),
    () => channelSum(g, n.dy)
  ];
};
var convTranspose = (n) => {
  const { g } = n;
  const [x, w] = [n.x(0), n.x(1)];
  const window = transposedWindowOf(n, w.shape.slice(2));
  const group = n.int("group", 1);
  return [
    () => {
      const pads = exactPads(window, n.dy.shape.slice(2), x.shape.slice(2));
      return g.conv(g.pad(n.dy, spatialPads(pads)), w, { ...window, pads: pads.map(() => 0) }, group);
    },
    () => kernelGradient(g, n.dy, x, window, group),
    () => channelSum(g, n.dy)
  ];
};
function inputGradient(g, dy, w, window, group, shape) {
  const { kernel, strides, dilations } = window;
  const pads = exactPads(window, shape.slice(2), dy.shape.slice(2));
  const opposite = pads.map(
    (pad3, i) => dilations[i % kernel.length] * (kernel[i % kernel.length] - 1) - pad3
  );
  if (strides.every((stride) => stride === 1) && opposite.every((pad3) => pad3 >= 0) && group === 1) {
    return g.conv(dy, adjointKernel(g, w), { ...window, pads: opposite });
  }
  const full = g.convTranspose(
    dy,
    w,
    { ...window, pads: pads.map(() => 0) },
    kernel.map(() => 0),
    group
  );
  return g.pad(full, spatialPads(pads.map((pad3) => -pad3)));
}
function adjointKernel(g, w) {
  const spatial = range(2, w.shape.length);
  return g.reverse(g.transpose(w, [1, 0, ...spatial]), spatial);
}
function kernelGradient(g, x, dy, window, group) {
  const { kernel } = window;
  const [channels, maps] = [x.shape[1], dy.shape[1]];
  if (group === channels && group === maps) return depthwiseKernelGradient(g, x, dy, window);
  const outputs = dy.shape.slice(2);
  const last2 = [0, ...range(2, x.shape.length), 1];
  const rows = dy.shape[0] * sizeOf(outputs);
  const dyRows = g.reshape(g.transpose(dy, last2), [rows, maps]);
  const taps = tapsOf(kernel);
  const together = Math.max(1, Math.floor(MAX_PATCHES / (rows * channels)));
  const parts = range(0, Math.ceil(taps.length / together)).map((i) => {
    const some = taps.slice(i * together, (i + 1) * together);
    const patches = gatherPatches(g, x, window, outputs, some);
    return g.reshape(productOfGroups(g, dyRows, patches, some.length, group), [
      maps,
      some.length,
      channels / group
    ]);
  });
  return g.reshape(g.transpose(g.concat(parts, 1), [0, 2, 1]), [maps, channels / group, ...kernel]);
}
var MAX_PATCHES = 2 ** 28;
function gatherPatches(g, x, window, outputs, taps) {
  const { kernel, strides, dilations } = window;
  const [batch, channels] = [x.shape[0], x.shape[1]];
  const rank = kernel.length;
  const pads = exactPads(window, x.shape.slice(2), outputs);
  const last2 = g.transpose(x, [0, ...range(2, rank + 2), 1]);
  const padded = g.pad(last2, [0, ...pads.slice(0, rank), 0, 0, ...pads.slice(rank), 0]);
  const spatial = padded.shape.slice(1, -1);
  const rows = batch * sizeOf(outputs);
  if (taps.length === 1 && sizeOf(spatial) === sizeOf(outputs)) return g.reshape(padded, [rows, 1, channels]);
  const indices = tapsOf(outputs).flatMap(
    (at) => taps.map(
      (tap) => at.reduce((index, o, i) => index * spatial[i] + o * strides[i] + tap[i] * dilations[i], 0)
    )
  );
  const flat = g.reshape(padded, [batch, sizeOf(spatial), channels]);
  const patches = g.gather(flat, g.integers(indices, [indices.length]), 1);
  return g.reshape(patches, [rows, taps.length, channels]);
}
function productOfGroups(g, dyRows, patches, taps, group) {
  const [rows, maps] = [dyRows.shape[0], dyRows.shape[1]];
  const channels = patches.shape[2];
  if (group === 1) return g.gemm(dyRows, g.reshape(patches, [rows, taps * channels]), { transA: true });
  const width = taps * channels / group;
  const left = g.transpose(g.reshape(dyRows, [rows, group, maps / group]), [1, 2, 0]);
  const right = g.transpose(g.reshape(patches, [rows, taps, group, channels / group]), [2, 0, 1, 3]);
  return g.matmul(left, g.reshape(right, [group, rows, width]));
}
function depthwiseKernelGradient(g, x, dy, window) {
  const { kernel, strides, dilations } = window;
  const outputs = dy.shape.slice(2);
  const pads = exactPads(window, x.shape.slice(2), outputs);
  const rank = kernel.length;
  const padded = g.pad(x, spatialPads(pads));
  const axes = range(2, rank + 2);
  const sums = tapsOf(kernel).map((tap) => {
    const starts = tap.map((t, i) => t * dilations[i]);
    const ends = starts.map((start, i) => start + (outputs[i] - 1) * strides[i] + 1);
    const product2 = g.mul(g.slice(padded, axes, starts, ends, strides), dy);
    return g.reshape(channelSum(g, product2), [x.shape[1], 1, 1]);
  });
  return g.reshape(g.concat(sums, 2), [x.shape[1], 1, ...kernel]);
}

// src/training/gradients/elementwise.ts
var unary = (dx) => (n) => [() => dx(n)];
var binary = (da, db) => (n) => [() => n.g.sumTo(da(n), n.x(0).shape), () => n.g.sumTo(db(n), n.x(1).shape)];
var add = binary(
  (n) => n.dy,
  (n) => n.dy
);
var sub = (n) => [
  () => n.g.sumTo(n.dy, n.x(0).shape),
  () => n.g.neg(n.g.sumTo(n.dy, n.x(1).shape))
];
var mul = binary(
  (n) => n.g.mul(n.dy, n.x(1)),
  (n) => n.g.mul(n.dy, n.x(0))
);
var div = binary(
  (n) => n.g.div(n.dy, n.x(1)),
  (n) => n.g.neg(n.g.div(n.g.mul(n.dy, n.y()), n.x(1)))
);
var pow = (n) => {
  const { g } = n;
  const [a, b] = [n.x(0), n.x(1)];
  const exponent = g.valuesOf(b);
  const slope2 = () => {
    const p = exponent?.length === 1 ? exponent[0] : null;
    if (p === 2) return g.mul(a, 2);
    if (p === 0.5) return g.div(0.5, n.y());
    if (p !== null) return g.mul(g.pow(a, p - 1), p);
    return g.mul(b, g.pow(a, g.sub(b, 1)));
  };
  const logarithm = () => g.log(g.where(g.greater(a, 0), a, 1));
  return [
    () => g.sumTo(g.mul(n.dy, slope2()), a.shape),
    () => g.sumTo(g.mul(n.dy, g.mul(n.y(), logarithm())), b.shape)
  ];
};
var sqrt = unary((n) => n.g.div(n.dy, n.g.mul(n.y(), 2)));
var exp = unary((n) => n.g.mul(n.dy, n.y()));
var log = unary((n) => n.g.div(n.dy, n.x()));
var neg = unary((n) => n.g.neg(n.dy));
var abs = unary((n) => n.g.mul(n.dy, n.g.sign(n.x())));
var reciprocal = unary((n) => n.g.neg(n.g.mul(n.dy, n.g.square(n.y()))));
var erf = unary(
  (n) => n.g.mul(n.dy, n.g.mul(n.g.exp(n.g.neg(n.g.square(n.x()))), 2 / Math.sqrt(Math.PI)))
);
var tanh = unary((n) => n.g.mul(n.dy, n.g.sub(1, n.g.square(n.y()))));
var sin = unary((n) => n.g.mul(n.dy, n.g.cos(n.x())));
var cos = unary((n) => n.g.neg(n.g.mul(n.dy, n.g.sin(n.x()))));
var sum = (n) => n.node.inputs.map((_, i) => () => n.g.sumTo(n.dy, n.x(i).shape));
var mean = (n) => n.node.inputs.map((_, i, all) => () => n.g.div(n.g.sumTo(n.dy, n.x(i).shape), all.length));
var extremum = (n) => {
  const { g } = n;
  const hits = n.node.inputs.map((_, i) => g.cast(g.equal(n.x(i), n.y()), n.y().dtype));
  const share = () => g.div(n.dy, g.sum(hits.map((hit) => g.expand(hit, n.y().shape))));
  return n.node.inputs.map((_, i) => () => g.sumTo(g.mul(share(), hits[i]), n.x(i).shape));
};
var where = (n) => [
  null,
  () => n.g.sumTo(n.g.where(n.x(0), n.dy, 0), n.x(1).shape),
  () => n.g.sumTo(n.g.where(n.x(0), 0, n.dy), n.x(2).shape)
];
var cast = unary((n) => n.g.cast(n.dy, n.x().dtype));
var identity = unary((n) => n.dy);

// src/training/gradients/linear.ts
var gemm = (n) => {
  const { g, dy } = n;
  const [a, b] = [n.x(0), n.x(1)];
  const [transA, transB] = [n.int("transA", 0) !== 0, n.int("transB", 0) !== 0];
  const alpha = n.float("alpha", 1);
  return [
    () => transA ? g.gemm(b, dy, { transA: transB, transB: true, alpha }) : g.gemm(dy, b, { transB: !transB, alpha }),
    () => transB ? g.gemm(dy, a, { transA: true, transB: transA, alpha }) : g.gemm(a, dy, { transA: !transA, alpha }),
    () => g.sumTo(g.mul(dy, n.float("beta", 1)), n.x(2).shape)
  ];
};
var matmul = (n) => {
  const { g } = n;
  const a = n.x(0).shape.length === 1 ? g.reshape(n.x(0), [1, n.x(0).shape[0]]) : n.x(0);
  const b = n.x(1).shape.length === 1 ? g.reshape(n.x(1), [n.x(1).shape[0], 1]) : n.x(1);
  const batch = broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const dy = g.reshape(n.dy, [...batch, a.shape.at(-2), b.shape.at(-1)]);
  return [
    () => {
      const da = b.shape.length === 2 ? rowsTimes(g, dy, b) : g.matmul(dy, g.swapLast(b));
      return g.reshape(g.sumTo(da, a.shape), n.x(0).shape);
    },
    () => {
      const db = b.shape.length === 2 ? g.gemm(asRows(g, a), asRows(g, dy), { transA: true }) : g.sumTo(g.matmul(g.swapLast(a), dy), b.shape);
      return g.reshape(db, n.x(1).shape);
    }
  ];
};
function asRows(g, x) {
  const last2 = x.shape.at(-1);
  return g.reshape(x, [sizeOf(x.shape) / last2, last2]);
}
function rowsTimes(g, dy, b) {
  const product2 = g.gemm(asRows(g, dy), b, { transB: true });
  return g.reshape(product2, [...dy.shape.slice(0, -1), b.shape[0]]);
}

// src/training/gradients/normalization.ts
function normalise(g, x, axes, epsilon) {
  const centred = g.sub(x, g.reduceMean(x, axes));
  const variance = g.reduceMean(g.square(centred), axes);
  const scale = g.reciprocal(g.sqrt(g.plus(variance, epsilon)));
  return { value: g.mul(centred, scale), scale };
}
function throughNormalisation(g, h, { value, scale }, axes) {
  const centred = g.sub(h, g.reduceMean(h, axes));
  return g.mul(scale, g.sub(centred, g.mul(value, g.reduceMean(g.mul(h, value), axes))));
}
var batchNormalization = (n) => {
  const { g } = n;
  if (n.int("training_mode", 0) !== 0)
    throw n.error(
      "no-gradient",
      "in training mode has no gradient rule; Scour trains batch norms of its own making"
    );
  const [x, gamma, mean2, variance] = [n.x(0), n.x(1), n.x(3), n.x(4)];
  const rank = x.shape.length;
  const r = g.reciprocal(g.sqrt(g.plus(variance, n.float("epsilon", 1e-5))));
  const gain = () => g.mul(gamma, r);
  const dBeta = () => channelSum(g, n.dy);
  const dGamma = () => {
    const centred = g.sub(x, perChannel2(g, mean2, rank));
    return g.mul(channelSum(g, g.mul(n.dy, centred)), r);
  };
  return [
    () => g.mul(n.dy, perChannel2(g, gain(), rank)),
    dGamma,
    dBeta,
    () => g.neg(g.mul(gain(), dBeta())),
    () => g.mul(g.mul(g.mul(gain(), r), dGamma()), -0.5)
  ];
};
var trainingBatchNorm2 = (n) => {
  const { g } = n;
  if (n.reaches(1) || n.reaches(2) || n.reaches(3))
    throw n.error(
      "no-gradient",
      "the loss depends on its batch statistics directly, which has no gradient rule"
    );
  const [x, gamma] = [n.x(0), n.x(1)];
  const [variance, centred] = [n.y(2), n.y(3)];
  const rank = x.shape.length;
  const count = sizeOf(x.shape) / x.shape[1];
  const r = g.reciprocal(g.sqrt(g.plus(variance, n.float("epsilon", 1e-5))));
  const dBeta = () => channelSum(g, n.dy);
  const dGamma = () => g.mul(channelSum(g, g.mul(n.dy, centred)), r);
  const dx = () => {
    const a = g.mul(gamma, r);
    const b = g.mul(g.mul(g.mul(a, r), dGamma()), -1 / count);
    const k = g.mul(g.mul(a, dBeta()), -1 / count);
    const one = g.floats(new Float32Array(x.shape[1]).fill(1), [x.shape[1]]);
    return g.plus(g.mul(n.dy, perChannel2(g, a, rank)), channelAffine(g, centred, b, k, one, 0));
  };
  return [dx, dGamma, dBeta];
};
var layerNormalization = (n) => {
  const { g } = n;
  const axes = range(n.axis(-1), n.x().shape.length);
  const normalised = () => normalise(g, n.x(), axes, n.float("epsilon", 1e-5));
  return [
    () => throughNormalisation(g, g.mul(n.dy, n.x(1)), normalised(), axes),
    () => g.sumTo(g.mul(n.dy, normalised().value), n.x(1).shape),
    () => g.sumTo(n.dy, n.x(2).shape)
  ];
};
var rmsNormalization = (n) => {
  const { g } = n;
  const axes = range(n.axis(-1), n.x().shape.length);
  const r = () => g.reciprocal(g.sqrt(g.plus(g.reduceMean(g.square(n.x()), axes), n.float("epsilon", 1e-5))));
  const unit = () => g.mul(n.x(), r());
  return [
    () => {
      const h = g.mul(n.dy, n.x(1));
      return g.mul(r(), g.sub(h, g.mul(unit(), g.reduceMean(g.mul(h, unit()), axes))));
    },
    () => g.sumTo(g.mul(n.dy, unit()), n.x(1).shape)
  ];
};
var instanceNormalization = (n) => {
  const { g } = n;
  const rank = n.x().shape.length;
  const axes = range(2, rank);
  const normalised = () => normalise(g, n.x(), axes, n.float("epsilon", 1e-5));
  return [
    () => throughNormalisation(g, g.mul(n.dy, perChannel2(g, n.x(1), rank)), normalised(), axes),
    () => channelSum(g, g.mul(n.dy, normalised().value)),
    () => channelSum(g, n.dy)
  ];
};
var groupNormalization = (n) => {
  const { g } = n;
  const [x, scale] = [n.x(0), n.x(1)];
  const [batch, channels, ...spatial] = x.shape;
  const groups = n.int("num_groups", 1);
  const grouped = [batch, groups, channels / groups, ...spatial];
  const axes = range(2, grouped.length);
  const parameters = [1, groups, scale.shape[0] / groups, ...spatial.map(() => 1)];
  const normalised = () => normalise(g, g.reshape(x, grouped), axes, n.float("epsilon", 1e-5));
  const dy = () => g.reshape(n.dy, grouped);
  const total = (value) => g.reshape(g.sumTo(value, parameters), scale.shape);
  return [
    () => {
      const h = g.mul(dy(), g.reshape(scale, parameters));
      return g.reshape(throughNormalisation(g, h, normalised(), axes), x.shape);
    },
    () => total(g.mul(dy(), normalised().value)),
    () => total(dy())
  ];
};
var lrn = (n) => {
  const { g } = n;
  const x = n.x();
  const [batch, channels] = x.shape;
  const size = n.int("size", 1);
  const [alpha, beta, k] = [n.float("alpha", 1e-4), n.float("beta", 0.75), n.float("bias", 1)];
  const before = Math.floor((size - 1) / 2);
  const band = new Float32Array(channels * channels);
  for (let to = 0; to < channels; to++)
    for (let from = Math.max(0, to - before); from < Math.min(channels, to - before + size); from++)
      band[to * channels + from] = 1;
  const window = g.floats(band, [channels, channels]);
  const over2 = (map, value) => g.reshape(g.matmul(map, g.reshape(value, [batch, channels, sizeOf(x.shape.slice(2))])), x.shape);
  return [
    () => {
      const d = g.plus(g.mul(over2(window, g.square(x)), alpha / size), k);
      const direct = g.mul(n.dy, g.pow(d, -beta));
      const shared = over2(g.transpose(window, [1, 0]), g.div(g.mul(n.dy, n.y()), d));
      return g.sub(direct, g.mul(g.mul(x, shared), 2 * alpha * beta / size));
    }
  ];
};
var lpNormalization = (n) => {
  const { g } = n;
  const axis = [n.axis(-1)];
  const p = n.int("p", 2);
  return [
    () => {
      const x = n.x();
      const norm = p === 1 ? g.reduceSum(g.abs(x), axis) : g.sqrt(g.reduceSumSquare(x, axis));
      const along = g.mul(p === 1 ? g.sign(x) : n.y(), g.reduceSum(g.mul(n.dy, n.y()), axis));
      return g.div(g.sub(n.dy, along), norm);
    }
  ];
};

// src/training/gradients/pooling.ts
var maxPool = (n) => {
  const { g } = n;
  const size = sizeOf(n.x().shape);
  return [
    () => {
      const indices = maxIndices(n);
      const updates2 = g.reshape(n.dy, [sizeOf(n.dy.shape)]);
      const flat = g.scatterAdd(
        g.full([size], 0, n.dy.dtype),
        g.reshape(indices, [sizeOf(n.dy.shape), 1]),
        updates2
      );
      return g.reshape(flat, n.x().shape);
    }
  ];
};
function maxIndices(n) {
  const given = n.node.outputs[1];
  if (given) return given;
  const attributes = Object.fromEntries(n.node.attributes);
  const types = [n.y(), { dtype: "int64", shape: n.y().shape }];
  return n.g.emit("MaxPool", [n.x()], types, attributes)[1];
}
var averagePool = (n) => {
  const { g } = n;
  const kernel = n.ints("kernel_shape") ?? [];
  const window = windowOf(n, kernel);
  const [inputs, outputs] = [n.x().shape.slice(2), n.y().shape.slice(2)];
  const counts = countsOf(window.pads, inputs, outputs, n.int("count_include_pad", 0) === 1, window);
  return [
    () => {
      const channels = n.x().shape[1];
      const batch = n.x().shape[0];
      const shares = g.div(n.dy, g.floats(counts, [1, 1, ...outputs]));
      const pads = exactPads(window, inputs, outputs);
      const images = g.reshape(shares, [batch * channels, 1, ...outputs]);
      const ones = g.full([1, 1, ...kernel], 1);
      const spread2 = g.convTranspose(
        images,
        ones,
        { ...window, pads: pads.map(() => 0) },
        kernel.map(() => 0)
      );
      return g.reshape(g.pad(spread2, spatialPads(pads.map((pad3) => -pad3))), n.x().shape);
    }
  ];
};
function countsOf(pads, inputs, outputs, includePads, {
  kernel,
  strides,
  dilations
}) {
  const perAxis = kernel.map((k, i) => {
    const [low, high] = includePads ? [-pads[i], inputs[i] + pads[i + kernel.length]] : [0, inputs[i]];
    return range(0, outputs[i]).map((o) => {
      const start = o * strides[i] - pads[i];
      return range(0, k).filter((t) => {
        const at = start + t * dilations[i];
        return at >= low && at < high;
      }).length;
    });
  });
  const all = perAxis.reduce((outer, axis) => outer.flatMap((a) => axis.map((b) => a * b)), [1]);
  return Float32Array.from(all);
}
var globalAveragePool = (n) => {
  const area = sizeOf(n.x().shape.slice(2));
  return [() => n.g.expand(n.g.div(n.dy, area), n.x().shape)];
};
var globalMaxPool = (n) => {
  const { g } = n;
  const axes = range(2, n.x().shape.length);
  return [() => shareAmongEqual(n, n.y(), n.dy, axes, g.cast(g.equal(n.x(), n.y()), n.x().dtype))];
};
function shareAmongEqual(n, y, dy, axes, hits) {
  const { g } = n;
  return g.mul(hits, g.div(g.reshape(dy, y.shape), g.reduceSum(hits, axes)));
}

// src/training/gradients/reduction.ts
function reducedAxes(n) {
  const axes = n.optionalConstant(1) ?? n.ints("axes");
  const rank = n.x().shape.length;
  if (axes === null || axes.length === 0)
    return n.int("noop_with_empty_axes", 0) === 1 ? [] : axesOf(null, rank);
  return axesOf(axes, rank);
}
var reduction2 = (dx) => (n) => [
  () => {
    const axes = reducedAxes(n);
    const kept = reduced(n.x().shape, axes, true);
    const result = dx(n, n.g.reshape(n.y(), kept), n.g.reshape(n.dy, kept), axes);
    return n.g.expand(result, n.x().shape);
  },
  null
];
var reduceSum = reduction2((_, __, dy) => dy);
var reduceMean = reduction2(
  (n, _, dy, axes) => n.g.div(dy, sizeOf(axes.map((axis) => n.x().shape[axis])))
);
var reduceExtremum = reduction2(
  (n, y, dy, axes) => shareAmongEqual(n, y, dy, axes, n.g.cast(n.g.equal(n.x(), y), n.x().dtype))
);
var reduceSumSquare = reduction2((n, _, dy) => n.g.mul(n.x(), n.g.mul(dy, 2)));
var reduceL1 = reduction2((n, _, dy) => n.g.mul(n.g.sign(n.x()), dy));
var reduceL2 = reduction2((n, y, dy) => {
  const { g } = n;
  return g.mul(n.x(), g.div(dy, g.where(g.greater(y, 0), y, 1)));
});
var reduceLogSumExp = reduction2((n, y, dy) => n.g.mul(n.g.exp(n.g.sub(n.x(), y)), dy));
var reduceLogSum = reduction2((n, y, dy) => n.g.div(dy, n.g.exp(y)));
var reduceProd = reduction2((n, y, dy) => n.g.mul(dy, n.g.div(y, n.x())));

// src/training/graph/linear-map.ts
function identity2(g, size) {
  const values = new Float32Array(size * size);
  for (let i = 0; i < size; i++) values[i * (size + 1)] = 1;
  return g.floats(values, [size, size]);
}
function linearAlong(g, x, map, axis) {
  const rank = x.shape.length;
  const perm = [...range(0, rank).filter((i) => i !== axis), axis];
  const last2 = g.transpose(x, perm);
  const [from, to] = [map.shape[0], map.shape[1]];
  const product2 = g.gemm(g.reshape(last2, [sizeOf(x.shape) / from, from]), map);
  return g.untranspose(g.reshape(product2, [...last2.shape.slice(0, -1), to]), perm);
}

// src/training/gradients/resampling.ts
var resize = (n) => {
  const { g } = n;
  if (n.text("coordinate_transformation_mode", "half_pixel") === "tf_crop_and_resize")
    throw n.error("no-gradient", "has no gradient rule with tf_crop_and_resize");
  const [inputs, outputs] = [n.x().shape, n.y().shape];
  const scales = n.optionalConstant(2);
  const axes = n.ints("axes") ?? range(0, inputs.length);
  const attributes = Object.fromEntries(
    [...n.node.attributes].filter(([name]) => name !== "axes" && name !== "keep_aspect_ratio_policy")
  );
  const matrix = (axis) => {
    const [from, to] = [inputs[axis], outputs[axis]];
    const shape = [1, 1, to, from];
    const scale = scales?.length ? scales[axes.indexOf(axis)] : null;
    const target = scale === null ? [null, g.integers(shape)] : [g.floats(Float32Array.of(1, 1, scale, 1), [4])];
    const eye = g.reshape(identity2(g, from), [1, 1, from, from]);
    const [resized] = g.emit("Resize", [eye, null, ...target], [{ dtype: "float32", shape }], attributes);
    return g.reshape(resized, [to, from]);
  };
  return [
    () => inputs.reduce(
      (dy, dim, axis) => dim === outputs[axis] ? dy : linearAlong(g, dy, matrix(axis), axis),
      n.dy
    ),
    null,
    null,
    null
  ];
};

// src/training/gradients/shape.ts
var reshape = (n) => [() => n.g.reshape(n.dy, n.x().shape), null];
var transpose2 = (n) => {
  const perm = n.ints("perm") ?? range(0, n.x().shape.length).reverse();
  return [() => n.g.transpose(n.dy, inverse(perm))];
};
var expand = (n) => [() => n.g.sumTo(n.dy, n.x().shape), null];
var tile = (n) => {
  const { g } = n;
  const repeats = n.constant(1);
  const shape = n.x().shape;
  return [
    () => {
      const split3 = g.reshape(
        n.dy,
        shape.flatMap((dim, i) => [repeats[i], dim])
      );
      const copies = range(0, shape.length).map((i) => 2 * i).filter((axis) => split3.shape[axis] !== 1);
      return g.reshape(g.reduceSum(split3, copies), shape);
    },
    null
  ];
};
var concat2 = (n) => {
  const axis = n.axis(0);
  let end = 0;
  return n.node.inputs.map((_, i) => {
    const start = end;
    end += n.x(i).shape[axis];
    const stop = end;
    return () => n.g.slice(n.dy, [axis], [start], [stop]);
  });
};
var split2 = (n) => [
  () => n.g.concat(
    n.node.outputs.map((_, i) => n.gradient(i)),
    n.axis(0)
  ),
  null
];
var slice2 = (n) => {
  const { g } = n;
  const shape = n.x().shape;
  const starts = n.constant(1);
  const axes = n.optionalConstant(3) ?? range(0, starts.length);
  const steps = n.optionalConstant(4) ?? starts.map(() => 1);
  return [
    () => axes.reduce((dy, named, i) => {
      const axis = axisOf(named, shape.length);
      return unslice(g, dy, axis, shape[axis], starts[i], steps[i]);
    }, n.dy),
    null,
    null,
    null,
    null
  ];
};
function unslice(g, dy, axis, dim, start, step) {
  const count = dy.shape[axis];
  const wrapped = start < 0 ? start + dim : start;
  const first = step > 0 ? Math.min(Math.max(wrapped, 0), dim) : Math.min(Math.max(wrapped, 0), dim - 1);
  if (count === 0) return g.full(dy.shape.with(axis, dim), 0, dy.dtype);
  const forward = step < 0 ? g.reverse(dy, [axis]) : dy;
  const low = step < 0 ? first + (count - 1) * step : first;
  const spaced = spread(g, forward, axis, Math.abs(step));
  const begins = dy.shape.map((_, i) => i === axis ? low : 0);
  const stops = dy.shape.map((_, i) => i === axis ? dim - low - spaced.shape[axis] : 0);
  return g.pad(spaced, [...begins, ...stops]);
}
function spread(g, x, axis, step) {
  if (step === 1) return x;
  const shape = [...x.shape.slice(0, axis + 1), 1, ...x.shape.slice(axis + 1)];
  const pads = shape.map((_, i) => i === axis + 1 ? step - 1 : 0);
  const padded = g.pad(g.reshape(x, shape), [...pads.map(() => 0), ...pads]);
  return g.reshape(padded, x.shape.with(axis, x.shape[axis] * step));
}
function padsOf(n) {
  const rank = n.x().shape.length;
  const given = n.constant(1);
  const axes = (n.optionalConstant(3) ?? range(0, rank)).map((axis) => axisOf(axis, rank));
  return range(0, 2 * rank).map((i) => {
    const at = axes.indexOf(i % rank);
    return at < 0 ? 0 : given[at + (i < rank ? 0 : axes.length)];
  });
}
var pad2 = (n) => {
  const { g } = n;
  const rank = n.x().shape.length;
  const pads = padsOf(n);
  const axes = range(0, rank);
  const mode = n.text("mode", "constant");
  return [
    () => {
      if (mode === "constant")
        return g.pad(
          n.dy,
          pads.map((amount) => -amount)
        );
      return axes.reduce((dy, axis) => {
        const dim = n.x().shape[axis];
        const rows = [pads[axis], 0, pads[axis + rank], 0];
        if (rows.every((amount) => amount === 0)) return dy;
        const map = g.emit(
          "Pad",
          [identity2(g, dim), g.integers(rows)],
          [{ dtype: "float32", shape: [dim + rows[0] + rows[2], dim] }],
          { mode: { type: "string", value: mode } }
        )[0];
        return linearAlong(g, dy, map, axis);
      }, n.dy);
    },
    null,
    null,
    null
  ];
};
var gather = (n) => {
  const { g } = n;
  const axis = n.axis(0);
  const [shape, indices] = [n.x(0).shape, n.x(1)];
  const dim = shape[axis];
  return [
    () => {
      const count = sizeOf(indices.shape);
      const rest = shape.filter((_, i) => i !== axis);
      const flat = g.reshape(n.dy, [...shape.slice(0, axis), count, ...shape.slice(axis + 1)]);
      const known = g.valuesOf(indices);
      if (count === 1 && known) return unslice(g, flat, axis, dim, known[0], 1);
      const perm = [axis, ...range(0, shape.length).filter((i) => i !== axis)];
      const wide2 = g.cast(g.reshape(indices, [count, 1]), "int64");
      const wrapped = g.where(g.less(wide2, 0), g.plus(wide2, dim), wide2);
      const zeros = g.full([dim, ...rest], 0, n.dy.dtype);
      return g.untranspose(g.scatterAdd(zeros, wrapped, g.transpose(flat, perm)), perm);
    },
    null
  ];
};
var depthToSpace = (n) => {
  const { g } = n;
  const block = n.int("blocksize", 1);
  const [batch, channels, height, width] = n.x().shape;
  const depth = channels / (block * block);
  const perm = n.text("mode", "DCR") === "DCR" ? [0, 3, 5, 1, 2, 4] : [0, 1, 3, 5, 2, 4];
  return [
    () => {
      const split3 = g.reshape(n.dy, [batch, depth, height, block, width, block]);
      return g.reshape(g.transpose(split3, perm), n.x().shape);
    }
  ];
};
var spaceToDepth = (n) => {
  const { g } = n;
  const block = n.int("blocksize", 1);
  const [batch, channels, height, width] = n.x().shape;
  return [
    () => {
      const blocks = g.reshape(n.dy, [batch, block, block, channels, height / block, width / block]);
      return g.reshape(g.transpose(blocks, [0, 3, 4, 1, 5, 2]), n.x().shape);
    }
  ];
};
var dropout = (n) => {
  const { g } = n;
  const training = n.optional(2) ? n.constant(2)[0] !== 0 : false;
  const ratio = n.optionalConstant(1)?.[0] ?? 0.5;
  return [() => training ? g.mul(n.dy, g.div(g.cast(n.y(1), n.dy.dtype), 1 - ratio)) : n.dy, null, null];
};
var scatterNd = (n) => {
  const { g } = n;
  if (n.text("reduction", "none") !== "add")
    throw n.error("no-gradient", 'has a gradient rule with reduction "add" only');
  const taken = () => g.emit("GatherND", [n.dy, n.x(1)], [{ dtype: n.dy.dtype, shape: n.x(2).shape }])[0];
  return [() => n.dy, null, taken];
};

// src/training/gradients/registry.ts
var RULES = new Map(
  Object.entries({
    Abs: abs,
    Add: add,
    AveragePool: averagePool,
    BatchNormalization: batchNormalization,
    Cast: cast,
    Celu: celu,
    Clip: clip2,
    Concat: concat2,
    Conv: conv,
    ConvTranspose: convTranspose,
    Cos: cos,
    DepthToSpace: depthToSpace,
    Div: div,
    Dropout: dropout,
    Elu: elu,
    Erf: erf,
    Exp: exp,
    Expand: expand,
    Flatten: reshape,
    Gather: gather,
    Gelu: gelu,
    Gemm: gemm,
    GlobalAveragePool: globalAveragePool,
    GlobalMaxPool: globalMaxPool,
    GroupNormalization: groupNormalization,
    HardSigmoid: hardSigmoid,
    HardSwish: hardSwish,
    Identity: identity,
    InstanceNormalization: instanceNormalization,
    LRN: lrn,
    LayerNormalization: layerNormalization,
    LeakyRelu: leakyRelu,
    Log: log,
    LogSoftmax: logSoftmax,
    LpNormalization: lpNormalization,
    MatMul: matmul,
    Max: extremum,
    MaxPool: maxPool,
    Mean: mean,
    Min: extremum,
    Mish: mish,
    Mul: mul,
    Neg: neg,
    PRelu: prelu,
    Pad: pad2,
    Pow: pow,
    RMSNormalization: rmsNormalization,
    Reciprocal: reciprocal,
    ReduceL1: reduceL1,
    ReduceL2: reduceL2,
    ReduceLogSum: reduceLogSum,
    ReduceLogSumExp: reduceLogSumExp,
    ReduceMax: reduceExtremum,
    ReduceMean: reduceMean,
    ReduceMin: reduceExtremum,
    ReduceProd: reduceProd,
    ReduceSum: reduceSum,
    ReduceSumSquare: reduceSumSquare,
    Relu: relu,
    Reshape: reshape,
    Resize: resize,
    ScatterND: scatterNd,
    Selu: selu,
    Sigmoid: sigmoid,
    Sin: sin,
    Slice: slice2,
    Softmax: softmax3,
    Softplus: softplus,
    Softsign: softsign,
    SpaceToDepth: spaceToDepth,
    Split: split2,
    Sqrt: sqrt,
    Squeeze: reshape,
    Sub: sub,
    Sum: sum,
    Swish: swish,
    Tanh: tanh,
    ThresholdedRelu: thresholdedRelu,
    Tile: tile,
    Transpose: transpose2,
    Unsqueeze: reshape,
    Where: where
  })
);
var COMPOSITE_RULES = new Map(
  Object.entries({
    [TRAINING_BATCH_NORM]: trainingBatchNorm2
  })
);
var LOCALLY_CONSTANT = /* @__PURE__ */ new Set([
  "ArgMax",
  "ArgMin",
  "Ceil",
  "ConstantOfShape",
  "Equal",
  "Floor",
  "Greater",
  "GreaterOrEqual",
  "IsInf",
  "IsNaN",
  "Less",
  "LessOrEqual",
  "NonZero",
  "Not",
  "OneHot",
  "Round",
  "Shape",
  "Sign",
  "Size"
]);
function ruleOf(node2) {
  if (node2.domain === COMPOSITE) return COMPOSITE_RULES.get(node2.opType);
  return node2.domain === "" ? RULES.get(node2.opType) : void 0;
}
function isLocallyConstant(node2) {
  return node2.domain === "" && LOCALLY_CONSTANT.has(node2.opType);
}

// src/training/gradients/rule.ts
var NodeGradient = class extends NodeView {
  outputGradients;
  constructor(g, node2, outputGradients) {
    super(g, node2);
    this.outputGradients = outputGradients;
  }
  /** Gradient of the loss with respect to output 0. */
  get dy() {
    return this.gradient(0);
  }
  /** Gradient of the loss with respect to output `i`: zeros where the loss does not depend on it. */
  gradient(i) {
    const y = this.y(i);
    return this.outputGradients[i] ?? this.g.full(y.shape, 0, y.dtype);
  }
  /** True where the loss depends on output `i`. */
  reaches(i) {
    return Boolean(this.outputGradients[i]);
  }
};

// src/training/gradients/differentiate.ts
function differentiate(g, loss, wrt) {
  if (loss.shape.length !== 0) throw new RangeError("Only a scalar loss can be differentiated.");
  const active = activeNodes(g.nodes, wrt);
  const gradients = /* @__PURE__ */ new Map([[loss.name, [g.full([], 1, loss.dtype)]]]);
  const take = (value) => {
    const terms = gradients.get(value.name);
    if (terms === void 0) return null;
    const total = g.sum(terms);
    gradients.set(value.name, [total]);
    return total;
  };
  for (const node2 of active.nodes.toReversed()) {
    const outputs = node2.outputs.map((output) => output ? take(output) : null);
    if (outputs.every((gradient) => gradient === null)) continue;
    const rule = ruleOf(node2);
    if (rule === void 0) throw noRule(node2);
    const byInput = rule(new NodeGradient(g, node2, outputs));
    node2.inputs.forEach((input, i) => {
      if (input === null || !active.names.has(input.name)) return;
      const gradient = byInput[i]?.();
      if (gradient === void 0) return;
      if (!sameShape(gradient.shape, input.shape)) {
        throw new TypeError(
          `${describe(node2)}: the gradient of input ${i} has shape [${gradient.shape.join(", ")}], the input [${input.shape.join(", ")}].`
        );
      }
      gradients.set(input.name, [...gradients.get(input.name) ?? [], gradient]);
    });
  }
  return new Map(wrt.map((value) => [value.name, take(value) ?? g.full(value.shape, 0, value.dtype)]));
}
function activeNodes(nodes, wrt) {
  const names = new Set(wrt.map((value) => value.name));
  const active = nodes.filter((node2) => {
    if (node2.role === "part") return false;
    if (isLocallyConstant(node2) || !node2.inputs.some((input) => input && names.has(input.name))) return false;
    const reached = node2.outputs.filter(
      (output) => output !== null && isFloat(output.dtype)
    );
    for (const output of reached) names.add(output.name);
    return reached.length > 0;
  });
  return { nodes: active, names };
}
function noRule(node2) {
  return new TrainingError(
    "no-gradient",
    `${describe(node2)} lies between trainable parameters and the loss, and Scour knows no gradient for this operator. Freeze the parameters before it, or export the model with this operator decomposed into standard ones.`
  );
}

// src/training/graph/ops.ts
var Ops = class extends GraphBuilder {
  // Elementwise arithmetic, with NumPy's broadcasting.
  plus(a, b) {
    if (b === 0 && typeof a !== "number") return a;
    if (a === 0 && typeof b !== "number") return b;
    return this.binary("Add", a, b);
  }
  sub(a, b) {
    if (b === 0 && typeof a !== "number") return a;
    return this.binary("Sub", a, b);
  }
  mul(a, b) {
    if (b === 1 && typeof a !== "number") return a;
    if (a === 1 && typeof b !== "number") return b;
    return this.binary("Mul", a, b);
  }
  div(a, b) {
    if (b === 1 && typeof a !== "number") return a;
    return this.binary("Div", a, b);
  }
  pow(a, b) {
    return this.binary("Pow", a, b);
  }
  maximum(a, b) {
    return this.binary("Max", a, b);
  }
  minimum(a, b) {
    return this.binary("Min", a, b);
  }
  /** The sum of values, two at a time (the operator Sum takes any number, but not on WebGPU). */
  sum(values) {
    const [first, ...rest] = values;
    if (first === void 0) throw new RangeError("A sum of no values.");
    return rest.reduce((total, value) => this.plus(total, value), first);
  }
  neg = (x) => this.unary("Neg", x);
  abs = (x) => this.unary("Abs", x);
  sign = (x) => this.unary("Sign", x);
  exp = (x) => this.unary("Exp", x);
  log = (x) => this.unary("Log", x);
  sqrt = (x) => this.unary("Sqrt", x);
  reciprocal = (x) => this.unary("Reciprocal", x);
  tanh = (x) => this.unary("Tanh", x);
  sigmoid = (x) => this.unary("Sigmoid", x);
  relu = (x) => this.unary("Relu", x);
  erf = (x) => this.unary("Erf", x);
  softplus = (x) => this.unary("Softplus", x);
  sin = (x) => this.unary("Sin", x);
  cos = (x) => this.unary("Cos", x);
  isNaN = (x) => this.one("IsNaN", [x], "bool", x.shape);
  square(x) {
    return this.mul(x, x);
  }
  // Comparisons and selection.
  greater(a, b) {
    return this.binary("Greater", a, b, "bool");
  }
  greaterOrEqual(a, b) {
    return this.binary("GreaterOrEqual", a, b, "bool");
  }
  less(a, b) {
    return this.binary("Less", a, b, "bool");
  }
  lessOrEqual(a, b) {
    return this.binary("LessOrEqual", a, b, "bool");
  }
  equal(a, b) {
    return this.binary("Equal", a, b, "bool");
  }
  and(a, b) {
    return this.binary("And", a, b, "bool");
  }
  not(a) {
    return this.one("Not", [a], "bool", a.shape);
  }
  where(condition, a, b) {
    const [x, y] = this.operands(a, b);
    return this.one(
      "Where",
      [condition, x, y],
      x.dtype,
      broadcast(condition.shape, broadcast(x.shape, y.shape))
    );
  }
  cast(x, dtype) {
    if (x.dtype === dtype) return x;
    return this.one("Cast", [x], dtype, x.shape, { to: int(dtypeCode(dtype)) });
  }
  // Reductions.
  reduceSum(x, axes, keep = true) {
    return this.reduce("ReduceSum", x, axes, keep);
  }
  reduceMean(x, axes, keep = true) {
    return this.reduce("ReduceMean", x, axes, keep);
  }
  reduceMax(x, axes, keep = true) {
    return this.reduce("ReduceMax", x, axes, keep);
  }
  reduceSumSquare(x, axes, keep = true) {
    return this.reduce("ReduceSumSquare", x, axes, keep);
  }
  /** Sums `x` over the axes along which a value of `shape` was broadcast to x's shape. */
  sumTo(x, shape) {
    const lead = x.shape.length - shape.length;
    const axes = range(0, x.shape.length).filter(
      (i) => i < lead || shape[i - lead] === 1 && x.shape[i] !== 1
    );
    return this.reshape(axes.length === 0 ? x : this.reduceSum(x, axes), shape);
  }
  softmax(x, axis) {
    return this.one("Softmax", [x], x.dtype, x.shape, { axis: int(axis) });
  }
  logSoftmax(x, axis) {
    return this.one("LogSoftmax", [x], x.dtype, x.shape, { axis: int(axis) });
  }
  // Shape.
  reshape(x, shape) {
    if (sameShape(x.shape, shape)) return x;
    if (sizeOf(x.shape) !== sizeOf(shape))
      throw new RangeError(`Cannot reshape [${x.shape.join(", ")}] to [${shape.join(", ")}].`);
    const from = this.producerOf(x);
    if (from?.opType === "Reshape" && from.inputs[0]) return this.reshape(from.inputs[0], shape);
    return this.one("Reshape", [x, this.integers(shape)], x.dtype, shape, { allowzero: int(1) });
  }
  /** Result axis i is x's axis perm[i]. */
  transpose(x, perm) {
    if (perm.every((from2, to) => from2 === to)) return x;
    const shape = perm.map((axis) => x.shape[axis]);
    const from = this.producerOf(x);
    const earlier = from?.opType === "Transpose" ? from.attributes.get("perm") : void 0;
    if (earlier?.type === "ints" && from?.inputs[0])
      return this.transpose(
        from.inputs[0],
        perm.map((axis) => earlier.value[axis])
      );
    const moving = (axes) => axes.filter((axis) => x.shape[axis] !== 1);
    if (moving(perm).every((axis, i, all) => i === 0 || all[i - 1] < axis)) return this.reshape(x, shape);
    return this.one("Transpose", [x], x.dtype, shape, { perm: ints(perm) });
  }
  /** Undoes `transpose(·, perm)`. */
  untranspose(x, perm) {
    return this.transpose(x, inverse(perm));
  }
  expand(x, shape) {
    if (sameShape(x.shape, shape)) return x;
    return this.one("Expand", [x, this.integers(shape)], x.dtype, broadcast(x.shape, shape));
  }
  /** x[start : end : step] along `axes`; bounds are already within the axis. Steps may be negative (end may be −1 for "past the first"). */
  slice(x, axes, starts, ends, steps = axes.map(() => 1)) {
    const shape = [...x.shape];
    axes.forEach((axis, i) => shape[axis] = Math.max(0, Math.ceil((ends[i] - starts[i]) / steps[i])));
    if (sameShape(shape, x.shape) && steps.every((step) => step === 1)) return x;
    const past = ends.map((end, i) => end < 0 && steps[i] < 0 ? -(2 ** 31) : end);
    return this.one(
      "Slice",
      [x, this.integers(starts), this.integers(past), this.integers(axes), this.integers(steps)],
      x.dtype,
      shape
    );
  }
  /** x with the order along `axes` reversed. */
  reverse(x, axes) {
    const long = axes.filter((axis) => x.shape[axis] > 1);
    if (long.length === 0) return x;
    return this.slice(
      x,
      long,
      long.map((axis) => x.shape[axis] - 1),
      long.map(() => -1),
      long.map(() => -1)
    );
  }
  /** Constant padding with `value`; negative amounts crop. `pads`: begins of every axis, then ends. */
  pad(x, pads, value = 0) {
    const rank = x.shape.length;
    if (pads.every((amount) => amount === 0)) return x;
    const shape = x.shape.map((dim, i) => dim + pads[i] + pads[i + rank]);
    const fill = value === 0 ? [] : [this.number(value, x.dtype)];
    return this.one("Pad", [x, this.integers(pads), ...fill], x.dtype, shape, { mode: text("constant") });
  }
  concat(values, axis) {
    if (values.length === 1) return values[0];
    const shape = [...values[0].shape];
    shape[axis] = values.reduce((total, value) => total + value.shape[axis], 0);
    return this.one("Concat", values, values[0].dtype, shape, { axis: int(axis) });
  }
  /** A tensor full of `value`. */
  full(shape, value, dtype = "float32") {
    return this.expand(this.number(value, dtype), shape);
  }
  /** `updates` added into `data` at `indices` (shape … × rank of the indexed axes), as ScatterND with reduction add. */
  scatterAdd(data2, indices, updates2) {
    return this.one("ScatterND", [data2, indices, updates2], data2.dtype, data2.shape, {
      reduction: text("add")
    });
  }
  gather(x, indices, axis) {
    const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
    return this.one("Gather", [x, indices], x.dtype, shape, { axis: int(axis) });
  }
  // Linear algebra.
  matmul(a, b) {
    const shape = [
      ...broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2)),
      a.shape.at(-2),
      b.shape.at(-1)
    ];
    return this.one("MatMul", [a, b], a.dtype, shape);
  }
  /** aᵀ? · bᵀ? · alpha, of matrices. */
  gemm(a, b, options = {}) {
    const { transA = false, transB = false, alpha = 1 } = options;
    return this.one("Gemm", [a, b], a.dtype, [a.shape[transA ? 1 : 0], b.shape[transB ? 0 : 1]], {
      transA: int(Number(transA)),
      transB: int(Number(transB)),
      alpha: float(alpha)
    });
  }
  /** x with its last two axes swapped. */
  swapLast(x) {
    const rank = x.shape.length;
    return this.transpose(x, [...range(0, rank - 2), rank - 1, rank - 2]);
  }
  /** x: N × C × spatial, w: C_out × C/group × kernel. */
  conv(x, w, window, group = 1, bias = null) {
    const spatial = window.kernel.map((k, i) => {
      const reach = window.dilations[i] * (k - 1) + 1;
      const padded = x.shape[i + 2] + window.pads[i] + window.pads[i + window.kernel.length];
      return Math.floor((padded - reach) / window.strides[i]) + 1;
    });
    return this.one("Conv", bias ? [x, w, bias] : [x, w], x.dtype, [x.shape[0], w.shape[0], ...spatial], {
      ...windowAttributes(window),
      group: int(group)
    });
  }
  /** x: N × C × spatial, w: C × C_out/group × kernel. */
  convTranspose(x, w, window, outputPadding, group = 1) {
    const spatial = window.kernel.map((k, i) => {
      const reach = window.dilations[i] * (k - 1) + 1;
      const cropped = window.pads[i] + window.pads[i + window.kernel.length];
      return (x.shape[i + 2] - 1) * window.strides[i] + reach + outputPadding[i] - cropped;
    });
    return this.one("ConvTranspose", [x, w], x.dtype, [x.shape[0], w.shape[1] * group, ...spatial], {
      ...windowAttributes(window),
      output_padding: ints(outputPadding),
      group: int(group)
    });
  }
  /** A scalar constant. */
  number(value, dtype = "float32") {
    if (dtype === "int64") return this.integers([value], []);
    if (dtype === "float32") return this.floats(Float32Array.of(value), []);
    return this.cast(this.floats(Float32Array.of(value), []), dtype);
  }
  unary(opType, x) {
    return this.one(opType, [x], x.dtype, x.shape);
  }
  binary(opType, a, b, dtype) {
    const [x, y] = this.operands(a, b);
    return this.one(opType, [x, y], dtype ?? x.dtype, broadcast(x.shape, y.shape));
  }
  operands(a, b) {
    const dtype = typeof a !== "number" ? a.dtype : typeof b !== "number" ? b.dtype : "float32";
    return [
      typeof a === "number" ? this.number(a, dtype) : a,
      typeof b === "number" ? this.number(b, dtype) : b
    ];
  }
  reduce(opType, x, axes, keep) {
    if (axes.length === 0) return opType === "ReduceSumSquare" ? this.square(x) : x;
    return this.one(opType, [x, this.integers(axes)], x.dtype, reduced(x.shape, axes, keep), {
      keepdims: int(Number(keep))
    });
  }
  one(opType, inputs, dtype, shape, attributes = {}) {
    return this.emit(opType, inputs, [{ dtype, shape }], attributes)[0];
  }
};
function windowAttributes(window) {
  return {
    kernel_shape: ints(window.kernel),
    strides: ints(window.strides),
    dilations: ints(window.dilations),
    pads: ints(window.pads)
  };
}

// src/training/program.ts
var NAMES = {
  loss: "scour:loss",
  logits: "scour:logits",
  gradientNorm: "scour:gradient-norm",
  inputGradient: "scour:input-gradient",
  measured: "scour:measured",
  rate: "scour:rate",
  share: "scour:share",
  lossInput: (name) => `scour:batch:${name}`,
  scalar: (name) => `scour:scalar:${name}`,
  gradient: (parameter) => `scour:gradient:${parameter}`,
  accumulated: (parameter) => `scour:accumulated:${parameter}`,
  state: (slot, parameter) => `scour:state:${slot}:${parameter}`,
  updated: (name) => `scour:updated:${name}`
};
function stepProgram(plan, batch) {
  const g = new Ops();
  const scope = lossScope(g, plan, batch);
  const gradients = parameterGradients(plan, scope);
  const outputs = new Map([
    [NAMES.loss, scope.loss],
    [NAMES.logits, scope.logits],
    ...updates(g, plan, scope.forward.parameters, gradients)
  ]);
  for (const [name, value] of scope.forward.newStatistics) outputs.set(NAMES.updated(name), value);
  return g.toModel(outputs, plan.forward.opsets);
}
function accumulateProgram(plan, batch) {
  const g = new Ops();
  const scope = lossScope(g, plan, batch, "part");
  const outputs = /* @__PURE__ */ new Map([
    [NAMES.loss, scope.loss],
    [NAMES.logits, scope.logits]
  ]);
  for (const [name, gradient] of parameterGradients(plan, scope)) {
    const before = g.input(NAMES.accumulated(name), gradient);
    outputs.set(NAMES.updated(NAMES.accumulated(name)), g.plus(before, gradient));
  }
  for (const [name, value] of scope.forward.newStatistics) outputs.set(NAMES.updated(name), value);
  return g.toModel(outputs, plan.forward.opsets);
}
function updateProgram(plan) {
  const g = new Ops();
  return g.toModel(updateGraph(g, plan), plan.forward.opsets);
}
function updateGraph(g, plan) {
  const parameters = /* @__PURE__ */ new Map();
  const gradients = /* @__PURE__ */ new Map();
  for (const { name } of plan.trained) {
    const shape = plan.forward.parameters.get(name).dims;
    parameters.set(name, g.input(name, { dtype: "float32", shape }));
    gradients.set(name, g.input(NAMES.accumulated(name), { dtype: "float32", shape }));
  }
  return new Map(updates(g, plan, parameters, gradients));
}
function gradientProgram(plan, batch, of) {
  const g = new Ops();
  const scope = lossScope(g, plan, batch);
  const outputs = /* @__PURE__ */ new Map([
    [NAMES.loss, scope.loss],
    [NAMES.logits, scope.logits]
  ]);
  const wrt = [
    ...of.input ? [scope.forward.input] : [],
    ...of.parameters ? plan.trained.map(({ name }) => scope.forward.parameters.get(name)) : []
  ];
  const gradients = differentiate(g, scope.loss, wrt);
  if (of.input) outputs.set(NAMES.inputGradient, gradients.get(scope.forward.input.name));
  if (of.parameters)
    for (const { name } of plan.trained) outputs.set(NAMES.gradient(name), gradients.get(name));
  for (const [name, value] of scope.forward.newStatistics) outputs.set(NAMES.updated(name), value);
  return g.toModel(outputs, plan.forward.opsets);
}
function lossScope(g, plan, batch, of = "whole") {
  const { forward, logits } = forwardScope(g, plan, batch, plan.batchNorm);
  const input = lossInputs(g, logits, inputsOf(plan.terms));
  const share = of === "part" ? g.input(NAMES.share, { dtype: "float32", shape: [] }) : null;
  const loss = totalLoss(plan.terms, { g, logits, input, scalar: scalarInputs(g) }, share);
  return { g, forward, logits, loss };
}
function forwardGraph(g, plan, { batch, batchNorm, measure }) {
  const { forward, logits } = forwardScope(g, plan, batch, batchNorm);
  const outputs = /* @__PURE__ */ new Map([[NAMES.logits, logits]]);
  const loss = measure === null ? void 0 : plan.measures.get(measure);
  if (loss) {
    const input = lossInputs(g, logits, inputsOf([{ loss }]));
    outputs.set(NAMES.measured, loss.perSample({ g, logits, input, scalar: scalarInputs(g) }));
  }
  for (const [name, value] of forward.newStatistics) outputs.set(NAMES.updated(name), value);
  return outputs;
}
function forwardProgram(plan, program) {
  const g = new Ops();
  return g.toModel(forwardGraph(g, plan, program), plan.forward.opsets);
}
function forwardScope(g, plan, batch, batchNorm) {
  const { fusedBatchNorm } = plan;
  const forward = instantiate(g, plan.forward, plan.shapes, { batch, batchNorm, fusedBatchNorm });
  const classes = sizeOf(forward.output.shape) / batch;
  return { forward, logits: g.reshape(forward.output, [batch, classes]) };
}
function lossInputs(g, { shape: [batch, classes] }, kinds) {
  const inputs = new Map(
    [...kinds].map(([name, kind]) => [
      name,
      g.input(NAMES.lossInput(name), {
        dtype: kind === "labels" ? "int64" : "float32",
        shape: kind === "scores" ? [batch, classes] : [batch]
      })
    ])
  );
  return (name) => inputs.get(name);
}
function parameterGradients(plan, { g, forward, loss }) {
  return differentiate(
    g,
    loss,
    plan.trained.map(({ name }) => forward.parameters.get(name))
  );
}
function updates(g, plan, parameters, gradients) {
  const outputs = [];
  const { optimizer, clip: clip3 } = plan;
  const rate = g.input(NAMES.rate, { dtype: "float32", shape: [] });
  const scalar = scalarInputs(g);
  const all = plan.trained.map(({ name }) => gradients.get(name));
  const norm = g.sqrt(g.sum(all.map((gradient) => squareSum(g, gradient))));
  outputs.push([NAMES.gradientNorm, norm]);
  for (const { name, rate: factor, weightDecay, mask } of plan.trained) {
    const parameter = parameters.get(name);
    const states = new Map(
      optimizer.slots.map((slot) => [slot, g.input(NAMES.state(slot, name), parameter)])
    );
    const updated = optimizer.update({
      g,
      parameter,
      gradient: clipped(g, gradients.get(name), norm, clip3),
      rate: g.mul(rate, factor),
      weightDecay,
      state: (slot) => states.get(slot),
      scalar
    });
    const held = mask === null ? updated.parameter : g.mul(updated.parameter, g.floats(mask, parameter.shape));
    outputs.push([NAMES.updated(name), held]);
    for (const [slot, value] of Object.entries(updated.state))
      outputs.push([NAMES.updated(NAMES.state(slot, name)), value]);
  }
  return outputs;
}
function squareSum(g, x) {
  return g.reduceSumSquare(x, range(0, x.shape.length), false);
}
function clipped(g, gradient, norm, clip3) {
  if (clip3 === null) return gradient;
  if ("maxNorm" in clip3) return g.mul(gradient, g.minimum(g.div(clip3.maxNorm, g.plus(norm, 1e-6)), 1));
  return g.maximum(g.minimum(gradient, clip3.maxValue), -clip3.maxValue);
}
function scalarInputs(g) {
  const made = /* @__PURE__ */ new Map();
  return (name) => {
    const value = made.get(name) ?? g.input(NAMES.scalar(name), { dtype: "float32", shape: [] });
    made.set(name, value);
    return value;
  };
}

// src/training/onnxruntime-engine.ts
var OnnxruntimeEngine = class {
  name;
  settings;
  constructor(settings2) {
    this.name = `onnxruntime (${settings2.device})`;
    this.settings = settings2;
  }
  async compile(plan, program) {
    const session = await TrainingSession.create(encodeModel(graphOf2(plan, program)), this.settings);
    return {
      run: (feeds, into) => session.run(feeds, into),
      release: async () => {
        if (this.settings.profile !== void 0) session.endProfiling();
        await session.release();
      }
    };
  }
};
function graphOf2(plan, program) {
  switch (program.kind) {
    case "step":
      return stepProgram(plan, program.batch);
    case "part":
      return accumulateProgram(plan, program.batch);
    case "update":
      return updateProgram(plan);
    case "gradients":
      return gradientProgram(plan, program.batch, program.of);
    case "forward":
      return forwardProgram(plan, program);
  }
}

// src/training/state.ts
var ParameterState = class {
  step = 0;
  optimizer;
  trained;
  frontTensors;
  backTensors;
  /** Names of what steps change; the others (frozen parameters, frozen statistics) are only read. */
  changing;
  /** Names of the optimizer's state. */
  slots;
  constructor(forward, trained, optimizer) {
    this.optimizer = optimizer.name;
    this.trained = trained.map(({ name }) => name);
    this.frontTensors = /* @__PURE__ */ new Map();
    for (const { name, dims, values } of [...forward.parameters.values(), ...forward.statistics.values()])
      this.frontTensors.set(name, floats(dims, values.slice()));
    for (const { name, mask } of trained) {
      const tensor = this.frontTensors.get(name);
      if (mask)
        for (let i = 0; i < mask.length; i++) tensor.data[i] = tensor.data[i] * mask[i];
      for (const slot of optimizer.slots)
        this.frontTensors.set(
          NAMES.state(slot, name),
          floats(tensor.shape, new Float32Array(tensor.data.length))
        );
    }
    this.slots = new Set(
      trained.flatMap(({ name }) => optimizer.slots.map((slot) => NAMES.state(slot, name)))
    );
    const frozen = new Set([...forward.parameters.keys()].filter((name) => !this.trained.includes(name)));
    this.changing = [...this.frontTensors.keys()].filter((name) => !frozen.has(name));
    this.backTensors = new Map(
      this.changing.map((name) => {
        const { shape, data: data2 } = this.frontTensors.get(name);
        return [name, floats(shape, data2.slice())];
      })
    );
  }
  /** What a step reads, by name. */
  front() {
    return this.frontTensors;
  }
  /** What a step writes, by the name of its output. */
  back() {
    return new Map([...this.backTensors].map(([name, tensor]) => [NAMES.updated(name), tensor]));
  }
  /** What was written is now what is read. */
  commit() {
    const front = new Map(this.frontTensors);
    for (const name of this.changing) front.set(name, this.backTensors.get(name));
    this.backTensors = new Map(this.changing.map((name) => [name, this.frontTensors.get(name)]));
    this.frontTensors = front;
    this.step++;
  }
  /** Zeros to add gradients to, by the name of the graph input. */
  zeroGradients() {
    return new Map(
      this.trained.map((name) => {
        const { shape, data: data2 } = this.frontTensors.get(name);
        return [NAMES.accumulated(name), floats(shape, new Float32Array(data2.length))];
      })
    );
  }
  valuesOf(name) {
    return this.tensor(name).data.slice();
  }
  setValues(name, values) {
    const { data: data2 } = this.tensor(name);
    if (data2.length !== values.length)
      throw new TrainingError("bad-input", `'${name}' has ${data2.length} values, not ${values.length}.`);
    data2.set(values);
    const back = this.backTensors.get(name);
    if (back) back.data.set(values);
  }
  snapshot() {
    return {
      step: this.step,
      optimizer: this.optimizer,
      tensors: new Map(
        [...this.frontTensors].map(([name, { shape, data: data2 }]) => [
          name,
          { shape, data: data2.slice() }
        ])
      )
    };
  }
  restore(snapshot) {
    if (snapshot.optimizer !== this.optimizer)
      throw unfit(`it was made with ${snapshot.optimizer}, not ${this.optimizer}`);
    this.take(snapshot, [...this.frontTensors.keys()]);
    this.step = snapshot.step;
  }
  /** Parameters and running statistics of a snapshot, whatever optimizer it was made with; this one's state is reset. */
  adopt(snapshot) {
    this.take(
      snapshot,
      [...this.frontTensors.keys()].filter((name) => !this.slots.has(name))
    );
    for (const name of this.slots) this.setValues(name, new Float32Array(this.tensor(name).data.length));
    this.step = 0;
  }
  take({ tensors }, names) {
    for (const name of names) {
      const tensor = this.frontTensors.get(name);
      const saved = tensors.get(name);
      if (!saved) throw unfit(`'${name}' is missing`);
      if (!sameShape(saved.shape, tensor.shape) || saved.data.length !== tensor.data.length)
        throw unfit(`'${name}' has another shape`);
    }
    for (const name of names) this.setValues(name, tensors.get(name).data);
  }
  tensor(name) {
    const tensor = this.frontTensors.get(name);
    if (!tensor) throw new TrainingError("bad-input", `The model has no parameter or statistic '${name}'.`);
    return tensor;
  }
};
function unfit(what) {
  return new TrainingError("bad-checkpoint", `The checkpoint cannot be continued from: ${what}.`);
}
function floats(shape, data2) {
  return { dtype: "float32", shape, data: data2 };
}

// src/training/trainer.ts
var KEEP_PROGRAMS = 6;
var Trainer = class _Trainer {
  model;
  plan;
  options;
  image;
  state;
  engine;
  programs = /* @__PURE__ */ new Map();
  constructor(model2, plan, options, image, state) {
    this.model = model2;
    this.plan = plan;
    this.options = options;
    this.engine = options.engine ?? onnxruntimeEngine(options);
    this.image = image;
    this.state = state;
  }
  /**
   * Derives the training graph of a model. The model's weights are read through `reader` and copied; nothing is written
   * back to it. Throws TrainingError `unsupported-model`, `no-gradient` (when the first step is compiled) or
   * `bad-input`, and ModelError where the file cannot be read.
   */
  static async create(model2, reader, options) {
    const image = imageShape2(model2, options.image);
    const inlined = await inlineIfs(model2, reader, image);
    const prepared = prepare(inlined, reader);
    const forward = await withFreeBatch(prepared, image);
    const shapes = await probe(forward, image);
    const trained = planParameters(forward, options);
    const plan = {
      forward,
      shapes,
      terms: options.loss,
      measures: options.measures ?? /* @__PURE__ */ new Map(),
      optimizer: options.optimizer,
      trained,
      clip: options.clip ?? null,
      batchNorm: options.batchNorm ?? "train",
      fusedBatchNorm: (options.device ?? "cpu") === "cpu"
    };
    return new _Trainer(
      inlined,
      plan,
      options,
      image,
      new ParameterState(forward, trained, options.optimizer)
    );
  }
  /** Steps done. */
  get stepsDone() {
    return this.state.step;
  }
  /** Names and shapes of the parameters that are trained. */
  get parameters() {
    return new Map(this.plan.trained.map(({ name }) => [name, this.plan.forward.parameters.get(name).dims]));
  }
  /** Names of what batch norms hold: parameters (null where computed) and running statistics. */
  get batchNorms() {
    const { parameters, batchNorms } = this.plan.forward;
    const stored2 = (name = "") => parameters.has(name) ? name : null;
    return batchNorms.map(({ node: node2, mean: mean2, variance }) => ({
      scale: stored2(node2.inputs[1]),
      shift: stored2(node2.inputs[2]),
      mean: mean2,
      variance
    }));
  }
  /**
   * One step of the optimizer. Throws TrainingError `diverged` where loss or gradient is not finite (the parameters
   * stay as they were), `out-of-memory`, or `bad-input`.
   */
  async step(batch, options = {}) {
    this.checkBatch(batch);
    if (this.plan.trained.length === 0)
      throw new TrainingError(
        "unsupported-model",
        "There is nothing to train: the model has no weights that are not frozen."
      );
    const rate = options.rate ?? this.options.schedule(this.state.step);
    const part = this.options.microBatch;
    const results = part === void 0 || part >= batch.size ? await this.wholeStep(batch, options, rate) : await this.stepInParts(batch, options, rate, part);
    if (!Number.isFinite(results.loss) || !Number.isFinite(results.gradientNorm)) {
      throw new TrainingError(
        "diverged",
        `Training diverged in step ${this.state.step + 1}: the loss is ${results.loss}, the norm of the gradient ${results.gradientNorm}. The parameters before this step are kept. Try a smaller learning rate, or clip the gradient.`
      );
    }
    this.state.commit();
    return { ...results, rate };
  }
  /**
   * Logits of a batch without gradients; parameters stay. `targets` hold what `measure` needs. Throws as `step` does,
   * except `diverged`.
   */
  async forward(batch, { batchNorm, measure }) {
    const loss = measure === void 0 ? void 0 : this.plan.measures.get(measure);
    if (measure !== void 0 && !loss)
      throw new TrainingError("bad-input", `The trainer was not told of a loss '${measure}'.`);
    const terms = loss ? [{ loss }] : [];
    this.checkBatch(batch, terms);
    const { size } = batch;
    const kind = { kind: "forward", batch: size, batchNorm, measure: measure ?? null };
    const program = await this.program(kind, size);
    const out2 = await this.run(program, this.feeds(batch, {}, 0, 0, size, terms), size);
    const statistics = [...this.plan.forward.statistics.keys()];
    for (const name of statistics) {
      const follows = out2.get(NAMES.updated(name));
      if (follows) this.state.setValues(name, follows.data);
    }
    return {
      logits: out2.get(NAMES.logits).data,
      measured: out2.get(NAMES.measured)?.data ?? null
    };
  }
  /** Loss and gradients of a batch; changes nothing. Throws as `step` does. */
  async gradients(batch, of, options = {}) {
    this.checkBatch(batch);
    const program = await this.program({ kind: "gradients", batch: batch.size, of }, batch.size);
    const out2 = await this.run(program, this.feeds(batch, options, 0, 0, batch.size), batch.size);
    const floats2 = (name) => out2.get(name).data;
    const statistics = [...this.plan.forward.statistics.keys()].filter(
      (name) => out2.has(NAMES.updated(name))
    );
    return {
      loss: floats2(NAMES.loss)[0],
      logits: floats2(NAMES.logits),
      input: of.input ? floats2(NAMES.inputGradient) : null,
      parameters: new Map(
        of.parameters ? this.plan.trained.map(({ name }) => [name, floats2(NAMES.gradient(name))]) : []
      ),
      statistics: new Map(statistics.map((name) => [name, floats2(NAMES.updated(name))]))
    };
  }
  /**
   * Compiles the step for batches of `size` and tries it once on blank images, so that a job learns before it starts
   * that the device cannot run it. Changes nothing. Throws TrainingError as `step` does, except `diverged`.
   */
  async rehearse(size) {
    const width = this.classes;
    const targets = Object.fromEntries(
      [...inputsOf(this.plan.terms)].map(([name, kind]) => [
        name,
        new Float32Array(kind === "scores" ? size * width : size)
      ])
    );
    const images = new Float32Array(size * sizeOf(this.image));
    const batch = { images, size, targets };
    this.checkBatch(batch);
    const part = this.options.microBatch;
    if (part === void 0 || part >= size) await this.wholeStep(batch, {}, 0);
    else await this.stepInParts(batch, {}, 0, part);
  }
  /** Number of classes: values of the output per image. */
  get classes() {
    return sizeOf(this.plan.shapes.typeOf(this.plan.forward.output, 1).shape);
  }
  /** Current values of a parameter or running statistic, a copy. Throws TrainingError `bad-input` for an unknown name. */
  valuesOf(name) {
    return this.state.valuesOf(name);
  }
  /** Replaces the values of a parameter or running statistic. Throws TrainingError `bad-input` where name or size do not fit. */
  setValues(name, values) {
    this.state.setValues(name, values);
  }
  /** The model with the current weights and running statistics: the same graph otherwise. Tensors that were not trained still refer to the original file. */
  exportModel() {
    return exportModel(this.model, this.plan.forward, (name) => this.state.valuesOf(name));
  }
  /** All that continuing needs: parameters, running statistics, optimizer state, steps done. */
  snapshot() {
    return this.state.snapshot();
  }
  /** Continues from a snapshot, exactly. Throws TrainingError `bad-checkpoint` where it is of another model or optimizer. */
  restore(snapshot) {
    this.state.restore(snapshot);
  }
  /**
   * Takes over parameters and running statistics of a trainer of the same model, however it trains; the optimizer starts
   * anew. Throws TrainingError `bad-checkpoint` where they do not fit.
   */
  adopt(snapshot) {
    this.state.adopt(snapshot);
  }
  /** Frees the compiled graphs. The trainer compiles them again when it is used afterwards. */
  async release() {
    const programs = [...this.programs.values()];
    this.programs.clear();
    for (const program of programs) await program.release();
  }
  async wholeStep(batch, options, rate) {
    const { size } = batch;
    const program = await this.program({ kind: "step", batch: size }, size);
    const out2 = await this.run(program, this.feeds(batch, options, rate, 0, size), size, this.state.back());
    return {
      loss: out2.get(NAMES.loss).data[0],
      logits: out2.get(NAMES.logits).data,
      gradientNorm: out2.get(NAMES.gradientNorm).data[0]
    };
  }
  /** The same step with the gradients of parts of the batch added up: memory for a part, time for the whole. */
  async stepInParts(batch, options, rate, part) {
    const classes = [];
    let loss = 0;
    let carried = this.state.zeroGradients();
    let statistics = /* @__PURE__ */ new Map();
    for (let start = 0; start < batch.size; start += part) {
      const end = Math.min(batch.size, start + part);
      const size = end - start;
      const program = await this.program({ kind: "part", batch: size }, size);
      const share = size / batch.size;
      const feeds2 = this.feeds(batch, options, rate, start, end);
      for (const [name, tensor] of [...carried, ...statistics]) feeds2.set(name, tensor);
      feeds2.set(NAMES.share, scalarTensor(share));
      const out3 = await this.run(program, feeds2, size);
      loss += out3.get(NAMES.loss).data[0];
      classes.push(out3.get(NAMES.logits).data);
      const renew = (names) => new Map(
        [...names].flatMap((name) => {
          const tensor = out3.get(NAMES.updated(name));
          return tensor ? [[name, tensor]] : [];
        })
      );
      carried = renew(carried.keys());
      statistics = renew(this.plan.forward.statistics.keys());
    }
    const update = await this.program({ kind: "update" }, 0);
    const feeds = this.feeds(batch, options, rate, 0, 0);
    for (const [name, tensor] of carried) feeds.set(name, tensor);
    const back = this.state.back();
    const out2 = await this.run(update, feeds, 0, back);
    for (const [name, tensor] of statistics)
      back.get(NAMES.updated(name)).data.set(tensor.data);
    const logits = new Float32Array(classes.reduce((total, each) => total + each.length, 0));
    let at = 0;
    for (const each of classes) {
      logits.set(each, at);
      at += each.length;
    }
    return { loss, logits, gradientNorm: out2.get(NAMES.gradientNorm).data[0] };
  }
  /** Everything a graph may take for samples `start` to `end` of a batch. */
  feeds(batch, options, rate, start, end, terms = this.plan.terms) {
    const feeds = new Map(this.state.front());
    const pixels = sizeOf(this.image);
    feeds.set(this.plan.forward.input.name, {
      dtype: "float32",
      shape: [end - start, ...this.image],
      data: batch.images.subarray(start * pixels, end * pixels)
    });
    for (const [name, kind] of inputsOf(terms)) {
      const values = batch.targets[name];
      const width = values.length / batch.size;
      feeds.set(NAMES.lossInput(name), targetTensor(values, kind, start * width, end * width, end - start));
    }
    const scalars = {
      ...Object.fromEntries(scalarsOf(terms)),
      ...this.plan.optimizer.scalarsAt(this.state.step + 1),
      ...options.scalars
    };
    for (const [name, value] of Object.entries(scalars)) feeds.set(NAMES.scalar(name), scalarTensor(value));
    feeds.set(NAMES.rate, scalarTensor(rate));
    return feeds;
  }
  checkBatch(batch, terms = this.plan.terms) {
    const { size, images, targets } = batch;
    const problem = (what) => new TrainingError("bad-input", `The batch does not fit: ${what}.`);
    if (!Number.isSafeInteger(size) || size < 1) throw problem(`it has ${size} samples`);
    const pixels = sizeOf(this.image);
    if (images.length !== size * pixels)
      throw problem(
        `${size} images of ${this.image.join(" \xD7 ")} have ${size * pixels} values, not ${images.length}`
      );
    for (const [name, kind] of inputsOf(terms)) {
      const values = targets[name];
      if (!values) throw problem(`the loss needs '${name}'`);
      const fits2 = kind === "scores" ? values.length % size === 0 && values.length > 0 : values.length === size;
      if (!fits2) throw problem(`'${name}' has ${values.length} values for ${size} samples`);
    }
  }
  async program(program, batch) {
    const key = JSON.stringify(program);
    const known = this.programs.get(key);
    if (known) {
      this.programs.delete(key);
      this.programs.set(key, known);
      return known;
    }
    const [oldest] = this.programs;
    if (this.programs.size >= KEEP_PROGRAMS && oldest) {
      this.programs.delete(oldest[0]);
      await oldest[1].release();
    }
    const compiled = await this.guard(() => this.engine.compile(this.plan, program), batch);
    this.programs.set(key, compiled);
    return compiled;
  }
  run(program, feeds, batch, into) {
    return this.guard(() => program.run(feeds, into), batch);
  }
  async guard(work, batch) {
    try {
      return await work();
    } catch (cause) {
      if (!(cause instanceof RuntimeError)) throw cause;
      if (cause.reason !== "out-of-memory")
        throw new TrainingError(
          cause.reason === "device-unavailable" ? "device-unavailable" : "run-failed",
          cause.message,
          { cause }
        );
      throw new TrainingError(
        "out-of-memory",
        `A step with ${batch} samples does not fit into memory. Use parts of ${Math.max(1, Math.floor(batch / 2))} samples or fewer.`,
        { cause }
      );
    }
  }
};
function onnxruntimeEngine({ device = "cpu", threads = 2, profile }) {
  return new OnnxruntimeEngine({ device, threads, ...profile === void 0 ? {} : { profile } });
}
function imageShape2({ graph }, given) {
  const input = graph.inputs.find(({ name }) => !graph.initializers.has(name));
  const shape = given ?? input?.shape?.slice(1) ?? [null];
  if (!shape.every((dim) => typeof dim === "number")) {
    throw new TrainingError(
      "bad-input",
      "The model leaves the size of its images open: say which shape to train with."
    );
  }
  return shape;
}
function planParameters(forward, options) {
  const { groups = [], masks = /* @__PURE__ */ new Map(), optimizer } = options;
  for (const [name, mask] of masks) {
    if (forward.parameters.get(name)?.values.length !== mask.length)
      throw new TrainingError("bad-input", `The mask of '${name}' does not fit a parameter of the model.`);
  }
  const plans = [...forward.parameters.keys()].flatMap((name) => {
    const group = groups.find(({ match }) => match(name));
    if (group?.frozen) return [];
    return [
      {
        name,
        rate: group?.rate ?? 1,
        weightDecay: group?.weightDecay ?? optimizer.weightDecay,
        mask: masks.get(name) ?? null
      }
    ];
  });
  return plans;
}
function scalarTensor(value) {
  return { dtype: "float32", shape: [], data: Float32Array.of(value) };
}
function targetTensor(values, kind, start, end, samples) {
  const part = Array.prototype.slice.call(values, start, end);
  if (kind === "labels") return { dtype: "int64", shape: [samples], data: BigInt64Array.from(part, BigInt) };
  const shape = kind === "scores" ? [samples, part.length / Math.max(1, samples)] : [samples];
  return { dtype: "float32", shape, data: Float32Array.from(part) };
}

// src/defenses/bcu/blocks.ts
var SIZES = /* @__PURE__ */ new Set(["Shape", "Size"]);
var POOLS = /* @__PURE__ */ new Set(["MaxPool", "AveragePool", "LpPool"]);
var GLOBAL = /* @__PURE__ */ new Set(["GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool", "Flatten"]);
function flowOf(file2) {
  const { graph } = file2.model;
  const image = graph.inputs.find(({ name }) => !graph.initializers.has(name))?.name ?? "";
  const scores = graph.outputs[0]?.name ?? "";
  const nodes = onTheWay(topological(graph.nodes), image, scores);
  const reductions2 = /* @__PURE__ */ new Map([[image, 1]]);
  const vectors = /* @__PURE__ */ new Set();
  for (const node2 of nodes) {
    const inputs = node2.inputs.filter((name) => reductions2.has(name));
    const before = inputs.reduce((most, name) => Math.max(most, reductions2.get(name)), 0);
    const isVector = collapses(file2, node2) || inputs.every((name) => vectors.has(name));
    for (const output of node2.outputs) {
      reductions2.set(output, before * strideOf(node2));
      if (isVector) vectors.add(output);
    }
  }
  const spatialFollows = /* @__PURE__ */ new Set();
  for (const node2 of [...nodes].reverse()) {
    if (node2.outputs.every((name) => vectors.has(name) && !spatialFollows.has(name))) continue;
    for (const name of node2.inputs) spatialFollows.add(name);
  }
  return {
    blocks: cut(nodes, image, scores, reductions2),
    reductionAt: (node2) => reductions2.get(node2.outputs[0] ?? "") ?? 1,
    isHead: ({ outputs: [output = ""] }) => vectors.has(output) && !spatialFollows.has(output)
  };
}
function onTheWay(nodes, image, scores) {
  const reached = /* @__PURE__ */ new Set([image]);
  const forward = nodes.filter((node2) => {
    const isReached = !SIZES.has(node2.opType) && node2.inputs.some((name) => reached.has(name));
    if (isReached) {
      for (const output of node2.outputs) if (output !== "") reached.add(output);
    }
    return isReached;
  });
  const needed = /* @__PURE__ */ new Set([scores]);
  return forward.reverse().filter((node2) => {
    const isNeeded = node2.outputs.some((name) => needed.has(name));
    if (isNeeded) for (const name of node2.inputs) needed.add(name);
    return isNeeded;
  }).reverse();
}
function cut(nodes, image, scores, reductions2) {
  const open = /* @__PURE__ */ new Map([[scores, 1]]);
  for (const node2 of nodes)
    for (const name of new Set(node2.inputs)) open.set(name, (open.get(name) ?? 0) + 1);
  const live = /* @__PURE__ */ new Set([image]);
  const blocks = [];
  let current = [];
  for (const node2 of nodes) {
    current.push(node2);
    for (const name of new Set(node2.inputs)) {
      const left = open.get(name) - 1;
      open.set(name, left);
      if (left === 0) live.delete(name);
    }
    for (const name of node2.outputs) if ((open.get(name) ?? 0) > 0) live.add(name);
    if (live.size > 1) continue;
    const [end = scores] = live;
    blocks.push({ nodes: current, reduction: reductions2.get(end) ?? 1 });
    current = [];
  }
  return blocks;
}
function strideOf(node2) {
  if (node2.domain !== "") return 1;
  const stride = Math.max(1, ...intsAttribute(node2, "strides") ?? []);
  if (node2.opType === "Conv" || POOLS.has(node2.opType)) return stride;
  return node2.opType === "ConvTranspose" ? 1 / stride : 1;
}
function collapses(file2, node2) {
  if (node2.domain !== "") return false;
  if (GLOBAL.has(node2.opType)) return true;
  if (node2.opType === "ReduceMean") {
    const axes = intsAttribute(node2, "axes")?.length ?? lengthOf(file2, node2.inputs[1] ?? "");
    return axes !== null && axes >= 2;
  }
  return node2.opType === "Reshape" && lengthOf(file2, node2.inputs[1] ?? "") === 2;
}
function lengthOf(file2, value) {
  if (value === "") return null;
  const chain = constantChain(file2.index, value);
  return typeof chain === "string" ? null : file2.evaluator.shape(chain)[0] ?? null;
}

// src/defenses/bcu/stages.ts
var PARTS = 4;
function stagesOf(file2) {
  const flow = flowOf(file2);
  const byNode = new Map(weightLayers(file2).map((layer) => [layer.node, layer]));
  const blocks = flow.blocks.map(({ nodes, reduction: reduction3 }) => ({
    layers: nodes.flatMap((node2) => byNode.get(node2) ?? []),
    reduction: reduction3
  }));
  const all = blocks.flatMap(({ layers }) => layers);
  const last2 = all.at(-1);
  if (last2 === void 0) return [];
  const head = all.filter(({ node: node2 }) => flow.isHead(node2));
  const classifier = new Set(head.length < all.length ? [...head, last2] : [last2]);
  const stem = all.find((layer) => !classifier.has(layer)) ?? null;
  const body = blocks.flatMap(({ layers, reduction: reduction3 }) => {
    const own = layers.filter((layer) => layer !== stem && !classifier.has(layer));
    const isBlock = own.length <= all.length / 2;
    return isBlock ? [{ layers: own, reduction: reduction3 }] : own.map((layer) => ({ layers: [layer], reduction: flow.reductionAt(layer.node) }));
  });
  return [
    ...stem === null ? [] : [{ name: "stem", layers: [stem] }],
    ...divided(body.filter(({ layers }) => layers.length > 0)).map((layers, i) => ({
      name: `stage ${i + 1}`,
      layers
    })),
    { name: "classifier", layers: all.filter((layer) => classifier.has(layer)) }
  ];
}
function divided(body) {
  const stages = [];
  let reduction3 = 0;
  for (const level of body) {
    if (level.reduction > reduction3) stages.push([]);
    reduction3 = Math.max(reduction3, level.reduction);
    stages.at(-1).push(...level.layers);
  }
  if (stages.length !== 1 || body.length < PARTS) return stages;
  return Array.from(
    { length: PARTS },
    (_, part) => body.slice(Math.floor(part * body.length / PARTS), Math.floor((part + 1) * body.length / PARTS)).flatMap(({ layers }) => layers)
  );
}

// src/defenses/asd/late-parameters.ts
var LATE_STAGES = 3;
function lateParameters(file2) {
  const nodes = topological(file2.model.graph.nodes);
  const layers = stagesOf(file2).slice(-LATE_STAGES).flatMap((stage) => stage.layers);
  const first = Math.min(...layers.map(({ node: node2 }) => nodes.indexOf(node2)));
  return new Set(
    nodes.slice(first).flatMap(
      ({ inputs }) => inputs.flatMap((value) => {
        const chain = value === "" ? "left out" : constantChain(file2.index, value);
        return typeof chain === "string" ? [] : [parameterOf(chain)];
      })
    )
  );
}

// src/defenses/asd/trainers.ts
function mainTrainer(file2, settings2, setup2) {
  return Trainer.create(file2.model, file2.reader, {
    ...setup2,
    loss: MIXMATCH_LOSS,
    measures: measuresOf(settings2),
    optimizer: adam(),
    schedule: constant(settings2.rate),
    microBatch: partSize(settings2)
  });
}
function virtualTrainer(file2, settings2, setup2) {
  const late = lateParameters(file2);
  return Trainer.create(file2.model, file2.reader, {
    ...setup2,
    loss: [{ loss: crossEntropy() }],
    measures: measuresOf(settings2),
    optimizer: adam(),
    schedule: constant(settings2.metaRate),
    groups: [{ match: (parameter) => !late.has(parameter), frozen: true }]
  });
}
function measuresOf({ splitAlpha, splitBeta }) {
  return /* @__PURE__ */ new Map([[SPLIT_LOSS, symmetricCrossEntropy({ alpha: splitAlpha, beta: splitBeta })]]);
}

// ../../tmp/asd/try.ts
var root = process.argv[2];
var out = process.argv[3];
var over = JSON.parse(process.argv[4] ?? "{}");
var settings = { ...SHORT, ...over };
var { preprocessing } = resolvePreprocessing({ modelPath: "", shape: [null, 3, 32, 32], options: { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.243, 0.261] } });
async function load(dir, every = 1) {
  const d = await openDataset(dir);
  const pool = await PixelPool.load(dir, d.samples.filter((_, i) => i % every === 0), preprocessing, { onProgress: async () => {
  } });
  return { pool, classes: d.classes, labels: Int32Array.from(pool.samples, (s) => s.label), preprocessing };
}
var data = await load(path13.join(root, "data"));
var seedNames = new Set((await openDataset(path13.join(root, "seeds"))).samples.map((s) => s.name));
var seeds = data.pool.samples.flatMap((s, i) => seedNames.has(s.name) ? [i] : []);
var set = { ...data, seeds };
var poisoned = new Set(readFileSync(path13.join(root, "poisoned.txt"), "utf8").trim().split("\n"));
var isP = data.pool.samples.map((s) => poisoned.has(s.name));
var test = await load("/work/shared/data/cifar10/test", 5);
var trig = await load(path13.join(root, "triggered"), 5);
var trigClass = trig.classes;
var file = openOnnx(path13.join(root, "architecture.onnx"));
var setup = { device: "cpu", threads: 1, image: [3, 32, 32] };
var model = await mainTrainer(file, settings, setup);
var virtual = await virtualTrainer(file, settings, setup);
drawFreshWeights(model, file, freshStream(settings.seed));
var t0 = performance.now();
var timed = {};
var last = t0;
var lastPhase = "";
var opt = { augmentation: null, random: new Random(1), onProgress: async () => {
} };
var history = await runAsd({
  model,
  virtual,
  set,
  classes: 10,
  settings,
  start: { history: [], epoch: null },
  onProgress: async (e, phase) => {
    const n = performance.now();
    timed[lastPhase] = (timed[lastPhase] ?? 0) + n - last;
    last = n;
    lastPhase = phase;
  },
  onPosition: async (p) => {
    const pos = p();
    if (pos.epoch && pos.epoch.iteration === 1) {
      const pc = isP.filter((x, i) => x && pos.epoch.split.pool[i]).length;
      console.log("   pool", pos.epoch.split.pool.filter(Boolean).length, "poison in clean", pc);
    }
  },
  measure: async (epoch) => {
    const a = await infer(model, test, opt);
    const acc = 100 * a.predicted.filter((p, i) => p === test.labels[i]).length / test.pool.size;
    const b = await infer(model, trig, opt);
    const asr = 100 * b.predicted.filter((p) => p === 3).length / trig.pool.size;
    console.log(epoch + 1, "acc", acc.toFixed(1), "asr", asr.toFixed(1), ((performance.now() - t0) / 1e3).toFixed(0) + "s", JSON.stringify(Object.fromEntries(Object.entries(timed).map(([k, v]) => [k, Math.round(v / 1e3)]))));
    return { acc, asr, ra: null };
  }
});
var plain = await infer(model, set, opt);
await trainVirtually(virtual, model, set, settings, new Random(7), async () => {
});
var after = await infer(virtual, set, opt);
writeFileSync(out, JSON.stringify({ settings, history, isP, labels: [...set.labels], before: [...plain.losses], after: [...after.losses], predicted: [...plain.predicted] }));
