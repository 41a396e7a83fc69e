/**
 * What the cutter must do, as data: a text and its pieces, every one checked by eye. A short sentence joined with the
 * next one is the minimum rule (first piece 2 words or 15 characters, later ones 3 words or 15), not a mistake.
 */
export const sentenceCorpus: readonly (readonly [text: string, pieces: readonly string[]])[] = [
  // English: the plain case and the minimum
  [
    'Hello there. How are you today? I am fine, thank you.',
    ['Hello there.', ' How are you today?', ' I am fine, thank you.'],
  ],
  ['Hello! How are you?', ['Hello! How are you?']],
  ['Yes.', ['Yes.']],
  ['Yes. No. Maybe not now. Well.', ['Yes. No.', ' Maybe not now.', ' Well.']],
  ['Okay.', ['Okay.']],
  ['One. Two. Three. Four. Five. Six.', ['One. Two.', ' Three. Four. Five.', ' Six.']],
  [
    'It is sunny today. It is sunny today. It is sunny today.',
    ['It is sunny today.', ' It is sunny today.', ' It is sunny today.'],
  ],
  ['Sure! I can help with that. What do you need?', ['Sure! I can help with that.', ' What do you need?']],
  [
    'Unquestionably. Incomprehensible! Go on then, please.',
    ['Unquestionably.', ' Incomprehensible!', ' Go on then, please.'],
  ],
  ['No punctuation at all in this answer', ['No punctuation at all in this answer']],
  ['The end is near. and', ['The end is near. and']],

  // English: numbers, versions, addresses
  ['Pi is 3.14 or so. The rest is 2.71828 exactly.', ['Pi is 3.14 or so.', ' The rest is 2.71828 exactly.']],
  ['Install v2.0.1 first. Then use v2.1.', ['Install v2.0.1 first.', ' Then use v2.1.']],
  ['Ping 192.168.1.1 from here. It answers in 0.5 ms.', ['Ping 192.168.1.1 from here.', ' It answers in 0.5 ms.']],
  ['Go to example.com for more. It is free.', ['Go to example.com for more.', ' It is free.']],
  [
    'Open main.py in the editor. Run node.js scripts too.',
    ['Open main.py in the editor.', ' Run node.js scripts too.'],
  ],
  ['It costs $3.50. That is cheap.', ['It costs $3.50.', ' That is cheap.']],
  ['It grew by 3.5%. That is a lot.', ['It grew by 3.5%.', ' That is a lot.']],
  [
    'The year was 1999. Everybody danced. Then came Y2K.',
    ['The year was 1999.', ' Everybody danced.', ' Then came Y2K.'],
  ],
  ['I counted to 10. You counted to 20.', ['I counted to 10.', ' You counted to 20.']],
  [
    'See https://example.com/a.b?c=d.e&f=g!h for details. It helps a lot.',
    ['See https://example.com/a.b?c=d.e&f=g!h for details.', ' It helps a lot.'],
  ],
  [
    'Visit www.example.com. It is good. Really, try it.',
    ['Visit www.example.com.', ' It is good.', ' Really, try it.'],
  ],
  [
    'Write to joe.doe@mail.example.org. He will answer soon.',
    ['Write to joe.doe@mail.example.org.', ' He will answer soon.'],
  ],
  ['The ratio is 1:2.5. This is fine. We go on.', ['The ratio is 1:2.5.', ' This is fine.', ' We go on.']],
  [
    'At 10:30 a.m. we start. We end at 5 p.m. Then we go home.',
    ['At 10:30 a.m. we start.', ' We end at 5 p.m.', ' Then we go home.'],
  ],
  [
    'Lunch is at 12 p.m. Monday through Friday. Bring food.',
    ['Lunch is at 12 p.m. Monday through Friday.', ' Bring food.'],
  ],
  ['The call is at 9 a.m. EST on Zoom. Do not be late.', ['The call is at 9 a.m. EST on Zoom.', ' Do not be late.']],
  ['Chapter 3. is short.', ['Chapter 3. is short.']],
  ['Use file.tar.gz here. Unpack it now.', ['Use file.tar.gz here.', ' Unpack it now.']],
  [
    'He ran 5 km. He was tired. She ran 10 km. She was not.',
    ['He ran 5 km.', ' He was tired.', ' She ran 10 km.', ' She was not.'],
  ],

  // English: abbreviations, titles, initials
  [
    'I met Dr. Smith yesterday. Mrs. Jones was there, too.',
    ['I met Dr. Smith yesterday.', ' Mrs. Jones was there, too.'],
  ],
  ['Prof. J. R. Brown wrote it. Read it soon.', ['Prof. J. R. Brown wrote it.', ' Read it soon.']],
  ['John F. Kennedy was president. He died in 1963.', ['John F. Kennedy was president.', ' He died in 1963.']],
  [
    'George W. Bush and J. I. Smith met. They talked a lot.',
    ['George W. Bush and J. I. Smith met.', ' They talked a lot.'],
  ],
  [
    'We chose plan B. The first plan failed. So it goes.',
    ['We chose plan B.', ' The first plan failed.', ' So it goes.'],
  ],
  ['So am I. He left early. So did I.', ['So am I.', ' He left early.', ' So did I.']],
  ['Fruit, e.g. apples, is healthy. Eat it, i.e. often.', ['Fruit, e.g. apples, is healthy.', ' Eat it, i.e. often.']],
  [
    'Bring pens, paper, etc. for the class. It begins at nine.',
    ['Bring pens, paper, etc. for the class.', ' It begins at nine.'],
  ],
  ['Bring pens, paper, etc. The class begins at nine.', ['Bring pens, paper, etc.', ' The class begins at nine.']],
  [
    'He lives in the U.S. and works in the U.K. now. She does not.',
    ['He lives in the U.S. and works in the U.K. now.', ' She does not.'],
  ],
  ['He lives in the U.S. She lives in Spain now.', ['He lives in the U.S.', ' She lives in Spain now.']],
  ['The U.S. Army arrived. It left again.', ['The U.S. Army arrived.', ' It left again.']],
  ['Apple Inc. makes phones. So does Samsung.', ['Apple Inc. makes phones.', ' So does Samsung.']],
  ['He works for Apple Inc. He likes it there.', ['He works for Apple Inc.', ' He likes it there.']],
  [
    'Martin Luther King Jr. spoke. Everyone listened closely.',
    ['Martin Luther King Jr. spoke.', ' Everyone listened closely.'],
  ],
  [
    'Room No. 5 is free. See Fig. 3 on p. 12 of the book.',
    ['Room No. 5 is free.', ' See Fig. 3 on p. 12 of the book.'],
  ],
  ['No. I cannot do that. Sorry about that.', ['No. I cannot do that.', ' Sorry about that.']],
  ['The date is Jan. 5 at noon. See you then.', ['The date is Jan. 5 at noon.', ' See you then.']],
  ['Smith et al. 2020 found it. Nobody doubted that.', ['Smith et al. 2020 found it.', ' Nobody doubted that.']],
  ['It is Lakers vs. Bulls tonight. Tune in at eight.', ['It is Lakers vs. Bulls tonight.', ' Tune in at eight.']],
  [
    'She has a Ph.D. in physics. He has an M.D. from Yale.',
    ['She has a Ph.D. in physics.', ' He has an M.D. from Yale.'],
  ],
  [
    'We live on Main St. near the park. St. Petersburg is far.',
    ['We live on Main St. near the park.', ' St. Petersburg is far.'],
  ],
  ['Approx. five people came. More will come.', ['Approx. five people came.', ' More will come.']],

  // English: stops in rows, quotes, brackets
  ['What?! You did that? Wow!! That is great!!!', ['What?! You did that?', ' Wow!! That is great!!!']],
  ['Well... I think so. Hmm… maybe not today.', ['Well... I think so.', ' Hmm… maybe not today.']],
  ['Wait for it... here it comes. There it is!', ['Wait for it... here it comes.', ' There it is!']],
  ['"Stop!" he said. "Are you sure?" she asked.', ['"Stop!" he said.', ' "Are you sure?" she asked.']],
  ['He said "No." Then he left. She stayed.', ['He said "No."', ' Then he left.', ' She stayed.']],
  ['He said, "I am done." She nodded slowly.', ['He said, "I am done."', ' She nodded slowly.']],
  [
    '(It was very late.) We went home (by bus, I think). Nobody saw us.',
    ['(It was very late.)', ' We went home (by bus, I think).', ' Nobody saw us.'],
  ],
  ['She was tired (very!) and went to bed. Good night.', ['She was tired (very!) and went to bed.', ' Good night.']],
  ['“Is it you?” he asked. ‘It is me,’ she said.', ['“Is it you?” he asked.', ' ‘It is me,’ she said.']],
  ['Is it really yours? yes, it is mine.', ['Is it really yours?', ' yes, it is mine.']],
  ['It is over. and then some small words', ['It is over. and then some small words']],
  [
    'I like it a lot. iPhone is fine. eBay works as well.',
    ['I like it a lot.', ' iPhone is fine.', ' eBay works as well.'],
  ],
  ['I love my iPhone. iPads are good as well.', ['I love my iPhone.', ' iPads are good as well.']],
  ['That is a test.] Next one, please.', ['That is a test.]', ' Next one, please.']],
  ['Yahoo! is a company.', ['Yahoo! is a company.']],
  ['Is it a ? or a : here', ['Is it a ? or a : here']],
  [
    'Look at this: it works; at least, mostly. Great stuff.',
    ['Look at this: it works; at least, mostly.', ' Great stuff.'],
  ],
  ['He paused. . . and then went on.', ['He paused. . . and then went on.']],

  // English: lists, lines, markdown, code
  [
    '1. Open the app. 2. Press the red button. 3. Done.',
    ['1. Open the app.', ' 2. Press the red button.', ' 3. Done.'],
  ],
  ['Steps:\n1. Open the app now\n2.', ['Steps:\n1. Open the app now', '\n2.']],
  [
    'Here are the steps:\n1. Open the app now\n2. Press the red button\n3. Wait a little',
    ['Here are the steps:', '\n1. Open the app now', '\n2. Press the red button', '\n3. Wait a little'],
  ],
  [
    'Shopping list:\n- milk\n- eggs\n- bread\n- butter and jam',
    ['Shopping list:', '\n- milk\n- eggs\n- bread', '\n- butter and jam'],
  ],
  [
    '# Title here\n\nThis is a paragraph. And another sentence.',
    ['# Title here', '\n\nThis is a paragraph.', ' And another sentence.'],
  ],
  [
    'First paragraph here\n\nSecond paragraph here\n\n\nThird paragraph here',
    ['First paragraph here', '\n\nSecond paragraph here', '\n\n\nThird paragraph here'],
  ],
  ['This is **very important.** Do not forget it.', ['This is **very important.**', ' Do not forget it.']],
  ['**Note:** read this first. *Then* go on.', ['**Note:** read this first.', ' *Then* go on.']],
  ['**1. Open it.** Then close it. It is easy.', ['**1. Open it.**', ' Then close it.', ' It is easy.']],
  ['Use `foo.bar()` here. It returns `x.y`.', ['Use `foo.bar()` here.', ' It returns `x.y`.']],
  [
    'Run this:\n```sh\nnpm install foo bar\n```\nThen start it again.',
    ['Run this:', '\n```sh\nnpm install foo bar', '\n```\nThen start it again.'],
  ],
  ['A line with a carriage return\r', ['A line with a carriage return']],
  ['One line here please\r\nAnother line here please', ['One line here please', '\r\nAnother line here please']],
  ['> A quote of mine. > Another one here.', ['> A quote of mine.', ' > Another one here.']],
  [
    '| Name | Age |\n|---|---|\n| Bob | 5 |\nThat is all.',
    ['| Name | Age |', '\n|---|---|\n| Bob | 5 |', '\nThat is all.'],
  ],
  ['a. First thing here\nb. Second thing here', ['a. First thing here', '\nb. Second thing here']],
  ['II. The second part. It is long.', ['II. The second part.', ' It is long.']],
  [
    'See [the docs](https://a.b/c.d). They are good. Read them.',
    ['See [the docs](https://a.b/c.d).', ' They are good.', ' Read them.'],
  ],

  // English: emoji, symbols, odd characters
  ['Great job! 😀 How are you? I am fine.', ['Great job!', ' 😀 How are you?', ' I am fine.']],
  ['Great job for you! 😀 How are you? I am fine.', ['Great job for you!', ' 😀 How are you?', ' I am fine.']],
  ['Well done my friend 🎉🎉 see you', ['Well done my friend 🎉🎉 see you']],
  ['Done with it all.🎉 Next one, please.', ['Done with it all.🎉', ' Next one, please.']],
  [
    'Family 👨\u200d👩\u200d👧\u200d👦 is here. Flags 🇩🇪🇫🇷 too.',
    ['Family 👨\u200d👩\u200d👧\u200d👦 is here.', ' Flags 🇩🇪🇫🇷 too.'],
  ],
  ['It works well!❤\ufe0f Thank you so much.', ['It works well!❤\ufe0f', ' Thank you so much.']],
  ['It was great. — And then? It was not so great.', ['It was great.', ' — And then? It was not so great.']],
  ['Cafe\u0301 is open. Voila\u0300, we are there.', ['Cafe\u0301 is open.', ' Voila\u0300, we are there.']],
  [
    'Non-breaking\u00a0space here.\u00a0Next one is here.',
    ['Non-breaking\u00a0space here.', '\u00a0Next one is here.'],
  ],
  ['Wait for me! $5 is all I have.', ['Wait for me!', ' $5 is all I have.']],
  ['It was fun. #winning is what we do', ['It was fun. #winning is what we do']],
  ['Tabs are\there.\tAnd a tab there.', ['Tabs are\there.', '\tAnd a tab there.']],
  ['Three   spaces   here.   And three more.', ['Three   spaces   here.', '   And three more.']],

  // Russian
  ['Привет! Как дела? У меня всё хорошо.', ['Привет! Как дела?', ' У меня всё хорошо.']],
  [
    'Сегодня хорошая погода. Завтра будет дождь. Возьми зонт.',
    ['Сегодня хорошая погода.', ' Завтра будет дождь.', ' Возьми зонт.'],
  ],
  ['Мы поговорили, т. е. поспорили. Потом ушли.', ['Мы поговорили, т. е. поспорили.', ' Потом ушли.']],
  ['Мы поговорили, т.е. поспорили. Потом ушли.', ['Мы поговорили, т.е. поспорили.', ' Потом ушли.']],
  ['Купи хлеб, молоко и т. д. в магазине. Спасибо тебе.', ['Купи хлеб, молоко и т. д. в магазине.', ' Спасибо тебе.']],
  ['Купи хлеб, молоко и т. д. Потом иди домой.', ['Купи хлеб, молоко и т. д.', ' Потом иди домой.']],
  ['Купи хлеб, сыр и т.п. Не забудь чек.', ['Купи хлеб, сыр и т.п.', ' Не забудь чек.']],
  [
    'Он родился в 1999 г. в Москве. Сейчас живёт в г. Туле.',
    ['Он родился в 1999 г. в Москве.', ' Сейчас живёт в г. Туле.'],
  ],
  ['Он родился в 1999 г. Потом уехал.', ['Он родился в 1999 г.', ' Потом уехал.']],
  [
    'Поезд идёт в г. Москва. Билет стоит 500 руб. Это недорого.',
    ['Поезд идёт в г. Москва.', ' Билет стоит 500 руб.', ' Это недорого.'],
  ],
  ['Это стоит 5 тыс. рублей. Очень дорого.', ['Это стоит 5 тыс. рублей.', ' Очень дорого.']],
  ['Живу на ул. Ленина, д. 5, кв. 10. Приходи в гости.', ['Живу на ул. Ленина, д. 5, кв. 10.', ' Приходи в гости.']],
  ['А. С. Пушкин родился в 1799 году. Он был поэтом.', ['А. С. Пушкин родился в 1799 году.', ' Он был поэтом.']],
  ['Роман написал Л. Н. Толстой. Он очень длинный.', ['Роман написал Л. Н. Толстой.', ' Он очень длинный.']],
  ['Роман А.С. Пушкина хорош. Читай его.', ['Роман А.С. Пушкина хорош.', ' Читай его.']],
  ['Он жил в XX в. в России. Это было давно.', ['Он жил в XX в. в России.', ' Это было давно.']],
  ['Он жил в XIX в. Это было давно.', ['Он жил в XIX в.', ' Это было давно.']],
  ['Это был я. Она ушла.', ['Это был я.', ' Она ушла.']],
  ['Встреча в 10 ч. утра. Не опаздывай.', ['Встреча в 10 ч. утра.', ' Не опаздывай.']],
  ['Яблоки, груши и др. фрукты. Всё свежее.', ['Яблоки, груши и др. фрукты.', ' Всё свежее.']],
  ['В 5 в. до н. э. жили греки. Они строили храмы.', ['В 5 в. до н. э. жили греки.', ' Они строили храмы.']],
  ['Проф. Иванов пришёл. Г-н Петров тоже.', ['Проф. Иванов пришёл.', ' Г-н Петров тоже.']],
  ['См. рис. 5 на стр. 12. Там всё ясно.', ['См. рис. 5 на стр. 12.', ' Там всё ясно.']],
  ['Какой-то текст... Потом другой. И третий тут.', ['Какой-то текст...', ' Потом другой. И третий тут.']],
  ['Неужели?.. Не верю тебе!.. Ну и ладно.', ['Неужели?.. Не верю тебе!..', ' Ну и ладно.']],
  ['— Привет! — сказал он. — Пока! — ответила она.', ['— Привет! — сказал он.', ' — Пока! — ответила она.']],
  ['«Как дела?» — спросил он. «Хорошо!» — ответила она.', ['«Как дела?» — спросил он.', ' «Хорошо!» — ответила она.']],
  ['«Я ушёл.» Она осталась дома.', ['«Я ушёл.»', ' Она осталась дома.']],
  ['Открываю Safari. Что-нибудь ещё?', ['Открываю Safari.', ' Что-нибудь ещё?']],
  ['Скидка 3,5 %. Это мало. Ждём большего.', ['Скидка 3,5 %.', ' Это мало. Ждём большего.']],
  ['Версия 2.0 вышла. Скачайте её с site.ru сегодня.', ['Версия 2.0 вышла.', ' Скачайте её с site.ru сегодня.']],
  ['Вот список:\n1. Молоко\n2. Хлеб чёрный\n3. Сыр', ['Вот список:', '\n1. Молоко\n2. Хлеб чёрный', '\n3. Сыр']],
  ['Температура \u22125 °C. Оденьтесь теплее.', ['Температура \u22125 °C.', ' Оденьтесь теплее.']],
  ['Цена 100 руб. за штуку. Берём три.', ['Цена 100 руб. за штуку.', ' Берём три.']],
  ['Население 5 млн чел. в 2020 г. Теперь больше.', ['Население 5 млн чел. в 2020 г.', ' Теперь больше.']],
  ['Да. Нет. Не знаю точно. Хм.', ['Да. Нет.', ' Не знаю точно.', ' Хм.']],
  ['Ок. Открываю приложение. Готово, смотрите.', ['Ок. Открываю приложение.', ' Готово, смотрите.']],
  ['И. о. директора пришёл. Все встали.', ['И. о. директора пришёл.', ' Все встали.']],

  // German, Spanish, French
  [
    'Das ist z. B. gut. Das ist d. h. schlecht. Es geht.',
    ['Das ist z. B. gut.', ' Das ist d. h. schlecht.', ' Es geht.'],
  ],
  ['Wir treffen uns am 3. Oktober in Berlin. Das passt.', ['Wir treffen uns am 3. Oktober in Berlin.', ' Das passt.']],
  ['Der 2. Weltkrieg endete 1945. Danach war Frieden.', ['Der 2. Weltkrieg endete 1945.', ' Danach war Frieden.']],
  ['Hr. Müller kommt um 5 Uhr. Frau Dr. Meier auch.', ['Hr. Müller kommt um 5 Uhr.', ' Frau Dr. Meier auch.']],
  ['Es kostet 5 Mio. Euro. Das ist viel.', ['Es kostet 5 Mio. Euro.', ' Das ist viel.']],
  ['Äpfel, Birnen usw. sind gesund. Öfter essen!', ['Äpfel, Birnen usw. sind gesund.', ' Öfter essen!']],
  ['¿Cómo estás? ¡Muy bien, gracias! ¿Y tú, amigo?', ['¿Cómo estás?', ' ¡Muy bien, gracias!', ' ¿Y tú, amigo?']],
  [
    'El Sr. García llegó. La Sra. López no. Fue a EE. UU. ayer.',
    ['El Sr. García llegó.', ' La Sra. López no.', ' Fue a EE. UU. ayer.'],
  ],
  ['Bonjour ! Comment ça va ? Très bien, merci.', ['Bonjour ! Comment ça va ?', ' Très bien, merci.']],

  // Chinese, Japanese, other scripts
  ['你好。我很好，谢谢。你呢？', ['你好。', '我很好，谢谢。', '你呢？']],
  ['你好！很高兴认识你。我们走吧！', ['你好！', '很高兴认识你。', '我们走吧！']],
  ['他说：“你好。我很好。”然后他走了。', ['他说：“你好。', '我很好。”', '然后他走了。']],
  ['他问：「你好吗？」我说很好。', ['他问：「你好吗？」', '我说很好。']],
  ['价格是3.5元。很便宜吧？', ['价格是3.5元。', '很便宜吧？']],
  ['OK!你好吗?我很好。', ['OK!你好吗?', '我很好。']],
  ['今日は良い天気です。散歩に行きましょう！', ['今日は良い天気です。', '散歩に行きましょう！']],
  ['안녕하세요. 반갑습니다. 저는 잘 지내요.', ['안녕하세요. 반갑습니다.', ' 저는 잘 지내요.']],
  ['مرحبا بك. كيف حالك اليوم؟ أنا بخير شكرا.', ['مرحبا بك.', ' كيف حالك اليوم؟', ' أنا بخير شكرا.']],
  ['नमस्ते दोस्त। आप कैसे हैं? मैं ठीक हूँ।', ['नमस्ते दोस्त।', ' आप कैसे हैं?', ' मैं ठीक हूँ।']],

  // More traps
  ['The price is approx. 5 dollars. It was 6 before.', ['The price is approx. 5 dollars.', ' It was 6 before.']],
  ['Ask Gen. Lee about it. He was there, sir.', ['Ask Gen. Lee about it.', ' He was there, sir.']],
  ['We use A.I. in our work. It saves time.', ['We use A.I. in our work.', ' It saves time.']],
  ['The time is 5:30. We must leave now.', ['The time is 5:30.', ' We must leave now.']],
  ['Type "exit." Then press Enter. That is all.', ['Type "exit."', ' Then press Enter.', ' That is all.']],
  [
    'Mr. and Mrs. Dursley of No. 4 were proud. They said so.',
    ['Mr. and Mrs. Dursley of No. 4 were proud.', ' They said so.'],
  ],
  [
    'This is line one.\nThis is line two.\nThis is line three.',
    ['This is line one.', '\nThis is line two.', '\nThis is line three.'],
  ],
  ['Is it 5? Is it 6? Nobody knows that.', ['Is it 5?', ' Is it 6?', ' Nobody knows that.']],
  ['It ended in 2020... nobody knew why.', ['It ended in 2020... nobody knew why.']],
  [
    'They came (see p. 5). They saw (Fig. 2). They won.',
    ['They came (see p. 5).', ' They saw (Fig. 2).', ' They won.'],
  ],
  ['Я видел т. н. «чудо». Оно прекрасно.', ['Я видел т. н. «чудо».', ' Оно прекрасно.']],
  ['Позвоните по тел. 123-45-67. Мы ответим.', ['Позвоните по тел. 123-45-67.', ' Мы ответим.']],
  ['Стоимость: 1 млн руб. Дорого для нас.', ['Стоимость: 1 млн руб.', ' Дорого для нас.']],
  ['Вес 5 кг. Рост 180 см. Возраст 30 лет.', ['Вес 5 кг.', ' Рост 180 см.', ' Возраст 30 лет.']],
  [
    'Он сказал: «Я приду завтра». И не пришёл. Вот так.',
    ['Он сказал: «Я приду завтра».', ' И не пришёл.', ' Вот так.'],
  ],
  ['Это гл. 3 и п. 5 договора. Читайте внимательно.', ['Это гл. 3 и п. 5 договора.', ' Читайте внимательно.']],
  ['Файл main.py открыт. Запустите его.', ['Файл main.py открыт.', ' Запустите его.']],

  // Small letters only; initials and abbreviations in a row; lists in a line
  [
    'it is sunny today. have fun outside. bring water with you. stay hydrated. bye',
    ['it is sunny today. have fun outside.', ' bring water with you. stay hydrated.', ' bye'],
  ],
  ['погода хорошая. возьми зонт. увидимся завтра', ['погода хорошая.', ' возьми зонт. увидимся завтра']],
  ['He said (quite loudly.) and then left.', ['He said (quite loudly.) and then left.']],
  [
    'J.K. Rowling wrote it. The U.S.A. is big (i.e. large). Mr. X. came in.',
    ['J.K. Rowling wrote it.', ' The U.S.A. is big (i.e. large).', ' Mr. X. came in.'],
  ],
  [
    'Стоит 5 р. за штуку, в т. ч. доставка. Это Иванов И. И. Он пришёл сегодня.',
    ['Стоит 5 р. за штуку, в т. ч. доставка.', ' Это Иванов И. И.', ' Он пришёл сегодня.'],
  ],
  [
    'Here is a plan: 1. Open it. 2. Close it. 3. Repeat. That is all.',
    ['Here is a plan: 1. Open it.', ' 2. Close it.', ' 3. Repeat. That is all.'],
  ],
  ['Привет!Как дела? Хорошо, спасибо.', ['Привет!Как дела?', ' Хорошо, спасибо.']],
];
