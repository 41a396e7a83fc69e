/**
 * The closed lists of words that the text rules know, as data: English, Russian, German, and what is usual in the other languages of
 * Europe that are written in Latin letters. No word is in a list of theirs that is a word by itself in English. Everything
 * else about a word is invisible to the rules but its character classes. Keys are lower case, without the last stop;
 * `a.m` stands for `a.m.` as well as `a. m.`. No entry consists of letters such as x, q, ж or 字 alone (see
 * redaction-letter.ts): those are what a redacted log writes for unknown words, and an unknown word must not become a known one.
 */

type WordList = Readonly<Record<string, true>>;

function wordList(...lines: readonly string[]): WordList {
  const words = lines.join(' ').split(' ');
  return Object.freeze(Object.fromEntries(words.map((word) => [word, true as const])));
}

/** True if the list has `word` (given in lower case). */
export function includesWord(list: WordList, word: string): boolean {
  return Object.hasOwn(list, word);
}

/** What always goes on: titles, `e.g.`, parts of an address. A stop after these is never the end of a sentence. */
export const neverEnding: WordList = wordList(
  'mr mrs ms mx dr drs prof gen col maj capt lt sgt cmdr adm gov sen rep rev hon pres supt insp messrs mme mlle mt',
  'vs cf approx e.g i.e viz resp incl excl ref pp v z',
  'bzw ggf evtl inkl exkl zzgl vgl frl dipl ing geb gest ca sog allg insb bspw einschl z.b d.h u.a u.u s.o s.u v.a z.t zt',
  'sra srta dra sres sras dres dña profa excmo ilmo aprox ud uds vd p.ej ej ee',
  'т.е т.к т.н т.о и.о ул просп пер наб бул бульв пл кв корп стр гл рис табл ср напр проф акад доц тов гр гос',
  'bzgl ggü lfd wg ehem urspr stv stellv tlw teilw tägl betr entspr gegr z.hd zw',
  'mmes mlles mgr c.-à-d éd sig sigg sig.ra sig.na dott dott.ssa prof.ssa avv cfr spett egr gent exma ilma',
  'dhr mevr bijv evt zgn mons ekskl jf jfr esim např tzn tzv np tzw ul św ks płk nám tř mudr judr phdr inż hab örn bkz',
  'г-н г-жа г-да д-р им тел моб пос дер ст сб разд прил ред сост изд вып тт п пп д о оз св респ мкр преп пгт',
);

/** Between a number and its unit: `50 кв. м.`. */
export const unitLeads: WordList = wordList('кв куб пог');

/** Units and the like: after a number they may end a sentence, elsewhere they never do (`2024 г.`, but `г. Москва`). */
export const endingAfterNumber: WordList = wordList('г с м ч р в л т к см p c s mm');

/** They end a sentence when the next word begins with a capital that is no day, month or time zone. */
export const mayEnd: WordList = wordList(
  'etc usw a.m p.m usf dgl chr ecc enz osv itd itp atd apod stb jne yms vb jh jhd kr',
  'т.д т.п н.э др руб коп тыс млн млрд трлн долл гг вв мин сек час кг мг мм км мл га чел шт экз',
  'янв февр фев мар апр авг сент сен окт нояб ноя дек',
);

/** Often followed by a name: they end a sentence only before a word that begins sentences. */
export const rarelyEnding: WordList = wordList(
  'inc ltd co corp bros llc jr sr st ave blvd rd sq ft esq dept univ assn intl al gmbh',
  'ph.d b.sc m.sc mon tue tues wed thu thur thurs fri',
  'mio mrd tsd str uu med kath evang hr fr fa fam tel hbf bhf ff fn abt hrsg mwst',
  'av boul tél geom rag eng env ex ir mag ang sn cad sok mah pl srs',
  'fdo gral dto izq dcha avda avd cía hnos prov depto pdte pza lic arq mtro teléf tfno',
  'пр обл р-н англ нем франц лат греч итал исп укр ген полк лейт серж адм',
);

