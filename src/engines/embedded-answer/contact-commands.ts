/**
 * Messages and contacts, in English and Russian: "send a message to Anna: I'm late", "напиши маме, что я опоздаю", "read my
 * last three messages from Anna", "найди контакт Анна". What is sent can't be taken back, so where a name ends and the words
 * begin must be plain to see (a mark, "saying", "что", a known name); otherwise the reply asks.
 */
import { appNamed } from './apps.ts';
import { type ContactGrammar, contactGrammars } from './contact-grammar.ts';
import { type GrammaticalCase, isEnglishName, nominativeOf } from './names.ts';
import { phrases } from './phrases.ts';
import { type Core, coreOf, hasSentenceEnd } from './politeness.ts';
import type { Reply } from './texts.ts';
import { capitalised, isCapitalised, type Language, saidFrom, type Utterance, type Word } from './utterance.ts';

/** The way that messages go: that of the device, or WhatsApp. */
export type Channel = 'message' | 'whatsapp';

/** The reply to a wish about messages (on `channel`) or contacts; undefined if the utterance is none. */
export function contactReply(utterance: Utterance, channel: Channel = 'message'): Reply | undefined {
  const core = coreOf(utterance);
  const asked = { utterance, core, grammar: contactGrammars[utterance.language], channel };
  return sendReply(asked) ?? readReply(asked) ?? (channel === 'message' ? findReply(asked) : undefined);
}

const maxContactWords = 3;
const maxMessageChars = 2000;
/** More messages than anybody listens to. */
const maxMessagesRead = 100;

/** Words that are nobody's name, wherever a contact could stand. */
const nobody = phrases(
  "(a|an|the|my|your|me|you|him|her|them|us|it|i|i'm|i'll|i've|i'd|this|that|all|every|everyone|everybody|someone|somebody|nobody)",
  '(anyone|no|not|and|or|to|of|for|from|with|in|on|at|by|about|if|when|later|tomorrow|today|tonight|now|how|what|who|message)',
  '(contacts|friends|people|saying|asking|myself|phone|number|help|email|mail|text|code|file|letter)',
  '(мне|мной|тебе|ему|ей|им|нам|вам|всем|себе|кому|никому|кто|что|это|все|и|или|не|от|до|для|с|со|в|во|на|по|из|о|об|про|к)',
  '(yesterday|week|month|morning|evening|monday|tuesday|wednesday|thursday|friday|saturday|sunday|work|school)',
  '(details|info|information|page|form|list|вчера|недели|месяца|работы|данные|информацию)',
  '(если|когда|завтра|сегодня|потом|позже|письмо|сообщение|файл|код|программу|сейчас|как|чтобы|друзьям|коллегам|мой|моя|мои)',
  '(мою|моего|моей|твой|друга|друзей|людей|телефон|номер)',
);

/** "my" and the like before a relative are no part of the name. */
const possessives = phrases('(my|моей|моему|моего|мою|своей|своему|своего|свою)');

interface Asked {
  readonly utterance: Utterance;
  readonly core: Core;
  readonly grammar: ContactGrammar;
  readonly channel: Channel;
}

interface Contact {
  /** As it stands in an address book, as far as the table of names knows. */
  readonly name: string;
  readonly spoken: string;
  /** The index after its last word. */
  readonly end: number;
  /** In the table of names; any other word may be no name at all. */
  readonly isKnown: boolean;
}

function sendReply(asked: Asked): Reply | undefined {
  const { utterance, core, grammar } = asked;
  const { words, from, isAsking } = core;
  if (grammar.infinitive.matchAt(words, from) > 0 && utterance.isQuestion && !isAsking) return undefined;
  const sendTo = grammar.sendTo.matchAt(words, from);
  if (sendTo > 0) {
    const contact = contactUpToMark({ utterance, grammar, from: from + sendTo });
    return contact && messageReply(asked, contact, 'marked');
  }
  const send = grammar.send.matchAt(words, from);
  const receiver = send > 0 ? contactAtOnce(utterance, from + send) : undefined;
  const message = receiver === undefined ? 0 : grammar.message.matchAt(words, receiver.end);
  if (receiver !== undefined && message > 0) {
    return messageReply(asked, { ...receiver, end: receiver.end + message }, 'marked');
  }
  const text = grammar.text.matchAt(words, from);
  const contact = text > 0 ? contactAtOnce(utterance, from + text) : undefined;
  // "Send Flowers: red ones" is a message to nobody.
  if (contact === undefined || (send > 0 && !contact.isKnown)) return undefined;
  return messageReply(asked, contact, contact.isKnown ? 'atOnce' : 'colon');
}

