//! Turns the syntax of a block into its model, and reports all errors in it at once.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{
    FnArg, ImplItem, ImplItemFn, Item, ItemImpl, Pat, PatType, Receiver, ReturnType, Signature,
    Type, spanned::Spanned,
};

use super::model::{Action, Argument, Block, Kind};
use crate::{
    emit::{cfgs, compact, handle_name_problem, name_of},
    errors::Errors,
};

/// The model of the block, or a `compile_error!` for every error.
pub(crate) fn block(attr: &TokenStream, item: &Item) -> Result<Block, TokenStream> {
    let mut errors = Errors::new();
    if !attr.is_empty() {
        errors.at(attr, "`#[via::actions]` takes no options; remove them");
    }
    let block = match item {
        Item::Impl(block) => Some(block),
        _ => None,
    };
    if block.is_none() {
        errors.at(
            item,
            "`#[via::actions]` works on `impl` blocks only; move it to an `impl` block of the page",
        );
    }
    let page = block.and_then(|block| check_block(block, &mut errors));
    let actions = block.map_or_else(Vec::new, |block| check_items(block, page, &mut errors));
    errors.finish()?;
    match (block, page) {
        (Some(block), Some(page)) => Ok(Block {
            item: block.clone(),
            page: name_of(page),
            actions,
        }),
        _ => unreachable!("a missing one was reported above"),
    }
}

/// The block implements no trait and is not generic; returns the name of the page.
fn check_block<'a>(block: &'a ItemImpl, errors: &mut Errors) -> Option<&'a Ident> {
    if let Some(path) = block.trait_.as_ref().map(|of| &of.1) {
        errors.at(
            path,
            "actions cannot implement a trait; move them to an `impl` block without a trait",
        );
    }
    if !block.generics.params.is_empty() {
        errors.at(
            &block.generics,
            "a page cannot be generic; remove the parameters",
        );
    }
    let name = last_segment(&block.self_ty);
    if name.is_none() {
        errors.at(
            &block.self_ty,
            "actions belong to a page; write the name of its struct here",
        );
    }
    name
}

/// The last segment of the path of a type: `Counter` of `pages::Counter`.
pub(crate) fn last_segment(ty: &Type) -> Option<&Ident> {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|segment| &segment.ident),
        Type::Group(group) => last_segment(&group.elem),
        Type::Paren(paren) => last_segment(&paren.elem),
        _ => None,
    }
}

/// Every item is an action, and no two have the same name.
fn check_items(block: &ItemImpl, page: Option<&Ident>, errors: &mut Errors) -> Vec<Action> {
    let mut actions: Vec<Action> = Vec::new();
    for item in &block.items {
        let function = match item {
            ImplItem::Fn(function) => function,
            other => {
                errors.at(
                    other,
                    "this block can contain only actions; move this item to an `impl` block without `#[via::actions]`",
                );
                continue;
            }
        };
        if is_repeated(block, function) {
            errors.at(
                &function.sig.ident,
                format!("two actions are named `{}`; rename one", function.sig.ident),
            );
        }
        actions.extend(check_action(function, page, errors));
    }
    actions
}

/// Whether an earlier function has the same name, and neither depends on a `#[cfg]`.
pub(crate) fn is_repeated(block: &ItemImpl, function: &ImplItemFn) -> bool {
    block
        .items
        .iter()
        .filter_map(|item| match item {
            ImplItem::Fn(function) => Some(function),
            _ => None,
        })
        .take_while(|earlier| !std::ptr::eq(*earlier, function))
        .any(|earlier| {
            earlier.sig.ident == function.sig.ident
                && cfgs(&earlier.attrs).is_empty()
                && cfgs(&function.attrs).is_empty()
        })
}

fn check_action(
    function: &ImplItemFn,
    page: Option<&Ident>,
    errors: &mut Errors,
) -> Option<Action> {
    let sig = &function.sig;
    check_name(&sig.ident, errors);
    check_qualifiers(sig, errors);
    let output = check_output(&sig.output, errors);
    let (kind, inputs) = if sig.asyncness.is_some() {
        check_task(sig, page, errors)?
    } else {
        check_transaction(sig, errors)?
    };
    let arguments = inputs
        .into_iter()
        .filter_map(|input| check_argument(input, errors))
        .collect();
    Some(Action {
        ident: sig.ident.clone(),
        cfgs: cfgs(&function.attrs),
        kind,
        arguments,
        output,
    })
}