/** Abbreviations only in front of a number (`No. 5`), plain words elsewhere (`No. I can't.`). */
export const beforeNumber: WordList = wordList(
  'no nos fig figs vol vols ch chap sec art pt pg ed eq ver',
  'jan feb mar apr jun jul aug sept sep oct nov dec mrz okt dez max min avg est pop ext apt ste rm hrs lb lbs oz tsp tbsp',
  'janv févr avr juil déc gennaio febb giu lug ott dic fev fév blz hfst afd kl godz tlf sek č aufl bsp anm pag pagg tav séc nº',
  'nr abs kap bd abb núm núms pág págs párr cap máx mín ene abr dic lun mié jue vie sáb ок макс прим прибл каб доб упр под',
);

/** What may follow `5 p.m.` or a German day number with a capital and still be the same sentence. */
export const calendarWords: WordList = wordList(
  'monday tuesday wednesday thursday friday saturday sunday',
  'january february march april may june july august september october november december',
  'montag dienstag mittwoch donnerstag freitag samstag sonntag',
  'januar februar märz mai juni juli oktober dezember jänner',
  'est edt pst pdt cst cdt mst mdt utc gmt cet cest msk bst мск',
);

/** Months as they stand behind a day with a stop of their own: `am 5. Nov. in Köln`. */
export const monthAbbreviations: WordList = wordList(
  'jan jän feb febr mär mrz apr mai jun jul aug sep sept okt oct nov dez dec',
);

/** German words before an ordinal number: `der 2. Weltkrieg`, `am 2. Tag`, `mein 1. Versuch`. */
export const ordinalLeads: WordList = wordList(
  'der die das dem den des am im vom zum zur beim ab bis seit und oder jeder jede jedes jeden jedem einer eine eines einen einem',
  'dieser diese dieses diesen diesem mein meine meiner meines meinen meinem dein deine deiner deines deinen deinem',
  'sein seine seiner seines seinen seinem ihr ihre ihrer ihres ihren ihrem unser unsere unserer unseres unseren unserem',
);

/** What a German ordinal number counts, where none of those leads it (`im 18. und 19. Jahrhundert`). */
export const ordinalNouns: WordList = wordList(
  'jahrhundert jahrhunderts jahrtausend weltkrieg weltkriegs klasse etage geburtstag jahrestag kapitel lebensjahr',
  'bundesliga liga stock stockwerk halbzeit semester quartal auflage sinfonie symphonie',
);

/** Roman numerals of lists and centuries, without those that a redacted log could write (X, XX, XXX). */
export const romanNumerals: WordList = wordList('ii iii iv vi vii viii ix xi xii xiii xiv xv xvi xvii xviii xix xxi');

/** Words that begin sentences and hardly ever names. */
export const sentenceStarters: WordList = wordList(
  'i he she it we you they the this that these those there here in on at for with but and or so if when while after',
  'before as however then now what why how who where which is are did could would please my your his her its our',
  'their no yes not also maybe perhaps because since although meanwhile later today tomorrow yesterday',
  'он она оно они мы вы я ты это этот эта эти тот та те там тут здесь в во на по из за к ко с со у о об от до для',
  'при но и а или если когда пока после перед потом затем теперь сейчас так также ещё еще уже только поэтому однако',
  'что как кто где почему зачем не нет да его её ее их наш мой ваш все всё вот',
  'der die das ein eine er sie es wir ich ihr dann danach aber und oder wenn als im am auf mit für bei nach vor zu',
  'dies diese dieser dieses nun jetzt heute morgen sein seine ihre mein kein man hier dort doch denn weil bitte auch noch',
  'el los las un una él ella ellos yo tú nosotros esto este pero y o si cuando en por para con después luego ahora',
  'hoy sí son se hay su sus mi tu qué cómo dónde también además',
);

const allLists: readonly WordList[] = Object.freeze([
  neverEnding,
  unitLeads,
  endingAfterNumber,
  mayEnd,
  rarelyEnding,
  beforeNumber,
  calendarWords,
  monthAbbreviations,
  ordinalLeads,
  ordinalNouns,
  romanNumerals,
  sentenceStarters,
]);

/**
 * Every run of letters (lower case) that some rule tells from other words of the same shape. A redacted text keeps exactly these and is
 * then cut like the original.
 */
export const closedRuns: readonly string[] = Object.freeze(
  allLists.flatMap((list) => Object.keys(list)).flatMap((key) => key.split(/[.-]/)),
);
