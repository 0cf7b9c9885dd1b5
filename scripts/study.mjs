// npm run study -- NAME: the studies of the BCU paper's section 4.3, and CLP + BCU over u, on one model (docs/cleansing.md).
import { runBundled } from './run-bundled.mjs';

await runBundled('test/study/main.ts', process.argv.slice(2));
