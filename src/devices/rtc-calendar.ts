// The Gregorian calendar by arithmetic alone, because a device has no clock and no Date of the host's.
const DAY = 86_400;
const DAYS_OF_400_YEARS = 146_097;
/** Days from 0000-03-01 to 1970-01-01: years are counted from March, so that a leap day is the last of its year. */
const EPOCH = 719_468;

/** UTC. */
export interface CalendarTime {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** 1 to 31. */
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** Seconds since 1970. Fields out of their range carry over; a month below 1 counts as 1. */
export function secondsOf(time: CalendarTime): number {
  const months = Math.max(time.month, 1) - 1;
  const monthOfYear = months % 12;
  const year = time.year + Math.floor(months / 12) - (monthOfYear < 2 ? 1 : 0);
  const days =
    365 * year +
    Math.floor(year / 4) -
    Math.floor(year / 100) +
    Math.floor(year / 400) +
    daysBefore((monthOfYear + 10) % 12) +
    time.day -
    1;
  return (days - EPOCH) * DAY + time.hour * 3600 + time.minute * 60 + time.second;
}

/** The calendar at `seconds` since 1970, which may be negative down to the year 0. */
export function calendarOf(seconds: number): CalendarTime {
  const days = Math.floor(seconds / DAY);
  const ofDay = seconds - days * DAY;
  const cycle = Math.floor((days + EPOCH) / DAYS_OF_400_YEARS);
  const ofCycle = days + EPOCH - cycle * DAYS_OF_400_YEARS;
  const yearOfCycle = Math.floor(
    (ofCycle - Math.floor(ofCycle / 1460) + Math.floor(ofCycle / 36_524) - Math.floor(ofCycle / 146_096)) / 365,
  );
  const ofYear = ofCycle - (365 * yearOfCycle + Math.floor(yearOfCycle / 4) - Math.floor(yearOfCycle / 100));
  const march = Math.floor((5 * ofYear + 2) / 153);
  return {
    year: 400 * cycle + yearOfCycle + (march >= 10 ? 1 : 0),
    month: march < 10 ? march + 3 : march - 9,
    day: ofYear - daysBefore(march) + 1,
    hour: Math.floor(ofDay / 3600),
    minute: Math.floor(ofDay / 60) % 60,
    second: ofDay % 60,
  };
}

/** Day of the week, 0 for Sunday. */
export function weekdayOf(seconds: number): number {
  const days = Math.floor(seconds / DAY);
  return (((days + 4) % 7) + 7) % 7;
}

/** Days from the first of March to the first of the month that is `march` months later. */
function daysBefore(march: number): number {
  return Math.floor((153 * march + 2) / 5);
}
