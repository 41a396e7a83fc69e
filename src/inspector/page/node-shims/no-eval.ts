/**
 * The page's policy forbids code made of text, and every try is reported as a breach of it. zod tries once, whether it could compile its
 * schemas: told not to, before it is loaded, it interprets them. To be imported first.
 */
Object.assign(globalThis, { __zod_globalConfig: { jitless: true } });
