/** Setup of every test file that may start servers: what it started ends with it. */
import { afterAll } from 'vitest';
import { stopEverything } from './end-of-file.ts';

afterAll(stopEverything);
