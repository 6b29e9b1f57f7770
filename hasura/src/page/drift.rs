//! The last drift.

use maud::{Markup, html};
use nself_report::{Comparison, Pending, html as report};

use super::session::Visitor;
use super::view;
use crate::drift::Drift;
use crate::kept::View;

pub fn section(drift: &View<Drift>, visitor: &Visitor) -> Markup {
    html! {
        section aria-labelledby="drift" {
            (view::head("drift", "Drift", "looked", drift, Some(view::button(visitor, "/look", "Look again"))))
            @match &drift.last {
                Some(last) => { (found(&last.answer)) }
                None if drift.is_under_way => {}
                None => { p { "This server has not looked since it started." } }
            }
        }
    }
}

fn found(drift: &Drift) -> Markup {
    report::drift(&Comparison {
        items: &drift.items,
        pending: Pending::default(),
        not_compared: drift.not_compared.as_deref(),
        departed: None,
    })
}
