use via::prelude::*;

// Users may also use the names of the descriptor, the handles and the locals of generated code.
#[derive(Clone, Default, serde::Serialize, serde::Deserialize)]
struct Handles(u8);

#[via::page("/")]
struct Page {
    #[state]
    handles: Handles,
    #[state]
    fields: u8,
    #[signal]
    read: bool,
    #[signal]
    name: String,
}

#[via::actions]
impl Page {
    fn write(&mut self, fields: u8, page: u8, name: u8) {
        self.handles.0 = fields + page + name;
    }

    fn deref(&mut self) {}

    fn table(&mut self) {}

    fn actions(&mut self) {}
}

impl View for Page {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        let _: (ActionHandle, ActionHandle) = (cx.deref(), cx.actions());
        html! {
            (self.fields)
            button data-show=(cx.read()) data-text=(cx.name()) data-on:click=(cx.write(1, 2, 3)) {}
        }
    }
}
