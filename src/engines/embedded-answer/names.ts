/**
 * People's names as they are said in Russian sentences, turned back into the form that stands in an address book:
 * "напиши Маше" is a message to Маша. Only names of the table are turned; any other stays as it was said, because a name
 * that was bent wrongly finds the wrong person or nobody.
 */

export type GrammaticalCase = 'dative' | 'genitive' | 'accusative';

type Forms = Readonly<Record<GrammaticalCase, string>>;

const firstNames = `
  Александр Александра Алексей Алена Алина Алиса Алла Анастасия Андрей Анна Антон Аня Арсений Артем Борис Вадим
  Валентин Валентина Валерий Валерия Варвара Вася Василий Вера Вероника Виктор Виктория Виталий Владимир Володя Вячеслав
  Галина Георгий Глеб Даниил Даша Дарья Денис Дима Дмитрий Евгений Евгения Егор Екатерина Елена Елизавета Женя Захар
  Иван Игорь Илья Инна Ира Ирина Катя Кирилл Константин Костя Ксения Лариса Лена Леонид Лера Лиза Люба Людмила Макс
  Максим Маргарита Марина Мария Марк Маша Миша Михаил Надежда Надя Настя Наталья Наташа Никита Николай Нина Оксана Олег
  Оля Ольга Паша Полина Роман Рома Руслан Света Светлана Семен Сергей Сережа Слава Соня Софья Станислав Степан Таня
  Татьяна Тимофей Тимур Федор Федя Юля Юлия Юра Юрий Яна Ярослав`;

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
  тетя: { dative: 'тете', genitive: 'тети', accusative: 'тетю' },
  начальник: { dative: 'начальнику', genitive: 'начальника', accusative: 'начальника' },
};

const irregular: Readonly<Record<string, Forms>> = {
  Павел: { dative: 'павлу', genitive: 'павла', accusative: 'павла' },
  Петр: { dative: 'петру', genitive: 'петра', accusative: 'петра' },
  Лев: { dative: 'льву', genitive: 'льва', accusative: 'льва' },
  Любовь: { dative: 'любови', genitive: 'любови', accusative: 'любовь' },
};

const englishRelatives: ReadonlySet<string> = new Set(
  'mom mum mommy mummy mother dad daddy father brother sister wife husband son daughter grandma grandpa boss'.split(
    ' ',
  ),
);

const byForm = tablesByForm();

/** The nominative of a name of the table (plain form) said in `grammaticalCase`; undefined for any other word. */
export function nominativeOf(plain: string, grammaticalCase: GrammaticalCase): string | undefined {
  return byForm[grammaticalCase].get(plain);
}

/** True for "mom" and the like, which are contacts without a capital. */
export function isEnglishRelative(plain: string): boolean {
  return englishRelatives.has(plain);
}

function tablesByForm(): Readonly<Record<GrammaticalCase, ReadonlyMap<string, string>>> {
  const names = Object.fromEntries(
    firstNames
      .trim()
      .split(/\s+/)
      .map((name) => [name, formsOf(name.toLowerCase())]),
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
