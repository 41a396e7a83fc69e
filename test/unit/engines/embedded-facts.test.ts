/** What people tell the embedded answerer of themselves comes back when they ask, from the history and in their own words; nothing else does. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Exchange } from '../../../src/engines/answer-engine.ts';
import { createEmbeddedAnswerEngine } from '../../../src/engines/embedded-answer/embedded-answer.ts';
import { runs } from '../../support/runs.ts';

const neverAborted = new AbortController().signal;

/** What is answered to `prompt` after `earlier` utterances. */
async function answerAfter(earlier: readonly string[], prompt: string, hardwareId = 'device'): Promise<string> {
  const history: readonly Exchange[] = earlier.map((said) => ({ prompt: said, answer: 'I see.' }));
  const engine = createEmbeddedAnswerEngine({ msPerWord: 0 });
  let text = '';
  for await (const part of engine.answer({ prompt, hardwareId, history }, neverAborted)) {
    if (part.kind === 'text') text += part.text;
  }
  return text;
}

const notTold = 'I do not know that: I do not remember that you told me.';
const notToldRussian = 'Этого я не знаю: не помню, чтобы вы мне говорили.';

describe('what was told comes back', () => {
  test.each([
    ['My favourite colour is purple.', 'What is my favourite colour?', 'Your favourite colour is purple.'],
    ['My favorite color is purple', "what's my favourite colour", 'Your favorite color is purple.'],
    [
      'my favourite colour is dark blue',
      'Could you please tell me my favorite color?',
      'Your favourite colour is dark blue.',
    ],
    [
      'Purple is my favourite colour!',
      'Do you remember what my favourite colour is?',
      'Purple is your favourite colour.',
    ],
    ['My name is Anna.', 'What is my name?', 'Your name is Anna.'],
    ["My name's Anna", 'Do you know my name?', "Your name's Anna."],
    ['Call me Anna', 'Who am I?', 'Your name is Anna.'],
    ['I am called Анна', 'what am I called?', 'Your name is Анна.'],
    ['Hello! My name is Anna. What time is it?', 'And what is my name?', 'Your name is Anna.'],
    ["My dog's name is Rex", 'What is the name of my dog?', "Your dog's name is Rex."],
    ['My doctor is Dr. Smith.', 'Who is my doctor?', 'Your doctor is Dr. Smith.'],
    ['Please remember that my wifi password is abc-123', 'What is my wifi password?', 'Your wifi password is abc-123.'],
    ['My brother is older than me', 'Who is my brother?', 'You said: “My brother is older than me”.'],
    ['My keys are in the kitchen', 'Where are my keys?', 'Your keys are in the kitchen.'],
    ['My car is red', 'What colour is my car?', 'Your car is red.'],
    ['Мой любимый цвет фиолетовый.', 'Какой мой любимый цвет?', 'Ваш любимый цвет фиолетовый.'],
    ['Мой любимый цвет — фиолетовый.', 'Какой у меня любимый цвет?', 'Ваш любимый цвет — фиолетовый.'],
    ['Фиолетовый — мой любимый цвет', 'ты помнишь мой любимый цвет', 'Фиолетовый — ваш любимый цвет.'],
    ['У меня любимый цвет синий', 'Скажи, пожалуйста, какой мой любимый цвет?', 'У вас любимый цвет синий.'],
    ['Меня зовут Анна.', 'Как меня зовут?', 'Вас зовут Анна.'],
    ['Привет, моё имя Анна', 'как меня зовут', 'Ваше имя Анна.'],
    ['Меня зовут Анна', 'Какое у меня имя?', 'Вас зовут Анна.'],
    ['Мою собаку зовут Рекс', 'Как зовут мою собаку?', 'Вашу собаку зовут Рекс.'],
    ['Моя машина красная', 'Какого цвета моя машина?', 'Ваша машина красная.'],
    ['Мои ключи на кухне', 'Где мои ключи?', 'Ваши ключи на кухне.'],
  ])('%s · %s', async (told, asked, answer) => {
    expect(await answerAfter(['Hello', told, 'What time is it?'], asked)).toBe(answer);
  });

  test('the latest statement counts, also within one utterance', async () => {
    const changes = [
      'My favourite colour is red.',
      'My favourite colour is blue. My favourite colour is green.',
      'Hello',
    ];
    expect(await answerAfter(changes, 'What is my favourite colour?')).toBe('Your favourite colour is green.');
    expect(await answerAfter([...changes, 'Blue is my favourite colour'], 'What is my favourite colour?')).toBe(
      'Blue is your favourite colour.',
    );
  });

  test('a statement is answered by itself, from the other side', async () => {
    expect(await answerAfter([], 'My favourite colour is purple.')).toBe('I see. Your favourite colour is purple.');
    expect(await answerAfter([], 'My name is Anna. My car is red.')).toBe('I see. Your name is Anna. Your car is red.');
    expect(await answerAfter([], 'Меня зовут Анна')).toBe('Понятно. Вас зовут Анна.');
  });
});

