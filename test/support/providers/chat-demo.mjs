/**
 * The stand-in for a language model: a few fixed answers in English and Russian, so that a demo through a real network protocol needs no
 * model. It gives a command for "open …", as a tool call if it was given tools, else in the object that its system prompt asks for; it knows
 * what was said before; and it says what it is.
 */

const apps = { safari: 'Safari', сафари: 'Safari', chrome: 'Google Chrome', хром: 'Google Chrome' };

/** What to answer: `text`, and perhaps a `command`. */
export function demoAnswer({ prompt, messages, hasImage }) {
  const isRussian = /\p{Script=Cyrillic}/u.test(prompt);
  const open = /^\s*(?:please\s+)?(?:open|launch|открой|запусти)\s+(.+?)[\s.!?]*$/iu.exec(prompt);
  if (open !== null) {
    const name = apps[open[1].toLowerCase()] ?? open[1];
    const text = isRussian ? `Открываю ${name}.` : `Opening ${name}.`;
    return { text, command: { name: 'open_app', args: { app_name: name } } };
  }
  if (/favou?rite colou?r\?|what is my favou?rite/i.test(prompt)) return { text: colourAnswer(messages) };
  if (hasImage) return { text: 'I see that you sent a screenshot. I am a stand-in, so I can not look at it.' };
  if (/\btime\b|который час/iu.test(prompt)) {
    return {
      text: isRussian
        ? 'У меня нет часов: я только замена языковой модели.'
        : 'I have no clock: I only stand in for a language model.',
    };
  }
  return {
    text: isRussian
      ? 'Я замена языковой модели. Я отвечаю всегда одинаково, зато по настоящему протоколу.'
      : 'I stand in for a language model. I say the same every time, but I say it over the real protocol. Ask me to open an app, and I will give a command.',
  };
}

function colourAnswer(messages) {
  const said = messages
    .filter(({ role, content }) => role === 'user' && typeof content === 'string')
    .map(({ content }) => /favou?rite colou?r is (\p{L}+)/iu.exec(content)?.[1])
    .findLast((colour) => colour !== undefined);
  return said === undefined ? 'You have not told me.' : `Your favourite colour is ${said}.`;
}

/** A text in pieces of about a token. */
export function tokensOf(text) {
  return text.match(/\s*\S{1,6}/gu) ?? [];
}
