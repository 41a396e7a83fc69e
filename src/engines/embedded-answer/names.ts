/**
 * People's names as they are said in Russian sentences, turned back into the form that stands in an address book:
 * "напиши Маше" is a message to Маша. Only names of the table are turned; any other stays as it was said, because a name
 * that was bent wrongly finds the wrong person or nobody.
 */

import { plainOf, type Word } from './utterance.ts';

export type GrammaticalCase = 'dative' | 'genitive' | 'accusative';

type Forms = Readonly<Record<GrammaticalCase, string>>;

const firstNames = `
  Александр Александра Алексей Алёна Алёша Алина Алиса Алла Анастасия Андрей Анна Антон Аня Арсений Артём Борис Боря Вадим
  Валентин Валентина Валерий Валерия Валя Ваня Варвара Варя Вася Василий Вера Вероника Вика Виктор Виктория Виталий Витя
  Владимир Влад Вова Володя Вячеслав Галина Галя Гена Геннадий Георгий Глеб Гриша Григорий Даниил Даша Дарья Денис Дима Дмитрий
  Евгений Евгения Егор Екатерина Елена Елизавета Женя Захар Зина Иван Игорь Илья Инна Ира Ирина Катя Кирилл Коля
  Константин Костя Ксения Ксюша Лариса Лена Леонид Лера Лёня Лёша Лиза Лиля Люба Люда Людмила Люся Макс Максим Маргарита
  Марина Мария Марк Маша Миша Михаил Надежда Надя Настя Наталья Наташа Никита Николай Нина Оксана Олег Оля Ольга Паша Петя
  Полина Рита Роман Рома Руслан Саша Света Светлана Семён Сергей Серёжа Слава Соня Софья Стас Станислав Степан Таня Татьяна
  Тимофей Тимур Толя Тоня Фёдор Федя Эдуард Эльвира Юля Юлия Юра Юрий Яна Ярослав`;

/** People whom everybody calls so, with the three cases; the words are said without a capital. */
const relatives: Readonly<Record<string, Forms>> = {
  мама: { dative: 'маме', genitive: 'мамы', accusative: 'маму' },
  папа: { dative: 'папе', genitive: 'папы', accusative: 'папу' },
  брат: { dative: 'брату', genitive: 'брата', accusative: 'брата' },
  сестра: { dative: 'сестре', genitive: 'сестры', accusative: 'сестру' },
  жена: { dative: 'жене', genitive: 'жены', accusative: 'жену' },
  муж: { dative: 'мужу', genitive: 'мужа', accusative: 'мужа' },
  сын: { dative: 'сыну', genitive: 'сына', accusative: 'сына' },
  дочь: { dative: 'дочери', genitive: 'дочери', accusative: 'дочь' },
  дочка: { dative: 'дочке', genitive: 'дочки', accusative: 'дочку' },
  бабушка: { dative: 'бабушке', genitive: 'бабушки', accusative: 'бабушку' },
  дедушка: { dative: 'дедушке', genitive: 'дедушки', accusative: 'дедушку' },
  дядя: { dative: 'дяде', genitive: 'дяди', accusative: 'дядю' },
  тётя: { dative: 'тете', genitive: 'тети', accusative: 'тетю' },
  начальник: { dative: 'начальнику', genitive: 'начальника', accusative: 'начальника' },
};

const irregular: Readonly<Record<string, Forms>> = {
  Павел: { dative: 'павлу', genitive: 'павла', accusative: 'павла' },
  Пётр: { dative: 'петру', genitive: 'петра', accusative: 'петра' },
  Лев: { dative: 'льву', genitive: 'льва', accusative: 'льва' },
  Любовь: { dative: 'любови', genitive: 'любови', accusative: 'любовь' },
};

/** English names and relatives that are contacts without any other sign. */
const englishNames: ReadonlySet<string> = new Set(
  `mom mum mommy mummy mother dad daddy father brother sister wife husband son daughter grandma grandpa boss
  aaron adam alan albert alex alexander alice amanda amy andrea andrew andy angela ann anna anne anthony antonio barbara ben
  benjamin betty bill bob brandon brian bruce carl carol carlos caroline catherine charles charlie charlotte chris christina
  christine christopher claire daniel dave david deborah dennis diana diane donald donna dorothy doug douglas edward elena
  elizabeth ella emily emma eric ethan eva evelyn fiona frank fred gary george gloria grace greg hannah harry heather helen
  henry ian igor irene isabella ivan jack jacob james jane janet jason jeff jennifer jenny jeremy jerry jessica jim joan joe
  john jonathan jordan jose joseph josh joshua juan judy julia julie justin karen kate katherine kathy keith kelly ken kevin
  kim kyle larry laura lauren leo leon linda lisa liz louis lucas lucy luis luke margaret maria marie martha martin mary
  matthew max megan melissa michael michelle mike mohammed monica nancy natalie nathan nicholas nick nicole nina noah oleg olga
  oliver olivia oscar pamela patricia patrick paul peter philip rachel ralph raymond rebecca richard robert roger ronald
  ruth ryan sally sam samantha samuel sandra sara sarah scott sean sergey sharon simon sofia sonia sophia sophie stephanie
  stephen steve steven stuart sue susan tanya teresa theresa thomas tim timothy tina tom tony victor victoria vincent virginia
  walter wayne william yuri zoe`.split(/\s+/),
);

const byForm = tablesByForm();

/** The nominative of a name of the table said in `grammaticalCase`; undefined for any other word. */
export function nominativeOf(word: Word, grammaticalCase: GrammaticalCase): string | undefined {
  const name = byForm[grammaticalCase].get(word.plain);
  // Whoever writes е for ё has it so in the address book too.
  return /ё/i.test(word.spoken) ? name : name?.replaceAll('ё', 'е');
}

/** True for "Anna", and for "mom". */
export function isEnglishName(plain: string): boolean {
  return englishNames.has(plain);
}

function tablesByForm(): Readonly<Record<GrammaticalCase, ReadonlyMap<string, string>>> {
  const names = Object.fromEntries(
    firstNames
      .trim()
      .split(/\s+/)
      .map((name) => [name, formsOf(plainOf(name))]),
  );
  const all: [string, Forms][] = Object.entries({ ...names, ...relatives, ...irregular });
  const table = (of: GrammaticalCase) => new Map(all.map(([name, forms]) => [forms[of], name] as const));
  return { dative: table('dative'), genitive: table('genitive'), accusative: table('accusative') };
}

/** Regular declension by the ending. */
function formsOf(name: string): Forms {
  const stem = name.slice(0, -1);
  if (name.endsWith('ия')) return { dative: `${stem}и`, genitive: `${stem}и`, accusative: `${stem}ю` };
  if (name.endsWith('я')) return { dative: `${stem}е`, genitive: `${stem}и`, accusative: `${stem}ю` };
  if (name.endsWith('а')) {
    // After these letters Russian writes и where the rule says ы.
    const genitive = /[гкхжшчщ]$/.test(stem) ? `${stem}и` : `${stem}ы`;
    return { dative: `${stem}е`, genitive, accusative: `${stem}у` };
  }
  if (/[йь]$/.test(name)) return { dative: `${stem}ю`, genitive: `${stem}я`, accusative: `${stem}я` };
  return { dative: `${name}у`, genitive: `${name}а`, accusative: `${name}а` };
}
