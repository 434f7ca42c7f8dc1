import { expect, test } from '@jest/globals';
import { StartTurns } from '../../../src/builtin/local/start-turns.ts';

test('between two turns everything else gets its own', async () => {
  const turns = new StartTurns();
  const told: string[] = [];
  const take = async (name: string): Promise<void> => {
    await turns.next();
    told.push(name);
    setImmediate(() => told.push(`after ${name}`));
  };
  await Promise.all([take('a'), take('b'), take('c')]);
  expect(told).toEqual(['a', 'after a', 'b', 'after b', 'c']);
});
