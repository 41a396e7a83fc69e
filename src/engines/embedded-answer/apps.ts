/**
 * The apps that the embedded answerer knows by name, in English and in the Russian forms that follow "открой" and
 * "закрой". The name is what the client gets as app_name.
 */

const apps: Readonly<Record<string, string>> = {
  Safari: 'safari, сафари',
  'Google Chrome': 'chrome, google chrome, хром, гугл хром, google хром',
  Firefox: 'firefox, mozilla firefox, фаерфокс, файрфокс, файерфокс',
  Opera: 'opera, опера, оперу',
  'Microsoft Edge': 'edge, microsoft edge, эдж',
  'Yandex Browser': 'yandex browser, яндекс браузер, яндекс.браузер',
  Telegram: 'telegram, телеграм, телеграмм, телегу, телеграмчик',
  WhatsApp: 'whatsapp, whats app, ватсап, вотсап, вацап, уотсап',
  Viber: 'viber, вайбер',
  Skype: 'skype, скайп',
  Discord: 'discord, дискорд',
  Slack: 'slack, слак, слэк',
  Zoom: 'zoom, зум',
  'Microsoft Teams': 'teams, microsoft teams, тимс',
  FaceTime: 'facetime, face time, фейстайм',
  Mail: 'mail, email, e-mail, mailbox, почта, почту, мейл, электронную почту',
  Outlook: 'outlook, microsoft outlook, аутлук',
  Calendar: 'calendar, календарь',
  Notes: 'notes, заметки',
  Reminders: 'reminders, напоминания',
  Contacts: 'contacts, контакты',
  Messages: 'messages, imessage, сообщения',
  Photos: 'photos, фото, фотографии',
  Music: 'music, apple music, музыка, музыку',
  Spotify: 'spotify, спотифай',
  'Yandex Music': 'yandex music, яндекс музыка, яндекс музыку, яндекс.музыку',
  YouTube: 'youtube, ютуб, ютьюб',
  VLC: 'vlc, влс',
  Podcasts: 'podcasts, подкасты',
  Maps: 'maps, карты',
  Weather: 'weather, погоду',
  Clock: 'clock, часы',
  Camera: 'camera, камера, камеру',
  Calculator: 'calculator, a calculator, калькулятор',
  Terminal: 'terminal, a terminal, терминал',
  Finder: 'finder, файндер',
  'System Settings':
    'settings, system settings, preferences, system preferences, настройки, системные настройки, настройки системы',
  'App Store': 'app store, апп стор, эпп стор, аппстор',
  'Voice Memos': 'voice memos, диктофон',
  Keynote: 'keynote, кейноут',
  TextEdit: 'textedit, text edit',
  'Visual Studio Code': 'visual studio code, vs code, vscode, вс код, вскод',
  Xcode: 'xcode, икскод',
  'Microsoft Word': 'word, microsoft word, ms word, ворд',
  'Microsoft Excel': 'excel, microsoft excel, ms excel, эксель, иксель',
  'Microsoft PowerPoint': 'powerpoint, power point, microsoft powerpoint, пауэрпоинт, поверпоинт',
  'Adobe Photoshop': 'photoshop, adobe photoshop, фотошоп',
  Notion: 'notion, ноушен, ноушн',
  Figma: 'figma, фигма, фигму',
  Obsidian: 'obsidian, обсидиан',
  Steam: 'steam, стим',
};

const nameByAlias: ReadonlyMap<string, string> = new Map(
  Object.entries(apps).flatMap(([name, aliases]) => aliases.split(', ').map((alias) => [alias, name] as const)),
);

/** The name of the app that `spoken` (plain words with one space between) means; undefined if it is not a known one. */
export function appNamed(spoken: string): string | undefined {
  return nameByAlias.get(spoken);
}
