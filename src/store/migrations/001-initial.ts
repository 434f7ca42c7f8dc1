/**
 * The first schema. What is only read whole is one JSON text (`state`, `record`, `event`, ...); what is searched by is a
 * column. Segments of names are stored as `storedSegment` (sqlite/rows.ts) writes them.
 */
export const initial = `
  -- AUTOINCREMENT: a key is never used again, so a late writer cannot meet another stack under its old key.
  CREATE TABLE stacks (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    space TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    outputs TEXT NOT NULL,
    UNIQUE (space, name)
  ) STRICT;

  -- Apart from the stack's state, which changes often: SQLite writes a row anew as a whole.
  CREATE TABLE templates (
    stack INTEGER PRIMARY KEY,
    document TEXT NOT NULL,
    files TEXT NOT NULL,
    parameters TEXT NOT NULL,
    environment TEXT NOT NULL,
    -- The four above as they were when the stack was last complete, while an update has not come to its end; else NULL.
    previous TEXT,
    -- The names that only the stack writes: an object of the attributes by resource.
    declared TEXT NOT NULL
  ) STRICT;

  -- The row stays when a claim is released, because the fence must go on growing. holder is then NULL.
  CREATE TABLE claims (
    stack INTEGER PRIMARY KEY,
    fence INTEGER NOT NULL,
    holder TEXT
  ) STRICT;

  CREATE TABLE resources (
    ordinal INTEGER PRIMARY KEY,
    stack INTEGER NOT NULL,
    name TEXT NOT NULL,
    record TEXT NOT NULL,
    -- An object of the attributes that were published together with a record: one row costs less than one for each.
    result TEXT,
    UNIQUE (stack, name)
  ) STRICT;

  -- The attributes that were published by themselves.
  CREATE TABLE published (
    stack INTEGER NOT NULL,
    resource TEXT NOT NULL,
    attribute TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (stack, resource, attribute)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE outside (
    space TEXT NOT NULL,
    stack TEXT NOT NULL,
    resource TEXT NOT NULL,
    attribute TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (space, stack, resource, attribute)
  ) STRICT, WITHOUT ROWID;

  -- reader has read the name of_space.of_stack.resource.attribute.
  CREATE TABLE reads (
    reader INTEGER NOT NULL,
    of_space TEXT NOT NULL,
    of_stack TEXT NOT NULL,
    resource TEXT NOT NULL,
    attribute TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (reader, of_space, of_stack, resource, attribute)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX reads_of ON reads (of_space, of_stack);

  -- The events of one batch in one row, as a list; sequence is that of the last one.
  CREATE TABLE events (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    stack INTEGER NOT NULL,
    count INTEGER NOT NULL,
    events TEXT NOT NULL
  ) STRICT;
  CREATE INDEX events_of ON events (stack);
`;
