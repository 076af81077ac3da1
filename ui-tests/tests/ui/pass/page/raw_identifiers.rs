use via::prelude::*;

#[via::page("/{type}")]
struct r#Match {
    #[param]
    r#type: String,
    #[signal]
    r#loop: bool,
}

#[via::actions]
impl r#Match {
    fn r#move(&mut self, r#in: bool) {
        self.r#loop = r#in;
    }
}

impl View for r#Match {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            button data-show=(cx.r#loop()) data-on:click=(cx.r#move(true)) { (self.r#type) }
        }
    }
}

#[test]
fn raw_identifiers_have_their_plain_names() {
    use via::__private::Page;

    let page = <r#Match as Page>::DESCRIPTOR;
    assert_eq!(page.fields[0].name, "type");
    assert_eq!(page.fields[1].key, "Match.loop");
    assert_eq!(<r#Match as Page>::actions()[0].name, "Match::move");
}
