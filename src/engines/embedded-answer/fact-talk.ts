/** Answers about what people said of themselves: notes a statement, and says it again when asked. The latest statement counts. */
import { factQuestionOf } from './fact-questions.ts';
import { isAbout, type Statement, statementsOf } from './personal-facts.ts';
import type { Core } from './politeness.ts';
import { withoutBraces } from './quotation.ts';
import { texts } from './texts.ts';
import { readUtterance, type Utterance } from './utterance.ts';

/** What is said to a statement or a question about the speaker; undefined = it is neither. */
export function factText(
  utterance: Utterance,
  core: Core,
  /** Newest first; undefined if the device gave no id. */
  earlierPrompts: readonly string[] | undefined,
): string | undefined {
  const { language } = utterance;
  const subjects = factQuestionOf(language, core);
  if (subjects !== undefined) {
    if (earlierPrompts === undefined) return texts[language].unknownDevice;
    const found = latestAbout(subjects, language, earlierPrompts);
    return found === undefined ? texts[language].notToldYet : `${withoutBraces(found.restated)}.`;
  }
  const { statements, isAll } = statementsOf(utterance);
  // An utterance that says something else as well is not understood.
  if (!isAll) return undefined;
  if (earlierPrompts === undefined) return texts[language].unknownDevice;
  const noted = statements.map(({ restated }) => `${withoutBraces(restated)}.`).join(' ');
  return `${language === 'ru' ? 'Понятно' : 'I see'}. ${noted}`;
}

function latestAbout(
  subjects: readonly (readonly string[])[],
  language: Utterance['language'],
  prompts: readonly string[],
): Statement | undefined {
  for (const prompt of prompts) {
    const statements = statementsOf(readUtterance(prompt)).statements.filter((each) => each.language === language);
    const found = statements.findLast((each) => subjects.some((subject) => isAbout(each, subject)));
    if (found !== undefined) return found;
  }
  return undefined;
}
