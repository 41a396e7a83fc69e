/** Setup of every test file that may start servers: what it started ends with it. */
import { afterAll } from 'vitest';
import { cleanUp } from './end-of-file.ts';

afterAll(cleanUp);
