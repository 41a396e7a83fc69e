/** The embedded answerer: which prompt gives which words and which command, and above all which gives none. */
import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AnswerImage, AnswerPart, AnswerUsage } from '../../../src/engines/answer-engine.ts';
import {
  createEmbeddedAnswerEngine,
  type EmbeddedAnswerOptions,
} from '../../../src/engines/embedded-answer/embedded-answer.ts';
import { startStopwatch } from '../../support/stopwatch.ts';

const neverAborted = new AbortController().signal;
/** A Sunday afternoon. */
const clock: EmbeddedAnswerOptions = { now: () => new Date('2026-11-22T15:45:00Z'), timeZone: 'UTC', msPerWord: 0 };

interface Answer {
  readonly text: string;
  readonly deltas: readonly string[];
  readonly command: { readonly name: string; readonly args: unknown } | undefined;
}

async function read(parts: AsyncIterable<AnswerPart>): Promise<Answer> {
  const deltas: string[] = [];
  let command: Answer['command'];
  for await (const part of parts) {
    expect(command, 'nothing follows a command').toBeUndefined();
    if (part.kind === 'text') deltas.push(part.text);
    if (part.kind === 'command') command = { name: part.name, args: part.args };
  }
  return { text: deltas.join(''), deltas, command };
}

function ask(prompt: string, options: EmbeddedAnswerOptions = clock, hardwareId = 'device'): Promise<Answer> {
  return read(createEmbeddedAnswerEngine(options).answer({ prompt, hardwareId }, neverAborted));
}

function fallbackOf(prompt: string): RegExp {
  return /\p{Script=Cyrillic}/u.test(prompt) ? /^Для этого у меня нет правила\./ : /^I have no rule for that\./;
}

describe('the use that it tells', () => {
  test.each([
    ['What time  is it?', 4, 4],
    ['Открой сафари', 2, 2],
    [' ', 0, undefined],
  ])('for %j is the words of the prompt and the words it said', async (prompt, inputTokens, saidWords) => {
    const used: AnswerUsage[] = [];
    const noteUsage = (usage: AnswerUsage) => used.push(usage);
    const engine = createEmbeddedAnswerEngine(clock);
    const { text } = await read(engine.answer({ prompt, hardwareId: 'd', noteUsage }, neverAborted));
    const outputTokens = text.trim().split(/\s+/).length;
    if (saidWords !== undefined) expect(outputTokens).toBe(saidWords);
    expect(used).toEqual([{ inputTokens, outputTokens, model: 'recital-embedded' }]);
  });

  test.each(['an abort while it waits', 'an abort between two words'])(
    'after %s is what was said until then, told once',
    async (how) => {
      const used: AnswerUsage[] = [];
      const noteUsage = (usage: AnswerUsage) => used.push(usage);
      const controller = new AbortController();
      const iterator = createEmbeddedAnswerEngine({ ...clock, msPerWord: 40 })
        .answer({ prompt: 'Tell me a story', hardwareId: 'd', noteUsage }, controller.signal)
        [Symbol.asyncIterator]();
      for (let word = 0; word < 3; word += 1) await iterator.next();
      expect(used).toEqual([]);
      const pull = how === 'an abort while it waits' ? iterator.next() : undefined;
      controller.abort('enough');
      // A reader that was not waiting gives up by return(), as `for await` does.
      if (pull === undefined) await iterator.return?.();
      else await expect(pull).rejects.toBe('enough');
      await iterator.next();
      expect(used).toEqual([{ inputTokens: 4, outputTokens: 3, model: 'recital-embedded' }]);
    },
  );
});

