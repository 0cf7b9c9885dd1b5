export const root: string;
export function bundleProgram(
  entry: string,
  outfile: string,
  define: Readonly<Record<string, string>>,
): Promise<void>;
