/**
 * The page's policy forbids code made of text, and every try is reported as a breach of it. zod tries once, whether it could compile its
 * schemas: told not to, before any is made, it interprets them. To be imported first.
 */
const settings: unknown = Reflect.get(globalThis, '__zod_globalConfig');
Object.assign(globalThis, { __zod_globalConfig: Object.assign(Object(settings ?? {}), { jitless: true }) });
