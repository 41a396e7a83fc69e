/**
 * What the embedded answerer says to whole utterances that it knows word by word: greetings, thanks, who it is, a story,
 * the time, the date, what was said before. Anything that is not such an utterance from end to end is not answered here.
 */
import { type PhraseSet, phrases } from './phrases.ts';
import type { Language } from './utterance.ts';

export type Topic =
  | 'greeting'
  | 'thanks'
  | 'goodbye'
  | 'howAreYou'
  | 'time'
  | 'timeElsewhere'
  | 'today'
  | 'tomorrow'
  | 'yesterday'
  | 'help'
  | 'about'
  | 'story'
  | 'joke'
  | 'screen'
  | 'recall'
  | 'declined';

/** What is said of each topic; a topic without phrases is found otherwise. */
export const topicPhrases: Readonly<Record<Language, Readonly<Partial<Record<Topic, PhraseSet>>>>> = {
  en: {
    greeting: phrases(
      '(hello|hi|hey|greetings|howdy) (there|again|everyone|recital|)',
      'good (morning|afternoon|evening|day) (recital|to you|)',
    ),
    thanks: phrases('(thanks|thank you) (a lot|very much|so much|again|recital|)', 'many thanks'),
    goodbye: phrases('(bye|goodbye|good bye|good night|see you|see you later|bye bye)'),
    howAreYou: phrases('how are you (doing|today|doing today|)', "how's it going", "(what's up|whats up)"),
    time: phrases(
      '(what|which) time is it (now|right now|here|)',
      "(what's|whats|what is|tell me|say|give me|show) the (current|exact|) time (now|right now|here|)",
      '(do you have|have you got|got) the time',
      '(do you know|tell me) what time it is (now|right now|)',
      'what time do you have',
      '(current time|the time|time)',
    ),
    today: phrases(
      "(what's|whats|what is|tell me) (the date|today's date|the current date|the date today|the day|the day today|today)",
      'what (day|date) is (it|today) (today|now|)',
      'what day of the week is (it|today) (today|now|)',
      '(which|what) (year|month) is (it|this) (now|)',
      "(today's date|date|current date)",
      '(do you know|tell me) what (day|date) (it is|today is)',
    ),
    tomorrow: phrases(
      '(what|which) (day|date) is (it|) tomorrow',
      "(what's|what is) tomorrow's date",
      'what day will it be tomorrow',
    ),
    yesterday: phrases('(what|which) (day|date) was (it|) yesterday', "(what's|what is|what was) yesterday's date"),
    help: phrases(
      '(help|help me|i need help|commands)',
      'what (can|could|do) you do (for me|)',
      'what can i (say|ask|do|ask you|say to you|do here)',
      'how (do i use you|do you work|can you help|can you help me|does this work)',
      '(list|show|tell me) (your|the) (commands|skills|abilities)',
      'what are you (able to do|capable of)',
    ),
    about: phrases(
      '(who|what) are you',
      "(what's|whats|what is) your name",
      '(tell me|say something|talk) (something|more|a bit|a little|) about (yourself|you)',
      '(introduce|describe) yourself',
      'are you (an ai|a robot|a bot|a human|real|a person|a computer|a language model|chatgpt|siri|alexa)',
    ),
    story: phrases(
      '(tell|read) (me|us) (a|another|one more|some|) (long|longer|short|nice|good|bedtime|) (story|fairy tale|tale)',
      'tell (a|another) (long|longer|short|nice|good|) story',
      '(say|tell me|tell us|speak|read me|talk about) something (longer|long|interesting|nice|else|for longer|)',
      '(say|speak|talk) (a little|a bit|some|) more',
      '(talk|keep talking|talk to me|speak|a story|something longer)',
      "(entertain me|i am bored|i'm bored)",
    ),
    joke: phrases(
      'tell (me|us) (a|another) (good|funny|) joke',
      '(a joke|make me laugh|say something funny|tell a joke)',
    ),
    screen: phrases(
      "(what's|whats|what is) (on|this on) (my|the) screen",
      'what (do|can) you see (here|now|on my screen|on the screen|)',
      '(describe|read|look at) (my|the|this) (screen|screenshot|picture|image)',
    ),
    recall: phrases(
      'what did i (just|) (say|ask|tell you|ask you) (before|just now|earlier|last|last time|previously|a moment ago|)',
      'what (was|were) my (last|previous|) (question|questions|words|request|prompt)',
      'what have i (said|asked) (so far|before|)',
      '(do you remember|tell me|repeat) what i (just|) (said|asked) (before|earlier|last|)',
      'what was i (saying|asking)',
    ),
  },
  ru: {
    greeting: phrases(
      '(привет|приветик|здравствуй|здравствуйте|хай|салют|приветствую) (тебе|всем|рецитал|еще раз|снова|)',
      '(доброе утро|добрый день|добрый вечер|доброго дня)',
    ),
    thanks: phrases(
      '(спасибо|благодарю|спасибочки) (тебе|вам|большое|огромное|тебе большое|вам большое|)',
      'большое спасибо',
    ),
    goodbye: phrases('(пока|до свидания|до встречи|спокойной ночи|пока пока|прощай|до завтра)'),
    howAreYou: phrases('как (дела|поживаешь|твои дела|ты|жизнь|настроение|ваши дела) (сегодня|)'),
    time: phrases(
      'сколько (сейчас|) (времени|время) (сейчас|)',
      '(который|какой) (сейчас|) час (сейчас|)',
      'сколько (сейчас|) на часах',
      '(какое|какой) (сейчас|) (точное|) время',
      '(скажи|подскажи|скажите|подскажите|назови) (мне|) (точное|) время',
      '(скажи|подскажи|скажите|подскажите) (мне|) (сколько|который) (сейчас|) (времени|час)',
      '(время|точное время|текущее время)',
    ),
    today: phrases(
      '(какое|какой|какая) (сегодня|сейчас) (число|день|день недели|дата)',
      '(какое|какой|какая) (число|день|день недели|дата) (сегодня|сейчас)',
      '(скажи|подскажи|назови) (мне|) (какое сегодня число|какой сегодня день|дату|сегодняшнюю дату|какой сегодня день недели)',
      '(какой|который) (сейчас|) (год|месяц) (сейчас|)',
      '(дата|сегодняшняя дата|какое число|какой день|какой день недели|что сегодня за день)',
    ),
    tomorrow: phrases('(какое|какой) (завтра|будет завтра|завтра будет) (число|день|день недели)'),
    yesterday: phrases('(какое|какой) (вчера|вчера было|вчера был|был вчера|было вчера) (число|день|день недели)'),
    help: phrases(
      '(помощь|помоги|помоги мне|команды|справка|помогите)',
      'что (ты|вы) (умеешь|умеете|можешь|можете) (делать|сделать|)',
      '(что|чем) (ты|вы|) (можешь|можете) (мне|) помочь',
      '(что|о чем) (я могу|можно) (у тебя|тебя|тебе|) (спросить|сказать|попросить)',
      '(покажи|расскажи|перечисли) (мне|) (что ты умеешь|команды|свои возможности)',
      'как (ты работаешь|это работает|тобой пользоваться)',
      'на что ты (способен|способна)',
    ),
    about: phrases(
      '(кто|что) (ты|вы) (такой|такая|такое|вообще|)',
      'ты (кто|кто такой)',
      'как (тебя|вас) зовут',
      '(расскажи|расскажите|скажи) (мне|) (что нибудь|что-нибудь|немного|подробнее|) (о себе|про себя)',
      '(представься|назови себя|назовись|представьтесь)',
      'ты (робот|бот|человек|живой|искусственный интеллект|нейросеть|языковая модель)',
    ),
    story: phrases(
      '(расскажи|прочитай|почитай) (мне|нам|) (какую нибудь|какую-нибудь|еще одну|длинную|короткую|интересную|) (историю|сказку)',
      '(расскажи|прочитай) (мне|) (какой нибудь|какой-нибудь|длинный|короткий|интересный|) рассказ',
      '(скажи|расскажи|поговори) (мне|) (что нибудь|что-нибудь|что то|что-то) (подлиннее|длинное|длиннее|интересное|еще|)',
      '(поговори|говори) (со мной|дальше|еще|)',
      '(скажи|расскажи) (еще|подлиннее|побольше)',
      '(мне скучно|развлеки меня)',
    ),
    joke: phrases(
      '(расскажи|скажи) (мне|) (анекдот|шутку|что нибудь смешное|что-нибудь смешное)',
      '(пошути|рассмеши меня|анекдот)',
    ),
    screen: phrases(
      'что (у меня|) на (моем|) экране',
      'что ты (видишь|сейчас видишь|видишь на экране|видишь на моем экране)',
      '(опиши|прочитай) (мой|этот|) (экран|скриншот|картинку)',
    ),
    recall: phrases(
      'что я (тебе|) (только что|) (сказал|сказала|говорил|говорила|спросил|спросила|спрашивал|спрашивала) ' +
        '(раньше|до этого|перед этим|тебе|)',
      'что я (раньше|до этого|перед этим) (сказал|сказала|говорил|говорила|спрашивал|спрашивала)',
      'какой был мой (последний|прошлый|предыдущий) вопрос',
      '(помнишь|повтори|напомни) что я (тебе|) (только что|) (сказал|сказала|говорил|говорила|спросил|спросила)',
      '(о чем|про что) (я|мы) (говорил|говорила|говорили|спрашивал|спрашивала)',
    ),
  },
};

