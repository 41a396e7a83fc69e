/**
 * The subscription to this assistant, in English and Russian: "I'd like to subscribe to the pro plan", "cancel my subscription". Only whole
 * phrases count: money is at stake, and "subscribe to my channel" or "cancel my Netflix subscription" mean another one.
 */
import { type PhraseSet, phrases } from './phrases.ts';
import { coreOf } from './politeness.ts';
import type { Reply } from './texts.ts';
import type { Language, Utterance } from './utterance.ts';

type Action = 'manage' | 'cancel' | 'change' | 'pause' | 'renew';

interface SubscriptionGrammar {
  /** "I want to" before any of the others. */
  readonly wish: PhraseSet;
  readonly buy: PhraseSet;
  /** A plan by name, where `buyPlan` stands before it and perhaps `planWord` behind it. */
  readonly buyPlan: PhraseSet;
  /** The same for verbs that are said of everything: `planWord` must stand behind the plan. */
  readonly getPlan: PhraseSet;
  /** What stands between "I want" and a plan. */
  readonly wishedPlan: PhraseSet;
  readonly planWord: PhraseSet;
  readonly plans: Readonly<Record<string, string>>;
  readonly manage: Readonly<Record<Action, PhraseSet>>;
}

const grammars: Readonly<Record<Language, SubscriptionGrammar>> = {
  en: {
    wish: phrases("(i want|i'd like|i would like|i wish|i'd love|i need|i wanna|let me|i'm ready) (to|)"),
    buy: phrases(
      'subscribe (now|)',
      '(buy|get|purchase|start|order|take out) (me|) (a|the|your|) subscription',
      '(buy|get|purchase) (me|) (a|the|your|) subscription to (recital|this assistant|the assistant|this|you)',
      'subscribe to (recital|this assistant|the assistant|this)',
      'sign (me|) up for (a|the|) subscription',
      'upgrade (me|) (to a paid plan|my plan|my account|my subscription)',
      '(start|begin) (my|a|the) (free|) trial',
    ),
    buyPlan: phrases(
      '(subscribe|subscribe me|upgrade|upgrade me|switch me) to (a|the|your|)',
      'sign (me|) up for (a|the|your|)',
      '(upgrade|switch|change) (my|the) (plan|subscription) to (a|the|)',
    ),
    getPlan: phrases('(get|order|buy|purchase) (me|) (a|the|your|)'),
    wishedPlan: phrases('(a|the|your)'),
    planWord: phrases('(plan|subscription|tier|version|package)'),
    plans: {
      ...{
        pro: 'pro',
        premium: 'premium',
        plus: 'plus',
        basic: 'basic',
        business: 'business',
        family: 'family',
        team: 'team',
      },
      ...{ unlimited: 'unlimited', monthly: 'monthly', yearly: 'yearly', annual: 'yearly', paid: 'paid' },
    },
    manage: {
      manage: phrases(
        '(manage|open|show|show me|check|view|see) (my|the) (subscription|plan) (settings|page|details|)',
        '(open|show) (the|) (subscription|billing) (settings|page)',
        'manage (my|the) billing',
        'manage (subscription|subscriptions|my subscriptions)',
      ),
      cancel: phrases(
        '(cancel|end|stop|terminate) (my|the|this|) subscription',
        '(cancel|end|stop) my plan',
        'unsubscribe (me|)',
        'cancel (my|the) (pro|premium|plus) (plan|subscription)',
      ),
      change: phrases('(change|switch|update|modify|downgrade) (my|the) (subscription|plan|subscription plan)'),
      pause: phrases('(pause|suspend|freeze) (my|the) (subscription|plan)'),
      renew: phrases('(renew|extend|resume|reactivate|restart) (my|the) (subscription|plan)'),
    },
  },
  ru: {
    wish: phrases('(я|) (хочу|хотел бы|хотела бы|хотелось бы|желаю)', 'мне нужно'),
    buy: phrases(
      '(купи|купите|купить|оформи|оформите|оформить|подключи|подключите|подключить|приобрести|закажи) (мне|) подписку (на recital|на рецитал|на ассистента|)',
      '(подпиши|подпишите) меня',
      'подписаться (на recital|на рецитал|на ассистента|)',
    ),
    buyPlan: phrases(
      '(купи|купите|купить|приобрести) (мне|) (подписку|тариф|план)',
      '(оформи|оформите|оформить|подключи|подключите|подключить) (мне|) (подписку|тариф|план|)',
      '(подпиши|подпишите) меня на (тариф|план|)',
      'подписаться на (тариф|план|подписку|)',
      '(перейти|переведи меня|перейди) на (тариф|план|)',
    ),
    getPlan: phrases('(купи|купите|купить|приобрести) (мне|)'),
    wishedPlan: phrases('(тариф|план)'),
    planWord: phrases('(подписку|тариф|план|версию)'),
    plans: {
      ...{
        про: 'pro',
        pro: 'pro',
        премиум: 'premium',
        premium: 'premium',
        плюс: 'plus',
        plus: 'plus',
        базовый: 'basic',
      },
      ...{
        базовую: 'basic',
        семейный: 'family',
        семейную: 'family',
        годовую: 'yearly',
        годовой: 'yearly',
        месячную: 'monthly',
      },
      ...{ месячный: 'monthly', безлимитный: 'unlimited' },
    },
    manage: {
      manage: phrases(
        '(управляй|управлять|управление) (моей|) (подпиской|подписками|тарифом)',
        '(открой|откройте|покажи|покажите|открыть|проверь) (мне|) (мою|мой|) (подписку|тариф)',
        '(открой|откройте|покажи|открыть) (настройки|управление) (подписки|подпиской|тарифа)',
      ),
      cancel: phrases(
        '(отмени|отмените|отменить|аннулируй|прекрати|отключи|отключите|отключить) (мне|) (мою|свою|) подписку',
        'отпиши меня',
        '(отказаться|откажись) от (моей|) подписки',
      ),
      change: phrases(
        '(измени|измените|изменить|поменяй|поменяйте|поменять|смени|сменить) (мне|) (мою|мой|) (подписку|тариф|план)',
      ),
      pause: phrases('(приостанови|приостановите|приостановить|заморозь|заморозить) (мою|) подписку'),
      renew: phrases('(продли|продлите|продлить|возобнови|возобновить) (мне|) (мою|) подписку'),
    },
  },
};

