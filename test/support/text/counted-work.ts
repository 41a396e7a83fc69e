/**
 * Work that is counted, not timed: the characters that a piece of code looks at or copies, at the methods of String and RegExp that do it.
 * A bound on them holds on any machine, however busy. Only for code that awaits nothing: meanwhile everybody in the thread is counted.
 */
const methods = {
  charAt: (count: Count) => {
    const { charAt } = String.prototype;
    String.prototype.charAt = function (index) {
      count(1);
      return charAt.call(this, index);
    };
    return () => {
      String.prototype.charAt = charAt;
    };
  },
  charCodeAt: (count: Count) => {
    const { charCodeAt } = String.prototype;
    String.prototype.charCodeAt = function (index) {
      count(1);
      return charCodeAt.call(this, index);
    };
    return () => {
      String.prototype.charCodeAt = charCodeAt;
    };
  },
  codePointAt: (count: Count) => {
    const { codePointAt } = String.prototype;
    String.prototype.codePointAt = function (index) {
      count(1);
      return codePointAt.call(this, index);
    };
    return () => {
      String.prototype.codePointAt = codePointAt;
    };
  },
  slice: (count: Count) => {
    const { slice } = String.prototype;
    String.prototype.slice = function (start, end) {
      const part = slice.call(this, start, end);
      count(part.length);
      return part;
    };
    return () => {
      String.prototype.slice = slice;
    };
  },
  test: (count: Count) => {
    const { test } = RegExp.prototype;
    RegExp.prototype.test = function (text) {
      count(text.length);
      return test.call(this, text);
    };
    return () => {
      RegExp.prototype.test = test;
    };
  },
  exec: (count: Count) => {
    const { exec } = RegExp.prototype;
    RegExp.prototype.exec = function (text) {
      count(text.length);
      return exec.call(this, text);
    };
    return () => {
      RegExp.prototype.exec = exec;
    };
  },
} as const;

type Count = (characters: number) => void;

/** Characters that `run` touches with these methods; a look is one, a copy its length, a pattern the whole text it is given. */
export function charactersTouched(names: readonly (keyof typeof methods)[], run: () => void): number {
  let touched = 0;
  const count = (characters: number): void => {
    touched += characters;
  };
  const undoings = names.map((name) => methods[name](count));
  try {
    run();
  } finally {
    for (const undo of undoings) undo();
  }
  return touched;
}
