import { randomFrom } from '../bench/makespan/cases.mjs';

/** What may come between the creation and the delete; each in some lives. */
const MIDDLES = [
  ['update'],
  ['failUpdate'],
  ['supersede'],
  ['cancel'],
  ['stop'],
  ['check'],
  ['suspend', 'wake'],
  ['suspend', 'check', 'wake', 'update'],
  ['snapshot', 'update', 'restore'],
  ['snapshot', 'failUpdate', 'restore'],
];

/** These may leave the stack in a state that one of the others ends in, by which it could not be told whether that has begun. */
const ALIKE = ['failUpdate', 'cancel'];

/**
 * The decisions of one life, all of them made before it begins, so that a seed gives the same ones however long anything takes: its
 * steps, and how the engines of each are disturbed. Plain data; `at` is a part of what the action takes undisturbed.
 */
export function planLife(seed) {
  const random = randomFrom(seed);
  const among = (list) => list[Math.floor(random() * list.length)];
  const actions = random() < 0.15 ? ['fail', 'delete'] : ['create', ...middle(among), 'delete'];
  let version = 1;
  return actions.map((action) => {
    if (['update', 'failUpdate', 'supersede', 'cancel', 'stop'].includes(action)) version += 1;
    return {
      action,
      version,
      /** When the engine beside, if there is one, is killed; not at all from 1 on. */
      besideUntil: random() * 2,
      /** When a second update takes the place of the first. */
      supersedesAt: random(),
      disturbances: Array.from({ length: 1 + Math.floor(random() * 3) }, () => ({
        at: random(),
        kind: random() < 0.6 ? 'kill' : 'pause',
      })),
      /** When those that were paused wake up, while the last engine is at work; undefined: after it. */
      wakeAt: random() < 0.5 ? random() : undefined,
    };
  });
}

function middle(among) {
  for (;;) {
    const actions = [...among(MIDDLES), ...among(MIDDLES)];
    const isClear =
      actions.filter((action) => ALIKE.includes(action)).length < 2 &&
      actions.every((action, index) => action !== actions[index + 1] || action === 'update');
    if (isClear) return actions;
  }
}