/**
 * How plainly the words must be set off from the contact: by nothing ("text Anna I'm late"), by any mark or "saying", or,
 * where the contact may be no name, by a colon ("Text Books that teach" is nobody's message).
 */
type Boundary = 'atOnce' | 'marked' | 'colon';

/** The command, or a question back where the words of the message can't be told from the rest. */
function messageReply(asked: Asked, contact: Contact, boundary: Boundary): Reply {
  const { utterance, core, channel } = asked;
  const begin = contact.end + asked.grammar.saying.matchAt(core.words, contact.end);
  const text = messageText(utterance, begin, core.isAsking);
  if (text === '' || !isSetOff(asked, contact, boundary)) return askForWords(utterance.language, contact);
  if (text.length > maxMessageChars) return tooLong(utterance.language);
  return {
    text: sendText(utterance.language, contact, channel),
    command: {
      name: channel === 'whatsapp' ? 'send_whatsapp_message' : 'send_message',
      args: { contact: contact.name, message: text },
    },
  };
}

function sendText(language: Language, { spoken }: Contact, channel: Channel): string {
  const way = channel === 'whatsapp';
  if (language === 'ru') return `Отправляю сообщение${way ? ' в WhatsApp' : ''} ${spoken}.`;
  return `Sending a ${way ? 'WhatsApp ' : ''}message to ${spoken}.`;
}

function isSetOff({ utterance, core, grammar }: Asked, contact: Contact, boundary: Boundary): boolean {
  const { words } = core;
  const first = words[contact.end];
  if (first === undefined) return false;
  if (first.markBefore === ':') return true;
  if (boundary === 'colon' || first.markBefore === '.') return false;
  if (grammar.saying.matchAt(words, contact.end) > 0) return true;
  if (grammar.notTheWords.matchAt(words, contact.end) > 0) return false;
  // One more name may belong to the contact ("Anna Smith", "Anna, Bob"): then where the words begin is a guess.
  const mayBeName = nobody.matchAt(words, contact.end) === 0 && isCapitalised(first, utterance);
  return !mayBeName && (first.markBefore === ',' || boundary === 'atOnce');
}

/** The words as they were said, to the end of the prompt. */
function messageText(utterance: Utterance, begin: number, isAsking: boolean): string {
  if (begin >= utterance.words.length) return '';
  const said = saidFrom(utterance, begin);
  // The question mark of "can you text Anna that I'm late?" is the wish's, not the message's.
  return isAsking ? said.replace(/\?$/, '') : said;
}

function askForWords(language: Language, contact: Contact): Reply {
  return {
    text:
      language === 'ru'
        ? 'Что написать? Скажите всё одной фразой, например: отправь сообщение маме: я уже еду.'
        : `What should I write to ${contact.spoken}? Say it all in one go, for example: send a message to Anna: I am on my way.`,
  };
}

function tooLong(language: Language): Reply {
  return {
    text: language === 'ru' ? 'Это слишком длинно для одного сообщения.' : 'That is too long for one message.',
  };
}

/** The contact after "to", which ends at a mark, at "saying", or with the prompt. */
function contactUpToMark(options: {
  readonly utterance: Utterance;
  readonly grammar: ContactGrammar;
  readonly from: number;
}): Contact | undefined {
  const { utterance, grammar } = options;
  const { words } = utterance;
  const from = options.from + possessives.matchAt(words, options.from);
  let end = from;
  while (end < words.length && end - from < maxContactWords && nobody.matchAt(words, end) === 0) {
    const mark = words[end]?.markBefore;
    if (end > from && (mark !== '' || grammar.saying.matchAt(words, end) > 0)) break;
    // A second and third word belong to the name only if all of it is written as one.
    if (end > from && !words.slice(from, end + 1).every((word) => isCapitalised(word, utterance))) break;
    end += 1;
  }
  return end > from ? contactOf(words, { from, end, grammaticalCase: 'dative' }) : undefined;
}

