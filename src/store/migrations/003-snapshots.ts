/** Stacks as they were, to go back to. */
export const snapshots = `
  CREATE TABLE snapshots (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    stack INTEGER NOT NULL,
    id TEXT NOT NULL UNIQUE,
    -- What changes, and what is only read whole; the definition of the stack has its own columns, as in templates.
    state TEXT NOT NULL,
    document TEXT NOT NULL,
    files TEXT NOT NULL,
    parameters TEXT NOT NULL,
    environment TEXT NOT NULL
  ) STRICT;
  CREATE INDEX snapshots_of ON snapshots (stack);

  CREATE TABLE snapshot_resources (
    ordinal INTEGER PRIMARY KEY,
    snapshot INTEGER NOT NULL,
    name TEXT NOT NULL,
    record TEXT NOT NULL,
    -- What the handler has kept, or NULL.
    data TEXT,
    UNIQUE (snapshot, name)
  ) STRICT;
`;
