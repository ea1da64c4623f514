// The emulated core's view of guest code, for those who must not know the core.
export { CodeListing } from '../cpu/exec/listing.ts';
export { loadPrebuilt } from '../cpu/exec/program.ts';
export { thumbSize } from '../cpu/isa/decoder.ts';
