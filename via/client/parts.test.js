import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasWords } from './parts.js';

test('expressions with words are found in the text of HTML', () => {
  const found = [
    '<p data-text="@i64($n)">', '<p data-text="$a.b">', "<p data-on:click='1'>", '<p data-show=$a>', '<p data-show="$a?.b">',
    '<p DATA-TEXT = "$a . b">', '<p id="x"data-text="$a[0]">', '<p data-class="{a: el.checked}">', '<p data-attr:x="evt.key">',
    '<p data-text="&#36;a&period;b">', '<p data-effect="$a = @text($b)">', '<p data-signals="{a: $b.c}">',
    '<p data-text="1"><p data-on:input__debounce.300ms="$a = el.value">', '<p data-on-interval="__duration.2s $a.b">',
  ];
  for (const html of found) assert.equal(hasWords(html), true, html);
});

test('expressions without are not', () => {
  const plain = [
    '', '<p>a.b @c [d]</p>', '<p title="a.b" data-bind="a.b">', `<p data-on:click="@post('?via=Todos::mark&amp;args=%5B5%2C%22n%22%5D'); $a = ''">`,
    `<p data-show="$filter === 'all' || !$a &amp;&amp; $n > 2.5">`, '<p data-attr:x="$a ? 1 : 2">', '<p data-on:input__debounce.300ms="$a++">',
    '<p data-signals="{&quot;a.b&quot;:[1,&quot;@x(&quot;]}">', '<p data-text="@toggle(\'a\')" data-class:a="$b">',
  ];
  for (const html of plain) assert.equal(hasWords(html), false, html);
});
