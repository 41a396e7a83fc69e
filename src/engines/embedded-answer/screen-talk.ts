/**
 * What is said of a screenshot by an answerer that cannot see: that it came, what it is and how large, as its header tells. Of what is
 * on it nothing is said or guessed.
 */
import type { AnswerImage } from '../answer-engine.ts';
import { texts } from './texts.ts';
import type { Language } from './utterance.ts';

const formats = { 'image/png': 'PNG', 'image/jpeg': 'JPEG', 'image/webp': 'WebP' } as const;
const units = {
  en: { bytes: 'bytes', kilobytes: 'kilobytes', megabytes: 'megabytes' },
  ru: { bytes: 'байт', kilobytes: 'КБ', megabytes: 'МБ' },
} as const;

/** The answer to "What is on my screen?". */
export function screenText(language: Language, screenshot: AnswerImage | undefined): string {
  const blind = texts[language].screen;
  if (screenshot === undefined) return blind;
  const { mediaType, widthPixels, heightPixels, bytes } = screenshot;
  const format = formats[mediaType];
  const size = sizeText(language, bytes.byteLength);
  return language === 'ru'
    ? `Скриншот пришёл: ${format}, ${widthPixels} на ${heightPixels} пикселей, ${size}. ${blind}`
    : `Your screenshot is here: ${format}, ${widthPixels} by ${heightPixels} pixels, ${size}. ${blind}`;
}

function sizeText(language: Language, byteCount: number): string {
  const { bytes, kilobytes, megabytes } = units[language];
  if (byteCount < 1_000) return `${byteCount} ${bytes}`;
  if (byteCount < 999_500) return `${Math.round(byteCount / 1_000)} ${kilobytes}`;
  const millions = (byteCount / 1_000_000).toFixed(1);
  return `${language === 'ru' ? millions.replace('.', ',') : millions} ${megabytes}`;
}
