/**
 * The words of expressions that most pages do without: reads and calls of what values have, and typed
 * functions. This file is loaded where a page has an expression with one.
 */

import { call, read } from './members.js';
import { functions } from './typed.js';

export const words = { read, call, functions };