describe('a screenshot', () => {
  const shot = {
    bytes: new Uint8Array(2_140_000),
    mediaType: 'image/png',
    widthPixels: 1920,
    heightPixels: 1080,
  } as const;
  const cannotSee = /cannot see pictures: .*ANSWER_ENGINE/;
  const look = (prompt: string, screenshot?: AnswerImage) =>
    read(
      createEmbeddedAnswerEngine(clock).answer(
        { prompt, hardwareId: 'device', ...(screenshot !== undefined && { screenshot }) },
        neverAborted,
      ),
    );

  test.each([
    [shot, 'Your screenshot is here: PNG, 1920 by 1080 pixels, 2.1 megabytes.'],
    [
      { ...shot, mediaType: 'image/jpeg', bytes: new Uint8Array(45_300) },
      'Your screenshot is here: JPEG, 1920 by 1080 pixels, 45 kilobytes.',
    ],
    [
      { ...shot, mediaType: 'image/webp', bytes: new Uint8Array(999), widthPixels: 3 },
      'Your screenshot is here: WebP, 3 by 1080 pixels, 999 bytes.',
    ],
  ] as const)('is told of by its format and size, and that nobody looked (%#)', async (screenshot, told) => {
    const { text } = await look('What is on my screen?', screenshot);
    expect(text.startsWith(`${told} I cannot see pictures`), text).toBe(true);
    expect(text).toMatch(cannotSee);
  });

  test('is told of in Russian', async () => {
    const { text } = await look('Что у меня на экране?', shot);
    expect(text).toMatch(/^Скриншот пришёл: PNG, 1920 на 1080 пикселей, 2,1 МБ\. Я не вижу изображений/);
  });

  test('that did not come is not told of', async () => {
    expect((await look('What is on my screen?')).text).toMatch(/^I cannot see pictures/);
  });

  test('changes no other answer', async () => {
    expect((await look('What time is it?', shot)).text).toBe('It is 3:45 PM.');
  });
});

