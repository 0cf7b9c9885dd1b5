import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/unit/**/*.test.ts', 'test/integration/**/*.test.ts'],
    // Two cores: onnxruntime and the tests share them, and a second heavy worker slows both.
    maxWorkers: 2,
    testTimeout: 60_000,
    pool: 'forks',
  },
});
