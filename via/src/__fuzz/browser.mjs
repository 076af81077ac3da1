// Answers questions about the browser client, one line of JSON each.
import { createInterface } from 'node:readline';

const client = process.argv[1];
const load = (file) => import(`${client}/${file}.js`);
const { compile, learn } = await load('expression');
const { Signals } = await load('signals');
const { held } = await load('text');
const { ExpressionError } = await load('tokens');
const { words } = await load('words');
const { forJson } = await load('values');
const { sseParser } = await load('sse');
learn(words);

/** What a literal is, as a signal holds it. */
function literal(source) {
  return { value: held(compile(source)({ signals: new Signals(), actions: {} })) };
}

/** Whether the client can compile a text, or refuses it. */
function compiles(source) {
  try {
    compile(source);
    return { compiled: true };
  } catch (error) {
    // Authors write expressions, and none nests thousands of levels deep.
    const isTooDeep = error instanceof RangeError && /call stack/.test(error.message);
    if (!(error instanceof ExpressionError) && !isTooDeep) throw error;
    return { compiled: false };
  }
}

/** The events of a stream that arrives in chunks. */
function events(chunks) {
  const found = [];
  const take = sseParser(({ event, id, data }) => found.push({ event, id, data }));
  for (const chunk of chunks) take(chunk);
  return found;
}

const QUESTIONS = { literal, compiles, events };

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const { question, about } = JSON.parse(line);
  let answer;
  try {
    answer = QUESTIONS[question](about);
  } catch (error) {
    answer = { error: `${error.name}: ${error.message}` };
  }
  process.stdout.write(`${JSON.stringify(answer, forJson)}\n`);
}
