// The host's clocks for those who measure and may not touch the host themselves.
export { dateNow, eventLoopTurn, monotonicMs, oneShot } from '../host/clock.ts';
