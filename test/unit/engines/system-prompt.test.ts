/** What a model is told: in which language, of which commands, and what an operator's own words may change. */
import { describe, expect, test } from 'vitest';
import { systemPrompt } from '../../../src/engines/openai-answer/chat-request.ts';
import { commandNames, commandTools } from '../../../src/text/commands.ts';

const tools = commandTools(['open_app', 'read_messages']);
const told = (more: Partial<Parameters<typeof systemPrompt>[0]> = {}) =>
  systemPrompt({ template: null, tools, prompt: 'Hello', notes: [], ...more });

describe('our own words', () => {
  test.each([
    ['What time is it?', 'You are a voice assistant'],
    ['Открой Safari', 'Ты голосовой помощник'],
    ['Open Телеграм please', 'You are a voice assistant'],
    ['42', 'You are a voice assistant'],
  ])('are in the language of %j', (prompt, beginning) => {
    expect(told({ prompt }).startsWith(beginning)).toBe(true);
  });

  test.each(['Hello', 'Привет'])(
    'list the allowed commands with their arguments, and ask for the object: %s',
    (prompt) => {
      const text = told({ prompt });
      expect(text).toContain('- open_app {"app_name"}: Opens an application');
      expect(text).toContain('- read_messages {"contact"?, "limit"?}: Reads');
      expect(text).not.toContain('send_message');
      expect(text).toMatch(/\{"text": "[^"]+", "command": "open_app", "args": \{"app_name": "Safari"\}\}/);
    },
  );

  test.each(['Hello', 'Привет'])('say nothing of commands when there are none: %s', (prompt) => {
    expect(told({ prompt, tools: [] })).not.toMatch(/command|команд|JSON|\{\{/i);
  });

  test('are followed by what else is to be known', () => {
    expect(told({ notes: ['One note.', 'Another.'] }).endsWith('\n\nOne note.\n\nAnother.')).toBe(true);
  });
});

describe("an operator's words", () => {
  test('take the place of ours, in every language, with the commands where they want them', () => {
    const template = 'You are Max.\n\n{{ commands }}\n\nBe brief. $& costs $1.';
    const text = told({ template, prompt: 'Привет' });
    expect(text.startsWith('You are Max.\n\n')).toBe(true);
    expect(text).toContain('- open_app {"app_name"}');
    expect(text.endsWith('\n\nBe brief. $& costs $1.')).toBe(true);
    expect(told({ template: 'You are Max.' })).toBe('You are Max.');
    expect(told({ template, tools: [] })).toBe('You are Max.\n\nBe brief. $& costs $1.');
  });
});

test('every command has a tool, with words and a schema of its arguments', () => {
  const all = commandTools(commandNames);
  expect(all.map(({ name }) => name)).toEqual(commandNames);
  for (const { description, parameters } of all) {
    expect(description).toMatch(/^[A-Z].*\.$/);
    expect(parameters).toMatchObject({ type: 'object', properties: expect.any(Object) });
    expect(parameters).not.toHaveProperty('$schema');
  }
});