const actions = ['manage', 'cancel', 'change', 'pause', 'renew'] as const satisfies readonly Action[];

/** The reply to a wish about the subscription; undefined if the utterance is none, or a question. */
export function subscriptionReply(utterance: Utterance): Reply | undefined {
  const core = coreOf(utterance);
  const { words, to, isAsking } = core;
  if (utterance.isQuestion && !isAsking) return undefined;
  const grammar = grammars[utterance.language];
  const wished = grammar.wish.matchAt(words, core.from, to);
  const from = core.from + wished;
  if (words.slice(from + 1, to).some(({ markBefore }) => markBefore !== '')) return undefined;
  const action = actions.find((name) => grammar.manage[name].isWhole(words, from, to));
  if (action !== undefined) return manageReply(utterance.language, action);
  if (grammar.buy.isWhole(words, from, to)) return buyReply(utterance.language, undefined);
  const named = Math.max(
    grammar.buyPlan.matchAt(words, from, to),
    grammar.getPlan.matchAt(words, from, to),
    wished > 0 ? grammar.wishedPlan.matchAt(words, from, to) : 0,
  );
  const plan = words[from + named]?.plain ?? '';
  if (named === 0 || from + named >= to || !Object.hasOwn(grammar.plans, plan)) return undefined;
  const begin = from + named + 1;
  const isEnough =
    begin === to &&
    (grammar.buyPlan.matchAt(words, from, to) === named || grammar.planWord.isWhole(words, from, from + named));
  return isEnough || grammar.planWord.isWhole(words, begin, to)
    ? buyReply(utterance.language, grammar.plans[plan])
    : undefined;
}

function buyReply(language: Language, plan: string | undefined): Reply {
  return {
    text: language === 'ru' ? 'Открываю оформление подписки.' : 'Opening the way to a subscription.',
    command: { name: 'buy_subscription', args: plan === undefined ? {} : { plan } },
  };
}

/** What happens is up to the page that opens: nothing is cancelled by this alone, and the words say no more. */
function manageReply(language: Language, action: Action): Reply {
  return {
    text: language === 'ru' ? 'Открываю управление подпиской.' : 'Opening your subscription settings.',
    command: { name: 'manage_subscription', args: action === 'manage' ? {} : { action } },
  };
}