describe('questions with one right answer', () => {
  test.each([
    ['What time is it?', 'It is 3:45 PM.'],
    ['what time is it', 'It is 3:45 PM.'],
    ['Hey, could you please tell me what time it is?', 'It is 3:45 PM.'],
    ['Tell me, please, the time.', 'It is 3:45 PM.'],
    ['What’s the time right now?', 'It is 3:45 PM.'],
    ['Hello! What time is it?', 'It is 3:45 PM.'],
    ['What time is it in Tokyo?', 'I only know the time here. It is 3:45 PM.'],
    ['Который час?', 'Сейчас 15:45.'],
    ['Сколько времени?', 'Сейчас 15:45.'],
    ['Скажи, пожалуйста, который час', 'Сейчас 15:45.'],
    ['Сколько сейчас времени в Токио?', 'Я знаю только здешнее время. Сейчас 15:45.'],
    ["What's the date today?", 'Today is Sunday, November 22, 2026.'],
    ['What day is it tomorrow?', 'Tomorrow is Monday, November 23, 2026.'],
    ['what day was yesterday', 'Yesterday was Saturday, November 21, 2026.'],
    ['Какое сегодня число?', 'Сегодня воскресенье, 22 ноября 2026 года.'],
    ['Какой завтра день?', 'Завтра понедельник, 23 ноября 2026 года.'],
    ['Добрый день! Какой сегодня день недели?', 'Сегодня воскресенье, 22 ноября 2026 года.'],
    ['2+2', 'That makes 4.'],
    ['What is 2 + 2?', 'That makes 4.'],
    ["What's 12 times 7?", 'That makes 84.'],
    ['what is two plus two times two', 'That makes 6.'],
    ['What is two hundred and five plus twenty-one?', 'That makes 226.'],
    ['what is 0.1 + 0.2', 'That makes 0.3.'],
    ['10 / 3 =', 'That makes about 3.333333.'],
    ['what is 10 divided by 0?', 'Nothing can be divided by zero.'],
    ['what is 2^3^2', 'That makes 512.'],
    ['what is -(5 - 3) * 2', 'That makes -4.'],
    ['what is 20% of 50', 'That makes 10.'],
    ['what is 1,000,000 * 3', 'That makes 3000000.'],
    ['square root of 16', 'That makes 4.'],
    ['what is the square root of -4', 'There is no such number.'],
    ['what is 9^999', 'That is beyond the numbers that I can handle.'],
    ['what is five squared minus one', 'That makes 24.'],
    ['Сколько будет 2 плюс 2?', 'Получается 4.'],
    ['сколько будет двадцать один умножить на три', 'Получается 63.'],
    ['Посчитай (2+3)*4', 'Получается 20.'],
    ['Посчитай, пожалуйста, 10 разделить на 4', 'Получается 2,5.'],
    ['сколько будет 2,5 + 1', 'Получается 3,5.'],
    ['сколько будет 1 000 + 1', 'Получается 1001.'],
    ['сколько будет 7 делить на ноль', 'На ноль делить нельзя.'],
    ['сколько будет двадцать процентов от пятидесяти пяти', fallbackOf('р')],
    ['сколько будет 20 процентов от 50', 'Получается 10.'],
    ['минус пять плюс два', 'Получается -3.'],
    ['сколько будет пять в квадрате', 'Получается 25.'],
    ['Repeat after me: the sea  is\tcalm!', 'the sea  is\tcalm!'],
    ['say "hello world"', 'hello world'],
    ['Повтори за мной: шла Саша по шоссе', 'шла Саша по шоссе'],
    ['repeat after me: {"text": "x"}', '("text": "x")'],
    ['repeat after me: много русских слов подряд', 'много русских слов подряд'],
    ['How do you say здравствуйте', /^I have no rule for that/],
  ])('%s → %s', async (prompt, text) => {
    const answer = await ask(prompt);
    expect(answer).toMatchObject({ command: undefined });
    expect(answer.text).toEqual(typeof text === 'string' ? text : expect.stringMatching(text));
  });

  test.each([
    ['Hello!', /^Hello!/],
    ['hi there', /^Hello!/],
    ['Привет!', /^Здравствуйте!/],
    ['Thank you very much!', /^You are welcome/],
    ['Спасибо', /^Пожалуйста/],
    ['Goodbye', /^Goodbye/],
    ['до свидания', /^До свидания/],
    ['How are you?', /thank you/],
    ['Привет, как дела?', /состояния/],
    ['What can you do?', /arithmetic/],
    ['Что ты умеешь?', /считать/],
    ['Who are you?', /no language model in me.*ANSWER_ENGINE/],
    ['Кто ты?', /Языковой модели во мне нет.*ANSWER_ENGINE/],
    ['Расскажи о себе', /Языковой модели во мне нет/],
    ['Tell me about yourself', /statechart/],
    ['Tell me a story', /lighthouse/],
    ['Say something longer', /lighthouse/],
    ['Расскажи что-нибудь подлиннее', /маяка/],
    ['Расскажи, пожалуйста, сказку', /маяка/],
    ['Tell me a joke', /statechart/],
    ['пошути', /бар/],
    ['What do you see on my screen?', /cannot see pictures.*ANSWER_ENGINE/],
    ['Search the web for cats', /cannot search the web/],
    ['Google cats', /cannot search the web/],
    ['Найди в интернете котиков', /искать в интернете не умею/],
    ['Open the browser', /^Which one\?/],
    ['Открой браузер', /^Какое именно\?/],
    ['open foobar', /do not know an app called “foobar”/],
    ['открой фубар', /Я не знаю приложения «фубар»/],
    ["Don't open Safari", /^All right/],
    ['Не открывай сафари', /^Хорошо, не буду/],
    ['Send a message to Anna', /^What should I write to Anna\?/],
    ['Напиши маме', /^Что написать\?/],
    ['What is the meaning of life?', /rule-based answerer.*ANSWER_ENGINE/],
    ['В чём смысл жизни?', /работает по правилам.*ANSWER_ENGINE/],
    ['今何時ですか', /rule-based answerer.*ANSWER_ENGINE/],
    ['', /rule-based answerer.*ANSWER_ENGINE/],
  ])('%s is answered in its language, without a command', async (prompt, text) => {
    const answer = await ask(prompt);
    expect(answer.text).toMatch(text);
    expect(answer.command).toBeUndefined();
  });

  test.each([
    ['Tell me a story', 'Расскажи историю'],
    ['Tell me about yourself', 'Расскажи о себе'],
  ])('%s and %s are answered with several sentences', async (...prompts) => {
    for (const prompt of prompts) expect((await ask(prompt)).text.match(/[.?!](?: |$)/g)?.length).toBeGreaterThan(4);
  });
});

