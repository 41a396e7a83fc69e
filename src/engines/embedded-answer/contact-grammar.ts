/**
 * The words in which people ask for messages and contacts, in English and Russian; how they stand together, contact-commands.ts says.
 */
import { type PhraseSet, phrases } from './phrases.ts';
import type { Language } from './utterance.ts';

/** The words of such wishes. */
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
  /** Questions that are a wish to hear them: "any new messages". */
  readonly ask: PhraseSet;
  readonly from: PhraseSet;
  readonly find: PhraseSet;
  readonly findNumber: PhraseSet;
  /** "find" in "find Anna's number". */
  readonly findOwn: PhraseSet;
  readonly phoneNumber: PhraseSet;
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
    messages: phrases('(new|latest|last|recent|unread|) (text|) messages', '(new|latest|last|recent|unread|) texts'),
    ask: phrases(
      "(do i have|have i got|have i|did i get|are there|is there|i've got|got|) any (new|unread|recent|) (messages|message|texts)",
      'do i have (new|unread|) (messages|message|texts)',
      "what (are|is|'s) (my|the) (new|latest|last|unread) (messages|message)",
    ),
    from: phrases('from'),
    find: phrases(
      '(find|show|look up) (me|) (the|a|) contact (of|for|named|called|)',
      '(search|look in) (in|) (my|the) (contacts|contact list|address book) for',
      '(do i have|is there) a contact (named|called)',
    ),
    findNumber: phrases("(find|look up|show|what is|what's) (me|) the (phone|telephone|) number (of|for)"),
    findOwn: phrases('(find|look up|show|tell|give) (me|)', "(what is|what's)"),
    phoneNumber: phrases('(phone|telephone|mobile|cell) (number|)'),
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
    ask: phrases(
      '(есть|есть ли|пришли|пришли ли) (у меня|мне|) (новые|непрочитанные|) сообщения',
      '(новые|непрочитанные) сообщения (есть|пришли)',
      '(у меня|мне) (есть|пришли) (новые|непрочитанные) сообщения',
    ),
    from: phrases('от'),
    find: phrases('(найди|найдите|найти|покажи) (мне|) контакт', '(есть|есть ли) у меня контакт'),
    findNumber: phrases(
      '(найди|найдите|найти|покажи) (мне|) (номер|телефон|номер телефона)',
      '(какой|скажи|подскажи) (мне|) (номер|телефон|номер телефона) (у|)',
    ),
    findOwn: phrases(),
    phoneNumber: phrases(),
    findIn: phrases('(найди|найдите|найти|поищи)'),
    inContacts: phrases('(в|среди) (моих|) (контактах|контактов|телефонной книге|адресной книге|записной книжке)'),
  },
};
