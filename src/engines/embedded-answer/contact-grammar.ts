/**
 * The words of wishes about messages and contacts, in English and Russian. Data alone; contact-commands.ts says how they
 * stand together.
 */
import { type PhraseSet, phrases } from './phrases.ts';
import type { Language } from './utterance.ts';

export interface ContactGrammar {
  /** "send a message to", and the contact follows. */
  readonly sendTo: PhraseSet;
  /** "send" in "send Anna a message". */
  readonly send: PhraseSet;
  /** "a message" in "send Anna a message". */
  readonly message: PhraseSet;
  /** "text", "message": the contact follows, then the words. */
  readonly text: PhraseSet;
  /** Infinitives among the above, which are a wish only without a question mark or after "можешь". */
  readonly infinitive: PhraseSet;
  /** "saying", "что": the words follow. */
  readonly saying: PhraseSet;
  /** Where these stand instead of the words, the wish is another one: later, about, a letter. */
  readonly notTheWords: PhraseSet;
  readonly read: PhraseSet;
  /** A single one: "my last message". */
  readonly readOne: PhraseSet;
  readonly counts: Readonly<Record<string, number>>;
  readonly messages: PhraseSet;
  readonly from: PhraseSet;
  readonly find: PhraseSet;
  readonly findNumber: PhraseSet;
  /** "find" in "find Anna in my contacts". */
  readonly findIn: PhraseSet;
  readonly inContacts: PhraseSet;
}

export const contactGrammars: Readonly<Record<Language, ContactGrammar>> = {
  en: {
    sendTo: phrases(
      '(send|write) (a|the|an|) (new|short|quick|) (text|) message to',
      'send (a|) text to',
      '(send|write) to',
      'write to',
    ),
    send: phrases('(send|write)'),
    message: phrases('(a|the|) (new|short|quick|) (text|) message', 'a text', 'a note'),
    text: phrases('(text|message|send)'),
    infinitive: phrases(),
    saying: phrases('(saying|that|to say|that says|which says|with the text|with the words|and say) (that|)'),
    notTheWords: phrases(
      '(about|later|tomorrow|tonight|today|when|if|unless|at|in|on|after|before|every|back|again|and|or|for|instead|until)',
      '(once|while|from|to|with|via|using|through|than|is|was|are|the|a|an|please|now|first|asking|how|why)',
    ),
    read: phrases('(read|show|check) (me|) (out|aloud|) (all|) (of|) (my|the|) (new|latest|last|recent|unread|)'),
    readOne: phrases('(read|show) (me|) (my|the) (latest|last) message'),
    counts: { one: 1, two: 2, three: 3, four: 4, five: 5, six: 6, seven: 7, eight: 8, nine: 9, ten: 10 },
    messages: phrases('(new|latest|last|recent|unread|) (text|) messages'),
    from: phrases('from'),
    find: phrases('(find|show|look up) (me|) (the|a|) contact (of|for|named|called|)'),
    findNumber: phrases('(find|look up|show) (me|) the (phone|telephone|) number (of|for)'),
    findIn: phrases('(find|look up|look for|search for)'),
    inContacts: phrases('(in|among) (my|the|) (contacts|contact list|address book)'),
  },
  ru: {
    sendTo: phrases(
      '(отправь|отправьте|отправить|пошли|пошлите|послать|напиши|напишите|написать) (короткое|новое|) (сообщение|смс|эсэмэс)',
      '(отправь|отправьте|отправить|напиши|напишите|написать) смску',
    ),
    send: phrases('(отправь|отправьте|отправить|пошли|пошлите|послать|напиши|напишите|написать)'),
    message: phrases('(короткое|новое|) (сообщение|смс|эсэмэс|смску)'),
    text: phrases('(напиши|напишите|написать|отправь|отправьте|пошли)'),
    infinitive: phrases('(отправить|послать|написать)'),
    saying: phrases('(что|о том что|с текстом|со словами|текст)'),
    notTheWords: phrases(
      '(о|об|обо|про|завтра|потом|позже|вечером|утром|днем|сегодня|когда|если|чтобы|и|или|в|во|на|через|после|перед|из|с|со)',
      '(письмо|открытку|стихи|стих|стихотворение|рассказ|поздравление|песню|сказку|код|программу|ответ|опять|снова|еще)',
      '(как|почему|зачем|кто|где|тоже|пожалуйста|сейчас|от|по|для|до)',
    ),
    read: phrases(
      '(прочитай|прочитайте|прочти|прочтите|зачитай|покажи|покажите|прочитать|проверь) (мне|) (все|) (мои|) ' +
        '(новые|последние|непрочитанные|)',
    ),
    readOne: phrases('(прочитай|прочти|зачитай|покажи) (мне|) (мое|) последнее сообщение'),
    counts: { одно: 1, два: 2, три: 3, четыре: 4, пять: 5, шесть: 6, семь: 7, восемь: 8, девять: 9, десять: 10 },
    messages: phrases('(новые|последние|непрочитанные|новых|последних|непрочитанных|) (сообщения|сообщений|смс)'),
    from: phrases('от'),
    find: phrases('(найди|найдите|найти|покажи) (мне|) контакт'),
    findNumber: phrases('(найди|найдите|найти|покажи) (мне|) (номер|телефон|номер телефона)'),
    findIn: phrases('(найди|найдите|найти|поищи)'),
    inContacts: phrases('(в|среди) (моих|) (контактах|контактов|телефонной книге|адресной книге|записной книжке)'),
  },
};

/** Words that are nobody's name, wherever a contact could stand. */
export const nobody = phrases(
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
export const possessives = phrases('(my|моей|моему|моего|мою|своей|своему|своего|свою)');
