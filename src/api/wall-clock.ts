// The host's monotonic clock for those who measure and may not touch the host themselves.
export { monotonicMs, oneShot } from '../host/clock.ts';
