// Places in a log as its event ids name them: `12` is after all of event 12, `12:3` after its third part.

/** Whether one place lies behind another; "" is before everything. */
export function isAfter(one: string, other: string): boolean {
  const [seq, part] = numbersOf(one);
  const [otherSeq, otherPart] = numbersOf(other);
  return seq === otherSeq ? part > otherPart : seq > otherSeq;
}

function numbersOf(id: string): [seq: number, part: number] {
  if (id === "") return [-1, 0];
  const [seq, part = Number.POSITIVE_INFINITY] = id.split(":").map(Number);
  return [seq ?? -1, part];
}
