type Role = 'commands' | 'settings' | 'views' | 'customEditors' | 'contextKeys';
export function usesIn(sources: Record<string, string>): Record<Role, Set<string>>;
export function problemsOf(
  manifest: object,
  sources: Record<string, string>,
  fileExists: (file: string) => boolean,
): string[];