fn check_name(ident: &Ident, errors: &mut Errors) {
    let name = name_of(ident);
    if let Some(problem) = handle_name_problem(&name) {
        errors.at(ident, format!("the action `{name}` {problem}; rename it"));
    }
}

/// An action is a plain function.
fn check_qualifiers(sig: &Signature, errors: &mut Errors) {
    if let Some(token) = &sig.constness {
        errors.at(token, "an action cannot be `const`; remove `const`");
    }
    if let Some(token) = unsafe_token(sig) {
        errors.at(
            token,
            "an action cannot be `unsafe` because browsers call it; remove `unsafe`",
        );
    }
    if let Some(abi) = &sig.abi {
        errors.at(abi, "an action cannot have an ABI; remove `extern`");
    }
    if sig.generics.params.is_empty() {
        if let Some(clause) = &sig.generics.where_clause {
            errors.at(clause, "an action cannot have a `where` clause; remove it");
        }
    } else {
        errors.at(
            &sig.generics,
            format!(
                "an action cannot be generic because its arguments are decoded; remove the parameters of `{}`",
                sig.ident
            ),
        );
    }
}

fn unsafe_token(sig: &Signature) -> Option<impl ToTokens> {
    Some(&sig.safety).filter(|safety| !safety.to_token_stream().is_empty())
}

/// `fn name(&mut self, arguments.., fx: &mut Effects)`
fn check_transaction<'a>(
    sig: &'a Signature,
    errors: &mut Errors,
) -> Option<(Kind, Vec<&'a PatType>)> {
    let mut inputs = sig.inputs.iter();
    match inputs.next() {
        Some(FnArg::Receiver(receiver)) => check_receiver(receiver, errors),
        Some(FnArg::Typed(input)) if is_named(&input.ty, "Task") => {
            errors.at(
                sig.fn_token,
                format!(
                    "an action that takes a `Task` must be `async`; write `async fn {}`, or take `&mut self` instead of the task",
                    sig.ident
                ),
            );
            return None;
        }
        _ => {
            errors.at(
                &sig.ident,
                format!(
                    "`{}` is not an action, but browsers can call every function in this block; take `&mut self`, or move it to an `impl` block without `#[via::actions]`",
                    sig.ident
                ),
            );
            return None;
        }
    }
    let mut inputs = typed(inputs);
    let effects = match inputs.last() {
        Some(last) if is_effects(&last.ty) => {
            let span = last.ty.span();
            check_effects(last, errors);
            inputs.pop();
            Some(span)
        }
        _ => None,
    };
    inputs.retain(|input| {
        let misplaced = is_effects(&input.ty);
        if misplaced {
            errors.at(
                input,
                "`&mut Effects` must be the last argument; move it to the end",
            );
        }
        !misplaced
    });
    Some((Kind::Transaction { effects }, inputs))
}

fn check_receiver(receiver: &Receiver, errors: &mut Errors) {
    let tokens = receiver.to_token_stream().to_string().replace(' ', "");
    if tokens == "&mutself" || tokens == "self:&mutSelf" {
        return;
    }
    errors.at(
        receiver,
        if tokens == "&self" {
            "an action changes the page; write `&mut self`, or move the function to an `impl` block without `#[via::actions]`"
        } else {
            "an action cannot take the page by value; write `&mut self`"
        },
    );
}

fn check_effects(input: &PatType, errors: &mut Errors) {
    let mutable = matches!(&*input.ty, Type::Reference(of) if of.mutability.is_some());
    if !mutable {
        errors.at(
            &input.ty,
            "an action takes `Effects` by mutable reference; write `&mut Effects`",
        );
    }
}

