//! The buttons that ask the database for more than it keeps: a new drift, the plan of a heal, a rehearsal.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::response::Response;
use tokio::time::{sleep, timeout};

use super::form::Form;
use super::{answer, called};
use crate::database::Database;
use crate::heal::planned_steps;
use crate::refusal::Refusal;
use crate::rehearsal;
use crate::server::{Server, Shared};
use crate::work::{begin, take_place};

/// How often it is looked at whether another one's question is answered.
const LOOKS: Duration = Duration::from_millis(50);

/// What a button asks for.
#[derive(Clone, Copy)]
enum Question {
    Drift,
    Plan,
    Rehearsal,
}

impl Question {
    fn is_under_way(self, server: &Server) -> bool {
        match self {
            Question::Drift => server.last_drift.kept().view().is_under_way,
            Question::Plan => server.page.plan.view().is_under_way,
            Question::Rehearsal => server.page.rehearsal.kept().view().is_under_way,
        }
    }

    async fn ask(self, server: &Server, database: &Database) -> Result<(), Refusal> {
        match self {
            Question::Drift => server.last_drift.ask(database).await.map(drop),
            Question::Plan => server.page.plan.ask(planned_steps(database)).await.map(drop),
            Question::Rehearsal => {
                server.page.rehearsal.kept().ask(rehearsal::rehearse(database)).await.map(drop)
            }
        }
    }

    /// What the log and the metrics call it.
    fn name(self) -> &'static str {
        match self {
            Question::Drift => "page: drift",
            Question::Plan => "page: plan",
            Question::Rehearsal => "page: rehearsal",
        }
    }

    /// The part of the page that shows the answer.
    fn target(self) -> &'static str {
        match self {
            Question::Drift => "/#drift",
            Question::Plan => "/#plan",
            Question::Rehearsal => "/#migrations",
        }
    }
}

pub async fn look(State(server): Shared, request: Request) -> Response {
    answer(&server, request, Question::Drift).await
}

pub async fn plan(State(server): Shared, request: Request) -> Response {
    answer(&server, request, Question::Plan).await
}

pub async fn rehearse(State(server): Shared, request: Request) -> Response {
    answer(&server, request, Question::Rehearsal).await
}

/// Asks, or waits for the answer if somebody has just asked the same. It goes on behind the page if it takes long.
async fn answer(server: &Arc<Server>, request: Request, question: Question) -> Response {
    let visitor = match Form::of_visitor(server, request).await {
        Ok((visitor, _)) => visitor,
        Err(refusal) => return answer::refused(refusal),
    };
    if question.is_under_way(server) {
        let answered = async {
            while question.is_under_way(server) {
                sleep(LOOKS).await;
            }
        };
        // The page says that it still is.
        let _ = timeout(server.limits.heal_wait, answered).await;
    } else {
        let place = match take_place(server) {
            Ok(place) => place,
            Err(refusal) => return answer::refused(refusal),
        };
        let asked = begin(server, Some(place), |server, database| async move {
            let began = Instant::now();
            let answer = question.ask(&server, &database).await;
            let code = answer.map_or_else(|refusal| refusal.code, |()| "ok");
            server.metrics.count(question.name(), code, began.elapsed());
        });
        // The page shows what came of it, or that it is under way.
        let _ = timeout(server.limits.heal_wait, asked).await;
    }
    let mut response = answer::to(question.target());
    response.extensions_mut().insert(called(question.name(), &visitor));
    response
}