describe('arithmetic', () => {
  const operation = fc.tuple(fc.constantFrom('+', '-', '*'), fc.integer({ min: 0, max: 99 }));

  /** Sums of products, reckoned the plain way. */
  function reckoned(first: number, rest: readonly (readonly [string, number])[]): number {
    const terms = [first];
    for (const [operator, value] of rest) {
      if (operator === '*') terms.push((terms.pop() ?? 0) * value);
      else terms.push(operator === '-' ? -value : value);
    }
    return terms.reduce((sum, term) => sum + term, 0);
  }

  test('products come before sums, and sums go from left to right, in signs and in words of both languages', async () => {
    const names = [
      { '+': '+', '-': '-', '*': '*', lead: 'what is ', says: 'That makes' },
      { '+': 'plus', '-': 'minus', '*': 'times', lead: "what's ", says: 'That makes' },
      { '+': 'плюс', '-': 'минус', '*': 'умножить на', lead: 'сколько будет ', says: 'Получается' },
    ];
    const rest = fc.array(operation, { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 99 }),
        rest,
        fc.constantFrom(...names),
        async (first, operations, name) => {
          const terms = operations.map(([operator, value]) => `${Reflect.get(name, operator)} ${value}`);
          const { text } = await ask(`${name.lead}${[first, ...terms].join(' ')}`);
          expect(text).toBe(`${name.says} ${reckoned(first, operations)}.`);
        },
      ),
    );
  });

  test('parentheses come first, however deep up to the bound', async () => {
    const nested = (depth: number) => `what is ${'('.repeat(depth)}1 + 1${')'.repeat(depth)} * 3`;
    expect((await ask(nested(1))).text).toBe('That makes 6.');
    expect((await ask(nested(30))).text).toBe('That makes 6.');
    expect((await ask(nested(60))).text).toMatch(/^I have no rule/);
  });
});

