/** The time and the date as one says them in English and Russian; the clock and the zone come from outside. */
import type { Language } from './utterance.ts';

/** A moment on the wall clock of some place. */
interface WallClock {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
}

export interface SpokenTime {
  /** "It is 3:45 PM." / "Сейчас 15:45." */
  time(now: Date, language: Language): string;
  /** "Today is Sunday, November 22, 2026." / "Сегодня воскресенье, 22 ноября 2026 года."; days from today: -1, 0, 1. */
  date(now: Date, language: Language, daysFromToday: -1 | 0 | 1): string;
}

const weekdays = {
  en: ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'],
  ru: ['воскресенье', 'понедельник', 'вторник', 'среда', 'четверг', 'пятница', 'суббота'],
} as const;

const months = {
  en: 'January February March April May June July August September October November December'.split(' '),
  /** In the genitive, as they stand in a date. */
  ru: 'января февраля марта апреля мая июня июля августа сентября октября ноября декабря'.split(' '),
} as const;

/** Speaks the time of `timeZone` (an IANA name; undefined = the system's). Throws RangeError for an unknown zone. */
export function spokenTime(timeZone: string | undefined): SpokenTime {
  const format = new Intl.DateTimeFormat('en-US', {
    ...(timeZone === undefined ? {} : { timeZone }),
    calendar: 'gregory',
    numberingSystem: 'latn',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    hourCycle: 'h23',
  });
  return {
    time: (now, language) => timeText(wallClock(format, now), language),
    date: (now, language, daysFromToday) => dateText(wallClock(format, now), language, daysFromToday),
  };
}

function wallClock(format: Intl.DateTimeFormat, now: Date): WallClock {
  const parts = new Map(format.formatToParts(now).map(({ type, value }) => [type, Number(value)]));
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
  return { year: part('year'), month: part('month'), day: part('day'), hour: part('hour'), minute: part('minute') };
}

function timeText({ hour, minute }: WallClock, language: Language): string {
  const minutes = String(minute).padStart(2, '0');
  if (language === 'ru') return `Сейчас ${hour}:${minutes}.`;
  return `It is ${hour % 12 === 0 ? 12 : hour % 12}:${minutes} ${hour < 12 ? 'AM' : 'PM'}.`;
}

function dateText(clock: WallClock, language: Language, daysFromToday: -1 | 0 | 1): string {
  // Days are counted on the calendar, in UTC, where every day has 24 hours.
  const date = new Date(Date.UTC(clock.year, clock.month - 1, clock.day + daysFromToday));
  const weekday = weekdays[language][date.getUTCDay()];
  const month = months[language][date.getUTCMonth()];
  const day = date.getUTCDate();
  const year = date.getUTCFullYear();
  if (language === 'ru') {
    const when = { [-1]: 'Вчера было:', 0: 'Сегодня', 1: 'Завтра' }[daysFromToday];
    return `${when} ${weekday}, ${day} ${month} ${year} года.`;
  }
  const when = { [-1]: 'Yesterday was', 0: 'Today is', 1: 'Tomorrow is' }[daysFromToday];
  return `${when} ${weekday}, ${month} ${day}, ${year}.`;
}
