import type { Clock, Timer } from '../clock.ts';
import { isHotloomError } from '../errors.ts';
import { leaseIsOver } from './claim.ts';
import type { Claim, MaybePromise } from './stack-store.ts';

/**
 * A claim that is kept by renewing it: every third of its lease, unless something else has been stored under it since. It is
 * lost when the store says so, or when it could not be renewed until its lease was over; then those who work under it are
 * told at once, since what they do would not be stored.
 */
export class HeldClaim {
  readonly claim: Claim;
  readonly #clock: Clock;
  readonly #renew: (claim: Claim) => MaybePromise<void>;
  readonly #listeners: ((error: unknown) => void)[] = [];
  #timer: Timer | undefined;
  /** By this engine's clock; not later than the store has it. */
  #renewedAt: number;
  #loss: { readonly error: unknown } | undefined;
  #hasEnded = false;

  constructor(claim: Claim, clock: Clock, renewedAt: number, renew: (claim: Claim) => MaybePromise<void>) {
    this.claim = claim;
    this.#clock = clock;
    this.#renew = renew;
    this.#renewedAt = renewedAt;
    this.#schedule();
  }

  /** Calls `listener` with the error when the claim is lost, at once when it is already. */
  onLost(listener: (error: unknown) => void): void {
    if (this.#loss === undefined) this.#listeners.push(listener);
    else listener(this.#loss.error);
  }

  /** Throws the error with which the claim was lost. */
  throwIfLost(): void {
    if (this.#loss !== undefined) throw this.#loss.error;
  }

  /**
   * Undefined as long as its lease cannot be over: nobody else has the stack. After that, when the engine's process was
   * paused, say, the store is asked; rejects when the claim is lost.
   */
  confirm(): Promise<void> | undefined {
    return this.#loss === undefined && this.#isYounger(this.#leaseMs) ? undefined : this.#renewNow();
  }

  /** Something was stored under it; `askedAt` is when the store was asked to. */
  didStore(askedAt: number): void {
    this.#renewedAt = askedAt;
  }

  /** Something was refused under it. */
  didFail(error: unknown): void {
    if (isHotloomError(error, 'ClaimLost')) this.#lose(error);
  }

  /** It is needed no more. */
  end(): void {
    this.#hasEnded = true;
    this.#timer?.cancel();
    this.#listeners.length = 0;
  }

  get #leaseMs(): number {
    return this.claim.claimant.leaseMs;
  }

  #schedule(delayMs = this.#leaseMs / 3): void {
    this.#timer = this.#clock.schedule(delayMs, () => void this.#tick(), { repeats: true });
  }

  #age(): number {
    return this.#clock.now() - this.#renewedAt;
  }

  /** Not when the clock was set back since: then it is not known. */
  #isYounger(ms: number): boolean {
    const age = this.#age();
    return age >= 0 && age < ms;
  }

  async #tick(): Promise<void> {
    const interval = this.#leaseMs / 3;
    if (this.#isYounger(interval)) {
      this.#schedule(interval - this.#age());
      return;
    }
    try {
      await this.#renewNow();
      if (!this.#hasEnded) this.#schedule();
    } catch (error) {
      if (this.#hasEnded || this.#loss !== undefined) return;
      if (this.#age() >= this.#leaseMs) this.#lose(leaseIsOver(this.#leaseMs, error));
      else this.#schedule(this.#leaseMs / 10);
    }
  }

  async #renewNow(): Promise<void> {
    this.throwIfLost();
    const askedAt = this.#clock.now();
    try {
      await this.#renew(this.claim);
      this.didStore(askedAt);
    } catch (error) {
      this.didFail(error);
      throw error;
    }
  }

  #lose(error: unknown): void {
    if (this.#loss !== undefined || this.#hasEnded) return;
    this.#loss = { error };
    this.#timer?.cancel();
    for (const listener of this.#listeners.splice(0)) listener(error);
  }
}
