import { initial } from './001-initial.ts';
import { leases } from './002-leases.ts';
import { snapshots } from './003-snapshots.ts';
import { history } from './004-history.ts';

/** SQL by schema number: the one at index i leads from schema i to i + 1. One that was released is never changed. */
export const MIGRATIONS: readonly string[] = [initial, leases, snapshots, history];

export const NEWEST_SCHEMA = MIGRATIONS.length;