/// `async fn name(task: Task<Self>, arguments..)`
fn check_task<'a>(
    sig: &'a Signature,
    page: Option<&Ident>,
    errors: &mut Errors,
) -> Option<(Kind, Vec<&'a PatType>)> {
    let mut inputs = sig.inputs.iter();
    let task = match inputs.next() {
        Some(FnArg::Receiver(receiver)) => {
            errors.at(
                receiver,
                "an `async` action cannot borrow the page while it waits; take `task: Task<Self>` and change the page with `task.update(..)`, or remove `async`",
            );
            return None;
        }
        Some(FnArg::Typed(input)) if is_named(&input.ty, "Task") => {
            check_task_type(&input.ty, page, errors);
            input.ty.span()
        }
        _ => {
            errors.at(
                &sig.ident,
                format!(
                    "`{}` is not an action, but browsers can call every function in this block; take `task: Task<Self>` as the first argument, or move it to an `impl` block without `#[via::actions]`",
                    sig.ident
                ),
            );
            return None;
        }
    };
    let mut inputs = typed(inputs);
    inputs.retain(|input| {
        let effects = is_effects(&input.ty);
        if effects {
            errors.at(
                input,
                "a task cannot take `Effects` because it starts after the commit; remove this argument",
            );
        }
        !effects
    });
    Some((Kind::Task { task }, inputs))
}

/// `Task<Self>`, or `Task<Counter>`
fn check_task_type(ty: &Type, page: Option<&Ident>, errors: &mut Errors) {
    let text = compact(ty);
    let of = text
        .rsplit_once('<')
        .and_then(|(_, of)| of.strip_suffix('>'))
        .and_then(|of| of.rsplit("::").next());
    let of_this_page = of == Some("Self") || page.is_none_or(|page| of == Some(&page.to_string()));
    if !of_this_page {
        errors.at(ty, "the task must belong to this page; write `Task<Self>`");
    }
}

fn typed<'a>(inputs: impl Iterator<Item = &'a FnArg>) -> Vec<&'a PatType> {
    inputs
        .filter_map(|input| match input {
            FnArg::Typed(input) => Some(input),
            // Rust itself rejects a second receiver.
            FnArg::Receiver(_) => None,
        })
        .collect()
}

/// `Effects`, or a reference to it.
pub(crate) fn is_effects(ty: &Type) -> bool {
    match ty {
        Type::Reference(reference) => is_effects(&reference.elem),
        ty => is_named(ty, "Effects"),
    }
}

/// Whether the last segment of a type is `name`.
pub(crate) fn is_named(ty: &Type, name: &str) -> bool {
    last_segment(ty).is_some_and(|ident| ident == name)
}

/// An argument has a name and an owned, concrete type.
fn check_argument(input: &PatType, errors: &mut Errors) -> Option<Argument> {
    let ident = argument_name(input);
    if ident.is_none() {
        errors.at(
            &input.pat,
            "an argument of an action needs a name; write one here, and destructure the value in the body",
        );
    }
    let ty = &*input.ty;
    if let Some(token) = find(ty.to_token_stream(), &["impl", "&", "Self"]) {
        let text = quote!(#ty).to_string();
        let message = match token.as_str() {
            "impl" => {
                "an argument of an action is decoded, so its type must be concrete; write the name of a type"
            }
            "&" if text.contains("str") => {
                "an argument of an action is decoded, so it must own its data; write `String`"
            }
            "&" => "an argument of an action is decoded, so it must own its data; remove `&`",
            _ => "`Self` is the page, which a browser cannot send; write the name of another type",
        };
        errors.at(ty, message);
    }
    Some(Argument {
        ident: ident?.clone(),
        ty: ty.clone(),
    })
}

/// The name of an argument, if its pattern is a plain name.
pub(crate) fn argument_name(input: &PatType) -> Option<&Ident> {
    match &*input.pat {
        Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none() => Some(&pat.ident),
        _ => None,
    }
}

/// The first of `words` among the tokens, at any depth.
fn find(tokens: TokenStream, words: &[&str]) -> Option<String> {
    tokens.into_iter().find_map(|token| match token {
        TokenTree::Group(group) => find(group.stream(), words),
        token => Some(token.to_string()).filter(|text| words.contains(&text.as_str())),
    })
}

/// The returned type needs a name here; rustc checks whether an action can return it.
fn check_output(output: &ReturnType, errors: &mut Errors) -> Option<Type> {
    let ReturnType::Type(_, ty) = output else {
        return None;
    };
    if find(ty.to_token_stream(), &["impl"]).is_some() {
        errors.at(
            ty,
            "an action must return nothing or `Result<(), E>`; write the name of the error type",
        );
        return None;
    }
    Some((**ty).clone())
}
