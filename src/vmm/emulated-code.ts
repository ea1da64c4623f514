// The emulated core's view of guest code, for those who must not know the core.

export { CodeListing, type ListedCode, thumbSize } from '../cpu/exec/listing.ts';
export { loadPrebuilt } from '../cpu/exec/program.ts';
export type { ArchitectureDefinition as ListedArchitecture } from '../cpu/isa/architecture.ts';
