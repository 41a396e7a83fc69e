/**
 * What the embedded answerer says, written to be heard: its fixed texts, the time and the date in English and Russian (the clock and the
 * zone come from outside), words of the user's in an answer, and what can be told of a screenshot by one that cannot see: that it came,
 * what it is and how large, as its header says. Of what is on it nothing is said or guessed.
 */
import type { AnswerImage } from '../answer-engine.ts';
import type { Language } from './utterance.ts';

/** What a rule answers: a text, and perhaps one command to go with it. */
export interface Reply {
  readonly text: string;
  readonly command?: { readonly name: string; readonly args: Readonly<Record<string, unknown>> };
}

type FixedText =
  | 'greeting'
  | 'thanks'
  | 'goodbye'
  | 'howAreYou'
  | 'help'
  | 'about'
  | 'story'
  | 'joke'
  | 'screen'
  | 'declined'
  | 'onlyTheTimeHere'
  | 'nothingSaidBefore'
  | 'notToldYet'
  | 'unknownDevice'
  | 'noWebSearch'
  | 'whatToSearch'
  | 'nothingToRepeat'
  | 'fallback';

export const texts: Readonly<Record<Language, Readonly<Record<FixedText, string>>>> = {
  en: {
    greeting: 'Hello! What can I do for you?',
    thanks: 'You are welcome.',
    goodbye: 'Goodbye! It was a pleasure.',
    howAreYou: 'All my states are where they should be, thank you. What can I do for you?',
    help:
      'I can tell you the time and the date, and do arithmetic. I can open and close apps, send and read messages, and ' +
      'find a contact. I can also repeat after you, tell you what you said before, or tell a story. Try: open Safari.',
    about:
      'I am the small answerer that comes with Recital. There is no language model in me: I follow a short list of rules, ' +
      'in English and in Russian, so I am quick, I need no network, and I never make anything up. I know the time and the ' +
      'date, I can calculate, and I can open an app or send a message when you ask me plainly. Around me is the part that ' +
      'matters: a server where every conversation is a statechart, so that you can see what each did and replay it exactly. To ' +
      'put a real model in my place, set ANSWER_ENGINE.',
    story:
      'Once there was a lighthouse keeper who was afraid of the dark. Every evening she climbed the hundred and twelve ' +
      'steps, lit the great lamp, and watched its beam walk slowly over the water. One night a boy from the village asked ' +
      'her how she could bear it, up there, all alone. She thought about it for a while. Then she said: I used to count the ' +
      'hours until morning. Now I count the ships. Each of them is somebody who sees my light and knows where home is. The ' +
      'boy looked out, and far away, between the waves, a small lamp blinked twice. What does that mean, he asked. The ' +
      'keeper smiled. It means, she said, good night.',
    joke: 'A statechart walks into a bar. The barman asks: what will it be? That depends, says the statechart, on where I am.',
    screen:
      'I cannot see pictures: I am a small rule-based answerer. A model that can see them is connected with the setting ANSWER_ENGINE.',
    declined: 'All right, I will leave it.',
    onlyTheTimeHere: 'I only know the time here.',
    nothingSaidBefore: 'You have said nothing to me before this.',
    notToldYet: 'I do not know that: I do not remember that you told me.',
    unknownDevice: 'I do not know which device you are, so I keep nothing of what you say.',
    noWebSearch:
      'I cannot search the web by myself. I can open a browser for you: say, for example, open Safari. For answers from ' +
      'the wide world, connect a language model with the setting ANSWER_ENGINE.',
    whatToSearch: 'Say it together with the words, for example: search the web for flights to Rome.',
    nothingToRepeat: 'Say it together with the words, for example: repeat after me: the sea is calm tonight.',
    fallback:
      'I have no rule for that. I am the small rule-based answerer that comes with Recital, not a language model. I can ' +
      'tell the time, calculate, open apps and send messages. To get real answers, connect a model with the setting ANSWER_ENGINE.',
  },
  ru: {
    greeting: 'Здравствуйте! Чем могу помочь?',
    thanks: 'Пожалуйста.',
    goodbye: 'До свидания! Было приятно поговорить.',
    howAreYou: 'Спасибо, все мои состояния на своих местах. Чем могу помочь?',
    help:
      'Я могу сказать, который час и какое сегодня число, и умею считать. Могу открыть или закрыть приложение, отправить ' +
      'и прочитать сообщения, найти контакт. Ещё я могу повторить за вами, напомнить, что вы говорили раньше, или ' +
      'рассказать историю. Попробуйте сказать: открой Сафари.',
    about:
      'Я небольшой встроенный ответчик, который поставляется вместе с Recital. Языковой модели во мне нет: я следую ' +
      'короткому списку правил, по-русски и по-английски, поэтому отвечаю быстро, не нуждаюсь в сети и ничего не ' +
      'выдумываю. Я знаю время и дату, умею считать, могу открыть приложение или отправить сообщение, если попросить прямо. ' +
      'А вокруг меня то, что действительно важно: сервер, в котором каждый разговор устроен как диаграмма состояний, и его ' +
      'можно наблюдать вживую и повторить в точности. Чтобы поставить на моё место настоящую модель, задайте ANSWER_ENGINE.',
    story:
      'Жила-была смотрительница маяка, которая боялась темноты. Каждый вечер она поднималась по ста двенадцати ступеням, ' +
      'зажигала большую лампу и смотрела, как луч медленно идёт по воде. Однажды мальчик из деревни спросил её, как же она ' +
      'там одна, наверху. Она немного подумала и ответила: раньше я считала часы до утра. А теперь я считаю корабли. На ' +
      'каждом из них кто-то видит мой свет и знает, где его дом. Мальчик посмотрел на море, и далеко, между волнами, ' +
      'дважды мигнул маленький огонёк. Что это значит, спросил он. Смотрительница улыбнулась. Это значит, сказала она, ' +
      'спокойной ночи.',
    joke: 'Заходит диаграмма состояний в бар. Бармен спрашивает: что будете? Смотря где я, отвечает диаграмма.',
    screen:
      'Я не вижу изображений: я небольшой ответчик, который работает по правилам. Модель, которая видит, подключается ' +
      'настройкой ANSWER_ENGINE.',
    declined: 'Хорошо, не буду.',
    onlyTheTimeHere: 'Я знаю только здешнее время.',
    nothingSaidBefore: 'До этого вы мне ничего не говорили.',
    notToldYet: 'Этого я не знаю: не помню, чтобы вы мне говорили.',
    unknownDevice: 'Я не знаю, какое у вас устройство, поэтому не храню того, что вы говорите.',
    noWebSearch:
      'Сам я искать в интернете не умею. Могу открыть браузер: скажите, например, открой Сафари. А чтобы получать ответы ' +
      'обо всём на свете, подключите языковую модель настройкой ANSWER_ENGINE.',
    whatToSearch: 'Скажите сразу и слова, например: найди в интернете билеты в Рим.',
    nothingToRepeat: 'Скажите сразу и слова, например: повтори за мной: сегодня море спокойно.',
    fallback:
      'Для этого у меня нет правила. Я небольшой ответчик, который поставляется вместе с Recital и работает по правилам, ' +
      'это не языковая модель. Я могу сказать время, посчитать, открыть приложение, отправить сообщение. Чтобы получать ' +
      'настоящие ответы, подключите модель настройкой ANSWER_ENGINE.',
  },
};

