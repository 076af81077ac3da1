#![no_implicit_prelude]

// Names that the macros must not use.
#[allow(dead_code)]
struct Result;
#[allow(dead_code)]
struct Option;
#[allow(dead_code)]
struct Handles;
#[allow(dead_code)]
mod core {}

#[::via::page("/{id}")]
struct Counter {
    #[state]
    count: i64,
    #[signal(default = 1)]
    step: i64,
    #[param]
    id: ::std::string::String,
}

#[::via::actions]
impl Counter {
    fn increment(&mut self) {
        self.count += self.step;
    }

    fn add(
        &mut self,
        page: i64,
        arguments: i64,
        effects: &mut ::via::Effects,
    ) -> ::std::result::Result<(), ::std::string::String> {
        self.count += page + arguments;
        effects.toast("added");
        ::std::result::Result::Ok(())
    }

    async fn save(task: ::via::Task<Self>, task_name: ::std::string::String) {
        let _ = (task, task_name);
    }
}

impl ::via::View for Counter {
    fn view(&self, cx: &::via::Cx<Self>) -> ::via::Markup {
        let _ = (cx.step(), cx.increment(), cx.add(1, 2), &self.id);
        ::via::PreEscaped(::std::string::String::new())
    }
}
