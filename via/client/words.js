/**
 * The words of expressions that most pages do not need: reads and calls on values, and typed
 * functions. This file is loaded if a page has an expression with one.
 */

import { call, read } from './members.js';
import { functions } from './typed.js';

export const words = { read, call, functions };