/** "What time is it in Tokyo", "сколько времени в Токио": a place follows. */
export const timeElsewhere: Readonly<Record<Language, PhraseSet>> = {
  en: phrases('what time is it (now|right now|) in', "(what's|what is) the (current|) time (now|right now|) in"),
  ru: phrases(
    'сколько (сейчас|) (времени|время) (сейчас|) (в|во|на)',
    '(который|какой) (сейчас|) час (сейчас|) (в|во|на)',
  ),
};

/** A wish that something be left undone. */
export const leaveUndone: Readonly<Record<Language, PhraseSet>> = {
  en: phrases("(don't|do not|dont|never) (open|close|launch|start|quit|send|text|message|write|read|find|call|run)"),
  ru: phrases(
    'не (надо|нужно|) (открывай|открывайте|закрывай|закрывайте|запускай|запускайте|отправляй|отправляйте|пиши|пишите|читай|ищи)',
    'не (надо|нужно) (открывать|закрывать|запускать|отправлять|писать|читать|искать)',
  ),
};

/** Wishes to search the web, which no command of this server does. */
export const webSearch: Readonly<Record<Language, PhraseSet>> = {
  en: phrases(
    '(search|browse) (the web|the internet|the net|online|google|wikipedia|youtube|) for',
    'search (the web|the internet|online)',
    '(google|look up|look for|search)',
    'find (me|) (out|information|something|anything|everything|) (about|on the web|on the internet|online)',
  ),
  ru: phrases(
    '(найди|найдите|поищи|поищите|ищи|найти|посмотри) (мне|) (в интернете|в сети|в гугле|в яндексе|в википедии|информацию|онлайн)',
    '(загугли|погугли|поищи|поищите|нагугли|погуглите)',
  ),
};

/** "Repeat after me", and the words to repeat follow. */
export const repeatAfterMe: Readonly<Record<Language, PhraseSet>> = {
  en: phrases(
    '(repeat|say|echo) (this|that|it|) (after me|following me) (please|)',
    '(repeat|echo) (after me|this|the following|)',
    'say (this|the following|)',
  ),
  ru: phrases(
    '(повтори|повторяй|повторите|скажи) (это|) (за|вслед за) мной (пожалуйста|)',
    '(повтори|повторите|скажи|скажите) (это|следующее|)',
  ),
};
/** Those of repeatAfterMe that need no mark before the words: "say hello to Anna" repeats nothing. */
export const afterMe: Readonly<Record<Language, PhraseSet>> = {
  en: phrases('(repeat|say|echo) (this|that|it|) (after me|following me) (please|)'),
  ru: phrases('(повтори|повторяй|повторите|скажи) (это|) (за|вслед за) мной (пожалуйста|)'),
};