/** The contact after "text" or "напиши": one word that must be a name, since the words may follow at once. */
function contactAtOnce(utterance: Utterance, begin: number): Contact | undefined {
  const { words, language } = utterance;
  const from = begin + possessives.matchAt(words, begin);
  const word = words[from];
  if (word === undefined || nobody.matchAt(words, from) > 0 || word.markBefore !== '') return undefined;
  const isName =
    language === 'ru'
      ? nominativeOf(word, 'dative') !== undefined
      : isEnglishName(word.plain) || isCapitalised(word, utterance);
  return isName ? contactOf(words, { from, end: from + 1, grammaticalCase: 'dative' }) : undefined;
}

function contactOf(
  words: readonly Word[],
  options: { readonly from: number; readonly end: number; readonly grammaticalCase: GrammaticalCase },
): Contact {
  const { from, end, grammaticalCase } = options;
  const [first] = words.slice(from, end);
  const spoken = words
    .slice(from, end)
    .map((word) => word.spoken)
    .join(' ');
  const nominative = end === from + 1 && first !== undefined ? nominativeOf(first, grammaticalCase) : undefined;
  const isKnown = nominative !== undefined || isEnglishName(first?.plain ?? '');
  return { name: capitalised(nominative ?? spoken), spoken, end, isKnown };
}

function readReply({ utterance, core, grammar, channel }: Asked): Reply | undefined {
  const { words, from, to } = core;
  if (hasSentenceEnd(words, from, to)) return undefined;
  const one = grammar.readOne.matchAt(words, from, to);
  const asked = grammar.ask.matchAt(words, from, to);
  const head = Math.max(one, asked) || grammar.read.matchAt(words, from, to);
  if (head === 0) return undefined;
  let index = from + head;
  const limit = one > 0 ? 1 : asked > 0 ? undefined : countOf(words[index], grammar);
  if (one + asked === 0) {
    if (limit !== undefined) index += 1;
    const messages = grammar.messages.matchAt(words, index, to);
    if (messages === 0) return undefined;
    index += messages;
  }
  const sender = senderOf({ utterance, core, grammar, channel }, index);
  if (sender === undefined || (limit !== undefined && (limit < 1 || limit > maxMessagesRead))) return undefined;
  const args = { ...(sender === 'anybody' ? {} : { contact: sender.name }), ...(limit === undefined ? {} : { limit }) };
  const name = channel === 'whatsapp' ? 'read_whatsapp_messages' : 'read_messages';
  return { text: readText(utterance.language, sender, channel), command: { name, args } };
}

/** What is said while messages are read. */
export function readText(
  language: Language,
  sender: { readonly spoken: string } | 'anybody',
  channel: Channel,
): string {
  const way = channel === 'whatsapp';
  if (language === 'ru') {
    const from = sender === 'anybody' ? '' : ` от ${sender.spoken}`;
    return `Читаю сообщения${way ? ' в WhatsApp' : ''}${from}.`;
  }
  const whose = sender === 'anybody' ? 'your' : 'the';
  return `Reading ${whose} ${way ? 'WhatsApp ' : ''}messages${sender === 'anybody' ? '' : ` from ${sender.spoken}`}.`;
}

function countOf(word: Word | undefined, { counts }: ContactGrammar): number | undefined {
  if (word === undefined) return undefined;
  if (/^\d{1,4}$/.test(word.plain)) return Number(word.plain);
  return Object.hasOwn(counts, word.plain) ? counts[word.plain] : undefined;
}

/** Who wrote them; undefined if what follows is not "from somebody" and nothing else. */
function senderOf({ utterance, core, grammar }: Asked, index: number): Contact | 'anybody' | undefined {
  const { words, to } = core;
  if (index === to) return 'anybody';
  const preposition = grammar.from.matchAt(words, index, to);
  return preposition === 0
    ? undefined
    : wholeContact({ utterance, from: index + preposition, to, grammaticalCase: 'genitive', mustBeName: true });
}

