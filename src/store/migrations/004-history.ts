/** What has been done to each stack. Of what was done before, nothing is known. */
export const history = `
  CREATE TABLE operations (
    stack INTEGER NOT NULL,
    number INTEGER NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (stack, number)
  ) STRICT, WITHOUT ROWID;
`;
