/** The commands that are switched off unless the configuration names them: which wishes the embedded answerer carries out, and which not. */
import { describe, expect, test } from 'vitest';
import { createEmbeddedAnswerEngine } from '../../../src/engines/embedded-answer/embedded-answer.ts';
import { type CommandName, commandNames, judgeCommand } from '../../../src/text/commands.ts';

async function ask(prompt: string, allowedCommands: readonly CommandName[] = commandNames) {
  const engine = createEmbeddedAnswerEngine({ msPerWord: 0, allowedCommands });
  let text = '';
  let command: { readonly name: string; readonly args: unknown } | undefined;
  for await (const part of engine.answer({ prompt, hardwareId: 'device' }, new AbortController().signal)) {
    if (part.kind === 'text') text += part.text;
    else if (part.kind === 'command') command = { name: part.name, args: part.args };
  }
  return { text, command };
}

const send = (contact: string, message: string) => ({ name: 'send_whatsapp_message', args: { contact, message } });
const read = (args: object) => ({ name: 'read_whatsapp_messages', args });
const browse = (task: string, url?: string) => ({
  name: 'browser_use',
  args: url === undefined ? { task } : { task, url },
});
const close = { name: 'close_browser', args: {} };
const buy = (args: object) => ({ name: 'buy_subscription', args });
const manage = (args: object) => ({ name: 'manage_subscription', args });

const wishes: readonly (readonly [prompt: string, command: { readonly name: string; readonly args: object }])[] = [
  ["WhatsApp Anna that I'm late", send('Anna', "I'm late")],
  ['whatsapp mom: on my way', send('Mom', 'on my way')],
  ["text mom on whatsapp: I'm home", send('Mom', "I'm home")],
  ["Send a WhatsApp message to Anna: I'm late", send('Anna', "I'm late")],
  ['send Anna a WhatsApp saying hello', send('Anna', 'hello')],
  ['Send a whatsapp to Anna Smith: see you!', send('Anna Smith', 'see you!')],
  ["Can you text Anna on WhatsApp that I'm late?", send('Anna', "I'm late")],
  ['Tell Anna on WhatsApp that dinner is ready', send('Anna', 'dinner is ready')],
  ['send Anna a message on WhatsApp: hi', send('Anna', 'hi')],
  ['Send a message via WhatsApp to Anna: hi', send('Anna', 'hi')],
  ['напиши Ане в вотсап, что я опоздаю', send('Аня', 'я опоздаю')],
  ['напиши в вотсап Ане, что я опоздаю', send('Аня', 'я опоздаю')],
  ['отправь маме сообщение в WhatsApp: привет', send('Мама', 'привет')],
  ['скажи Ане в вотсапе, что я дома', send('Аня', 'я дома')],
  ['Shoot Anna a WhatsApp saying hi', send('Anna', 'hi')],
  ['reply to Anna on WhatsApp: ok', send('Anna', 'ok')],
  ['read my WhatsApp from Anna', read({ contact: 'Anna' })],
  ['any new WhatsApps from Bob?', read({ contact: 'Bob' })],
  ['Send a WhatsApp message to +491511234567: hi', send('+491511234567', 'hi')],
  ['Do I have any new WhatsApp messages?', read({})],
  ['Any new messages on WhatsApp from Bob?', read({ contact: 'Bob' })],
  ['read the last 3 whatsapp messages from Anna', read({ contact: 'Anna', limit: 3 })],
  ['read my last WhatsApp message', read({ limit: 1 })],
  ['check my WhatsApp', read({})],
  ['прочитай сообщения в ватсапе', read({})],
  ['прочитай последние три сообщения в вотсапе от Маши', read({ contact: 'Маша', limit: 3 })],
  ['есть новые сообщения в вотсапе?', read({})],
  ['проверь вотсап', read({})],
  [
    'go to example.com and find the cheapest flight',
    browse('Go to example.com and find the cheapest flight', 'https://example.com'),
  ],
  [
    'Please go to https://example.com/a?b=c and book a table.',
    browse('Go to https://example.com/a?b=c and book a table', 'https://example.com/a?b=c'),
  ],
  ['visit example.com', browse('Visit example.com', 'https://example.com')],
  ['open google.com', browse('Open google.com', 'https://google.com')],
  ['search the web for flights to Rome', browse('Search the web for flights to Rome')],
  ['google the weather in Paris', browse('Google the weather in Paris')],
  ['look up the capital of Peru online', browse('Look up the capital of Peru online')],
  ['use the browser to book a table for two', browse('Use the browser to book a table for two')],
  ['найди в интернете рецепт борща', browse('Найди в интернете рецепт борща')],
  ['загугли погоду в Москве', browse('Загугли погоду в Москве')],
  ['зайди на сайт example.com и найди цены', browse('Зайди на сайт example.com и найди цены', 'https://example.com')],
  ['open the browser and go to example.com', browse('Open the browser and go to example.com', 'https://example.com')],
  ['book a table for two in the browser', browse('Book a table for two in the browser')],
  ['открой браузер и найди рецепт борща', browse('Открой браузер и найди рецепт борща')],
  ['search the web for example.com', browse('Search the web for example.com')],
  ['close the browser', close],
  ['shut the browser down', close],
  ['выключи браузер', close],
  ['please close my browser window', close],
  ['закрой браузер', close],
  ["I'd like to subscribe to the pro plan", buy({ plan: 'pro' })],
  ['I want to buy a subscription', buy({})],
  ['upgrade to premium', buy({ plan: 'premium' })],
  ['get me the premium plan', buy({ plan: 'premium' })],
  ['I want the pro plan', buy({ plan: 'pro' })],
  ['purchase the pro version', buy({ plan: 'pro' })],
  ['start my free trial', buy({})],
  ['хочу тариф премиум', buy({ plan: 'premium' })],
  ['купи премиум подписку', buy({ plan: 'premium' })],
  ['оформи подписку', buy({})],
  ['подпиши меня на премиум', buy({ plan: 'premium' })],
  ['cancel my subscription', manage({ action: 'cancel' })],
  ['I want to change my plan', manage({ action: 'change' })],
  ['manage my subscription, please', manage({})],
  ['отмени подписку', manage({ action: 'cancel' })],
  ['хочу продлить подписку', manage({ action: 'renew' })],
  ['управление подпиской', manage({})],
];