/** The words `from` to `to` as one contact, if they can be one. */
function wholeContact(options: {
  readonly utterance: Utterance;
  readonly from: number;
  readonly to: number;
  readonly grammaticalCase: GrammaticalCase;
  /** Where much else can stand ("from work", "the number of a shop"): a capital or a name of the table. */
  readonly mustBeName: boolean;
}): Contact | undefined {
  const { utterance, to, grammaticalCase, mustBeName } = options;
  const { words } = utterance;
  const from = options.from + possessives.matchAt(words, options.from, to);
  const name = words.slice(from, to);
  const isOne = name.length > 0 && name.length <= maxContactWords;
  const isSomebody = name.every(
    (word, index) => nobody.matchAt(name, index) === 0 && (index === 0 || word.markBefore === ''),
  );
  // Two words without capitals are more likely something else: "messages from last week".
  const isName = name.length === 1 || name.every((word) => isCapitalised(word, utterance));
  if (!isOne || !isSomebody || !isName || appNamed(name.map(({ plain }) => plain).join(' ')) !== undefined)
    return undefined;
  const contact = contactOf(words, { from, end: to, grammaticalCase });
  return contact.isKnown || !mustBeName || name.every((word) => isCapitalised(word, utterance)) ? contact : undefined;
}

function findReply({ utterance, core, grammar }: Asked): Reply | undefined {
  const { words, from, to } = core;
  if (hasSentenceEnd(words, from, to)) return undefined;
  const find = grammar.find.matchAt(words, from, to);
  const number = grammar.findNumber.matchAt(words, from, to);
  if (find + number > 0) {
    const begin = from + Math.max(find, number);
    const mustBeName = number > 0;
    return foundReply(utterance, wholeContact({ utterance, from: begin, to, grammaticalCase: 'genitive', mustBeName }));
  }
  const owned = ownerOf({ utterance, core, grammar });
  if (owned !== undefined) return foundReply(utterance, owned);
  const verb = grammar.findIn.matchAt(words, from, to);
  // «Найди в контактах Ивана».
  const lead = verb > 0 ? grammar.inContacts.matchAt(words, from + verb, to) : 0;
  if (lead > 0) {
    const named = {
      utterance,
      from: from + verb + lead,
      to,
      grammaticalCase: 'accusative',
      mustBeName: false,
    } as const;
    return foundReply(utterance, wholeContact(named));
  }
  for (let place = from + verb + 1; verb > 0 && place < to; place += 1) {
    if (!grammar.inContacts.isWhole(words, place, to)) continue;
    return foundReply(
      utterance,
      wholeContact({ utterance, from: from + verb, to: place, grammaticalCase: 'accusative', mustBeName: false }),
    );
  }
  return undefined;
}

/** Anna, in "what is Anna's phone number?"; whose number it is must be plain, since Euler has one as well. */
function ownerOf({ utterance, core, grammar }: Omit<Asked, 'channel'>): Contact | undefined {
  const { words, from, to } = core;
  const head = from + grammar.findOwn.matchAt(words, from, to);
  const place = words.findIndex(({ plain }, index) => index >= head && index < to && plain.endsWith("'s"));
  const owner = words[place];
  if (head === from || owner === undefined) return undefined;
  const isPhone = grammar.phoneNumber.isWhole(words, place + 1, to);
  if (!isPhone && (place + 2 !== to || words[place + 1]?.plain !== 'number')) return undefined;
  const name = { ...owner, spoken: owner.spoken.slice(0, -2), plain: owner.plain.slice(0, -2) };
  const named = { ...utterance, words: words.map((word, index) => (index === place ? name : word)) };
  const contact = wholeContact({
    ...{ utterance: named, from: head, to: place + 1, grammaticalCase: 'genitive', mustBeName: true },
  });
  return isPhone || contact?.isKnown === true ? contact : undefined;
}

function foundReply({ language }: Utterance, contact: Contact | undefined): Reply | undefined {
  if (contact === undefined) return undefined;
  return {
    text: language === 'ru' ? `Ищу в контактах: ${contact.name}.` : `Looking for ${contact.name} in your contacts.`,
    command: { name: 'find_contact', args: { query: contact.name } },
  };
}
