import { isHotloomError } from 'hotloom';
import { openEngine } from './stack.mjs';

const PAUSE_MS = 40;

/** How long a signal may take: one to an engine that is paused is not answered. It is sent again then, and counts once. */
const PATIENCE_MS = 1000;

/** What a signal that comes at a bad moment ends with: it is sent again. */
const REFUSALS = [
  'ActionCancelled',
  'ActionInProgress',
  'ClaimLost',
  'EndpointUnreachable',
  'EntityNotFound',
  // It was cleared by the one before, whose answer did not come.
  'InvalidBreakPointHook',
  'NotSupported',
  'OutcomeUnknown',
  'ResourceNotAvailable',
  'TimeoutError',
];

/**
 * Somebody at another terminal, whom nothing disturbs: clears each hook that the stack waits at, and sends the signal that its wait
 * condition needs from outside. A signal that ends as none may fails the world.
 */
export class Operator {
  #engine;
  #isOver = false;
  #tending;

  constructor(world) {
    this.#engine = openEngine(world.directory);
    this.#tending = this.#tend();
    this.#tending.catch((error) => world.fail(error));
  }

  /** The stack as it is; undefined when there is none. */
  async look() {
    try {
      return { ...(await this.#engine.show('s')), outputs: await this.#engine.outputs('s') };
    } catch (error) {
      if (isHotloomError(error, 'EntityNotFound')) return undefined;
      throw error;
    }
  }

  history() {
    return this.#engine.history('s');
  }

  async leave() {
    this.#isOver = true;
    await this.#tending.catch(() => {});
    await this.#engine.close();
  }

  async #tend() {
    while (!this.#isOver) {
      const stack = await this.look();
      if (stack?.status === 'IN_PROGRESS') await this.#help(stack);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  async #help({ resources }) {
    const stateOf = (name) => resources.find((resource) => resource.name === name)?.state;
    const isWaited = stateOf('handle') === 'CREATE_COMPLETE' && stateOf('condition') === 'CREATE_IN_PROGRESS';
    if (isWaited) await this.#signal('handle', { id: 'operator', data: 'go' });
    try {
      for (const { resource, hook } of await this.#engine.pendingHooks('s')) {
        await this.#signal(resource, { unset_hook: hook });
      }
    } catch (error) {
      // Deleted meanwhile.
      if (!isHotloomError(error, 'EntityNotFound')) throw error;
    }
  }

  async #signal(resource, data) {
    try {
      await this.#engine.signal({ stack: 's', resource, data, signal: AbortSignal.timeout(PATIENCE_MS) });
    } catch (error) {
      if (![error.code, error.name].some((each) => REFUSALS.includes(each))) throw error;
    }
  }
}
