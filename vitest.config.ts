import { defineConfig } from 'vitest/config';
import { TEST_ASSETS } from './test/support/assets';

export default defineConfig({
  define: { SCOUR_ASSETS: JSON.stringify(TEST_ASSETS) },
  test: {
    globalSetup: 'test/support/assets.ts',
    include: ['test/unit/**/*.test.ts', 'test/integration/**/*.test.ts'],
    // Two cores: onnxruntime and the tests share them, and a second heavy worker slows both.
    maxWorkers: 2,
    testTimeout: 60_000,
    pool: 'forks',
  },
});