const deeds: Readonly<Record<Language, Readonly<Record<string, string>>>> = {
  en: {
    open_app: 'open apps',
    close_app: 'close apps',
    send_message: 'send messages',
    read_messages: 'read messages',
    find_contact: 'look up contacts',
    send_whatsapp_message: 'send WhatsApp messages',
    read_whatsapp_messages: 'read WhatsApp messages',
    browser_use: 'use the web browser',
    close_browser: 'close the web browser',
    buy_subscription: 'open the purchase of a subscription',
    manage_subscription: 'open the settings of a subscription',
  },
  ru: {
    open_app: 'открывать приложения',
    close_app: 'закрывать приложения',
    send_message: 'отправлять сообщения',
    read_messages: 'читать сообщения',
    find_contact: 'искать в контактах',
    send_whatsapp_message: 'отправлять сообщения в WhatsApp',
    read_whatsapp_messages: 'читать сообщения в WhatsApp',
    browser_use: 'работать в браузере',
    close_browser: 'закрывать браузер',
    buy_subscription: 'открывать покупку подписки',
    manage_subscription: 'открывать управление подпиской',
  },
};

/** What is said of a wish whose command the configuration does not allow. */
export function switchedOff(language: Language, command: string): string {
  const deed = deeds[language][command] ?? (language === 'ru' ? 'это делать' : 'do that');
  return language === 'ru'
    ? `Мне здесь не разрешено ${deed}: это выключено в настройках сервера.`
    : `I am not allowed to ${deed} here: that is switched off in the settings of this server.`;
}

