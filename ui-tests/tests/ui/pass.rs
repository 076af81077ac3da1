//! Code that must compile, each form in its own file.

pub mod actions {
    pub mod every_form;
    pub mod in_another_module;
    pub mod no_actions_in_the_block;
}

pub mod expression {
    pub mod every_operator;
}

pub mod page {
    pub mod counter;
    pub mod docs_derives_and_visibility;
    pub mod every_kind_of_field;
    pub mod every_option_of_state;
    pub mod handles_of_its_own;
    pub mod inside_a_function;
    pub mod inside_a_macro;
    pub mod no_fields;
    pub mod no_implicit_prelude;
    pub mod raw_identifiers;
    pub mod smallest;
}

pub mod signal_value {
    pub mod every_form;
    pub mod no_implicit_prelude;
}

pub mod view {
    pub mod head_and_helpers;
}