describe('wishes that are carried out', () => {
  const open = (app: string) => ({ name: 'open_app', args: { app_name: app } });
  const close = (app: string) => ({ name: 'close_app', args: { app_name: app } });
  const send = (contact: string, message: string) => ({ name: 'send_message', args: { contact, message } });
  const readMessages = (args: object) => ({ name: 'read_messages', args });
  const find = (query: string) => ({ name: 'find_contact', args: { query } });

  test.each([
    ['Open Safari', 'Opening Safari.', open('Safari')],
    ['please open safari', 'Opening Safari.', open('Safari')],
    ['OPEN SAFARI', 'Opening Safari.', open('Safari')],
    ['Can you open Safari for me?', 'Opening Safari.', open('Safari')],
    ['Could you open the Safari app, please?', 'Opening Safari.', open('Safari')],
    ['Hey, open up Safari right now. Thanks!', 'Opening Safari.', open('Safari')],
    ['I want you to open Telegram', 'Opening Telegram.', open('Telegram')],
    ['launch chrome', 'Opening Google Chrome.', open('Google Chrome')],
    ['start Zoom', 'Opening Zoom.', open('Zoom')],
    ['open my calendar', 'Opening Calendar.', open('Calendar')],
    ['Open Visual Studio Code', 'Opening Visual Studio Code.', open('Visual Studio Code')],
    ['Open Foobar', 'Opening Foobar.', open('Foobar')],
    ['Hey Siri, открой сафари', 'Открываю Сафари.', open('Safari')],
    ['Open Телеграм', 'Opening Telegram.', open('Telegram')],
    ['open the foobar app', 'Opening Foobar.', open('Foobar')],
    ['Открой сафари', 'Открываю Сафари.', open('Safari')],
    ['открой, пожалуйста, сафари', 'Открываю Сафари.', open('Safari')],
    ['Открой Safari', 'Открываю Safari.', open('Safari')],
    ['Можешь открыть телеграмм?', 'Открываю Телеграмм.', open('Telegram')],
    ['Не могли бы вы открыть заметки?', 'Открываю Заметки.', open('Notes')],
    ['Я хочу, чтобы ты открыл почту', 'Открываю Почту.', open('Mail')],
    ['открыть календарь', 'Открываю Календарь.', open('Calendar')],
    ['если не сложно, запусти хром', 'Открываю Хром.', open('Google Chrome')],
    ['открой терминал', 'Открываю Терминал.', open('Terminal')],
    ['Открой музыку', 'Открываю Музыку.', open('Music')],
    ['открой настройки', 'Открываю Настройки.', open('System Settings')],
    ['Открой приложение финансы', 'Открываю Финансы.', open('Финансы')],
    ['Close Safari', 'Closing Safari.', close('Safari')],
    ['please quit Slack', 'Closing Slack.', close('Slack')],
    ['Закрой телеграм', 'Закрываю Телеграм.', close('Telegram')],
    ['Закройте, пожалуйста, почту', 'Закрываю Почту.', close('Mail')],
    ["Send a message to Anna: I'm late", 'Sending a message to Anna.', send('Anna', "I'm late")],
    ['Send a message to Anna Smith: see you!', 'Sending a message to Anna Smith.', send('Anna Smith', 'see you!')],
    ['send Anna a message saying that I love  her', 'Sending a message to Anna.', send('Anna', 'I love  her')],
    ["Can you text Anna that I'm late?", 'Sending a message to Anna.', send('Anna', "I'm late")],
    ["text mom I'm home", 'Sending a message to mom.', send('Mom', "I'm home")],
    ['Text Bobby: "on my way"', 'Sending a message to Bobby.', send('Bobby', 'on my way')],
    ['Напиши маме, что я опоздаю', 'Отправляю сообщение маме.', send('Мама', 'я опоздаю')],
    ['напиши Маше привет', 'Отправляю сообщение Маше.', send('Маша', 'привет')],
    ['Отправь сообщение Ивану: «Я уже еду»', 'Отправляю сообщение Ивану.', send('Иван', 'Я уже еду')],
    ['отправь Алёне сообщение, что всё готово.', 'Отправляю сообщение Алёне.', send('Алёна', 'всё готово.')],
    ['Read my messages', 'Reading your messages.', readMessages({})],
    [
      'Read the last 3 messages from Anna',
      'Reading the messages from Anna.',
      readMessages({ contact: 'Anna', limit: 3 }),
    ],
    ['read my last message', 'Reading your messages.', readMessages({ limit: 1 })],
    ['Прочитай сообщения', 'Читаю сообщения.', readMessages({})],
    [
      'Прочитай последние три сообщения от Маши',
      'Читаю сообщения от Маши.',
      readMessages({ contact: 'Маша', limit: 3 }),
    ],
    ['Do I have any new messages?', 'Reading your messages.', readMessages({})],
    ['Any messages from Anna?', 'Reading the messages from Anna.', readMessages({ contact: 'Anna' })],
    ['read my texts', 'Reading your messages.', readMessages({})],
    ['Есть новые сообщения от Маши?', 'Читаю сообщения от Маши.', readMessages({ contact: 'Маша' })],
    ['Send a message to +4915112345678: hi', 'Sending a message to +4915112345678.', send('+4915112345678', 'hi')],
    ['switch to Slack', 'Opening Slack.', open('Slack')],
    ['bring up Spotify', 'Opening Spotify.', open('Spotify')],
    ['force quit Chrome', 'Closing Google Chrome.', close('Google Chrome')],
    ['search my contacts for Anna', 'Looking for Anna in your contacts.', find('Anna')],
    ["What is Anna's phone number?", 'Looking for Anna in your contacts.', find('Anna')],
    ["find Anna Miller's number", 'Looking for Anna Miller in your contacts.', find('Anna Miller')],
    ['Do I have a contact named Anna?', 'Looking for Anna in your contacts.', find('Anna')],
    ['Какой номер телефона у Маши?', 'Ищу в контактах: Маша.', find('Маша')],
    ['найди в контактах Ивана', 'Ищу в контактах: Иван.', find('Иван')],
    ['Find contact Anna', 'Looking for Anna in your contacts.', find('Anna')],
    ['find Anna Smith in my contacts', 'Looking for Anna Smith in your contacts.', find('Anna Smith')],
    ['найди контакт Иван', 'Ищу в контактах: Иван.', find('Иван')],
    ['Найди Аню в контактах', 'Ищу в контактах: Аня.', find('Аня')],
    ['найди номер телефона мамы', 'Ищу в контактах: Мама.', find('Мама')],
  ])('%s → %s', async (prompt, text, command) => {
    expect(await ask(prompt)).toMatchObject({ text, command });
  });
});

