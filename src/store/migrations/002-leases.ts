/**
 * Claims are leases. Of one that was made before, nothing is known of when its holder was last at work: it counts as over,
 * and the fence refuses the holder if it comes back.
 */
export const leases = `
  -- By the machine's monotonic clock, in milliseconds; how long it holds stands with the holder.
  ALTER TABLE claims ADD COLUMN renewed_at REAL NOT NULL DEFAULT 0;
`;