describe('where all commands are allowed', () => {
  test.each(wishes)('%s', async (prompt, command) => {
    const answer = await ask(prompt);
    expect(answer.command).toEqual(command);
    expect(answer.text).not.toBe('');
    expect(judgeCommand({ name: command.name, args: command.args }, commandNames)).toMatchObject({
      accepted: true,
      args: command.args,
    });
  });

  test.each([
    'WhatsApp is down',
    'WhatsApp Web',
    'I sent Anna a WhatsApp',
    "don't WhatsApp Anna",
    'WhatsApp Anna tomorrow',
    'whatsapp me when you arrive',
    'did you read my WhatsApp messages?',
    'How do I send a WhatsApp message to Anna?',
    'send WhatsApp to everyone: hi',
    'не пиши Ане в вотсап',
    'я написал Ане в вотсап',
    'вотсап не работает',
    'I went to example.com',
    "don't go to example.com",
    'how do I search the web for flights?',
    'what is example.com?',
    'Go to example.com. No, wait.',
    'Google is a big company',
    'google maps is down',
    'Google or Bing?',
    'look for my keys',
    'search for my keys',
    'go to bed',
    'open main.py',
    'open notes.txt',
    'write to joe@example.com',
    'close the browser tab',
    'close the browser?',
    'how do I close the browser?',
    "don't close the browser",
    'не закрывай браузер',
    'I opened a bank account',
    'subscribe to my channel',
    'Subscribe to Netflix',
    'cancel my Netflix subscription',
    'How do I cancel my subscription?',
    'I cancelled my subscription',
    "don't cancel my subscription",
    'cancel my subscription?',
    'buy a car',
    'get pro',
    'buy a subscription to Netflix',
    'upgrade to premium economy',
    'buy plus size clothes',
    'I want the pro',
    'get pro tips',
    'change my plan to go out',
    'cancel my plans',
    'start a trial run',
    'drop Bob at school',
    'tell me about WhatsApp',
    'tell Anna that I am on WhatsApp',
    'find my keys in the browser bag',
    'I read that online',
    'не отменяй подписку',
    'как отменить подписку?',
    'я отменил подписку',
    'подпишись на мой канал',
  ])('%s gives no command', async (prompt) => {
    const answer = await ask(prompt);
    expect(answer.command).toBeUndefined();
    expect(answer.text).not.toBe('');
  });

  test('the app is opened and a message about it is sent as ever', async () => {
    expect((await ask('open whatsapp')).command).toEqual({ name: 'open_app', args: { app_name: 'WhatsApp' } });
    const command = { name: 'send_message', args: { contact: 'Mom', message: "I'm on WhatsApp" } };
    expect((await ask("text mom: I'm on WhatsApp")).command).toEqual(command);
    expect((await ask("text mom that I'm on WhatsApp")).command).toEqual(command);
    expect((await ask("Text mom I'm on WhatsApp")).command).toEqual(command);
  });

  test('no word of doubt before a wish leaves it one', async () => {
    for (const word of ["don't", 'never', 'if', 'how do I', 'she said', 'не', 'как', 'если']) {
      for (const [prompt] of wishes)
        expect((await ask(`${word} ${prompt}`)).command, `${word} ${prompt}`).toBeUndefined();
    }
  });
});

describe('where a command is switched off', () => {
  test.each(wishes.map(([prompt, { name }]) => [prompt, name] as const))('%s gives none', async (prompt, name) => {
    for (const allowed of [commandNames.filter((other) => other !== name), []]) {
      const { command, text } = await ask(prompt, allowed);
      expect(command).toBeUndefined();
      expect(text).not.toMatch(/^(?:Sending|Reading|Doing|Closing|Opening|Отправляю|Читаю|Делаю|Закрываю|Открываю)/);
    }
  });

  test.each([
    [
      'WhatsApp Anna: hi',
      'I am not allowed to send WhatsApp messages here: that is switched off in the settings of this server.',
    ],
    ['open Safari', 'I am not allowed to open apps here: that is switched off in the settings of this server.'],
    [
      'go to example.com',
      'I am not allowed to use the web browser here: that is switched off in the settings of this server.',
    ],
    ['отмени подписку', 'Мне здесь не разрешено открывать управление подпиской: это выключено в настройках сервера.'],
    ['прочитай сообщения', 'Мне здесь не разрешено читать сообщения: это выключено в настройках сервера.'],
  ])('%s is answered honestly', async (prompt, text) => {
    expect(await ask(prompt, [])).toEqual({ text, command: undefined });
  });

  test('help tells what it may do beside the usual, and what it may not', async () => {
    const usual = (await ask('help', commandNames.slice(0, 5))).text;
    expect((await ask('help', commandNames)).text).toBe(
      `${usual} Here I may also: send WhatsApp messages, read WhatsApp messages, use the web browser, close the web browser, ` +
        'open the purchase of a subscription, open the settings of a subscription.',
    );
    expect((await ask('help', ['read_messages', 'find_contact', 'send_message'])).text).toBe(
      `${usual} Here I may not: open apps, close apps.`,
    );
  });
});
