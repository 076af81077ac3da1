//! A page with a value of every scope, in three versions; `KEEPER_VERSION` selects one.

/// What a page does with these values, and how a test reads them.
macro_rules! keeper {
    ($($id:literal: $field:ident),*) => {
        #[via::actions]
        impl Keeper {
            fn add(&mut self) {
                $(self.$field += 1;)*
            }

            fn log_in(&mut self, fx: &mut Effects) -> Result<(), via::EffectError> {
                fx.session().login("anna")
            }

            fn log_out(&mut self, fx: &mut Effects) {
                fx.session().logout();
            }
        }

        impl View for Keeper {
            fn view(&self, cx: &Cx<Self>) -> Markup {
                html! {
                    h1 { (self.room) }
                    p #heard { (self.text) }
                    input #text data-bind=(cx.text());
                    input #secret type="password" data-bind=(cx.secret());
                    $(output id=($id) { (self.$field) })*
                    button #add data-on:click=(cx.add()) { "Add" }
                    button #log-in data-on:click=(cx.log_in()) { "Log in" }
                    button #log-out data-on:click=(cx.log_out()) { "Log out" }
                }
            }
        }
    };
}

mod first {
    use via::prelude::*;

    #[via::page("/{room}")]
    pub(super) struct Keeper {
        #[param]
        room: String,
        #[state]
        session: u32,
        #[state(tab)]
        tab: u32,
        #[state(shared = "room/{room}", ttl = "24h")]
        shared: u32,
        #[state(app)]
        app: u32,
        #[signal]
        signal: u32,
        #[signal(tab)]
        tab_signal: u32,
        #[signal(tab)]
        text: String,
        #[signal(tab)]
        secret: String,
    }

    keeper!("session": session, "tab": tab, "shared": shared, "app": app, "signal": signal,
        "tab-signal": tab_signal);
}

/// One field has a new name, and one is new.
mod second {
    use via::prelude::*;

    #[via::page("/{room}")]
    pub(super) struct Keeper {
        #[param]
        room: String,
        #[state(rename = "session")]
        own: u32,
        #[state(tab)]
        tab: u32,
        #[state(shared = "room/{room}", ttl = "24h")]
        shared: u32,
        #[state(app)]
        app: u32,
        #[signal]
        signal: u32,
        #[signal(tab)]
        tab_signal: u32,
        #[signal(tab)]
        text: String,
        #[signal(tab)]
        secret: String,
        #[state]
        added: u32,
    }

    keeper!("session": own, "tab": tab, "shared": shared, "app": app, "signal": signal,
        "tab-signal": tab_signal, "added": added);
}

/// The fields of the first version, with other actions: one has another meaning, and one is gone.
mod third {
    use via::prelude::*;

    #[via::page("/{room}")]
    pub(super) struct Keeper {
        #[param]
        room: String,
        #[state]
        session: u32,
        #[state(tab)]
        tab: u32,
        #[state(shared = "room/{room}", ttl = "24h")]
        shared: u32,
        #[state(app)]
        app: u32,
        #[signal]
        signal: u32,
        #[signal(tab)]
        tab_signal: u32,
        #[signal(tab)]
        text: String,
        #[signal(tab)]
        secret: String,
    }

    #[via::actions]
    impl Keeper {
        fn add(&mut self, thousands: u32) {
            self.session += 1000 * thousands;
        }
    }

    impl View for Keeper {
        fn view(&self, cx: &Cx<Self>) -> Markup {
            html! {
                h1 { (self.room) (self.tab) (self.shared) (self.app) (self.secret) }
                output id="session" { (self.session) }
                input data-bind=(cx.text());
                button #add data-on:click=(cx.add(1)) { (self.signal) (self.tab_signal) }
            }
        }
    }
}

#[tokio::main]
async fn main() -> via::Result<()> {
    let var = |name| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    let app = via::App::new().store(via::store::open(&var("VIA_STORE")).await?);
    let app = match &*var("KEEPER_VERSION") {
        "1" => app.page::<first::Keeper>(),
        "2" => app.page::<second::Keeper>(),
        "3" => app.page::<third::Keeper>(),
        other => panic!("there is no version {other}"),
    };
    app.bind(var("VIA_ADDR")).await?.run().await
}
