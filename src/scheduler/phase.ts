/** How far a traversal has come with a resource. `paused`: it waits at a hook before its run; `held`: at one after it. */
export type Phase = 'waiting' | 'comparing' | 'paused' | 'held' | 'running' | 'complete' | 'failed' | 'skipped';
