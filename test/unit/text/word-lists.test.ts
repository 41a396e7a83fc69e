/**
 * Every word of the closed lists, said once more: in the place that its list is for, it does what no unknown word does. A word that
 * somebody takes out of a list, or moves to another one, fails here by name.
 */
import { describe, expect, test } from 'vitest';
import { emptySentenceCutter, everySentence, finishText, pushText } from '../../../src/text/sentence-cutter.ts';

/** The sentences of a text, white space trimmed; none is too short. */
function sentencesOf(text: string): readonly string[] {
  const pushed = pushText(emptySentenceCutter, text, everySentence);
  return [...pushed.sentences, ...finishText(pushed.cutter, everySentence).sentences].map((one) => one.trim());
}

/** A text in which `‖` stands where sentences end is cut there and nowhere else. */
function expectCut(marked: string): void {
  expect(sentencesOf(marked.replaceAll('‖', ''))).toEqual(marked.split('‖').map((sentence) => sentence.trim()));
}

const capitalised = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);
const words = (list: string): readonly string[] => list.split(/\s+/);

/** No list has them: what they do, every word of their script does. */
const unknown = ['zork', 'зорк', 'zörk'];

describe('what always goes on', () => {
  test.each(
    words(
      `mr mrs ms mx dr drs prof gen col maj capt lt sgt cmdr adm gov sen rep rev hon pres supt insp messrs mme mlle mt
      vs cf approx e.g i.e viz resp incl excl ref pp v z
      bzw ggf evtl inkl exkl zzgl vgl frl dipl ing geb gest ca sog allg insb bspw einschl z.b d.h u.a u.u s.o s.u v.a z.t zt
      sra srta dra sres sras dres dña profa excmo ilmo aprox ud uds vd p.ej ej ee
      т.е т.к т.н т.о и.о ул просп пер наб бул бульв пл кв корп стр гл рис табл ср напр проф акад доц тов гр гос
      bzgl ggü lfd wg ehem urspr stv stellv tlw teilw tägl betr entspr gegr z.hd zw
      mmes mlles mgr c.-à-d éd sig sigg sig.ra sig.na dott dott.ssa prof.ssa avv cfr spett egr gent exma ilma
      dhr mevr bijv evt zgn mons ekskl jf jfr esim např tzn tzv np tzw ul św ks płk nám tř mudr judr phdr inż hab örn bkz
      г-н г-жа г-да д-р им тел моб пос дер ст сб разд прил ред сост изд вып тт п пп д о оз св респ мкр преп пгт`,
    ),
  )('%s.', (word) => {
    expectCut(`It is ${word}. The rest of it is here`);
    // One capital alone is an initial.
    if (word.length > 1) expectCut(`It is ${capitalised(word)}. The rest of it is here`);
  });

  test.each(unknown)('but not %s.', (word) => expectCut(`It is ${word}.‖ The rest of it is here`));
});

describe('between a number and its unit', () => {
  test.each(words('кв куб пог'))('%s.', (word) => expectCut(`Там 50 ${word}. м.‖ Зорк уже здесь`));
  test.each(unknown)('but not %s.', (word) => expectCut(`Там 50 ${word}. м. Зорк уже здесь`));
});

describe('the end after a number alone', () => {
  test.each(words('г с м ч р в л т к см p c s mm'))('%s.', (word) => {
    expectCut(`It is ${word}. The rest of it is here`);
    expectCut(`There are 50 ${word}.‖ Zork is here`);
    expectCut(`There are 50 ${word}. Monday is here`);
  });
});

describe('perhaps the end, unless a day, a month or a time zone follows', () => {
  test.each(
    words(
      `etc usw a.m p.m usf dgl chr ecc enz osv itd itp atd apod stb jne yms vb jh jhd kr
      т.д т.п н.э др руб коп тыс млн млрд трлн долл гг вв мин сек час кг мг мм км мл га чел шт экз
      янв фев февр мар апр авг сент сен окт нояб ноя дек`,
    ),
  )('%s.', (word) => {
    expectCut(`It is at ${word}. Monday or so`);
    expectCut(`It is at ${word}.‖ Zork is here`);
  });

  test.each(unknown)('but %s. ends it also before those', (word) => expectCut(`It is at ${word}.‖ Monday or so`));
});

describe('the end only before a word that begins sentences', () => {
  test.each(
    words(
      `inc ltd co corp bros llc jr sr st ave blvd rd sq ft esq dept univ assn intl al gmbh
      ph.d m.d b.a m.a b.sc m.sc mon tue tues wed thu thur thurs fri
      mio mrd tsd str uu med kath evang hr fr fa fam tel hbf bhf ff fn abt hrsg mwst
      av boul tél geom rag eng env ex ir mag ang sn cad sok mah pl srs p.a f.eks bl.a
      fdo gral dto izq dcha avda avd cía hnos prov depto pdte pza lic arq mtro teléf tfno
      пр обл р-н англ нем франц лат греч итал исп укр ген полк лейт серж адм`,
    ),
  )('%s.', (word) => {
    expectCut(`It is ${word}. Zork is here`);
    expectCut(`It is ${word}.‖ The rest of it is here`);
  });

  test.each(unknown)('but %s. ends it also before others', (word) => expectCut(`It is ${word}.‖ Zork is here`));
});

