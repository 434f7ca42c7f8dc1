/**
 * `hotloom/testing`: for the tests of programs that use Hotloom, and of backends made elsewhere.
 *
 * ```ts
 * for (const { name, run } of dataSpaceContract(() => new MyDataSpace())) test(name, run);
 * ```
 */
export type { ContractCase } from './contract/contract-case.ts';
export { dataSpaceContract } from './contract/data-space-contract.ts';
export { stackStoreContract } from './contract/stack-store-contract.ts';
export { SimulatedClock, seededRandomness } from './simulated-clock.ts';
