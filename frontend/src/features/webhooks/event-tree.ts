// Event types by group, and what ticking a box does to a subscription.

export interface EventGroup {
  group: string;
  names: string[];
}

export function groupsOf(names: string[]): EventGroup[] {
  const groups = new Map<string, string[]>();
  for (const name of names) {
    const group = name.split(".")[0] ?? name;
    groups.set(group, [...(groups.get(group) ?? []), name]);
  }
  return [...groups].map(([group, all]) => ({ group, names: all }));
}

/** Returns the subscription with a pattern added or taken away; a wider one swallows what it covers. */
export function toggled(patterns: string[], pattern: string): string[] {
  if (patterns.includes(pattern)) return patterns.filter((other) => other !== pattern);
  if (pattern === "*") return ["*"];
  const isCovered = (other: string) =>
    pattern.endsWith(".*") && other.startsWith(pattern.slice(0, -1));
  return [...patterns.filter((other) => !isCovered(other)), pattern];
}
