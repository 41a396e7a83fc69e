export interface ShapeAmendment {
  readonly turn: number;
  readonly tail: string;
}
export class DeltaShaper {
  push(_turn: number, delta: string): { readonly text: string; readonly amendments: readonly ShapeAmendment[] } {
    return { text: delta, amendments: [] };
  }
  finish(): readonly ShapeAmendment[] {
    return [];
  }
}
export function shapeOf(text: string): string {
  return text;
}
export function shapeOfJson(value: unknown): unknown {
  return value;
}
