// The whole public surface, in the order of the table in README.md beside this file.
export * from './errors.ts';
export { type Path, printLocation, type Source, type SourceLocation } from './source.ts';
export { DEFAULT_SPACE, type DeclaredNames, type Name, type NameInput, parseName, printName } from './names.ts';
export type { Json, JsonObject } from './values.ts';
export { type Clock, type Randomness, systemClock, systemRandomness, type Timer, type TimerOptions } from './clock.ts';
export type * from './events.ts';
export { isRunning, processStart } from './process-identity.ts';
export { parseTemplate, type Template } from './template/template.ts';
export type { CustomConstraints } from './template/constraints.ts';
export type { HookType } from './template/hook-types.ts';
export { printTemplate } from './template/print.ts';
export type {
  AdoptedResource,
  CreateCall,
  DeleteCall,
  EndpointAccess,
  HandlerCall,
  Input,
  Inputs,
  LiveCall,
  Outputs,
  PlainCreateCall,
  PlainHandler,
  PlainRestoreCall,
  PlainUpdateCall,
  ResourceIdentity,
  SignalCall,
  SignalledResource,
  SignalOutcome,
  SignalUrl,
  StreamingCreateCall,
  SnapshotCall,
  SnapshotDeleteCall,
  StreamingHandler,
  StreamingRestoreCall,
  StreamingUpdateCall,
  UpdatedResource,
} from './resource/handler.ts';
export {
  type AttributeDeclaration,
  type AttributeDeclarations,
  definePlainType,
  defineStreamingType,
  type PlainType,
  type PropertySchemas,
  type ResourceType,
  type Retries,
  type Schema,
  type StreamingType,
} from './resource/resource-type.ts';
export { type BuiltResource, type TemplateBuilder, templateBuilder } from './resource/builder.ts';
export * from './resource/built-value.ts';
export type { ForeignRead, OutputInterface, ResourceInterface, StackInterface } from './interface/interface.ts';
export type { InputInterface } from './template/inputs.ts';
export type { Granularity } from './graph/build.ts';
export { findCycles } from './graph/cycles.ts';
export { type CriticalPath, findCriticalPath } from './graph/critical-path.ts';
export { type Port, type PortGraph, printPort } from './graph/port-graph.ts';
export { toDot } from './graph/dot.ts';
export { toMermaid } from './graph/mermaid.ts';
export { toSvg } from './graph/svg.ts';
export { toGraphlib } from './graph/graphlib.ts';
export type {
  Claim,
  Claimant,
  HookState,
  HookStates,
  ResourceRecord,
  ResourceSnapshot,
  SnapshotRecord,
  StackRecord,
  StackStore,
  StoreChange,
  StoredEntry,
  StoredEvent,
  StoredOutput,
} from './store/stack-store.ts';
export type {
  InspectOptions,
  InspectedOutput,
  InspectedProblem,
  InspectedResource,
  Inspection,
  Unresolved,
} from './stack/inspect.ts';
export { MemoryStore } from './store/memory-store.ts';
export { SqliteStore, type SqliteStoreOptions } from './store/sqlite-store.ts';
export type { Difference } from './plan/comparison.ts';
export type { Fingerprint } from './plan/fingerprint.ts';
export type { AffectedStack, OutputChange } from './plan/impact.ts';
export type { Plan, PlanStep } from './plan/plan.ts';
export type { PropertyChange } from './plan/property-changes.ts';
export type { DataSpace, Entry, Region, SpaceChange } from './space/data-space.ts';
export { MemorySpace } from './space/memory-space.ts';
export type { AbandonOptions, ExportedResource, ExportOptions, StackExport } from './stack/abandon.ts';
export type { AdoptOptions } from './stack/adopt.ts';
export type { Analysis, TemplateInput } from './stack/analyse.ts';
export type { CancelOptions } from './stack/cancel.ts';
export type { CheckOptions, MarkUnhealthyOptions, StackCheck } from './stack/check.ts';
export type { Rekeyed } from './stack/rekey.ts';
export type { CreateOptions } from './stack/create.ts';
export type { DeleteOptions } from './stack/delete.ts';
export type { DeleteSnapshotOptions } from './stack/delete-snapshot.ts';
export type { StackOperation } from './stack/history.ts';
export type { ResumedStack, ResumeOptions } from './stack/resume.ts';
export type { RestoreOptions } from './stack/restore.ts';
export type {
  SnapshotChoice,
  SnapshotDescription,
  SnapshotOptions,
  SnapshotResourceDescription,
  SnapshotSummary,
} from './stack/snapshot.ts';
export type { SuspendOptions } from './stack/suspend.ts';
export type { PendingHook } from './stack/pending-hooks.ts';
export type { SignalOptions } from './stack/signal.ts';
export type { ApplyOptions, SavedPlan } from './stack/saved-plan.ts';
export type { TagFilter } from './stack/tags.ts';
export type { UpdateOptions } from './stack/update.ts';
export type { ResourceDescription, StackDescription, StackSummary } from './stack/describe.ts';
export type { DefinedHandler } from './builtin/definitions/defined-type.ts';
export type { PropertyDefinition, TypeDefinition } from './builtin/definitions/definition.ts';
export { definitionNames, findDefinition, heatType } from './builtin/definitions/load-definitions.ts';
export { heatTypes } from './builtin/heat/index.ts';
export { type LocalTypesOptions, localTypes } from './builtin/local/index.ts';
export type { ReadyOrder } from './scheduler/ready-order.ts';
export { Engine, type ListOptions } from './engine.ts';
export type { EngineOptions } from './engine-options.ts';