/** The commands that the fixed text of `help` tells of. */
export const usualCommands: readonly string[] = [
  'open_app',
  'close_app',
  'send_message',
  'read_messages',
  'find_contact',
];

/** What it can do: what it always can, and what the configuration adds to that or takes from it. */
export function helpText(language: Language, allowed: readonly string[]): string {
  const named = (commands: readonly string[]) =>
    commands.map((command) => deeds[language][command] ?? command).join(', ');
  const more = allowed.filter((command) => !usualCommands.includes(command) && Object.hasOwn(deeds[language], command));
  const fewer = usualCommands.filter((command) => !allowed.includes(command));
  const [also, but] =
    language === 'ru' ? ['Здесь мне также разрешено', 'Здесь не разрешено'] : ['Here I may also', 'Here I may not'];
  const extra = more.length === 0 ? '' : ` ${also}: ${named(more)}.`;
  return `${texts[language].help}${extra}${fewer.length === 0 ? '' : ` ${but}: ${named(fewer)}.`}`;
}

/** `intro: “words”.`, with the quotes of the language. */
export function quotation(intro: string, words: string, language: Language): string {
  const text = withoutBraces(words);
  const stop = /[.!?…]$/u.test(text) ? '' : '.';
  return language === 'ru' ? `${intro}: «${text}»${stop}` : `${intro}: “${text}”${stop}`;
}

/** An answer with a brace would be read as a JSON answer, and words of the user's could become a command. */
export function withoutBraces(text: string): string {
  return text.replaceAll('{', '(').replaceAll('}', ')');
}

const formats = { 'image/png': 'PNG', 'image/jpeg': 'JPEG', 'image/webp': 'WebP' } as const;
const units = {
  en: { bytes: 'bytes', kilobytes: 'kilobytes', megabytes: 'megabytes' },
  ru: { bytes: 'байт', kilobytes: 'КБ', megabytes: 'МБ' },
} as const;

/** The answer to "What is on my screen?". */
export function screenText(language: Language, screenshot: AnswerImage | undefined): string {
  const blind = texts[language].screen;
  if (screenshot === undefined) return blind;
  const { mediaType, widthPixels, heightPixels, bytes } = screenshot;
  const format = formats[mediaType];
  const size = sizeText(language, bytes.byteLength);
  return language === 'ru'
    ? `Скриншот пришёл: ${format}, ${widthPixels} на ${heightPixels} пикселей, ${size}. ${blind}`
    : `Your screenshot is here: ${format}, ${widthPixels} by ${heightPixels} pixels, ${size}. ${blind}`;
}

function sizeText(language: Language, byteCount: number): string {
  const { bytes, kilobytes, megabytes } = units[language];
  if (byteCount < 1_000) return `${byteCount} ${bytes}`;
  if (byteCount < 999_500) return `${Math.round(byteCount / 1_000)} ${kilobytes}`;
  const millions = (byteCount / 1_000_000).toFixed(1);
  return `${language === 'ru' ? millions.replace('.', ',') : millions} ${megabytes}`;
}

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
