//! Generates code from the model; cannot fail.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Attribute, FnArg, ImplItem, ImplItemFn, Item, ItemImpl, Type, spanned::Spanned};

use super::{
    check::{argument_name, is_effects, is_named, is_repeated},
    model::{Action, Argument, Block, Kind},
};
use crate::emit::{at, cfgs, compact, local, name_of, unnamed_block};

/// The block, and the table of its actions.
pub(crate) fn block(block: &Block) -> TokenStream {
    let item = &block.item;
    let page = &item.self_ty;
    let assertions = block
        .actions
        .iter()
        .map(|action| is_not_a_signal(action, page));
    let methods = block.actions.iter().map(|action| {
        let name = action.stable_name(&block.page);
        handle(action, &name)
    });
    let handles = handles(methods);
    let entries = block.actions.iter().map(|action| entry(action, block));
    let table = table(page, &quote!(#(#entries),*));
    let generated = unnamed_block(&quote! {
        #(#assertions)*
        #handles
        #table
    });
    quote! {
        #[allow(clippy::unused_self, reason = "an action is a method of its page")]
        #item
        #generated
    }
}

/// Fails at the name of an action if the page has a signal of that name: `cx.save()` cannot mean both.
fn is_not_a_signal(action: &Action, page: &Type) -> TokenStream {
    let cfgs = &action.cfgs;
    let name = name_of(&action.ident);
    let message = format!("this page already has a signal named `{name}`; rename the action");
    quote_spanned! {action.ident.span()=>
        #(#cfgs)*
        const _: () = ::via::__private::assert_not_a_signal(
            <#page as ::via::__private::Page>::DESCRIPTOR,
            #name,
            #message,
        );
    }
}

/// The handle of an action: `cx.add(5)`.
fn handle(action: &Action, name: &str) -> TokenStream {
    let values = action.arguments.iter().map(|Argument { ident, ty }| {
        quote_spanned!(ty.span()=> <#ty as ::via::__private::Argument>::to_json(&#ident))
    });
    let arguments = quote!((#(#values,)*));
    let body = quote!(::via::__private::ActionHandle::new(#name, &#arguments));
    handle_method(&action.ident, &action.cfgs, &action.arguments, &body)
}

fn handle_method(
    ident: &Ident,
    cfgs: &[Attribute],
    arguments: &[Argument],
    body: &TokenStream,
) -> TokenStream {
    let parameters = arguments
        .iter()
        .map(|Argument { ident, ty }| quote!(#ident: #ty));
    quote! {
        #(#cfgs)*
        pub fn #ident(&self, #(#parameters),*) -> ::via::__private::ActionHandle {
            #body
        }
    }
}

/// The implementation through which the page finds its handles and its table.
fn table(page: &Type, entries: &TokenStream) -> TokenStream {
    quote_spanned! {page.span()=>
        #[automatically_derived]
        impl ::via::__private::Actions for #page {
            type Handles = __ActionHandles;

            const HANDLES: &'static __ActionHandles = &__ActionHandles;

            const TABLE: &'static [::via::__private::ActionEntry<Self>] = &[#entries];
        }
    }
}

/// The handles of the actions; those of the page deref to them.
fn handles(methods: impl Iterator<Item = TokenStream>) -> TokenStream {
    quote! {
        pub struct __ActionHandles;

        impl __ActionHandles {
            #(#methods)*
        }
    }
}

/// The entry of an action in the table.
fn entry(action: &Action, block: &Block) -> TokenStream {
    let name = action.stable_name(&block.page);
    let cfgs = &action.cfgs;
    let arguments = local("arguments");
    let count = Literal::usize_unsuffixed(action.arguments.len());
    let locals: Vec<_> = action
        .arguments
        .iter()
        .map(|argument| local(&format!("argument_{}", name_of(&argument.ident))))
        .collect();
    let decoded = action
        .arguments
        .iter()
        .zip(&locals)
        .map(|(Argument { ty, .. }, local)| {
            quote_spanned! {at(ty.span())=>
                let #local = <#ty as ::via::__private::Argument>::take_from(&mut #arguments)?;
            }
        });
    let decode = if locals.is_empty() {
        quote!(#arguments.list(0)?;)
    } else {
        quote! {
            let mut #arguments = #arguments.list(#count)?;
            #(#decoded)*
        }
    };
    let ident = &action.ident;
    let run = match &action.kind {
        Kind::Transaction { effects } => {
            let page = local("page");
            let all_effects = local("effects");
            let effects = effects.map(|span| Ident::new("effects", at(span)));
            let effects = effects.iter();
            let call = quote_spanned! {at(ident.span())=>
                Self::#ident(#page, #(#locals,)* #(#effects)*)
            };
            let output = output_type(action);
            let result = quote_spanned! {output.span()=>
                <#output as ::via::__private::ActionResult>::into_result(#call)
            };
            quote! {
                Transaction(|#page, #arguments, #all_effects| {
                    #decode
                    ::core::result::Result::Ok(#result?)
                })
            }
        }
        Kind::Task { task } => {
            let task_local = local("task");
            let task = Ident::new("task", at(*task));
            let call = quote_spanned!(ident.span()=> Self::#ident(#task, #(#locals),*));
            let output = output_type(action);
            let future = quote_spanned! {ident.span()=>
                ::via::__private::task_future::<#output>(#call)
            };
            quote! {
                Task(|#task_local, #arguments| {
                    #decode
                    ::core::result::Result::Ok(#future)
                })
            }
        }
    };
    let signature = signature(&action.arguments);
    quote! {
        #(#cfgs)*
        ::via::__private::ActionEntry {
            name: #name,
            arguments: #signature,
            run: ::via::__private::Run::#run,
        }
    }
}

/// `index:usize,to:String`, so that a build with other arguments can be told apart.
fn signature(arguments: &[Argument]) -> String {
    let arguments: Vec<_> = arguments
        .iter()
        .map(|Argument { ident, ty }| format!("{}:{}", name_of(ident), compact(ty)))
        .collect();
    arguments.join(",")
}

/// The type that the action returns: `()` by default.
fn output_type(action: &Action) -> TokenStream {
    action
        .output
        .as_ref()
        .map_or_else(|| quote!(()), ToTokens::to_token_stream)
}

/// The block and stubs of its handles, so that uses of the actions do not cause more errors.
pub(crate) fn fallback(item: &Item, errors: &TokenStream) -> TokenStream {
    let Item::Impl(block) = item else {
        return quote!(#errors #item);
    };
    if block.trait_.is_some() || !block.generics.params.is_empty() {
        return quote!(#errors #item);
    }
    let block = without_repeated(block);
    let methods = block.items.iter().filter_map(|item| match item {
        ImplItem::Fn(function) => Some(stub(function)),
        _ => None,
    });
    let handles = handles(methods);
    let table = table(&block.self_ty, &quote!());
    let generated = unnamed_block(&quote!(#handles #table));
    quote! {
        #errors
        #block
        #generated
    }
}

fn without_repeated(block: &ItemImpl) -> ItemImpl {
    let keep = |item: &&ImplItem| match item {
        ImplItem::Fn(function) => !is_repeated(block, function),
        _ => true,
    };
    ItemImpl {
        items: block.items.iter().filter(keep).cloned().collect(),
        ..block.clone()
    }
}

/// The handle of a function that may not be an action.
fn stub(function: &ImplItemFn) -> TokenStream {
    let sig = &function.sig;
    let arguments: Vec<_> = sig
        .inputs
        .iter()
        .enumerate()
        .filter_map(|(index, input)| match input {
            FnArg::Typed(input) if !is_effects(&input.ty) && !is_named(&input.ty, "Task") => {
                let unnamed = || local(&format!("argument_{index}"));
                Some(Argument {
                    ident: argument_name(input).cloned().unwrap_or_else(unnamed),
                    ty: (*input.ty).clone(),
                })
            }
            _ => None,
        })
        .collect();
    let (generics, _, bounds) = sig.generics.split_for_impl();
    let ident = &sig.ident;
    if !sig.generics.params.is_empty() {
        let parameters = arguments
            .iter()
            .map(|Argument { ident, ty }| quote!(#ident: #ty));
        return quote! {
            pub fn #ident #generics (&self, #(#parameters),*) -> ::via::__private::ActionHandle #bounds {
                ::core::unreachable!()
            }
        };
    }
    handle_method(
        ident,
        &cfgs(&function.attrs),
        &arguments,
        &quote!(::core::unreachable!()),
    )
    .into_token_stream()
}
