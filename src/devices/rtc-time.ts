// The time, calendar and alarm bytes of an MC146818: seconds since 1970 to bytes and back, in the four formats that Register B chooses
// (MC146818A data sheet, "Time, calendar and alarm locations"), and when an alarm comes.
import { fromBcd, toBcd } from './bcd.ts';
import { calendarOf, secondsOf, weekdayOf } from './rtc-calendar.ts';

const SECONDS = 0;
const MINUTES = 2;
const HOURS = 4;
const WEEKDAY = 6;
const DAY = 7;
const MONTH = 8;
const YEAR = 9;
/** Where PC firmware and drivers keep the century; it goes on with the clock here. */
const CENTURY = 0x32;

/** Register B: binary rather than BCD, 24 hours rather than 12. */
const DM = 0x04;
const HOURS_24 = 0x02;
const PM = 0x80;
/** An alarm byte of 0xc0 to 0xff matches always. */
const ANY = 0xc0;

/** Write `seconds` since 1970 into the bytes, day of the week included. */
export function writeTime(cmos: Uint8Array, registerB: number, seconds: number): void {
  const time = calendarOf(seconds);
  const put = (at: number, value: number): void => {
    cmos[at] = encode(value, registerB);
  };
  put(SECONDS, time.second);
  put(MINUTES, time.minute);
  cmos[HOURS] = encodeHour(time.hour, registerB);
  put(WEEKDAY, weekdayOf(seconds) + 1);
  put(DAY, time.day);
  put(MONTH, time.month);
  put(YEAR, time.year % 100);
  put(CENTURY, Math.floor(time.year / 100) % 100);
}

/**
 * Let `seconds` pass. Bytes that are no time carry over into the next unit. The day of the week is a counter of its own: it goes
 * on from whatever was written there.
 */
export function advanceTime(cmos: Uint8Array, registerB: number, seconds: number): void {
  const before = readTime(cmos, registerB);
  const weekday = cmos[WEEKDAY]!;
  const midnights = Math.floor((before + seconds) / 86_400) - Math.floor(before / 86_400);
  writeTime(cmos, registerB, before + seconds);
  cmos[WEEKDAY] = midnights === 0 ? weekday : encode(((decode(weekday, registerB) + 6 + midnights) % 7) + 1, registerB);
}

/** Seconds since 1970. */
function readTime(cmos: Uint8Array, registerB: number): number {
  const field = (at: number): number => decode(cmos[at]!, registerB);
  return secondsOf({
    year: 100 * (field(CENTURY) % 100) + field(YEAR),
    month: field(MONTH),
    day: field(DAY),
    hour: decodeHour(cmos[HOURS]!, registerB),
    minute: field(MINUTES),
    second: field(SECONDS),
  });
}

/** Seconds until the alarm bytes match the time the next time, 1 to 86400; undefined: they never do. */
export function secondsToAlarm(cmos: Uint8Array, registerB: number): number | undefined {
  const now = ((readTime(cmos, registerB) % 86_400) + 86_400) % 86_400;
  const matches = (at: number, encoded: number): boolean => cmos[at + 1]! >= ANY || cmos[at + 1] === encoded;
  const hour = Array.from({ length: 24 }, (_, value) => matches(HOURS, encodeHour(value, registerB)));
  const minute = Array.from({ length: 60 }, (_, value) => matches(MINUTES, encode(value, registerB)));
  const second = Array.from({ length: 60 }, (_, value) => matches(SECONDS, encode(value, registerB)));
  const units = [
    { length: 3600, matching: hour },
    { length: 60, matching: minute },
    { length: 1, matching: second },
  ];
  let at = now + 1;
  while (at <= now + 86_400) {
    const wrong = units.find(({ length, matching }) => !matching[Math.floor(at / length) % matching.length]);
    if (!wrong) return at - now;
    at = (Math.floor(at / wrong.length) + 1) * wrong.length;
  }
  return undefined;
}

function encode(value: number, registerB: number): number {
  return registerB & DM ? value & 0xff : toBcd(value, 2);
}

function decode(byte: number, registerB: number): number {
  return registerB & DM ? byte : fromBcd(byte, 2);
}

function encodeHour(hour: number, registerB: number): number {
  if (registerB & HOURS_24) return encode(hour, registerB);
  return encode(hour % 12 || 12, registerB) | (hour >= 12 ? PM : 0);
}

function decodeHour(byte: number, registerB: number): number {
  if (registerB & HOURS_24) return decode(byte, registerB);
  return (decode(byte & ~PM, registerB) % 12) + (byte & PM ? 12 : 0);
}
