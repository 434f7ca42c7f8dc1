// Says that it is about to open the store of argv[2], opens it, and tells what it finds.
import { SqliteStore } from '../../src/store/sqlite-store.ts';

process.stdout.write('opening\n');
const store = SqliteStore.open(process.argv[2]);
process.stdout.write(`${JSON.stringify(store.listStacks().map(({ name, status }) => `${name} ${status}`))}\n`);
store.close();
