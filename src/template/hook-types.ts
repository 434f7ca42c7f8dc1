/** Where a hook may stop what is done with a resource (heat/engine/environment.py, HOOK_TYPES). */
export const HOOK_TYPES = [
  'pre-create',
  'post-create',
  'pre-update',
  'post-update',
  'pre-delete',
  'post-delete',
] as const;

export type HookType = (typeof HOOK_TYPES)[number];