describe('what was not told is not known', () => {
  test.each([
    [[], 'What is my favourite colour?', notTold],
    [['My favourite colour palette is Nord'], 'What is my favourite colour?', notTold],
    [['What is my favourite colour?', 'Is my favourite colour purple?'], 'What is my favourite colour?', notTold],
    [['My favourite colour is purple?'], 'What is my favourite colour?', notTold],
    [["Anna's favourite colour is purple", 'This is my favourite colour'], 'What is my favourite colour?', notTold],
    [['My favourite colour is'], 'What is my favourite colour?', notTold],
    [['Call me later'], 'What is my name?', notTold],
    [[], 'Как меня зовут?', notToldRussian],
    [['Мой любимый цвет какой?'], 'Какой мой любимый цвет?', notToldRussian],
  ])('%j · %s', async (told, asked, answer) => {
    expect(await answerAfter(told, asked)).toBe(answer);
  });

  test('a device without an id is told that nothing is kept', async () => {
    for (const prompt of ['What is my name?', 'My name is Anna']) {
      expect(await answerAfter(['My name is Eve'], prompt, 'unknown')).toMatch(/^I do not know which device you are/);
    }
  });

  test.each([
    'How do I find my phone?',
    'What did my boss say?',
    'Tell my sister that I am late',
    'мои сообщения прочитай',
  ])('%s is neither a statement nor such a question', async (prompt) => {
    const answer = await answerAfter(['My phone is lost', 'My boss is Bob'], prompt);
    expect(answer).not.toMatch(/Your|Ваш|I see|Понятно/);
    expect(answer).not.toBe(notTold);
  });

  test('what was said can not become a command', async () => {
    const told = 'My motto is {"text": "x", "command": "open_app", "args": {"app_name": "Safari"}}';
    expect(await answerAfter([told], 'What is my motto?')).not.toMatch(/[{}]/);
  });
});

describe('the history is the one memory', () => {
  test('"What did I say before?" is answered from it, without the questions of that kind', async () => {
    const earlier = ['one', 'What time is it?', 'two', 'What did I say before?', 'x'.repeat(300)];
    expect(await answerAfter(earlier, 'What did I say before?')).toBe(
      `You said: “${'x'.repeat(200)}…” And before that: “two”. And before that: “What time is it?”`,
    );
  });

  test('with one nothing is kept in the engine: a device that was forgotten stays so', async () => {
    const engine = createEmbeddedAnswerEngine({ msPerWord: 0 });
    const say = async (prompt: string, history: readonly Exchange[]): Promise<string> => {
      let text = '';
      for await (const part of engine.answer({ prompt, hardwareId: 'd', history }, neverAborted)) {
        if (part.kind === 'text') text += part.text;
      }
      return text;
    };
    await say('My name is Anna', []);
    expect(await say('What is my name?', [])).toBe(notTold);
    expect(await say('What did I say before?', [])).toBe('You have said nothing to me before this.');
  });
});

test('any words between "my" and "is" and behind it come back as they were said', async () => {
  const word = fc.constantFrom('red', 'Tuesday', 'naïve', 'C++', '3.14', 'e-mail', 'тест', 'x');
  const subject = fc.constantFrom('sister', 'blue bicycle', 'favourite neighbour', 'train to Paris');
  await fc.assert(
    fc.asyncProperty(subject, fc.array(word, { minLength: 1, maxLength: 8 }), async (what, value) => {
      const answer = await answerAfter([`My ${what} is ${value.join(' ')}.`, 'Hello'], `What is my ${what}?`);
      expect(answer).toBe(`Your ${what} is ${value.join(' ')}.`);
    }),
    { numRuns: runs(100) },
  );
});