describe('a wrong command is worse than none', () => {
  test.each([
    'I opened a bank account',
    'Open a bank account',
    "don't open Safari",
    'Please do not open Safari',
    'never open Safari',
    'how do I open a jar?',
    'How do I open Safari?',
    'could you tell me how to open Safari?',
    'Could you not open Safari',
    "Can't you open Safari?",
    "Why don't you open Safari",
    'Should I open Safari?',
    'She said open Safari',
    'open Safari tomorrow',
    'open Safari if it rains',
    'open Safari unless I say so',
    'Open Safari and search for cats',
    'Open Safari. No, wait.',
    'Open Safari? No.',
    'Open Safari, no, Chrome',
    'open telegram or whatsapp',
    'is Safari open?',
    'Opening Safari takes long',
    'Remind me to open Safari',
    'I want to open Safari',
    'Open',
    'open the door',
    'Open Sesame!',
    'open your mind',
    'Open Source is great',
    'open google.com',
    'close the deal',
    'close your eyes',
    'close all tabs',
    'quit smoking',
    'start the clock',
    'start the music',
    'run for it',
    'exit strategy',
    'Repeat after me: open Safari',
    'say: close Safari',
    'не open Safari',
    'do not открой сафари',
    'не открывай сафари',
    'никогда не открывай сафари',
    'пожалуйста, не открывай сафари',
    'открыл счёт в банке',
    'ты открыл сафари?',
    'Открыть сафари?',
    'как открыть сафари?',
    'зачем ты открыл телеграм',
    'ты не можешь открыть сафари',
    'открой сафари через пять минут',
    'открой сафари, если будет дождь',
    'открой сафари и найди котиков',
    'открой рот',
    'Закрой Дверь',
    'напомни открыть сафари',
    'открой приложение для заметок',
    'I sent a message to Anna',
    'did you send a message to Anna?',
    'How do I send a message to Anna?',
    "don't text Anna",
    'Send a message to Anna tomorrow: hi',
    'send a message to Anna and Bob: hi',
    'Send a message to Anna, Bob: hi',
    "Text Anna Smith I'm late",
    'text me when you are there',
    'Text Anna later',
    'Text Adventure games rock',
    'Text Books that teach',
    'Message: Hello world',
    'Message from Anna',
    'Send Flowers: red ones',
    'Send an email to Anna: hi',
    'Write Python code that sorts a list',
    'write a poem',
    'не пиши маме, что я опоздаю',
    'напиши стихотворение про осень',
    'напиши мне сказку',
    'напиши маме завтра',
    'напиши маме, чтобы купила хлеб',
    'я написал маме, что опоздаю',
    'Написать маме, что я опоздаю?',
    'позвони маме',
    'read me a book',
    'read between the lines',
    'read my messages from yesterday',
    'read messages from last week',
    'read messages from Telegram',
    'I read my messages',
    'read my last 1000 messages',
    'прочитай книгу',
    'я прочитал сообщения',
    'find my keys',
    'find out what happened',
    'find contact',
    'find contact details',
    'найди ключи',
    'найди мне работу',
    'найди номер телефона пиццерии',
    "What is Euler's number?",
    "What is today's number?",
    "what is Anna's favorite number",
    'Is there a message in the bottle?',
    'any messages from work?',
    'switch to German',
    'check the contacts for errors',
    'kill time',
    'bring up the topic',
    'какой номер у дома',
    'what is the number of planets',
    'есть сообщения об этом',
    'Turn off the light',
    'delete everything',
  ])('%s gives no command', async (prompt) => {
    const answer = await ask(prompt);
    expect(answer.command).toBeUndefined();
    expect(answer.text).not.toBe('');
  });

  test.each([
    'what time is the meeting',
    'time flies',
    'what is the time difference',
    'сколько времени занимает дорога',
    'say hello to Anna',
    'what is 2024?',
    'what is love',
    'what is x times y',
    '2 + 2 = 5',
    '555-1234',
    '2026-11-22',
    '((((((2',
    'what is 2 +',
    'what is two three plus one',
    'сколько стоит хлеб',
    'какая погода',
  ])('%s is not answered as something else', async (prompt) => {
    expect((await ask(prompt)).text).toMatch(fallbackOf(prompt));
  });

  test('no words around a known wish make a command of it, unless they are polite', async () => {
    const words = [
      'not',
      'how',
      'if',
      'tomorrow',
      'opened',
      'never',
      'why',
      'she',
      'said',
      'and',
      'the',
      'door',
      'не',
      'как',
      'если',
    ];
    const wishes = ['open Safari', 'открой сафари', 'text Anna: hi', 'read my messages', 'close Chrome'];
    const around = fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(around, fc.constantFrom(...wishes), async (before, wish) => {
        // "And" alone is how people go on.
        fc.pre(before.some((word) => word !== 'and'));
        expect((await ask(`${before.join(' ')} ${wish}`)).command).toBeUndefined();
      }),
    );
  });
});

