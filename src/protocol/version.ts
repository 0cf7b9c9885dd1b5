declare const SCOUR_VERSION: string | undefined;

/** Version of this build; `scripts/build.mjs` puts package.json's in its place. */
export const VERSION: string = typeof SCOUR_VERSION === 'string' ? SCOUR_VERSION : '0.0.0-source';
