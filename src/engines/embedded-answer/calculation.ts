/**
 * The value of an expression in tokens: sums of products of powers, by recursive descent, one pass, bounded in depth.
 */

export type Operator = '+' | '-' | '*' | '/' | '^' | '^2' | '^3' | '%of' | 'sqrt' | '(' | ')';
export type Token = number | Operator;

const maxDepth = 40;

type Result = number | 'divisionByZero' | undefined;

class DivisionByZero extends Error {}
class NotAnExpression extends Error {}

/** The value of a whole expression with at least one operation; undefined if it is none. */
export function evaluate(tokens: readonly Token[]): Result {
  // A minus before a lone number is a sign.
  const hasOperation = tokens.some(
    (token, index) => typeof token === 'string' && !'()'.includes(token) && (token !== '-' || index > 0),
  );
  if (!hasOperation) return undefined;
  try {
    return new Calculation(tokens).whole();
  } catch (error) {
    if (error instanceof DivisionByZero) return 'divisionByZero';
    if (error instanceof NotAnExpression) return undefined;
    throw error;
  }
}

/** One pass over the tokens: sums of products of powers. */
class Calculation {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): number {
    const value = this.#sum();
    if (this.#next < this.#tokens.length) throw new NotAnExpression();
    return value;
  }

  #sum(): number {
    let value = this.#product();
    for (;;) {
      if (this.#take('+')) value += this.#product();
      else if (this.#take('-')) value -= this.#product();
      else return value;
    }
  }

  #product(): number {
    let value = this.#signed();
    for (;;) {
      if (this.#take('*')) value *= this.#signed();
      else if (this.#take('%of')) value = (value * this.#signed()) / 100;
      else if (this.#take('/')) {
        const divisor = this.#signed();
        if (divisor === 0) throw new DivisionByZero();
        value /= divisor;
      } else return value;
    }
  }

  #signed(): number {
    this.#depth += 1;
    if (this.#depth > maxDepth) throw new NotAnExpression();
    const value = this.#take('-') ? -this.#signed() : this.#power();
    this.#depth -= 1;
    return value;
  }

  #power(): number {
    let value = this.#value();
    while (true) {
      if (this.#take('^2')) value **= 2;
      else if (this.#take('^3')) value **= 3;
      else break;
    }
    // To the right first: 2^3^2 is 2^9.
    return this.#take('^') ? value ** this.#signed() : value;
  }

  #value(): number {
    const token = this.#tokens[this.#next];
    this.#next += 1;
    if (typeof token === 'number') return token;
    if (token === 'sqrt') return Math.sqrt(this.#signed());
    if (token !== '(') throw new NotAnExpression();
    const value = this.#sum();
    if (!this.#take(')')) throw new NotAnExpression();
    return value;
  }

  #take(operator: Operator): boolean {
    if (this.#tokens[this.#next] !== operator) return false;
    this.#next += 1;
    return true;
  }
}
