#![no_implicit_prelude]
#![deny(warnings)]

struct Value;
enum Result {
    Ok(Value),
}

#[derive(::via::SignalValue)]
enum Show {
    All,
    Owner(::std::string::String),
    Ok { size: u8 },
}

#[derive(::via::SignalValue)]
struct Filter {
    show: Show,
}

#[::core::prelude::v1::test]
fn values_need_no_prelude() {
    let Result::Ok(Value) = Result::Ok(Value);
    let filter = Filter { show: Show::All };
    let _ = ::via::SignalValue::encode(&filter);
    let _ = (filter.show, Show::Owner, Show::Ok { size: 1 });
}
