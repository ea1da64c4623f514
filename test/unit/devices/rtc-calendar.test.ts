// The calendar against the host's.
import { describe, expect, it } from 'vitest';
import { calendarOf, secondsOf, weekdayOf } from '../../../src/devices/rtc-calendar.ts';
import { random } from '../../support/devices/fakes.ts';

const edges = [
  '1970-01-01',
  '1972-02-29',
  '2000-02-29',
  '2000-12-31',
  '2023-03-01',
  '2100-02-28',
  '2100-03-01',
  '9999-12-31',
];
const next = random(1);
const instants = [
  ...edges.flatMap((day) => [Date.parse(`${day}T00:00:00Z`), Date.parse(`${day}T23:59:59Z`)]).map((ms) => ms / 1000),
  ...Array.from({ length: 2000 }, () => (next() % 2_900_000) * 86_400 + (next() % 86_400)),
];

describe('the calendar', () => {
  it('is that of the host, weekday included', () => {
    for (const seconds of instants) {
      const date = new Date(seconds * 1000);
      expect({ ...calendarOf(seconds), weekday: weekdayOf(seconds) }).toEqual({
        year: date.getUTCFullYear(),
        month: date.getUTCMonth() + 1,
        day: date.getUTCDate(),
        hour: date.getUTCHours(),
        minute: date.getUTCMinutes(),
        second: date.getUTCSeconds(),
        weekday: date.getUTCDay(),
      });
    }
  });

  it('goes back to the same second', () => {
    for (const seconds of instants) expect(secondsOf(calendarOf(seconds))).toBe(seconds);
  });

  it('carries fields that are too large into the next', () => {
    const time = { year: 2025, month: 14, day: 31, hour: 25, minute: 61, second: 75 };
    expect(secondsOf(time)).toBe(Date.UTC(2025, 13, 31, 25, 61, 75) / 1000);
    expect(secondsOf({ ...time, month: 0 })).toBe(secondsOf({ ...time, month: 1 }));
  });

  it('knows the years before 1970', () => {
    expect(calendarOf(Date.parse('0001-02-03T04:05:06Z') / 1000)).toMatchObject({ year: 1, month: 2, day: 3, hour: 4 });
    expect(secondsOf({ year: 0, month: 1, day: 1, hour: 0, minute: 0, second: 0 })).toBe(
      Date.parse('0000-01-01T00:00:00Z') / 1000,
    );
  });
});