describe('the stream', () => {
  test('deltas are the words with their white space, and joined they are the text', async () => {
    const { deltas } = await ask('What time is it?');
    expect(deltas).toEqual(['It ', 'is ', '3:45 ', 'PM.']);
    expect((await ask('Открой сафари')).deltas).toEqual(['Открываю ', 'Сафари.']);
  });

  test('what is repeated comes back unaltered, whatever it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', maxLength: 200 }), async (said) => {
        const expected = `begin${said}end`.replaceAll('{', '(').replaceAll('}', ')');
        expect((await ask(`repeat after me: begin${said}end`)).text).toBe(expected);
      }),
    );
  });

  test('the same prompts always give the same streams', async () => {
    const prompts = ['Tell me a story', 'Открой сафари', 'что-то', 'what is 2 + 2'];
    const run = async () => {
      const engine = createEmbeddedAnswerEngine(clock);
      const answers: Answer[] = [];
      for (const prompt of prompts) answers.push(await read(engine.answer({ prompt, hardwareId: 'd' }, neverAborted)));
      return answers;
    };
    expect(await run()).toEqual(await run());
  });

  test('an abort in the middle ends the answer at once and leaves nothing behind', async () => {
    const controller = new AbortController();
    const engine = createEmbeddedAnswerEngine({ ...clock, msPerWord: 60_000 });
    const iterator = engine
      .answer({ prompt: 'Tell me a story', hardwareId: 'd' }, controller.signal)
      [Symbol.asyncIterator]();
    expect(await iterator.next()).toEqual({ done: false, value: { kind: 'text', text: 'Once ' } });
    const ended = expect(iterator.next()).rejects.toBe('interrupted');
    const elapsedMs = startStopwatch();
    controller.abort('interrupted');
    await ended;
    expect(elapsedMs()).toBeLessThan(50);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  test('time is told in the zone that was given, through midnight and noon', async () => {
    const at = (iso: string, timeZone: string) => ({ now: () => new Date(iso), timeZone, msPerWord: 0 });
    expect((await ask('What time is it?', at('2026-01-01T00:05:00Z', 'UTC'))).text).toBe('It is 12:05 AM.');
    expect((await ask('What time is it?', at('2026-01-01T12:00:00Z', 'UTC'))).text).toBe('It is 12:00 PM.');
    expect((await ask('Который час?', at('2026-01-01T00:05:00Z', 'UTC'))).text).toBe('Сейчас 0:05.');
    expect((await ask('What time is it?', at('2026-01-01T00:05:00Z', 'Asia/Tokyo'))).text).toBe('It is 9:05 AM.');
    const newYear = at('2025-12-31T23:30:00Z', 'Europe/Moscow');
    expect((await ask("What's the date?", newYear)).text).toBe('Today is Thursday, January 1, 2026.');
    expect((await ask('Какой вчера был день?', newYear)).text).toBe('Вчера было: среда, 31 декабря 2025 года.');
    expect(() => createEmbeddedAnswerEngine({ timeZone: 'Nowhere/Town' })).toThrow(RangeError);
  });
});

