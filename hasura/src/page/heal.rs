//! The heal that the page asks for: whoever knows the admin's secret starts it, and types the name of the database.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::form::Form;
use super::session::Notice;
use super::{address, answer, called, reading, sign_in};
use crate::database::Failure;
use crate::heal;
use crate::refusal::{Refusal, Told};
use crate::server::{Server, Shared};
use crate::told::Change;
use crate::work::{take_place, to_its_end};

const NAME: &str = "page: heal";

#[derive(Deserialize)]
struct Healed {
    job: i64,
    state: String,
    steps: Vec<heal::Step>,
}

pub async fn heal(State(server): Shared, request: Request) -> Response {
    let began = Instant::now();
    let from = address(&request);
    let (visitor, form) = match Form::of_visitor(&server, request).await {
        Ok(of) => of,
        Err(refusal) => return answer::refused(refusal),
    };
    let healed = if server.page.guesses.are_too_many(from) {
        Err(sign_in::too_many())
    } else if !knows_secret(&server, form.field("secret")) {
        server.page.guesses.count(from);
        let message = "Nothing was healed: that is not the admin's secret.";
        Err(Refusal::new(StatusCode::FORBIDDEN, "wrong-secret", message))
    } else {
        confirmed(&server, form.field("confirm").to_owned()).await
    };
    let code = healed.as_ref().map_or_else(|refusal| refusal.code, |_| "ok");
    server.metrics.count(NAME, code, began.elapsed());
    let mut response = answer::to("/#notice");
    response.extensions_mut().insert(called(NAME, &visitor));
    let notice = match healed {
        Ok(text) => Notice { is_good: true, text },
        Err(refusal) => {
            let Refusal { code, sqlstate, cause, .. } = &refusal;
            let told = Told { code, sqlstate: sqlstate.clone(), cause: cause.clone() };
            response.extensions_mut().insert(told);
            let job = refusal.job.map(|job| format!("Job {job}: ")).unwrap_or_default();
            let hint = refusal.hint.map(|hint| format!(" {hint}")).unwrap_or_default();
            Notice { is_good: false, text: format!("{job}{}{hint}", refusal.message) }
        }
    };
    server.page.sessions.tell(&visitor, notice);
    response
}

/// Asked for each time, whoever has signed in.
fn knows_secret(server: &Server, text: &str) -> bool {
    server.secret.as_ref().is_none_or(|secret| secret.is(text.as_bytes()))
}

/// Heals, if what was typed is the name of the database, and says what came of it.
async fn confirmed(server: &Arc<Server>, typed: String) -> Result<String, Refusal> {
    let place = Some(take_place(server)?);
    to_its_end(server, place, |server, database| async move {
        let name = reading::identity(&database).await?.database;
        if typed != name {
            let message = format!("Nothing was healed: type the name of the database, {name}, to confirm.");
            return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "not-confirmed", message));
        }
        server.page.plan.forget();
        let json = heal::start(&database, None, server.limits.heal_wait).await?;
        server.tell_hasura(Change::of_heal(&json));
        let Healed { job, state, steps } =
            serde_json::from_str(&json).map_err(|_| Failure::Row("nself_heal_start"))?;
        if state != "done" {
            return Ok(format!("The heal goes on as job {job}, which is {state}."));
        }
        // What stands there now is for the next page; it says so itself if that fails.
        let _ = server.last_drift.ask(&database).await;
        let number = |status: &str| steps.iter().filter(|step| step.status == status).count();
        let left = number("blocked") + number("manual") + number("failed");
        Ok(format!("Healed as job {job}: {} applied, {left} left.", number("applied")))
    })
    .await
}