describe('an abbreviation only before a number', () => {
  test.each(
    words(
      `no nos fig figs vol vols ch chap sec art pt pg ed eq ver
      jan feb mar apr jun jul aug sept sep oct nov dec mrz okt dez max min avg est pop ext apt ste rm hrs lb lbs oz tsp tbsp
      janv févr avr juil déc gennaio febb giu lug ott dic fev fév blz hfst afd kl godz tlf sek č aufl bsp anm pag pagg tav séc nº
      nr abs kap bd abb núm núms pág págs párr cap máx mín ene abr dic lun mié jue vie sáb ок макс прим прибл каб доб упр под`,
    ),
  )('%s.', (word) => {
    expectCut(`It is ${word}. 5 or so`);
    expectCut(`It is ${word}.‖ Zork is here`);
  });

  test.each(unknown)('but not %s.', (word) => expectCut(`It is ${word}.‖ 5 or so`));
});

describe('what goes on after 5 p.m.', () => {
  test.each(
    words(
      `monday tuesday wednesday thursday friday saturday sunday
      january february march april may june july august september october november december
      montag dienstag mittwoch donnerstag freitag samstag sonntag
      januar februar märz mai juni juli oktober dezember jänner
      est edt pst pdt cst cdt mst mdt utc gmt cet cest msk bst мск`,
    ),
  )('%s', (word) => {
    expectCut(`It is at 5 p.m. ${capitalised(word)} or so`);
    expectCut(`It is at 5 p.m. ${word.toUpperCase()} or so`);
  });

  test.each(unknown)('but not %s', (word) => expectCut(`It is at 5 p.m.‖ ${capitalised(word)} or so`));
});

describe('before a German ordinal number', () => {
  test.each(
    words(
      `der die das dem des den am im vom zum zur beim ab bis seit und oder jeder jede jedes jeden jedem einer eine eines einen einem
      dieser diese dieses diesen diesem mein meine meiner meines meinen meinem dein deine deiner deines deinen deinem
      sein seine seiner seines seinen seinem ihr ihre ihrer ihres ihren ihrem unser unsere unserer unseres unseren unserem`,
    ),
  )('%s', (word) => {
    expectCut(`Das war ${word} 2. Zork von allen`);
    expectCut(`${capitalised(word)} 22. Zork von allen`);
    expectCut(`Das war ${word} 2.‖ Dann kam mehr`);
  });
  test.each(unknown)('but not %s', (word) => expectCut(`Das war ${word} 2.‖ Zork von allen`));
  test('but no number of three digits: it is a year or an amount', () => expectCut('Das war im 200.‖ Zork von allen'));
  test('and not in English', () => expectCut('I am 25.‖ Zork is 30'));
});

describe('what a German ordinal number counts', () => {
  test.each(
    words(
      `jahrhundert jahrhunderts jahrtausend weltkrieg weltkriegs klasse etage geburtstag jahrestag kapitel lebensjahr
      bundesliga liga stock stockwerk halbzeit semester quartal auflage sinfonie symphonie`,
    ),
  )('%s', (word) => expectCut(`Das war bei 2. ${capitalised(word)} von allen`));
  test.each(unknown)('but not %s', (word) => expectCut(`Das war bei 2.‖ ${capitalised(word)} von allen`));
});

describe('a month behind a day, short and with a stop of its own', () => {
  test.each(words('jan jän feb febr mär mrz apr mai jun jul aug sep sept okt oct nov dez dec'))('%s.', (word) => {
    expectCut(`Das war Dienstag, 2. ${capitalised(word)}. in Köln`);
    if (!['mai'].includes(word)) expectCut(`Das war bei 2.‖ ${capitalised(word)} von allen`);
  });
  test.each(unknown)('but not %s.', (word) => expectCut(`Das war Dienstag, 2.‖ ${capitalised(word)}. in Köln`));
});

describe('Roman numerals number a list at the start of a line', () => {
  test.each(words('ii iii iv vi vii viii ix xi xii xiii xiv xv xvi xvii xviii xix xxi'))('%s.', (word) => {
    expectCut(`${word}. Zork is here`);
    expectCut(`${word.toUpperCase()}. Zork is here`);
    expectCut(`It is ${word}.‖ Zork is here`);
  });
  test.each(unknown)('but not %s.', (word) => expectCut(`${word}.‖ Zork is here`));
});

describe('words that begin sentences, after an abbreviation that rarely ends one', () => {
  test.each(
    words(
      `i he she it we you they the this that these those there here in on at for with but and or so if when while after
      before as however then now what why how who where which is are did could would please my your his her its our
      their no yes not also maybe perhaps because since although meanwhile later today tomorrow yesterday
      он она оно они мы вы я ты это этот эта эти тот та те там тут здесь в во на по из за к ко с со у о об от до для
      при но и а или если когда пока после перед потом затем теперь сейчас так также ещё еще уже только поэтому однако
      что как кто где почему зачем не нет да его её ее их наш мой ваш все всё вот
      der die das ein eine er sie es wir ich ihr dann danach aber und oder wenn als im am auf mit für bei nach vor zu
      dies diese dieser dieses nun jetzt heute morgen sein seine ihre mein kein man hier dort doch denn weil bitte auch noch
      el los las un una él ella ellos yo tú nosotros esto este pero y o si cuando en por para con después luego ahora
      hoy sí son se hay su sus mi tu qué cómo dónde también además`,
    ),
  )('%s', (word) => expectCut(`It is Apple Inc.‖ ${capitalised(word)} zork`));

  test.each(unknown)('but not %s', (word) => expectCut(`It is Apple Inc. ${capitalised(word)} zork`));
  test('but no initial', () => expectCut('It is Apple Inc. I. Zork'));
});