describe('what was said before', () => {
  function conversation() {
    const engine = createEmbeddedAnswerEngine(clock);
    return async (prompt: string, hardwareId = 'device') =>
      (await read(engine.answer({ prompt, hardwareId }, neverAborted))).text;
  }

  test('the last three prompts of the device come back, newest first', async () => {
    const say = conversation();
    expect(await say('What did I say before?')).toBe('You have said nothing to me before this.');
    await say('Hello');
    expect(await say('What did I say before?')).toBe('You said: “Hello”.');
    for (const prompt of ['one', 'two', 'What time\nis it?']) await say(prompt);
    expect(await say('What did I just say?')).toBe(
      'You said: “What time is it?” And before that: “two”. And before that: “one”.',
    );
    expect(await say('Что я говорил раньше?')).toBe(
      'Вы сказали: «What time is it?» А до этого: «two». А до этого: «one».',
    );
  });

  test("no device hears another's words, and one without an id hears none", async () => {
    const say = conversation();
    await say('my secret', 'a');
    await say('my secret', 'unknown');
    expect(await say('What did I say before?', 'b')).toBe('You have said nothing to me before this.');
    expect(await say('What did I say before?', 'unknown')).toMatch(/^I do not know which device you are/);
    expect(await say('What did I say before?', ' ')).toMatch(/^I do not know which device you are/);
  });

  test('a long prompt is remembered by its beginning', async () => {
    const say = conversation();
    await say(`${'x'.repeat(199)}😀${'y'.repeat(100_000)}`);
    expect(await say('What did I say before?')).toBe(`You said: “${'x'.repeat(199)}…”`);
  });

  test('a thousand devices are remembered, and the one that was silent longest is forgotten first', async () => {
    const say = conversation();
    for (let device = 0; device < 1000; device += 1) await say('Hello', `device-${device}`);
    await say('Hello again', 'device-0');
    await say('Hello', 'device-1000');
    expect(await say('What did I say before?', 'device-0')).toMatch(/Hello again/);
    expect(await say('What did I say before?', 'device-1')).toMatch(/nothing/);
    expect(await say('What did I say before?', 'device-2')).toMatch(/Hello/);
  });
});

describe('hostile prompts', () => {
  const size = 100_000;
  test.each([
    ['one word', 'a'.repeat(size)],
    ['white space', ' '.repeat(size)],
    ['marks', '.,:-"(«'.repeat(size / 7)],
    ['politeness', 'please '.repeat(size / 7)],
    ['politeness around a wish', `${'please '.repeat(size / 7)}open Safari`],
    ['parentheses', `what is ${'('.repeat(size)}1`],
    ['minus signs', `what is ${'-'.repeat(size)}1`],
    ['a sum', `what is ${'1+'.repeat(size / 2)}1`],
    ['digits', `what is ${'9'.repeat(size)}+1`],
    ['grouped digits', `what is ${'1,111'.repeat(size / 5)}+1`],
    ['number words', `what is ${'one hundred and '.repeat(size / 16)}`],
    ['power towers', `what is ${'9^'.repeat(size / 2)}9`],
    ['apostrophes', `a'${"'a'".repeat(size / 3)}`],
    ['half characters', '\uD83D'.repeat(size)],
    ['a contact without end', `send a message to ${'Anna '.repeat(size / 5)}`],
    ['braces', `repeat after me: ${'{'.repeat(size)}`],
    ['quotes', `repeat after me: ${'"'.repeat(size)}`],
  ])('a hundred thousand characters of %s are answered in no time, without a command', async (_, prompt) => {
    const elapsedMs = startStopwatch();
    const { command, text } = await ask(prompt);
    expect(elapsedMs()).toBeLessThan(500);
    expect(command).toBeUndefined();
    expect(text).not.toBe('');
  });

  test('a message that is too long to send is not sent', async () => {
    const answer = await ask(`Send a message to Anna: ${'x'.repeat(2001)}`);
    expect(answer).toMatchObject({ text: 'That is too long for one message.', command: undefined });
  });

  test('any prompt at all gets an answer with words', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (prompt) => {
        const { text, deltas } = await ask(prompt);
        expect(text.trim()).not.toBe('');
        expect(deltas.every((delta) => /\S/.test(delta))).toBe(true);
      }),
    );
  });
});
