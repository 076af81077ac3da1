//! The minifier of the build script: what it does to small programs, and that they stay the same.

#[path = "../build/minify.rs"]
mod minify;

use self::minify::minify;

#[track_caller]
fn becomes(source: &str, short: &str) {
    assert_eq!(minify(source, &[]).as_deref(), Ok(short), "of {source}");
}

#[test]
fn comments_and_spaces_go() {
    becomes("/* a */ f(1 + 2, 'b  c'); // d\n", "f(1+2,'b  c');");
    becomes("a = typeof b in c;", "a=typeof b in c;");
    becomes("a = 1 + +b - -c;", "a=1+ +b- -c;");
    becomes("a = 15_000; b = 0.5;", "a=15e3;b=0.5;");
}

#[test]
fn texts_templates_and_expressions_stay() {
    becomes(
        "f(/[/'\"]  \\/ /g, 'it\\'s //', a / b / c);",
        "f(/[/'\"]  \\/ /g,'it\\'s //',a/b/c);",
    );
    becomes(
        "f(`a  ${`b  ${{ c: 1 }.c}`}  } ${d}`);",
        "f(`a  ${`b  ${{c:1}.c}`}  } ${d}`);",
    );
}

#[test]
fn declared_names_get_short() {
    becomes(
        "function first(second) { const third = second; return third + outside; }",
        "function e(e){let t=e;return t+outside}",
    );
    becomes(
        "const value = (one) => one + (two, three) => 4;",
        "let e=e=>e+(e,t)=>4;",
    );
}

#[test]
fn exported_names_and_properties_stay() {
    becomes(
        "const part = 1; export class Whole { part = part; } f(part.part, { part, part: 2 });",
        "let e=1;export class Whole{part=e}f(e.part,{part:e,part:2});",
    );
    becomes(
        "const { a, b: c, d = 1, ...rest } = all; f(a, c, d, rest);",
        "let{a:e,b:t,d:n=1,...r}=all;f(e,t,n,r);",
    );
}

#[test]
fn private_members_get_short_in_each_class() {
    becomes(
        "class A { #first = 1; get #second() { return this.#first; } } class B { #third() { return #third in this; } }",
        "class e{#e=1;get #t(){return this.#e}}class t{#e(){return #e in this}}"
            .replace("get #", "get#")
            .replace("return #", "return#")
            .as_str(),
    );
}

#[test]
fn no_name_hides_one_that_is_needed_below() {
    // `inner` may not be called as `outer` is, nor as the global `e`.
    becomes(
        "const outer = [1]; function f(inner) { return [inner, outer, e]; }",
        "let n=[1];function t(t){return[t,n,e]}",
    );
    // A parameter that is not used still may not be declared again.
    becomes(
        "const f = (unused) => { const used = 1; g(used); };",
        "let e=e=>{let t=1;g(t)};",
    );
    becomes(
        "try { a(); } catch (unused) { const used = 1; g(used); }",
        "try{a()}catch(e){let t=1;g(t)}",
    );
}

#[test]
fn a_name_may_be_used_before_it_is_declared() {
    becomes(
        "function f() { return g() + later; } const later = 1;",
        "function e(){return g()+t}let t=1;",
    );
}

#[test]
fn braces_around_one_statement_go_but_never_those_that_an_else_needs() {
    becomes("if (a) { b(); } else { c(); }", "if(a)b();else c();");
    becomes(
        "if (a) { if (b) c(); } else d();",
        "if(a){if(b)c()}else d();",
    );
    becomes(
        "for (const x of y) { const z = x; f(z); }",
        "for(let e of y){let t=e;f(t)}",
    );
}

#[test]
fn declarations_in_a_row_become_one() {
    becomes(
        "const a = g(); let b; const c = [2]; f(a, b, c); const d = 3;",
        "let e=g(),t,n=[2];f(e,t,n);let r=3;",
    );
}

#[test]
fn a_constant_that_is_needed_once_stands_where_it_is_needed() {
    becomes("const WAIT = 1_000; f(WAIT);", "f(1e3);");
    becomes("const TEXT = 'a'; f(TEXT + TEXT);", "let e='a';f(e+e);");
    becomes("const TEXT = 'a'; f({ TEXT });", "let e='a';f({TEXT:e});");
    becomes(
        "export const WAIT = 1; f(WAIT);",
        "export let WAIT=1;f(WAIT);",
    );
    becomes(
        "function f() { const WAIT = 1; g(WAIT); }",
        "function e(){let e=1;g(e)}",
    );
}

#[test]
fn what_it_does_not_know_is_an_error_with_the_place() {
    for source in [
        "var a = 1;",
        "a: for (;;) b();",
        "with (a) b();",
        "a = 1",
        "eval(a);",
        "if (a);",
    ] {
        let error = minify(source, &[]).expect_err(source);
        assert!(error.contains("does not know"), "{error}");
    }
}

#[test]
fn properties_of_the_programs_own_get_short_and_the_same_everywhere() {
    let own = ["first", "second"];
    let becomes = |source: &str, short: &str| {
        assert_eq!(minify(source, &own).as_deref(), Ok(short), "of {source}");
    };
    becomes(
        "f({ first: 1, second() {}, third: 2 }).first?.second.third;",
        "f({e:1,t(){},third:2}).e?.t.third;",
    );
    becomes(
        "const { first, second: other, third } = f({ outside });",
        "let{e,t:t,third:n}=f({outside});",
    );
    becomes(
        "class A { second = first; get first() {} }",
        "class e{t=first;get e(){}}",
    );
    let error = minify("f('first', x.first);", &own).expect_err("it is a text, too");
    assert!(error.contains("`first`"), "{error}");
    let error = minify("export const second = 1;", &own).expect_err("of the module, too");
    assert!(error.contains("`second`"), "{error}");
    becomes("f(`via: the first`, x.first);", "f(`via: the first`,x.e);");
}

#[test]
fn what_bundles_share_keeps_its_name_between_them() {
    becomes(
        "import { a as outer, b as other } from './b.js'; f(outer, other);",
        "import{a as e,b as t}from'./b.js';f(e,t);",
    );
    becomes(
        "const one = 1; function two() {} export { one as a, two as b };",
        "let e=1;function t(){}export{e as a,t as b};",
    );
}

#[test]
fn empty_arguments_of_new_go_where_nothing_follows() {
    becomes(
        "f(new Map(), new Set().size);",
        "f(new Map,new Set().size);",
    );
    becomes("new a.B(); new C()();", "new a.B();new C()();");
}
