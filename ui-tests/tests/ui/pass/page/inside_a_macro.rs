use via::prelude::*;

macro_rules! counter {
    ($name:ident, $route:literal, $field:ident: $ty:ty = $default:expr) => {
        #[via::page($route)]
        struct $name {
            #[state(default = $default)]
            $field: $ty,
            #[signal]
            step: Option<$ty>,
        }

        #[via::actions]
        impl $name {
            fn add(&mut self, amount: $ty) {
                self.$field += amount;
            }
        }

        impl View for $name {
            fn view(&self, cx: &Cx<Self>) -> Markup {
                html! {
                    input data-bind=(cx.step());
                    button data-on:click=(cx.add(self.$field)) { "Add" }
                }
            }
        }
    };
}

counter!(Small, "/small", count: u8 = 3);
counter!(Large, "/large", total: i64 = 1 + 2);

#[test]
fn a_page_of_a_macro_names_the_types_it_was_given() {
    use via::__private::Page;

    assert_eq!(
        <Small as Page>::DESCRIPTOR.fields[1].type_name,
        "Option<u8>"
    );
}
