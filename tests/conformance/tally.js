// Counts what passed and what failed, and shows the first failures in full.

import { isDeepStrictEqual } from "node:util";

const SHOWN_MAX = 10;

export class Tally {
  passed = 0;
  failed = 0;

  // `describe` is called only for a failure.
  check(isRight, describe) {
    if (isRight) {
      this.passed++;
      return;
    }
    this.failed++;
    if (this.failed <= SHOWN_MAX) console.log(`FAILED ${describe()}`);
  }

  equal(actual, wanted, name) {
    this.check(isDeepStrictEqual(actual, wanted), () => {
      const [got, want] = [actual, wanted].map((value) => JSON.stringify(value));
      return `${typeof name === "function" ? name() : name}\n    got  ${got}\n    want ${want}`;
    });
  }

  // Runs a part of the checks; what ends it early is a failure, and the other parts go on.
  async survive(part) {
    try {
      await part();
    } catch (error) {
      this.check(false, () => error.stack);
    }
  }
}
