/** One rule of a contract. Runner-agnostic: `for (const { name, run } of cases) test(name, run)`. */
export interface ContractCase {
  /** The rule, as a sentence. */
  readonly name: string;
  /** Rejects with an AssertionError, or with what the backend threw, when the rule is broken. */
  run(): Promise<void>;
}
